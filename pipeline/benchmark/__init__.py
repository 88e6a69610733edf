"""How well a triage decides, on worlds whose truth was found by doing everything that could have been done."""
