"""What the columns of a table mean that nobody described yet: rules a person can follow, each with its reason."""
