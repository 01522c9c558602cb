"""Designs as they are told: level by level, and factor by factor."""
