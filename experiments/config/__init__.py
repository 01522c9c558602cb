"""Experiments as users write them: read, laid over their market, checked."""
