"""The report of an experiment: one HTML file that opens offline and prints."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
from markupsafe import Markup

from tenure.experiments.report.effects import EffectsTable, effects_table, over_text
from tenure.experiments.report.figures.drawn import Draw, drawn_here
from tenure.experiments.report.figures.rendered.font import font_rules
from tenure.experiments.report.joint import JointTable
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.arms.carried import carried_section, trap_alarms
from tenure.experiments.report.sections.arms.limited import limited_section
from tenure.experiments.report.sections.arms.structure import structure_section
from tenure.experiments.report.sections.beliefs import HEADS, belief_remarks, belief_table
from tenure.experiments.report.sections.cells import cells_section
from tenure.experiments.report.sections.funnel import funnel_section
from tenure.experiments.report.sections.gains import gains_section
from tenure.experiments.report.sections.market import market_section
from tenure.experiments.report.sections.optimum import optimum_sections
from tenure.experiments.report.sections.regret import regret_section
from tenure.experiments.report.sections.section import Section
from tenure.experiments.report.sections.stated import Reported
from tenure.experiments.report.sections.treatments import treatments_section
from tenure.experiments.report.sections.yearly import yearly_section
from tenure.experiments.report.sentences import effects_finding
from tenure.experiments.store.sealing import MARK, ZEROS, sealed, write_whole

TEMPLATE = Path(__file__).with_name("report.html.j2")
PART = Path(__file__).with_name("report_part.html.j2")
"""Of the page, what is said of one scenario."""
WIDE_FROM, WIDEST_FROM = 6, 11
"""Columns of numbers up to which a table has its usual letters, or those of a wide one."""
_BREAK = re.compile("\u00a0(?=[±(])")
_IN_NUMBERS = re.compile(r"(?<=[▲▼≈?]) (?=[-+\d])| (?=± )|(?<=±) ")


class ReportPart(NamedTuple):
    """What a report says of one scenario, or of an experiment without any.

    Attributes
    ----------
    scenario : str
        Empty where there are none.
    anchor : str
        What leads to it on the page.
    answer : str
        What was found.
    alarms : tuple of str
        What a reader must know before the rest.
    body : Markup
        Tables, figures and sections, ready for the page.
    """

    scenario: str
    anchor: str
    answer: str
    alarms: tuple[str, ...]
    body: Markup


def report_part(
    recordings: Recordings,
    stated: Reported | None = None,
    scenario: str = "",
    anchor: str = "",
    draw: Draw = drawn_here,
    progress: Callable[[], None] = lambda: None,
) -> ReportPart:
    """Return what a report says of one scenario.

    Parameters
    ----------
    recordings : Recordings
        What was recorded, and what it comes to.
    stated : Reported, optional
        What a user stated, beside what was simulated, from `tenure.experiments.report.sections.stated`.
    scenario, anchor : str
        As in the part.
    draw : callable
        Begins to draw the figures.
    progress : callable
        Told of each section and figure that is made.
    """
    finish = draw(recordings)
    table = effects_table(recordings)
    sections = [*(() if stated is None else stated.sections), *sections_of(recordings, progress)]
    body = _template(PART, recordings.arms).render(
        prefix=f"{anchor}-" if anchor else "",
        effects=table,
        champion=recordings.champion,
        over=what_the_interval_is_over(table),
        beliefs=belief_table(recordings),
        belief_heads=HEADS,
        remarks=belief_remarks(recordings),
        figures=finish(progress),
        sections=sections,
        oracles=recordings.oracles,
    )
    alarms = (*trap_alarms(recordings), *(() if stated is None else stated.alarms))
    return ReportPart(scenario, anchor, effects_finding(recordings), alarms, Markup(body))


def write_page(
    path: Path,
    question: str,
    champion: str,
    arms: Sequence[str],
    parts: Sequence[ReportPart],
    about: Mapping[str, str],
    joint: JointTable | None = None,
    eras: Sequence[str] = (),
    turning: Markup | None = None,
) -> Path:
    """Write a report of its parts, scenario by scenario, with all scenarios beside each other in front.

    Parameters
    ----------
    path : Path
        HTML file to write; its folder must exist.
    question : str
        What the experiment asks; the first line of the page.
    champion, arms
        As in the recordings.
    about : mapping
        How the experiment was made (config, seed, versions), label to text.
    parts : sequence of ReportPart
        One for each scenario, or one alone.
    joint : JointTable, optional
        All scenarios beside each other.
    eras : sequence of str
        What every arm lives through, title and months of each.
    turning : Markup, optional
        What is found over all that nobody knows, from `tenure.experiments.report.turning.section`
    """
    page = _template(TEMPLATE, arms).render(
        question=question,
        question_language="en" if question.isascii() else "",
        champion=champion,
        parts=parts,
        joint=joint,
        about=dict(about),
        eras=eras,
        turning=turning or "",
        fonts=font_rules([*(part.body for part in parts), turning or ""]),
    )
    write_whole(path, sealed(f"{page}\n<!-- {(MARK + ZEROS).decode()} -->\n".encode()), path.parent)
    return path


SECTIONS: tuple[Callable[[Recordings], Section | None], ...] = (
    carried_section,
    treatments_section,
    structure_section,
    limited_section,
    yearly_section,
    gains_section,
    cells_section,
    market_section,
    regret_section,
    funnel_section,
)
"""What makes each section of the page, in its order; None where the recordings hold nothing for it."""


def sections_of(recordings: Recordings, progress: Callable[[], None] = lambda: None) -> Iterator[Section]:
    """Yield the sections that the recordings hold something for, in the order of the page; tell of each."""
    for made in SECTIONS:
        section = made(recordings)
        progress()
        if section is not None:
            yield section
    yield from optimum_sections(recordings)


def what_the_interval_is_over(table: EffectsTable) -> str:
    """Say what the ± of the table is over."""
    if not table.replications:
        return "One arm only: levels, averaged over replications."
    return (
        f"± is half a 95% interval of the average paired difference over {table.replications} replications, the longer "
        f"half where they differ a little; where they differ much both ends are given. {table.families} "
        f"{table.skewed}{' ' * bool(table.skewed)}{over_text(table)}"
    )


def kept_whole(text: str) -> str:
    r"""Let a cell break before its interval alone, so that a column is no wider than its longest part.

    >>> kept_whole("+1.9 ± 0.2 pt (0.1 to 0.3)").split(" ")
    ['+1.9', '±\\xa00.2\\xa0pt', '(0.1\\xa0to\\xa00.3)']
    """
    if "±" not in text and "(" not in text:
        return text
    return _BREAK.sub(" ", text.replace(" ", "\u00a0"))


def signs_kept(text: str) -> str:
    r"""Keep a verdict's sign and an interval with their number where a sentence breaks.

    >>> signs_kept("uniform (▼ -20.9 ± 3.5 EUR)")
    'uniform (▼\\xa0-20.9\\xa0±\\xa03.5 EUR)'
    """
    return _IN_NUMBERS.sub("\u00a0", text)


def breadth(columns: int, usual: str = "") -> Markup:
    """Return the attribute of a table that makes it fit the page and a sheet of paper, by its columns of numbers."""
    kind = f"{usual} {'widest' if columns > WIDEST_FROM else 'wide' if columns > WIDE_FROM else ''}".strip()
    return Markup(' class="{}"').format(kind) if kind else Markup("")


def _kept_apart(names: Sequence[str]) -> Callable[[object], object]:
    """Return what keeps names that are written from right to left from turning the sentence around them."""
    leftward = [name for name in names if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)]
    if not leftward:
        return lambda text: text
    found = re.compile("|".join(map(re.escape, sorted(leftward, key=len, reverse=True))))
    return lambda text: found.sub("\u2068\\g<0>\u2069", text) if type(text) is str else text  # no ready markup


def _template(file: Path, arms: Sequence[str]) -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_kept_apart(arms),
    )
    environment.filters["kept_whole"] = kept_whole
    environment.filters["signs_kept"] = signs_kept
    environment.globals["breadth"] = breadth
    return environment.from_string(file.read_text(encoding="utf-8"))
