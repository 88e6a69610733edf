"""What a team declared its log to be like, and the rows that are not."""
