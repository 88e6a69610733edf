"""What people ruled, for those who read it: acknowledged shifts, noted events, excluded rows."""
