"""What `tenure list` and `tenure explain` tell."""
