"""From a team's files, tables and outcomes to a window."""
