"""How long it takes from acquisition to decline or leaving, cohort by cohort, in sentences and a table."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.market.cycles import ENDS, Until, cohorts
from tenure.experiments.analysis.market.durations import ended_by, months_until, still_going
from tenure.experiments.analysis.recorded_run import FloatArray
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.section import Table, number_text, share_text
from tenure.experiments.report.sentences import moved, percent, points
from tenure.experiments.report.tables import against_champion, average, average_of, paired

UNTIL: Until = "decline or leaving"
"""What ends the cycle that the source speaks of."""
HORIZONS = (24, 12, 6)
"""Months after which cohorts are compared: the first for which there are two."""
QUARTER = 0.25


class CohortCurve(NamedTuple):
    """Cohorts of one arm that joined in the same year of all its runs.

    Attributes
    ----------
    arm : str
    year : int
    joined : Average
        How many customers, a run.
    replications : tuple of int
        Of the runs.
    still : array, shape (replications, months + 1)
        Share whose cycle has not ended, run by run.
    ended : array, shape (replications, causes, months + 1)
        Share that has ended from each cause; the causes are those of `ENDS`.
    """

    arm: str
    year: int
    joined: Average
    replications: tuple[int, ...]
    still: FloatArray
    ended: FloatArray

    @property
    def followed(self) -> int:
        """Months over which the cohort was followed in every run."""
        return int((~np.isnan(self.still)).all(axis=0).sum()) - 1

    def after(self, months: int) -> "pd.Series[float]":
        """Return the share whose cycle has ended by then, run by run; nan where nobody was followed so long."""
        known = months <= self.followed
        ended = 1.0 - self.still[:, months] if known else np.full(len(self.still), np.nan)
        return pd.Series(ended, list(self.replications))


def curves_of(recordings: Recordings, until: Until = UNTIL) -> list[CohortCurve]:
    """Return the cohorts of every arm and year of joining; `NotRecordedError` if nothing was recorded of them."""
    runs: dict[tuple[str, int], list[tuple[int, FloatArray, FloatArray, float]]] = {}
    for one in cohorts(recordings.of("cycle"), until):
        told = (one.replication, still_going(one.durations), ended_by(one.durations), float(one.durations.at_risk[0]))
        runs.setdefault((one.arm, one.year), []).append(told)
    found = []
    for arm in recordings.arms:
        for year in sorted(year for name, year in runs if name == arm):
            replications, still, ended, heads = zip(*runs[arm, year], strict=True)
            joined = average_of(average(pd.DataFrame({"joined": heads})), "joined")
            found.append(CohortCurve(arm, year, joined, replications, np.stack(still), np.stack(ended)))
    return found


def horizon_of(curves: Sequence[CohortCurve]) -> int | None:
    """Return after how many months the first and a later cohort of every arm can be compared; None if never."""
    arms = {one.arm for one in curves}
    for months in HORIZONS:
        compared = [one for one in curves if one.followed >= months]
        if compared and all(len({one.year for one in compared if one.arm == arm}) > 1 for arm in arms):
            return months
    return None


def cycle_finding(recordings: Recordings, curves: Sequence[CohortCurve]) -> str:
    """Say whether cycles of later cohorts are shorter, under the champion, and which arm alters them most."""
    months = horizon_of(curves)
    if months is None:
        return "No two years' new customers were followed long enough for their cycles to be compared"
    ends = {arm: [one for one in curves if one.arm == arm and one.followed >= months] for arm in recordings.arms}
    champion = recordings.champion
    first, last = ends[champion][0], ends[champion][-1]
    change = average_of(paired(first.after(months).to_frame("share"), last.after(months).to_frame("share")), "share")
    said = moved(first.after(months).mean(), last.after(months).mean(), change.half_width, "", percent)
    text = (
        f"Under {champion}, between new customers of years {first.year} and {last.year}, the share who decline or "
        f"leave within {months} months {said}"
    )
    differences = ended_apart(recordings, curves)
    if not differences:
        return text
    sure = {arm: one for arm, one in differences.items() if one.beyond_chance}
    if not sure:
        return f"{text}; no arm is told apart from the champion"
    arm = max(sure, key=lambda name: abs(sure[name].mean))
    return f"{text}; {arm} {'shortens' if sure[arm].mean > 0.0 else 'lengthens'} the cycle: {points.apart(sure[arm])}"


def ended_apart(recordings: Recordings, curves: Sequence[CohortCurve]) -> dict[str, Average]:
    """Compare the share ended within the horizon with the champion's, of the last year compared; empty if not known."""
    months = horizon_of(curves)
    if months is None:
        return {}
    last = {one.arm: one for one in curves if one.followed >= months}
    if set(last) != set(recordings.arms) or len({one.year for one in last.values()}) > 1:
        return {}
    return against_champion(recordings, {arm: one.after(months) for arm, one in last.items()})


def cycle_table(curves: Sequence[CohortCurve]) -> Table:
    """Return a row per arm and year of joining: who joined, how many ended by when, from what, and how long it took."""
    horizons = sorted(HORIZONS)[1:]
    causes = tuple(ENDS[UNTIL])
    heads = (
        ("", "arm"),
        ("year of", "joining"),
        ("joined,", "a run"),
        *(("ended within", f"{months} months, %") for months in horizons),
        (f"by {horizons[0]} months:", "declined, %"),
        (f"by {horizons[0]} months:", "poached, %"),
        (f"by {horizons[0]} months:", "left otherwise, %"),
        ("months until a", "quarter ended"),
        ("months until", "half ended"),
    )
    rows = []
    for one in curves:
        shares = [_shown(one.after(months)) for months in horizons]
        by = _by_cause(one, horizons[0], {"declined": ("declined",), "poached": ("poached",)}, causes)
        waits = [_wait(one, share) for share in (QUARTER, 0.5)]
        rows.append((one.arm, str(one.year), number_text(one.joined, 0), *shares, *by, *waits))
    note = (
        "A cycle goes from joining us to the first decline (true stage) or to leaving, whichever comes first. Who had "
        "done neither at the end of the run is censored: product-limit estimate (Kaplan-Meier), and by cause "
        "Aalen-Johansen, run by run; average over replications with half a 95% interval. - means that the cohort was "
        "not followed so long; 'over' that fewer had ended when it was last seen, in some replication at least."
    )
    return Table(heads, tuple(rows), "From acquisition to decline or leaving, by year of joining", note)


def _by_cause(one: CohortCurve, months: int, named: Mapping[str, tuple[str, ...]], causes: Sequence[str]) -> list[str]:
    """Write the share ended from each named cause, and from all others together."""
    if months > one.followed:
        return ["-"] * (len(named) + 1)
    at = one.ended[:, :, months]
    places = [[causes.index(name) for name in names] for names in named.values()]
    rest = [place for place in range(len(causes)) if not any(place in own for own in places)]
    return [_shown(pd.Series(at[:, own].sum(axis=1))) for own in (*places, rest)]


def _shown(values: "pd.Series[float]") -> str:
    return share_text(average_of(average(values.to_frame("share")), "share"))


def _wait(one: CohortCurve, share: float) -> str:
    """Write the months until a share has ended, or over how many it takes where that was not seen in every run."""
    waits = np.array([months_until(still, share) for still in one.still])
    if np.isnan(waits).any():
        return f"over {one.followed}" if one.followed >= 0 else "-"
    return number_text(average_of(average(pd.DataFrame({"months": waits})), "months"), 1)
