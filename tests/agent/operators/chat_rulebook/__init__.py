"""The rulebook in a chat."""
