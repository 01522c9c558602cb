"""The funnel and the refusals: from everybody in scope to who took something, and which rule refused what."""

from collections.abc import Iterator

import pandas as pd

from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.section import Section, Table
from tenure.experiments.report.sentences import words

STEPS = ("in scope", "eligible", "proposed", "allowed", "contacted", "took it", "got nothing")
"""Of the funnel, in the order of the recording."""
REFUSED = "refused:"
SHOWN_RULES = 8
"""Rules that have a column of their own, those that refuse most over all arms; the others are added up."""


def funnel(recordings: Recordings) -> pd.DataFrame:
    """Return people a month at each step by arm, averaged over the months counted and over replications."""
    rows = recordings.of("funnel")
    table: pd.DataFrame = rows.groupby(["arm", "a"], observed=True)["value"].mean().unstack("a")
    return table.reindex(index=list(recordings.arms), columns=list(STEPS))


def refusals(recordings: Recordings) -> pd.DataFrame:
    """Return each rule's refusals as a share of an arm's proposals, all months and replications together.

    Returns
    -------
    DataFrame
        Rows are arms that proposed something; column ``proposals`` is how many a run and month, the others are
        rules, the one that refuses most over all arms first.
    """
    rows = recordings.of("treatments")
    months = max(1, rows["month"].nunique())
    runs = rows.groupby("arm", observed=True)["replication"].nunique()
    by = rows.groupby(["arm", "b"], observed=True)["value"].sum().unstack("b").fillna(0.0)
    proposed = by["proposed"] if "proposed" in by.columns else pd.Series(0.0, by.index)
    some = proposed[proposed > 0]
    rules = by.loc[some.index, [name for name in by.columns if str(name).startswith(REFUSED)]]
    # a posted price that was trimmed counts among the refusals of the budget, and is no proposal to a customer
    shares = rules.div(some, axis=0).rename(columns=lambda name: str(name).removeprefix(REFUSED))
    order = shares.sum().sort_values(ascending=False, kind="stable").index
    table = shares[order].assign(proposals=some / (runs.reindex(some.index) * months))
    return table.reindex([arm for arm in recordings.arms if arm in table.index])


def funnel_section(recordings: Recordings) -> Section | None:
    """Return the section, or None if nothing was recorded."""
    if "funnel" not in recordings.rows or "treatments" not in recordings.rows:
        return None
    steps, refused = funnel(recordings), refusals(recordings)
    heads = (("", "arm"), *(("", step) if " " not in step else tuple(step.split(" ")) for step in STEPS))
    people = Table(
        heads,
        tuple(
            (str(arm), *(f"{value:,.0f}" if value >= 10 else f"{value:,.1f}" for value in row))
            for arm, row in zip(steps.index, steps.to_numpy(), strict=True)
        ),
        "People a month",
    )
    tables = [people] if refused.empty else [people, _refusal_table(refused)]
    note = (
        "Averages over the months in which the funnel is counted (the first of each comparison of beliefs with the "
        "truth) and over replications. Proposed: customers to whom the plan proposed anything. Contacted: those "
        "allowed whose treatment is a contact. Refusals are counted every month, each proposal by the first rule that "
        "refuses it, in per cent of the arm's proposals; what the budget does not reach is refused by it."
    )
    sentences = tuple(_said(recordings, steps, refused))
    return Section("funnel", "From scope to taken: funnel and refusals", sentences, tuple(tables), note)


def _refusal_table(refused: pd.DataFrame) -> Table:
    rules = [name for name in refused.columns if name != "proposals"]
    shown, others = rules[:SHOWN_RULES], rules[SHOWN_RULES:]
    heads = [("", "arm"), ("proposals", "a month"), ("refused", "in all, %")]
    heads += [_two_lines(words(name)) for name in shown] + ([("other", "rules")] if others else [])
    rows = []
    for arm, row in refused.iterrows():
        shares = [float(row[rules].sum()), *row[shown], *([float(row[others].sum())] if others else [])]
        rows.append((str(arm), f"{row['proposals']:,.0f}", *(f"{share * 100:.1f}" for share in shares)))
    note = "Other rules: " + ", ".join(words(name) for name in others) + "." if others else ""
    return Table(tuple(heads), tuple(rows), "Refused, per cent of the proposals", note)


def _two_lines(text: str) -> tuple[str, str]:
    parts = text.split(" ")
    return " ".join(parts[: len(parts) // 2]), " ".join(parts[len(parts) // 2 :])


def _said(recordings: Recordings, steps: pd.DataFrame, refused: pd.DataFrame) -> Iterator[str]:
    active = steps[steps["allowed"] > 0]
    if active.empty:
        yield "No arm did anything to a single customer."
        return
    share = active["got nothing"] / active["in scope"]
    widest, narrowest = str(share.idxmin()), str(share.idxmax())
    yield (
        f"{f'{widest} reaches the largest share:' if len(active) > 1 else f'Under {widest},'} a month "
        f"{steps.loc[widest, 'allowed']:,.0f} of {steps.loc[widest, 'in scope']:,.0f} in scope get something and "
        f"{share[widest]:.0%} nothing"
        + (f"; {narrowest} the smallest, {share[narrowest]:.0%} get nothing." if len(active) > 1 else ".")
    )
    idle = [str(arm) for arm in steps.index if steps.loc[arm, "allowed"] == 0]
    if idle:
        yield f"Without any treatment of single customers: {listed(idle)}."
    if refused.empty:
        return
    rules = refused.drop(columns="proposals")
    whole = rules.sum(axis=1)
    if not (whole > 0).any():
        yield "Nothing was refused."
        return
    worst = str(whole.idxmax())
    first = str(rules.loc[worst].idxmax())
    yield (
        f"{worst} has {'the largest share of its proposals refused: ' if len(whole) > 1 else ''}{whole[worst]:.1%}"
        f"{'' if len(whole) > 1 else ' of its proposals refused'}, {rules.loc[worst, first]:.1%} by {words(first)}."
    )
