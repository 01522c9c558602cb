"""What each arm did: its treatments, how often each was given and taken, and what they cost."""

from collections.abc import Iterator

import pandas as pd

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.section import Section, Table, number_text, share_text
from tenure.experiments.report.sentences import words
from tenure.experiments.report.tables import average, average_of

GIVEN, TAKEN, SPENT, FORGONE = "contacted", "taken", "spent", "forgone"
"""As the recording calls what was done, taken and paid, and the income that a lower price gives up."""
MONEY_OF_ALL = "given_up_eur"
"""Income given up by treatments and posted prices together."""
POSTED = "lower posted prices"
SHOWN = 8
"""Treatments of an arm with a line of their own, those given most; the others are added up."""
OTHERS = "other treatments"
LEAST_GIVEN = 0.05
"""Per 100 customers a year, from which a treatment given by one arm alone is spoken of: assumption."""


def treatments_given(recordings: Recordings) -> dict[str, pd.DataFrame]:
    """Return what each arm did.

    Returns
    -------
    dict
        Arm to a table with a row per replication and columns (treatment, what): given and taken per 100 customers a
        year; spent and forgone, money per customer and year. Columns of posted prices have forgone alone.
    """
    rows = recordings.of("treatments")
    years = _customer_years(recordings)
    known = rows[rows["b"].isin([GIVEN, TAKEN, SPENT, FORGONE]) & (rows["a"] != "")]
    sums = known.groupby(["arm", "replication", "a", "b"], observed=True)["value"].sum().unstack(["a", "b"])
    table = sums.reindex(years.index).fillna(0.0)
    whole = rows[rows["b"] == MONEY_OF_ALL].groupby(["arm", "replication"], observed=True)["value"].sum()
    by_treatment = [column for column in table.columns if column[1] == FORGONE]
    posted = whole.reindex(years.index).fillna(0.0) - table[by_treatment].sum(axis=1)
    table[(POSTED, FORGONE)] = posted.where(posted > 1e-6 * whole.reindex(years.index).fillna(0.0).abs(), 0.0)
    per = table.div(years, axis=0)
    heads = [column for column in per.columns if column[1] in (GIVEN, TAKEN)]
    per[heads] = 100.0 * per[heads]
    return {arm: _columns(per.xs(arm, level="arm")) for arm in recordings.arms if arm in per.index.get_level_values(0)}


def _customer_years(recordings: Recordings) -> "pd.Series[float]":
    """Return the years that customers were with us, by arm and replication."""
    book = recordings.of("customers_by_cell")
    at_risk = book[book["month"] < book["month"].max()]
    months: pd.Series[float] = at_risk.groupby(["arm", "replication"], observed=True)["value"].sum()
    return (months / 12.0).clip(lower=1.0 / 12.0)


def _columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the columns of an arm's own treatments alone."""
    used = table.columns[(table != 0.0).any(axis=0)]
    return pd.DataFrame(table[used], columns=pd.MultiIndex.from_tuples(list(used), names=["a", "b"]))


def treatments_section(recordings: Recordings) -> Section | None:
    """Return the section, None where nothing of it was recorded."""
    if "treatments" not in recordings.rows or "customers_by_cell" not in recordings.rows:
        return None
    given = treatments_given(recordings)
    heads = (
        ("", "arm"),
        ("", "treatment"),
        ("given per 100", "customers a year"),
        ("taken,", "% of given"),
        (f"{recordings.currency} spent per", "customer a year"),
        (f"{recordings.currency} of income given up", "per customer a year"),
    )
    rows = [row for arm, table in given.items() for row in _rows(arm, table)]
    note = (
        "Over the whole run and all who were customers in it, average over replications ± half a 95% interval. Spent: "
        "contacts, and rewards that were taken; invitations of people who are not customers are in it. Given up: what "
        "a price cut costs while it lasts, counted when it is granted, and lower posted prices month by month."
    )
    sentences = tuple(_said(recordings, given))
    return Section("treatments", "What each arm did", sentences, (Table(heads, tuple(rows)),), note)


def main_treatments(table: pd.DataFrame) -> list[str]:
    """Return an arm's treatments, the one given most first."""
    means = {str(name): float(table[(name, GIVEN)].mean()) for name, what in table.columns if what == GIVEN}
    return sorted(means, key=lambda name: (-means[name], name))


def _rows(arm: str, table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    order = main_treatments(table)
    shown, others = (order, []) if len(order) <= SHOWN + 1 else (order[:SHOWN], order[SHOWN:])
    for name in shown:
        yield arm, words(name), *_cells(table, [name])
    if others:
        yield arm, f"{OTHERS} ({len(others)})", *_cells(table, others)
    if (POSTED, FORGONE) in table.columns:
        yield arm, POSTED, "-", "-", "-", number_text(_sum(table, [POSTED], FORGONE), 2)
    elif not order:
        yield arm, "none", *("-",) * 4


def _cells(table: pd.DataFrame, names: list[str]) -> tuple[str, str, str, str]:
    given, spent, forgone = (_sum(table, names, what) for what in (GIVEN, SPENT, FORGONE))
    return number_text(given, 1), _taken(table, names), number_text(spent, 2), number_text(forgone, 2)


def _sum(table: pd.DataFrame, names: list[str], what: str) -> Average:
    return _average(_each(table, names, what))


def _each(table: pd.DataFrame, names: list[str], what: str) -> "pd.Series[float]":
    return table[[(name, what) for name in names if (name, what) in table.columns]].sum(axis=1)


def _average(values: "pd.Series[float]") -> Average:
    return average_of(average(values.to_frame("value")), "value")


def _taken(table: pd.DataFrame, names: list[str]) -> str:
    given = _each(table, names, GIVEN)
    share = (_each(table, names, TAKEN) / given.where(given > 0.0)).dropna()
    return share_text(_average(share)) if len(share) else "-"


def _said(recordings: Recordings, given: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Say what each arm gives most, and which treatment one arm alone gives."""
    for arm, table in given.items():
        order = main_treatments(table)
        parts = [f"{words(name)} {table[(name, GIVEN)].mean():,.1f}" for name in order[:3]]
        more = f" and {len(order) - 3} more" if len(order) > 3 else ""
        posted = "lower posted prices" if (POSTED, FORGONE) in table.columns else ""
        did = " and ".join(part for part in (", ".join(parts) + more, posted) if part)
        yield f"{arm}: {did or 'nothing'}{' (times per 100 customers a year)' if parts else ''}."
    yield from alone(recordings, given)


def alone(recordings: Recordings, given: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Say which treatments one arm alone gives though others treat, too: its difference may be theirs."""
    means = {
        arm: {name: float(table[(name, GIVEN)].mean()) for name in main_treatments(table)}
        for arm, table in given.items()
    }
    treating = [arm for arm, own in means.items() if own]
    if len(treating) < 2:
        return
    for arm in treating:
        others = {name for other in treating if other != arm for name in means[other]}
        only = [name for name, many in means[arm].items() if name not in others and many >= LEAST_GIVEN]
        if only:
            whose = f"{arm}, the champion, alone" if arm == recordings.champion else f"{arm} alone"
            which = listed([words(name) for name in only])
            yield f"Of the arms that treat, {whose} gives {which}: what sets it apart may be that."
