"""Metrics of stored runs, and the statistics of arms on shared luck."""
