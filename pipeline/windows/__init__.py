"""The current window and the baseline it is compared with, as types."""
