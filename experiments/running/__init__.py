"""Runs, made in processes of their own."""
