"""`churnops chat`: a session with an operator, an event log that is its memory, and the terminal it is shown on."""
