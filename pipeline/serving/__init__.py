"""Answers about single customers while the champion may change: scored fast and exactly, logged before they are given."""
