"""Return on treatment money, year by year, in sentences and a table."""

from collections.abc import Iterator

from tenure.experiments.analysis.intervals import number
from tenure.experiments.analysis.market.yearly import YearReturn, returns_by_year, yearly_money
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.ratios import LEAST_SPEND
from tenure.experiments.report.effects import returns_of
from tenure.experiments.report.labels import listed
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.section import Section, Table, ratio_text

SPEND = METRICS["return_on_treatment"]
"""The return of the whole run, which is said of the same arms."""


def yearly_section(recordings: Recordings) -> Section | None:
    """Return the section, None where no return on treatment is shown, or there is none of any arm."""
    needed = {"ledger", "treatments", "customers_by_cell"}
    if SPEND.name not in recordings.metrics or not recordings.others or not needed <= set(recordings.rows):
        return None
    money = yearly_money(*(recordings.of(name) for name in ("ledger", "treatments", "customers_by_cell")))
    there = {str(arm) for arm in money.index.get_level_values("arm")}
    unsaid = {arm: one.why_not for arm, one in returns_of(recordings, SPEND).items() if one.ratio is None}
    arms = [arm for arm in recordings.others if arm in there and arm not in unsaid and recordings.champion in there]
    found = {arm: returns_by_year(money, recordings.champion, arm) for arm in arms}
    found = {arm: own for arm, own in found.items() if any(one.in_year is not None for one in own)}
    if not found:
        return None
    years = len(next(iter(found.values())))
    heads = (("", "arm"), ("", "money of"), *(("", f"year {year}") for year in range(1, years + 1)))
    rows = []
    for arm, own in found.items():
        rows.append((arm, "that year", *(ratio_text(one.in_year) for one in own)))
        rows.append((arm, "all years so far", *(ratio_text(one.so_far) for one in own)))
    caption = f"{recordings.currency} back per extra {recordings.currency} of treatment, against {recordings.champion}"
    return Section(
        "yearly",
        "Return on treatment money, year by year",
        tuple(_said(recordings, found)),
        (Table(heads, tuple(rows), caption),),
        _note(recordings, unsaid),
    )


def _said(recordings: Recordings, found: dict[str, list[YearReturn]]) -> Iterator[str]:
    """Say of each arm whether what comes back rises from the first to the last year, as far as chance allows."""
    for arm, own in found.items():
        known = [one for one in own if one.in_year is not None]
        first, last = known[0], known[-1]
        if first.in_year is None or last.in_year is None or len(known) < 2:
            continue
        apart = first.in_year.high < last.in_year.low or last.in_year.high < first.in_year.low
        way = "rises" if last.in_year.value > first.in_year.value else "falls"
        sure = "" if apart else "; the intervals of the two years overlap"
        paid = next((one.year for one in own if one.so_far is not None and one.so_far.low > 1.0), None)
        back = f", and beyond chance the money so far is back by the end of year {paid}" if paid is not None else ""
        yield (
            f"Under {arm}, what comes back in a year per {recordings.currency} of that year's extra treatment {way} "
            f"from {number(first.in_year.value, 2)} in year {first.year} to {number(last.in_year.value, 2)} in year "
            f"{last.year}{sure}{back}."
        )


def _note(recordings: Recordings, unsaid: dict[str, str]) -> str:
    reasons: dict[str, list[str]] = {}
    for arm, why in unsaid.items():
        reasons.setdefault(why, []).append(arm)
    left_out = "".join(f" Left out: {listed(arms)} {why}." for why, arms in reasons.items())
    return (
        "Profit of a year more than the champion's, and the extra treatment itself, over that extra treatment: "
        "contacts, rewards and income given up, which is counted when it is granted. Not discounted, no closing value; "
        "replications paired, Fieller's intervals, each alone. Money spent late may come back after the run, and what "
        "comes back in a year was in part spent before: the lines of all years so far take that together. - where "
        f"less than {LEAST_SPEND:g} {recordings.currency} a customer over the whole run, or its part of the years, is "
        f"spent more.{left_out}"
    )
