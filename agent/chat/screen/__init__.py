"""The two screens of a chat, a terminal and plain lines, and what they draw."""
