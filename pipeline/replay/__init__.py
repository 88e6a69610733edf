"""A dated, labelled table replayed as if it had been production: every batch is decided on, and the decisions are lived with."""
