"""One life: a person's months, and what was believed of them."""
