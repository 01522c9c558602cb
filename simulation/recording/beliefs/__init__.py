"""What is recorded of beliefs beside the truth."""
