"""How bad it can get: quantiles, and averages of the worst."""
