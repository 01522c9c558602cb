"""Experiments that look before they end: intervals that allow it, choosing among arms, what a sample can find."""
