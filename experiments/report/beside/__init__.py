"""Circumstances beside each other: what they are, how arms change between them, and where all cases lie."""
