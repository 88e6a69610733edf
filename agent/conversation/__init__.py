"""What operator and tools say to each other, and the tools' answers as types."""
