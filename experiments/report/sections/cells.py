"""Treatment money and what it brings, by stage and quadrant at month 0, beside the same people under the champion."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from tenure.experiments.analysis.gains import MONEY
from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.ratios import LEAST_SPEND, Ratio, return_on_treatment
from tenure.experiments.analysis.returns import not_the_only_difference
from tenure.experiments.report.recordings import QUADRANTS, STAGES, Recordings
from tenure.experiments.report.sections.section import Section, Table, number_text, ratio_text
from tenure.experiments.report.sentences import words
from tenure.experiments.report.tables import average, average_of


class CellMoney(NamedTuple):
    """One arm's money in one cell of customers at month 0."""

    arm: str
    stage: str
    quadrant: str
    customers: float
    """A run, on average."""
    extra: Average
    """Money of treatment per customer of the cell, more than under the champion."""
    back: Ratio | None
    """Extra profit before that money, per unit of it; None where no more than `LEAST_SPEND` is extra, or money is not
    all that the arm does otherwise."""
    share: float
    """Of all the arm's extra treatment money; nan if there is none."""


def money_by_cell(recordings: Recordings) -> list[CellMoney]:
    """Return every other arm's extra treatment money and what it brought, cell by cell, arm by arm."""
    if recordings.pairs is None:
        return []
    also, made = _also(recordings), []
    for arm in recordings.others:
        own = recordings.pairs[recordings.pairs["arm"] == arm]
        sums = own.groupby(["stage", "quadrant", "replication"])[["people", *MONEY]].sum()
        extra = sums["treatment"] - sums["treatment_champion"]
        whole = float(extra.sum())
        for stage in STAGES:
            for quadrant in QUADRANTS:
                if (stage, quadrant) in sums.index:
                    cell = sums.loc[(stage, quadrant)]
                    share = float(extra.loc[(stage, quadrant)].sum()) / whole if whole > 0.0 else float("nan")
                    extra_each, back = _money_of(cell)
                    customers, back = float(cell["people"].mean()), None if also.get(arm) else back
                    made.append(CellMoney(arm, stage, quadrant, customers, extra_each, back, share))
    return made


def _also(recordings: Recordings) -> Mapping[str, tuple[str, ...]]:
    return recordings.also_does.get("treatment_spend_per_customer", {})


def _money_of(sums: pd.DataFrame) -> tuple[Average, Ratio | None]:
    """Return a cell's extra money per customer, and what came back of it."""
    each = sums[list(MONEY)].div(sums["people"], axis=0)
    extra = each["treatment"] - each["treatment_champion"]
    back = return_on_treatment(each["profit"] - each["profit_champion"], each["treatment"], each["treatment_champion"])
    return average_of(average(extra.to_frame("extra")), "extra"), back


def cells_section(recordings: Recordings) -> Section | None:
    """Return the section, or None if no people were paired."""
    cells = money_by_cell(recordings)
    if not cells:
        return None
    money = recordings.currency
    heads = (
        ("", "arm"),
        ("stage", "at month 0"),
        ("quadrant", "at month 0"),
        ("", "customers"),
        (f"extra {money}", "per customer"),
        ("share of", "extra money"),
        (f"back per {money}", "of treatment"),
    )
    rows = tuple((one.arm, one.stage, words(one.quadrant), f"{one.customers:,.0f}", *_cells_of(one)) for one in cells)
    note = (
        "Paired with the champion, person by person, over the whole run, not discounted: customers at month 0 only, "
        "without closing value, capital charge and acquisition; profit is margin while a person is ours, less "
        "charge-offs, less what contacts and rewards cost. Intervals are over replications, each cell alone, so that "
        "of many one may lie outside by chance."
    )
    tables = (_money_table(cells, recordings), Table(heads, rows, "Every arm and cell", long=True))
    return Section("cells", "Treatment money and return by cell", tuple(cells_said(cells)), tables, note)


def _cells_of(one: CellMoney) -> tuple[str, str, str]:
    share = "-" if np.isnan(one.share) else f"{one.share:.1%}"
    return number_text(one.extra, 2), share, ratio_text(one.back)


def _money_table(cells: list[CellMoney], recordings: Recordings) -> Table:
    """Return for each arm the cell that gets the largest part of the extra money, and that with the largest return."""
    money = recordings.currency
    heads = (
        ("", "arm"),
        ("largest part of", "extra money: for"),
        (f"extra {money}", "each"),
        ("share of", "the money"),
        ("back", f"per {money}"),
        ("largest", "return: for"),
        ("back", f"per {money}"),
    )
    rows = []
    for arm in recordings.others:
        own = [one for one in cells if one.arm == arm]
        paid = [one for one in own if one.share > 0.0]
        first = max(paid, key=lambda one: one.share) if paid else None
        best = _best(own)
        largest = ("-",) * 4 if first is None else (_name(first), *_cells_of(first))
        rows.append((arm, *largest, *(("-", "-") if best is None else (_name(best), ratio_text(best.back)))))
    why = "".join(f" {arm}: {not_the_only_difference(acts)}." for arm, acts in _also(recordings).items() if acts)
    note = (
        f"- : no more than {LEAST_SPEND:.0f} {money} a customer is spent more, or it is not the only difference.{why}"
    )
    return Table(heads, tuple(rows), "Where the money goes and where it comes back", note)


def _value(one: CellMoney) -> float:
    return float("-inf") if one.back is None else one.back.value


def _best(cells: list[CellMoney]) -> CellMoney | None:
    """Return the cell with the largest return, as shown; None if none has one."""
    best = max(cells, key=_value, default=None)
    return None if best is None or best.back is None else best


def cells_said(cells: list[CellMoney]) -> Iterator[str]:
    """Say in how many cells money comes back beyond chance, and where the return is largest."""
    known = [one.back for one in cells if one.back is not None]
    best = _best(cells)
    if best is None:
        yield "No cell of any arm has a return: too little is spent more there, or money is not the only difference."
        return
    if all(one.n < 2 for one in known):
        yield "With one replication chance is not known, and so not where the money comes back."
        return
    pays = sorted((one for one in cells if one.back is not None and one.back.low > 1.0), key=_value, reverse=True)
    lost = sum(one.high < 1.0 for one in known)
    yield (
        f"Of {len(known)} pairs of an arm and a cell with a return {len(pays)} bring back more than they cost and "
        f"{lost} less, beyond chance; the others are not told apart from 1."
    )
    if pays:
        said = [f"{one.arm} with {_name(one)}, {ratio_text(one.back)}" for one in pays[:3]]
        yield f"The largest {'of these returns' if len(pays) > 1 else 'return beyond chance'}: {'; '.join(said)}."
    else:
        yield f"Nearest to it comes {best.arm} with {_name(best)}, {ratio_text(best.back)}."


def cells_finding(cells: list[CellMoney]) -> str:
    """Return the title of the figure: in how many cells money comes back, and where the return is largest."""
    known, best = [one.back for one in cells if one.back is not None], _best(cells)
    if best is None or all(one.n < 2 for one in known):
        return next(cells_said(cells)).rstrip(".")
    pays = [one for one in cells if one.back is not None and one.back.low > 1.0]
    lost = sum(one.high < 1.0 for one in known)
    best = max(pays, key=_value, default=best)
    return (
        f"In {len(pays)} of {len(known)} pairs of arm and cell the money comes back beyond chance, in {lost} not; "
        f"{'largest' if pays else 'nearest'}: {best.arm} with {_name(best)}, {ratio_text(best.back)}"
    )


def _name(one: CellMoney) -> str:
    return f"{words(one.quadrant)}, {one.stage}"
