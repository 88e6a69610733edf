"""Where the rows of a window lie, and the engines that count and read them there."""
