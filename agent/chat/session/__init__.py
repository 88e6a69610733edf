"""A chat as a fold over its event log: what was asked, answered and spent, and how it is resumed."""
