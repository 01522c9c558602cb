"""Qualities that hold the shares which a market states: found once for a market, and kept."""
