"""What is recorded of single people."""
