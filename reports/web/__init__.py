"""The web app: predictions for programs, the review page for people."""
