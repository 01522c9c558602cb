"""What policies that solve for a structure noted: target and present composition, mix, prices, conflicts, regret."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average, number
from tenure.experiments.analysis.metric import in_currency
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import QUADRANTS, STAGES, Recordings
from tenure.experiments.report.sections.section import Section, Table, number_text, share_text
from tenure.experiments.report.sentences import percent, words
from tenure.experiments.report.tables import average, average_of

NOTE = (
    "As the arm itself learnt and solved it last, averaged over replications; ± is half a 95% interval over them. A "
    "price is what one unit more of a limit is worth in an average epoch (EUR): of the budget per EUR; of acquisition"
    " what those who joined are worth for each EUR that channels got, an average; of a floor or ceiling per whole "
    "share, so a hundredth of it for one point; 0 does not bind. 5% and 95% are what the arm's trial leaves open, "
    "which more replications do not shrink."
)
QUANTILES = ("5%", "50%", "95%")


def notes_of(recordings: Recordings, arm: str) -> pd.DataFrame:
    """Return what an arm's policy noted at the end: a row per replication, a column per note."""
    rows = recordings.of("policy_notes")
    own = rows[rows["arm"] == arm]
    table: pd.DataFrame = own.pivot(index="replication", columns="a", values="value")
    return table


def optimum_sections(recordings: Recordings) -> Iterator[Section]:
    """Yield a section for each arm that solved for a structure, and one on regret as the arms believe it."""
    if "policy_notes" not in recordings.rows:
        return
    noted = set(recordings.rows["policy_notes"]["arm"].unique())
    believed = []
    for arm in (arm for arm in recordings.arms if arm in noted):
        notes = notes_of(recordings, arm)
        if any(name.startswith("target/") for name in notes.columns):
            yield _structure(arm, notes, recordings.currency)
        if "regret_eur/so_far" in notes.columns:
            one = _mean(notes, "regret_eur/so_far")
            believed.append(
                f"{arm} believes to have lost {number_text(one, 0)} {recordings.currency} in all by trying what looked "
                "worse."
            )
    if believed:
        note = f"By its own estimates, all customers together, {recordings.currency} a run; average over replications."
        yield Section("believed_regret", "What learning cost, as believed", tuple(believed), (), note)


def _mean(notes: pd.DataFrame, name: str) -> Average:
    if name not in notes.columns:
        return Average.even(float("nan"), float("nan"))
    return average_of(average(notes[[name]].dropna()), name)


def _parts(notes: pd.DataFrame, kind: str) -> list[str]:
    return [str(name).removeprefix(kind) for name in notes.columns if str(name).startswith(kind)]


def _structure(arm: str, notes: pd.DataFrame, currency: str) -> Section:
    tables = (_composition(notes), _mix(notes), _prices(notes))
    title = f"The structure wanted by arm {arm}"
    said, note = tuple(_said(arm, notes, currency)), in_currency(NOTE, currency)
    return Section(f"structure_{arm}", title, said, tuple(table for table in tables if table.rows), note)


def _cells(notes: pd.DataFrame, kind: str, quadrant: str, stage: str = "") -> Average:
    """Return the share of a quadrant (of one stage of it) in the target or present composition."""
    names = [name for name in notes.columns if str(name).startswith(f"{kind}/")]
    wanted = [name for name in names if quadrant in str(name) and (not stage or stage in str(name))]
    whole = notes[wanted].sum(axis=1, min_count=1).dropna()
    return average_of(average(whole.to_frame("share")), "share")


def _composition(notes: pd.DataFrame) -> Table:
    heads = (("", "quadrant"), ("now,", "%"), ("target,", "%"), *((f"{stage}:", "now, target") for stage in STAGES))
    rows = []
    for quadrant in QUADRANTS:
        row = [words(quadrant), *(share_text(_cells(notes, kind, quadrant)) for kind in ("now", "target"))]
        for stage in STAGES:
            both = [_cells(notes, kind, quadrant, stage).mean * 100 for kind in ("now", "target")]
            row.append(", ".join("-" if np.isnan(one) else number(one, 1) for one in both))
        rows.append(tuple(row))
    return Table(heads, tuple(rows), "Composition, per cent of customers")


def _mix(notes: pd.DataFrame) -> Table:
    means = {name: _mean(notes, f"mix/{name}") for name in _parts(notes, "mix/")}
    order = sorted(means, key=lambda name: -means[name].mean)
    rows = tuple((words(name), share_text(means[name])) for name in order)
    return Table((("", "treatment"), ("share of", "customers, %")), rows, "Mix of treatments in an epoch")


def limits_of(notes: pd.DataFrame) -> list[str]:
    """Return the limits that have a price."""
    return [name for name in _parts(notes, "price/") if not name.endswith("%")]


def _prices(notes: pd.DataFrame) -> Table:
    heads = (("", "limit"), ("", "price"), *(("price,", quantile) for quantile in QUANTILES), ("", "reached"))
    rows = tuple(
        (
            words(name),
            number_text(_mean(notes, f"price/{name}"), 2),
            *(_level(notes, f"price/{name}/{q}") for q in QUANTILES),
            _level(notes, f"reached/{name}"),
        )
        for name in limits_of(notes)
    )
    return Table(heads, rows, "Shadow prices")


def _level(notes: pd.DataFrame, name: str) -> str:
    mean = _mean(notes, name).mean
    return "-" if np.isnan(mean) else number(mean, 2)


def _said(arm: str, notes: pd.DataFrame, currency: str) -> Iterator[str]:
    """Say where the target lies from the present, what binds, and what cannot be met."""
    apart = {name: _cells(notes, "target", name).mean - _cells(notes, "now", name).mean for name in QUADRANTS}
    most = max(apart, key=lambda name: np.nan_to_num(abs(apart[name]), nan=-1.0))
    now, target = (_cells(notes, kind, most).mean for kind in ("now", "target"))
    yield (
        f"{arm} wants above all {'more' if apart[most] > 0 else 'fewer'} {words(most)} customers: {percent(target)} "
        f"instead of {percent(now)}."
    )
    prices = {name: _mean(notes, f"price/{name}").mean for name in limits_of(notes)}
    brought = prices.pop("acquisition", float("nan"))
    bind = [f"{words(name)} ({prices[name]:,.2f})" for name in prices if abs(prices[name]) > 0.005]
    if bind:
        yield f"What binds, with its price: {listed(bind)}."
    elif prices:
        yield f"No limit binds: {listed([words(name) for name in prices])}."
    if np.isfinite(brought) and "budget" in prices:
        yield (
            f"One purse: each {currency} that channels got has brought customers worth {brought:,.2f}, an average; the "
            f"last {currency} of the budget for existing ones is worth {prices['budget']:,.2f}."
        )
    infeasible = notes["infeasible"] if "infeasible" in notes.columns else pd.Series(0.0, notes.index)
    if (infeasible > 0).any():
        conflict = [words(name.removesuffix("/nearest")) for name in _parts(notes, "conflict/")]
        yield (
            f"In {int((infeasible > 0).sum())} of {len(notes)} replications the targets cannot be met together, and "
            f"were left out; in conflict: {listed(conflict) if conflict else 'not said'}."
        )
    open_ = _mean(notes, "infeasible_share")
    if np.isfinite(open_.mean) and open_.mean > 0.0:
        yield f"In {percent(open_.mean)} of the draws of what the trial leaves open no policy meets all limits."
