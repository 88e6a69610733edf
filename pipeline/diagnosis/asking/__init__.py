"""Which customers' outcomes to ask for, where too few are known to tell what changed and what to do."""
