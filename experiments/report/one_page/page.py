"""The page for a committee, written beside the report."""

from datetime import date
from pathlib import Path

import jinja2

from tenure.experiments.report.one_page.facts import OnePage, one_page_of
from tenure.experiments.report.one_page.plot import plot_of
from tenure.experiments.report.sentences import words
from tenure.experiments.store.results import Results
from tenure.experiments.store.sealing import MARK, ZEROS, sealed, write_whole

FILE = "one_page.html"
TEMPLATE = Path(__file__).with_name("one_page.html.j2")


def one_page_html(page: OnePage) -> str:
    """Return the page as HTML: one A4 sheet when it is printed."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(page=page, plot=plot_of(page.effects, page.scale, page.champion), words=words)


def write_one_page(results: Results, today: date | None = None) -> Path:
    """Write the page into the folder of results, and return the file.

    Raises
    ------
    ValueError
        If there is nothing to compare.
    """
    html = one_page_html(one_page_of(results, today or date.today()))
    path = results.folder / FILE
    write_whole(path, sealed(f"{html}\n<!-- {(MARK + ZEROS).decode()} -->\n".encode()), results.folder)
    return path
