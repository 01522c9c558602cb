"""What an institution has, and what it does in a month."""
