"""What each arm did: its treatments, how often each was given and taken, and what they cost."""

from collections.abc import Iterator

import pandas as pd

from tenure.experiments.analysis.intervals import Average, average_text
from tenure.experiments.analysis.why.parts import TREATMENT, WITHOUT
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
MOST_OPEN = 60
"""Rows from which the table is folded up until somebody asks."""
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
        ("", "treatment"),
        ("", "arm"),
        ("given per 100", "customers a year"),
        ("taken,", "% of given"),
        (f"{recordings.currency} spent per", "customer a year"),
        (f"{recordings.currency} of income given up", "per customer a year"),
        *(_worth_heads(recordings.currency) if recordings.whys else ()),
    )
    rows = tuple(_rows(recordings, given))
    note = (
        "Over the whole run and all who were customers in it, average over replications ± half a 95% interval. Spent: "
        "contacts, and rewards that were taken; invitations of people who are not customers are in it. Given up: what "
        "a price cut costs while it lasts, counted when it is granted, and lower posted prices month by month."
        f"{_worth_note(recordings)}"
    )
    sentences = tuple(_said(recordings, given))
    table = Table(heads, rows, "Treatments given, arm beside arm", long=len(rows) > MOST_OPEN)
    return Section("treatments", "What each arm did", sentences, (table,), note)


def _worth_heads(currency: str) -> tuple[tuple[str, str], ...]:
    each = f"worth, {currency} per customer,"
    return (each, "where the arm gives it"), (each, "where only the champion does")


def _worth_note(recordings: Recordings) -> str:
    if not recordings.whys:
        reason = recordings.whys_unsaid
        return f" What each is worth is not known here: {reason}." if reason else ""
    return (
        f" Worth: the part of the arm's difference in profit from {recordings.champion} over the run, per customer at "
        "the start, of the people whose two worlds first differ in this treatment, given by the arm, or by the "
        "champion and not by the arm. It describes what followed, not the effect of the treatment alone. - where "
        "nobody's worlds first differ in it."
    )


def main_treatments(table: pd.DataFrame) -> list[str]:
    """Return an arm's treatments, the one given most first."""
    means = {str(name): float(table[(name, GIVEN)].mean()) for name, what in table.columns if what == GIVEN}
    return sorted(means, key=lambda name: (-means[name], name))


def shown_treatments(given: dict[str, pd.DataFrame]) -> list[str]:
    """Return the treatments with rows of their own: the `SHOWN` that an arm gives most, of every arm."""
    most: dict[str, float] = {}
    for table in given.values():
        order = main_treatments(table)
        for name in order if len(order) <= SHOWN + 1 else order[:SHOWN]:
            most[name] = max(most.get(name, 0.0), float(table[(name, GIVEN)].mean()))
    return sorted(most, key=lambda name: (-most[name], name))


def _rows(recordings: Recordings, given: dict[str, pd.DataFrame]) -> Iterator[tuple[str, ...]]:
    """Yield the arms beside each other, treatment by treatment; then what is left of each."""
    shown = shown_treatments(given)
    for name in shown:
        for arm, table in given.items():
            worth = _worths(recordings, arm, [name])
            if (name, GIVEN) in table.columns:
                yield words(name), arm, *_cells(table, [name]), *worth
            elif any(text != "-" for text in worth):
                yield words(name), arm, "0.0", "-", "0.00", "0.00", *worth
    for arm, table in given.items():
        order = main_treatments(table)
        others = [name for name in order if name not in shown]
        if others:
            yield f"{OTHERS} ({len(others)})", arm, *_cells(table, others), *_worths(recordings, arm, others)
        blank = ("-",) * (2 if recordings.whys else 0)
        if (POSTED, FORGONE) in table.columns:
            yield POSTED, arm, "-", "-", "-", number_text(_sum(table, [POSTED], FORGONE), 2), *blank
        elif not order:
            yield "none", arm, *("-",) * 4, *blank


def _worths(recordings: Recordings, arm: str, names: list[str]) -> tuple[str, ...]:
    """Return what follows from an arm's giving treatments that the champion does not, and the other way round."""
    if not recordings.whys:
        return ()
    if arm not in recordings.whys:
        return "-", "-"
    parts = recordings.whys[arm].divisions[TREATMENT]
    texts = []
    for before in ("", WITHOUT):
        found = [parts[before + name] for name in names if before + name in parts]
        whole = sum(one.mean for one in found)
        texts.append(average_text(found[0], 1, signed=True) if len(found) == 1 else f"{whole:+z,.1f}" if found else "-")
    return tuple(texts)


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
        yield f"{arm}: {did or 'no treatment'}{' (times per 100 customers a year)' if parts else ''}."
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
