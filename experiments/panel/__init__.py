"""Panels: a row for each person and month of a sample, what was true beside what was believed."""
