"""Models that do not serve, on live customers: a challenger ahead of its decision, and whom a deploy replaced, after it."""
