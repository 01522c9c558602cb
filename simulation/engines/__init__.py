"""Engines: what lets everybody live a month by the rules."""
