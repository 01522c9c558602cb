"""The section of the report on what nobody knows: when the verdict turns, arm by arm, and what it leans on."""

from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from tenure.experiments.analysis.turning.turning import Turning
from tenure.experiments.report.figures.drawn import ReportFigure, shown
from tenure.experiments.report.labels import listed
from tenure.experiments.report.sections.section import Table
from tenure.experiments.report.turning.found import VariedResults, varied
from tenure.experiments.report.turning.leaning_figure import NAME, leaning_figure
from tenure.experiments.report.turning.words import NOTHING_FORESEEN, box_text, foreseen, share_of, turning_sentences
from tenure.experiments.store.results import Results

TEMPLATE = Path(__file__).with_name("turning.html.j2")
RULE_HEADS = (
    ("", "arm"),
    ("best at", "points"),
    ("", "turns when"),
    ("held out:", "rule right"),
    ("", "usual right"),
    ("", "box in which it turns"),
    ("held out:", "coverage"),
    ("", "density"),
)
LEANING_HEADS = (("", "assumption"), ("alone", "(95%)"), ("with all interactions", "(95%)"))
NOTE = (
    "A point is one draw of what nobody knows, at one level, in one scenario; its answer is the arm that is best "
    "there. It is told from chance if luck makes it so in less than one case in twenty: known by replications at "
    "the point, or, where there is one, by what no smooth function of the inputs says, which is cautious. Two "
    "fifths of the draws are held out, keyed, so that more draws hold no other draw out. A rule is a tree of at "
    "most two conditions, in which points count by how far their best arm leads; it counts as found if what it says "
    "leads the arm that is best on average where it was not learnt, beyond chance. The box is found by the patient "
    "rule induction method (Friedman & Fisher 1999): coverage is how much of what turns lies in it, density how "
    "much of it turns, with exact 95% intervals, of points told from chance. Limits are moved to readable numbers "
    "before they are checked."
)
LEANING_NOTE = (
    "Sobol' indices: shares of that part of the variance of an arm's difference from the champion that what was varied "
    "explains, alone and with all interactions, so that the second may add up to more than all. By an expansion in "
    "orthonormal polynomials (Sudret 2008); 95% intervals, draws resampled."
)


class TurningPart(NamedTuple):
    """What the report says of it, ready for its template."""

    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    figure: ReportFigure
    note: str


def turning_markup(results: Results) -> Markup:
    """Return the section as markup for the page; empty where nothing is varied."""
    import jinja2

    found = varied(results)
    if found is None:
        return Markup("")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return Markup(template.render(part=turning_part(found)))


def turning_part(found: VariedResults) -> TurningPart:
    """Return sentences, tables and the figure."""
    rows = [_rule_row(found, "all arms", found.turning)]
    rows += [_rule_row(found, arm, one) for arm, one in found.each.items()]
    tables = [Table(RULE_HEADS, tuple(rows), f"When another answer holds, by {found.metric.label}", NOTE)]
    for arm, one in found.leanings.items():
        if one.inputs:
            caption = f"What {arm} less {found.turning.champion} leans on: {foreseen(one)} of it is foreseen"
            tables.append(Table(LEANING_HEADS, tuple((index.path, *share_of(index)) for index in one.inputs), caption))
    drawing = leaning_figure(found)
    figure = ReportFigure(NAME, f"Not drawn: {NOTHING_FORESEEN}", "", "") if drawing is None else shown(drawing)
    return TurningPart(tuple(turning_sentences(found)), tuple(tables), figure, LEANING_NOTE)


def _rule_row(found: VariedResults, whose: str, one: Turning) -> tuple[str, ...]:
    best = listed([f"{answer} {share:.0%}" for answer, share in one.shares])
    where = "; ".join(f"{leaf.region.text(found.number)} ({leaf.answer})" for leaf in one.leaves)
    sure = {"always": "nowhere", "too few": "too few points", "nothing": "no readable rule"}.get(one.found, where)
    sure += " (not beyond chance)" if one.found == "unconfirmed" else ""
    check = one.check
    right = (
        (f"{check.right} of {check.points}", f"{check.usual_right} of {check.points}") if check.points else ("-", "-")
    )
    return (whose, best, sure, *right, *box_text(found, one.box))
