"""Texts made harmless: for a terminal, and for JSON. Letters of every script stay as they are."""

import json
import math
import re
import unicodedata

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # that turn the direction of writing
    r"\u2028\u2029\ud800-\udfff]"  # that end a line, and half characters
)
_IN_LINE = re.compile(f"{_UNSEEN.pattern}|[\t\n]")


def printable(text: str) -> str:
    r"""Return a text that a terminal shows and does not obey; it may have several lines.

    What steers a terminal, turns the direction of writing or is half a character is written out.

    >>> printable("\x1b[31mred\u202e")
    '\\x1b[31mred\\u202e'
    """
    return _UNSEEN.sub(_written_out, text)


def printable_line(text: str) -> str:
    r"""Return the same on one line: tabs and newlines are written out, too.

    >>> printable_line("one\ntwo")
    'one\\ntwo'
    """
    return _IN_LINE.sub(_written_out, text)


def shown(name: str, most: int = 60) -> str:
    """Return a name in quotes for a message, on one line, the middle of a long one left out.

    >>> shown("book"), shown("x" * 100, 9)
    ("'book'", "'xxxx…xxxx'")
    """
    half = (most - 1) // 2
    return f"'{printable_line(name if len(name) <= most else f'{name[:half]}…{name[-half:]}')}'"


def code_point(character: str) -> str:
    r"""Say which character this is without printing it.

    >>> code_point("\u202e")
    'U+202E RIGHT-TO-LEFT OVERRIDE'
    """
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def json_text(data: object) -> str:
    """Return plain data as JSON in ASCII, harmless on a terminal; None for numbers that JSON cannot hold.

    Other letters are escaped: so a reader gets them whatever encoding a terminal or a pipe has.
    """
    text = json.dumps(without_nan(data), indent=1, ensure_ascii=True, allow_nan=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def without_nan(value: object) -> object:
    """Return plain data with None for numbers that JSON cannot hold."""
    if isinstance(value, dict):
        return {str(key): without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _written_out(found: re.Match[str]) -> str:
    character = found[0]
    if character in "\t\n":
        return {"\t": r"\t", "\n": r"\n"}[character]
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}"
