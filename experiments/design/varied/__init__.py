"""What is varied: numbers that nobody knows, drawn once per replication, and levels of what one wants to compare."""
