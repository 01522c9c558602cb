"""Over what is uncertain: when the verdict turns, and which assumption moves the answer most."""
