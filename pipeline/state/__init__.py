"""The state database: its schema, the engines it runs on, and the log of predictions."""
