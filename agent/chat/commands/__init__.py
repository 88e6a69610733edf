"""The slash commands of a chat: what only the person at the keyboard can do."""
