"""Findings about broken data: copied rows, renamed categories, swapped columns, changed units."""
