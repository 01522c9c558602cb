"""What is recorded of a run: measures, and the observers that write them."""
