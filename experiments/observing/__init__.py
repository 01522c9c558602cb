"""Observers of a user's own: what they tell of the months of runs, as a tidy table."""
