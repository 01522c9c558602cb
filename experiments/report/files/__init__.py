"""Figures and tables of the report as files of their own, beside it."""
