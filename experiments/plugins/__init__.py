"""Policies of a user's own."""
