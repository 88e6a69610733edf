"""When to retrain: what a training now, at the next batch of outcomes, or never is worth."""
