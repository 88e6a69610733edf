"""The operator in the terminal: a bounded loop over the tools, the operators it can ask, and the views of its events."""
