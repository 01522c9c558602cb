"""What carries the difference between two arms."""
