"""Folders of results: what they hold, and whether it is whole."""
