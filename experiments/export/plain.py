"""Texts that no spreadsheet takes for a formula."""

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""With what a text begins that a spreadsheet would work out."""


def plain_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe stands before one that looks like it.

    >>> plain_text("=1+1"), plain_text("book")
    ("'=1+1", 'book')
    """
    return f"'{text}" if text.startswith(FORMULAS) else text
