"""Functions of numbers alone, with the same bits on every machine: elementary ones, quantiles, small formulas."""
