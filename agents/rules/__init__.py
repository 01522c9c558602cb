"""The rules of behaviour, family by family: pure functions of numbers, and their parameters."""
