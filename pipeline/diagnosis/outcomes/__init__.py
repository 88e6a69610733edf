"""Findings about what customers do: labels, performance, churn rate, and what another model would bring."""
