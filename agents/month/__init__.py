"""A month of a person, and what an institution makes of it: the one place that writes a person or a belief."""
