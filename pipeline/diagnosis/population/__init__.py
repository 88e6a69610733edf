"""Findings about who the customers are: columns that no longer belong together, unfamiliar customers."""
