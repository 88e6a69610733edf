"""What a table says: its schema, what a cell means, what is missing, how files are read and split."""
