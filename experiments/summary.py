"""Results put into the report and into JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.findings_stated import told as told_of_stated
from experiments.labels import listed
from experiments.outcomes import MEASURES, read_outcomes
from experiments.plots import FIGURES, save_figure
from experiments.reading import suggest
from experiments.record import REPORT, is_foreign_report
from experiments.report import write_report
from experiments.results import Results, remarks
from experiments.store import UNUSED
from experiments.terminal import people_text


def report_of(results: Results) -> Path:
    """Write the report of results into their folder, and return the file.

    Raises
    ------
    ValueError
        If runs of the champion or of an arm are missing, or there is a page under that name that is not tenure's.
    """
    if is_foreign_report(results.folder):
        raise ValueError(f"{results.folder / REPORT}: tenure did not write this; move it away, and ask again")
    about, market = results.about, results.about["market"]
    told = {
        "Config": str(about["config"]["name"]) + "".join(f" --set {one}" for one in about["sets"]),
        "Market": f"{people_text(market['people'], market['stands_for'])}, {1 + len(market['rivals'])} institutions",
        "Before month 0": f"{market['burn_in_months']} months with nobody treated, then {about['warm_up_months']} "
        f"months under '{results.champion}'",
        "Months": str(about["months"]),
        "Runs": f"{len(results.names)} of {len(about['runs'])}",
        "Seed": str(about["seed"]),
        "Budget": f"{market['guards']['budget_per_month']:,.0f} {results.currency} a month, {_for_whom(about)}",
        "Program": f"tenure {about['tenure']}, sources {about['sources'][:12]}",
        "Commit": str(about.get("commit") or "unknown"),
        "Results": f"{results.hash} over all recorded values",
    }
    notes = [one for one in remarks(results) if REPORT not in one and f"{UNUSED}/" not in one]
    told |= {"Note" if number == 1 else f"Note {number}": one for number, one in enumerate(notes, start=1)}
    splits = (market["quadrants"]["risk"]["split"], market["quadrants"]["return"]["split"])
    there = {one.arm for one in results.known.values()}
    arms = [arm for arm in results.arms if arm in there]
    return write_report(
        results.folder / REPORT, about["question"], results.champion, arms, results.rows(MEASURES),
        results.comparisons(), told, splits, about["metrics"], results.pairs, results.oracles, results.currency,
        results.also_does, told_of_stated(results),
    )  # fmt: skip


def _for_whom(about: Mapping[str, Any]) -> str:
    """Say in which arms the market's budget holds."""
    own = [str(arm) for arm, one in about["arms"].items()
           if {"budget_per_month", "acquisition_share"} & {*(one.get("us") or {})}]  # fmt: skip
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
    about, market = results.about, results.about["market"]
    splits = (market["quadrants"]["risk"]["split"], market["quadrants"]["return"]["split"])
    outcomes = read_outcomes(
        results.rows(MEASURES), results.champion, results.arms, results.comparisons(), splits, about["metrics"],
        results.pairs, results.oracles, results.currency,
        results.also_does,
    )  # fmt: skip
    return save_figure(results.folder / f"{name}.png", name, outcomes)
