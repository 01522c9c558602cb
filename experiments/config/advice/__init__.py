"""What a reader would want to have been told before the run."""
