"""What arms on shared luck allow to be said: intervals, what pairing is worth, cases nobody can tell apart, changes."""
