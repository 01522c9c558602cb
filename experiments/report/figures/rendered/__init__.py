"""A finished figure as bytes, and as what a page carries."""
