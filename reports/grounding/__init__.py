"""Numbers of a narrative, traced to the tool results they come from."""
