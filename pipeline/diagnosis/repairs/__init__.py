"""Repairs of broken columns, tried in memory: what returns when a plausible fault is undone."""
