"""The guard: what every plan is held to."""
