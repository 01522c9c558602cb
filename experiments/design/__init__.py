"""Designs: the points that an experiment consists of."""
