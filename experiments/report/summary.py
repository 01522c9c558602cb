"""Results put into the report and into JSON."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tenure.experiments.analysis.sequential.chosen import choice_sentences
from tenure.experiments.analysis.sequential.looks import LOOKED
from tenure.experiments.commands.folder_words import folder_command
from tenure.experiments.commands.terminal import people_text
from tenure.experiments.config.advice.rules_apart import rules_apart_in
from tenure.experiments.config.reading import suggest
from tenure.experiments.design.estimating import MOST_IN_FULL
from tenure.experiments.report.figures.drawn import Draw, DrawnBeside
from tenure.experiments.report.figures.figures import FIGURES, save_figure
from tenure.experiments.report.files.files import LINK, write_files
from tenure.experiments.report.joint import joint_table
from tenure.experiments.report.labels import listed
from tenure.experiments.report.means import limited_in
from tenure.experiments.report.page import SECTIONS, ReportPart, report_part, write_page
from tenure.experiments.report.recordings import Recordings, recordings_of
from tenure.experiments.report.sections.arms.carried import reasons_of
from tenure.experiments.report.sections.stated import reported as reported_of_stated
from tenure.experiments.report.turning.found import varied
from tenure.experiments.report.turning.leaning_figure import leaning_figure
from tenure.experiments.report.turning.section import turning_markup
from tenure.experiments.store.record import REPORT, is_foreign_report
from tenure.experiments.store.record_shape import About, MarketRecord
from tenure.experiments.store.remarks import remarks
from tenure.experiments.store.results import Results
from tenure.experiments.store.store import UNUSED
from tenure.simulation.values.schedule import values_of


def steps_of(results: Results) -> int:
    """Return about how many steps it takes to write the report of results: pairs of runs, sections and figures."""
    told = results.scenarios[:MOST_IN_FULL]
    return len(results.names) + len(told) * (len(SECTIONS) + len(FIGURES))


def report_of(results: Results, files: bool = False, progress: Callable[[], None] = lambda: None) -> Path:
    """Write the report of results into their folder, and return the file.

    Parameters
    ----------
    results : Results
        What was run.
    files : bool
        Whether each figure and each table is written into a folder beside it, too.
    progress : callable
        Told of each of the `steps_of` it.

    Raises
    ------
    ValueError
        If runs of the champion or of an arm are missing, or there is a page under that name that is not tenure's.
    """
    if is_foreign_report(results.folder):
        raise ValueError(f"{results.folder / REPORT}: tenure did not write this; move it away, and ask again")
    about, market = results.about, results.about["market"]
    described = {
        "Config": str(about["config"]["name"]) + "".join(f" --set {one}" for one in about["sets"]),
        "Market": f"{people_text(market['people'], market['stands_for'])}, {1 + len(market['rivals'])} institutions",
        "Before month 0": f"{market['burn_in_months']} months with nobody treated, then {about['warm_up_months']} "
        f"months under '{results.champion}'",
        "Months": str(about["months"]),
        "Runs": f"{len(results.names)} of {'at most ' if results.is_looked_at else ''}{len(about['runs'])}",
        "Seed": str(about["seed"]),
        "Budget": f"{_budget(market)} {results.currency} a month, {_for_whom(about)}",
        "Program": f"tenure {about['tenure']}, sources {about['sources'][:12]}",
        "Commit": str(about.get("commit") or "unknown"),
        "Results": f"{results.hash} over all recorded values",
    }
    if results.is_looked_at:
        described["Intervals"] = LOOKED
    for one in map(results.under, results.scenarios):
        choice = one.choice()
        if choice is not None:
            described[f"Choice {one.scenario}".strip()] = " ".join(choice_sentences(choice, one.champion))
    for era in about.get("eras", ()):
        described[f"Era: {era['title']}"] = f"{era['when']}: {'; '.join(era['changes']) or 'it changes nothing'}"
    notes = [one for one in remarks(results) if REPORT not in one and f"{UNUSED}/" not in one]
    described |= {"Note" if number == 1 else f"Note {number}": one for number, one in enumerate(notes, start=1)}
    told, joint = results.scenarios[:MOST_IN_FULL], None
    if len(told) < len(results.scenarios):
        described["Levels"] = f"{len(results.scenarios)}; the first {len(told)} here, and all by 'tenure compare'"
    else:
        joint = joint_table(results)
    if len(results.scenarios) > 1:
        described["Scenarios"] = listed(
            [one + (" (before month 0, too)" if about["scenarios"][one]["always"] else "") for one in told]
        )
    with DrawnBeside(len(results.names)) as draw:
        parts = [_part(results.under(one), place, draw, progress) for place, one in enumerate(told)]
    path, arms = results.folder / REPORT, _arms(results)
    if files:
        described["Files"] = LINK
    eras = [f"{one['title']} ({one['when']})" for one in about.get("eras", ())]
    turning = turning_markup(results)
    write_page(path, about["question"], results.champion, arms, parts, described, joint, eras, turning)
    if files:
        anchors = [f"{part.anchor}-" if part.anchor else "" for part in parts]
        shown = [(one, recordings_of(results.under(name))) for one, name in zip(anchors, told, strict=True)]
        found = varied(results)
        write_files(path, shown, None if found is None else leaning_figure(found))
    return path


def _budget(market: MarketRecord) -> str:
    """Return the money of a month; a budget with dates as from its least to its most."""
    values = values_of(market["guards"]["budget_per_month"])
    return f"{min(values):,.0f}" if len(values) == 1 else f"{min(values):,.0f} to {max(values):,.0f}, by date,"


def _part(results: Results, place: int, draw: Draw, progress: Callable[[], None]) -> ReportPart:
    """Return what the report says of one scenario."""
    anchor = f"scenario-{place + 1}" if results.scenario else ""
    recordings, stated = _with_reasons(results, progress), reported_of_stated(results)
    part = report_part(recordings, stated, results.scenario, anchor, draw, progress)
    return part._replace(alarms=(*part.alarms, *rules_apart_in(results.about["arms"], results.champion)))


def _with_reasons(results: Results, progress: Callable[[], None]) -> Recordings:
    """Return the recordings with what each difference is made of, and what there is of what is limited."""
    about, found = results.about, reasons_of(results, progress=progress)
    options = ["--scenario", results.scenario] if results.scenario else []
    return replace(
        recordings_of(results),
        whys=found.of,
        whys_unsaid=found.unsaid,
        why_command=folder_command("why", Path(results.folder.resolve().name), *options),
        limited={arm: limited_in(about["market"], one, int(about["months"])) for arm, one in about["arms"].items()},
    )


def _arms(results: Results) -> list[str]:
    """Return the arms of which there are runs."""
    there = {one.arm for one in results.known.values()}
    return [arm for arm in results.arms if arm in there]


def _for_whom(about: About) -> str:
    """Say in which arms the market's budget holds."""
    own = [
        str(arm)
        for arm, one in about["arms"].items()
        if {"budget_per_month", "acquisition_share"} & {*(one.get("us") or {})}
    ]
    return f"in every arm but {listed(own)}" if own else "the same in every arm"


def figure_of(results: Results, name: str) -> Path:
    """Write one figure of the report as PNG into the folder of results, and return the file.

    Raises
    ------
    ValueError
        If the report has no such figure.
    """
    if name not in FIGURES:
        raise ValueError(f"the report has no figure '{name}'. {suggest(name, FIGURES)}")
    file = f"{name}-{results.scenario}.png" if results.scenario else f"{name}.png"
    return save_figure(results.folder / file, name, recordings_of(results))
