"""What can happen to a churn model's customers, each kind of change in a file of its own, for any table."""
