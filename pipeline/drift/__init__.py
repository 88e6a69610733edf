"""How far a window is from the reference: distances, their significance, both verdicts."""
