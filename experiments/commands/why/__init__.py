"""What `tenure why` answers."""
