"""The tables of a page as rows of texts, read from the page itself: a file cannot say anything else."""

import csv
import io
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import NamedTuple

HEADINGS = {"h1", "h2", "h3", "summary"}
VOID = re.compile(r"[^a-z0-9]+")
LONGEST_NAME = 60
"""Letters of a file's name."""


class PageTable(NamedTuple):
    """A table of a page.

    Attributes
    ----------
    name : str
        What its file is called: its place on the page, and the heading above it.
    heading : str
        The heading above it.
    rows : tuple of tuple of str
        Texts of its cells, the headings first.
    """

    name: str
    heading: str
    rows: tuple[tuple[str, ...], ...]


def tables_of(html: str) -> list[PageTable]:
    """Return the tables of a page in their order."""
    reader = _TableReader()
    reader.feed(html)
    reader.close()
    return [
        PageTable(f"{place:02d}-{_plain(heading)}", heading, tuple(map(tuple, rows)))
        for place, (heading, rows) in enumerate(reader.found, start=1)
    ]


def csv_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    """Return rows as CSV in UTF-8, with the mark by which a spreadsheet knows it."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def _plain(heading: str) -> str:
    return VOID.sub("-", heading.lower()).strip("-")[:LONGEST_NAME].strip("-") or "table"


class _TableReader(HTMLParser):
    """Collects the heading above each table and its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[list[str]]]] = []
        self.heading = ""
        self.text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.found.append((self.heading, []))
        elif tag == "tr":
            self.found[-1][1].append([])
        elif tag in {"td", "th"} | HEADINGS:
            self.text = []
        elif tag == "br" and self.text is not None:
            self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self.text is None or tag not in {"td", "th"} | HEADINGS:
            return
        text = " ".join("".join(self.text).split())
        self.text = None
        if tag in HEADINGS:
            self.heading = text
        else:
            self.found[-1][1][-1].append(text)

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)
