"""Treatment money and what it brings, by stage and quadrant at month 0, beside the same people under the champion."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.findings import signed, words
from experiments.gains import MONEY
from experiments.outcomes import QUADRANTS, STAGES, Estimate, Outcomes, average, estimate
from experiments.sections import Section, Table, number_text, ratio_text
from experiments.statistics import Ratio, return_on_treatment

LEAST_SHARE = 0.01  # of the extra money, that a cell must get to be spoken of; assumption


class CellMoney(NamedTuple):
    """One arm's money in one cell of customers at month 0."""

    arm: str
    stage: str
    quadrant: str
    customers: float
    """A run, on average."""
    extra: Estimate
    """EUR of treatment per customer of the cell, more than under the champion."""
    back: Ratio | None
    """Extra profit before that money, per extra EUR of it; None without extra money beyond chance."""
    share: float
    """Of all the arm's extra treatment money; nan if there is none."""


def money_by_cell(outcomes: Outcomes) -> list[CellMoney]:
    """Return every other arm's extra treatment money and what it brought, cell by cell, arm by arm."""
    if outcomes.pairs is None:
        return []
    made = []
    for arm in outcomes.others:
        own = outcomes.pairs[outcomes.pairs["arm"] == arm]
        sums = own.groupby(["stage", "quadrant", "replication"])[["people", *MONEY]].sum()
        extra = sums["treatment"] - sums["treatment_champion"]
        whole = float(extra.sum())
        for stage in STAGES:
            for quadrant in QUADRANTS:
                if (stage, quadrant) in sums.index:
                    cell = sums.loc[(stage, quadrant)]
                    share = float(extra.loc[(stage, quadrant)].sum()) / whole if whole > 0.0 else float("nan")
                    made.append(_cell(arm, stage, quadrant, cell, share))
    return made


def _cell(arm: str, stage: str, quadrant: str, sums: pd.DataFrame, share: float) -> CellMoney:
    each = sums[list(MONEY)].div(sums["people"], axis=0)
    extra = each["treatment"] - each["treatment_champion"]
    back = return_on_treatment(
        each["profit"] - each["profit_champion"], each["treatment"], each["treatment_champion"]
    )  # fmt: skip
    more = estimate(average(extra.to_frame("extra")), "extra")
    return CellMoney(arm, stage, quadrant, float(sums["people"].mean()), more, back, share)


def cells_section(outcomes: Outcomes) -> Section | None:
    """Return the section, or None if no people were paired."""
    cells = money_by_cell(outcomes)
    if not cells:
        return None
    heads = (("", "arm"), ("stage", "at month 0"), ("quadrant", "at month 0"), ("", "customers"),
             ("extra EUR", "per customer"), ("share of", "extra money"), ("back per EUR", "of treatment"))  # fmt: skip
    rows = tuple(
        (one.arm, one.stage, words(one.quadrant), f"{one.customers:,.0f}", number_text(one.extra, 2),
         "-" if np.isnan(one.share) else f"{one.share:.1%}", ratio_text(one.back))
        for one in cells
    )  # fmt: skip
    note = (
        "Paired with the champion, person by person, over the whole run: customers at month 0 only, without closing "
        "value, capital charge and acquisition; profit is margin while a person is ours, less charge-offs, less what "
        "contacts and rewards cost. Intervals are over replications, each cell alone, so that of many one may lie "
        "outside by chance."
    )
    return Section("cells", "Treatment money and return by cell", tuple(_said(cells, outcomes)),
                   (Table(heads, rows, "Every arm and cell", long=True),), note)  # fmt: skip


def _said(cells: list[CellMoney], outcomes: Outcomes) -> Iterator[str]:
    """Say arm by arm where most of the extra money goes and where it comes back best and worst."""
    for arm in outcomes.others:
        own = [one for one in cells if one.arm == arm and one.back is not None and one.share >= LEAST_SHARE]
        if not own:
            yield f"{arm} spends no more on any cell beyond chance, or less in all."
            continue
        most = max(own, key=lambda one: one.share)
        best = max(own, key=lambda one: one.back.value if one.back else 0.0)
        pays = [one for one in own if one.back is not None and one.back.low > 1.0]
        verdict = f"in {len(pays)} of {len(own)} cells it brings more than it costs beyond chance" if pays else (
            "in no cell it brings more than it costs beyond chance"
        )  # fmt: skip
        yield (
            f"{arm} puts {most.share:.0%} of its extra money into {_name(most)} "
            f"({signed(most.extra.mean, lambda v: f'{v:,.1f}')} EUR each), where an EUR brings back "
            f"{ratio_text(most.back)}; best it comes back from {_name(best)}, {ratio_text(best.back)}; {verdict}."
        )


def _name(one: CellMoney) -> str:
    return f"{words(one.quadrant)} customers in {one.stage}"
