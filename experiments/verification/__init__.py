"""What shows that the simulator and its policies do what they should."""
