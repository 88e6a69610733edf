"""What a human reviews: the audit report and the approval that only a person can give."""
