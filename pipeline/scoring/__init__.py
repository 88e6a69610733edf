"""One customer scored exactly as scikit-learn would, without a table around it."""
