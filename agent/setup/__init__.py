"""What is installed, who is at the keyboard, and how a workspace or a client's configuration begins."""
