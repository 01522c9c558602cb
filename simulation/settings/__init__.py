"""Settings of a market: what a user may write, each declared once."""
