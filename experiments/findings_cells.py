"""Treatment money and what it brings, by stage and quadrant at month 0, beside the same people under the champion."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.findings import words
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
    rows = tuple((one.arm, one.stage, words(one.quadrant), f"{one.customers:,.0f}", *_told(one)) for one in cells)
    note = (
        "Paired with the champion, person by person, over the whole run: customers at month 0 only, without closing "
        "value, capital charge and acquisition; profit is margin while a person is ours, less charge-offs, less what "
        "contacts and rewards cost. Intervals are over replications, each cell alone, so that of many one may lie "
        "outside by chance."
    )
    tables = (_money_table(cells, outcomes), Table(heads, rows, "Every arm and cell", long=True))
    return Section("cells", "Treatment money and return by cell", tuple(_said(cells)), tables, note)


def _told(one: CellMoney) -> tuple[str, str, str]:
    share = "-" if np.isnan(one.share) else f"{one.share:.1%}"
    return number_text(one.extra, 2), share, ratio_text(one.back)


def _worth(one: CellMoney) -> float:
    """Return what at least comes back: the lower end of an interval; NaN if nothing is known."""
    if one.back is None:
        return float("nan")
    return one.back.value if np.isnan(one.back.low) else one.back.low


def _money_table(cells: list[CellMoney], outcomes: Outcomes) -> Table:
    """Return for each arm the cell that gets most of the extra money, and the one it comes back from most surely."""
    heads = (("", "arm"), ("most of the extra", "money goes to"), ("extra EUR", "each"), ("share of", "the money"),
             ("back", "per EUR"), ("most surely it", "comes back from"), ("back", "per EUR"))  # fmt: skip
    rows = []
    for arm in outcomes.others:
        own = [one for one in cells if one.arm == arm and one.share >= LEAST_SHARE]
        if not own:
            rows.append((arm, *("-",) * (len(heads) - 1)))
            continue
        most = max(own, key=lambda one: one.share)
        known = [one for one in own if one.back is not None]
        best = max(known, key=_worth) if known else None
        surest = ("-", "-") if best is None else (_name(best), ratio_text(best.back))
        rows.append((arm, _name(most), *_told(most), *surest))
    note = (
        "Cells with less than 1% of an arm's extra money are left out. - : no extra money, or chance could explain it."
    )
    return Table(heads, tuple(rows), "Where the money goes and where it comes back", note)


def _said(cells: list[CellMoney]) -> Iterator[str]:
    """Say in how many cells money comes back beyond chance, and where most surely."""
    known = [one for one in cells if one.back is not None and one.share >= LEAST_SHARE]
    if not known:
        yield "No arm spends more than the champion on any cell beyond chance."
        return
    bounded = [one for one in known if one.back is not None and np.isfinite(one.back.low)]
    if not bounded:
        yield "With one replication chance is not known, and so not where the money comes back."
        return
    pays = sorted((one for one in bounded if _worth(one) > 1.0), key=_worth, reverse=True)
    lost = sum(one.back is not None and one.back.high < 1.0 for one in bounded)
    count = f"Of {len(bounded)} pairs of an arm and a cell in which it spends more than the champion, beyond chance"
    yield f"{count} {len(pays)} bring back more than they cost and {lost} less; the others are not told apart from 1."
    if pays:
        said = [f"{one.arm} with {_name(one)}, {ratio_text(one.back)}" for one in pays[:3]]
        yield f"Most surely an EUR comes back for {'; '.join(said)}."
    else:
        best = max(bounded, key=_worth)
        yield f"Nearest to it comes {best.arm} with {_name(best)}, {ratio_text(best.back)}."


def cells_finding(cells: list[CellMoney]) -> str:
    """Return the title of the figure: in how many cells money comes back, and where most surely."""
    return " ".join(_said(cells)).rstrip(".")


def _name(one: CellMoney) -> str:
    return f"{words(one.quadrant)}, {one.stage}"
