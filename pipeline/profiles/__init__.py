"""Mergeable summaries of a window, and the queries that count them."""
