"""Every figure of a report as SVG and PNG, and every table as CSV, in a folder beside it."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
from markupsafe import Markup

from tenure.experiments.report.figures.figures import FIGURES, titled, titled_figure
from tenure.experiments.report.figures.names import names_in_figures
from tenure.experiments.report.figures.rendered.image import image_bytes
from tenure.experiments.report.figures.style import Drawing
from tenure.experiments.report.files.tables import csv_bytes, tables_of
from tenure.experiments.report.recordings import NotRecordedError, Recordings
from tenure.experiments.store.sealing import write_whole

FOLDER = "report"
"""Beside the page, with the files."""
INDEX = "index.html"
DOTS = 300
"""An inch, of a PNG: a slide shows no dots."""
LINK = Markup('<a href="{}/{}">figures as SVG and PNG, tables as CSV</a>').format(FOLDER, INDEX)
"""What leads from the page to the files."""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Files of the report</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }</style>
</head><body><h1>Files of the report</h1><p><a href="../{{ page }}">The report</a></p>
<h2>Figures</h2><ul>
{% for finding, names in figures %}
<li>{{ finding }}:
{% for name in names %}<a href="{{ name }}">{{ name.rpartition(".")[2] | upper }}</a> {% endfor %}</li>
{% endfor %}
</ul><h2>Tables</h2><ul>
{% for heading, name in tables %}
<li><a href="{{ name }}">{{ heading }}</a></li>
{% endfor %}
</ul></body></html>
"""


def write_files(page: Path, parts: list[tuple[str, Recordings]], leaning: Drawing | None = None) -> Path:
    """Write the figures and tables of a page beside it, and return the folder; those of an earlier page are removed.

    Parameters
    ----------
    page : Path
        The report, written before.
    parts : list of (str, Recordings)
        Of each scenario: what the names of its files begin with, and what was recorded.
    leaning : Drawing, optional
        The figure of what the answer leans on, over all scenarios.
    """
    folder = page.parent / FOLDER
    folder.mkdir(exist_ok=True)
    _clear(folder)
    figures = []
    if leaning is not None:
        drawing = titled(leaning, names_in_figures(parts[0][1].arms))
        figures.append((drawing.finding, _write(folder, drawing.name, drawing)))
    figures += [one for prefix, recordings in parts for one in _figures(folder, prefix, recordings)]
    tables = []
    for table in tables_of(page.read_text(encoding="utf-8")):
        name = f"{table.name}.csv"
        write_whole(folder / name, csv_bytes(table.rows), folder)
        tables.append((table.heading, name))
    listed = (
        jinja2.Environment(autoescape=True).from_string(PAGE).render(page=page.name, figures=figures, tables=tables)
    )
    write_whole(folder / INDEX, listed.encode(), folder)
    return folder


def _figures(folder: Path, prefix: str, recordings: Recordings) -> Iterator[tuple[str, list[str]]]:
    """Write the figures of a scenario; yield what each shows, and the names of its files."""
    for name in FIGURES:
        if name == "effects" and not recordings.comparisons:
            continue
        try:
            drawing = titled_figure(name, recordings)
        except NotRecordedError:  # the page says why there is none
            continue
        yield drawing.finding, _write(folder, f"{prefix}{name}", drawing)


def _write(folder: Path, stem: str, drawing: Drawing) -> list[str]:
    files = [f"{stem}.svg", f"{stem}.png"]
    write_whole(folder / files[0], image_bytes(drawing.figure, "svg"), folder)
    write_whole(folder / files[1], image_bytes(drawing.figure, "png", DOTS), folder)
    return files


def _clear(folder: Path) -> None:
    """Remove what the index lists: other files in the folder are a user's own."""
    index = folder / INDEX
    if not index.is_file():
        return
    for name in re.findall(r'href="([^"/\\]+\.(?:svg|png|csv))"', index.read_text(encoding="utf-8")):
        (folder / html.unescape(name)).unlink(missing_ok=True)
    index.unlink()
