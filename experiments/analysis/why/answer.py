"""Why an arm does better or worse than the champion, from the stored runs of both."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from tenure.experiments.analysis.gains import PERSON_MEASURES, people_of
from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.metric import DECLARED_IN
from tenure.experiments.analysis.metrics import customers_at_start
from tenure.experiments.analysis.why.averaging import average_of
from tenure.experiments.analysis.why.found import SwitchedOffBefore, found_before
from tenure.experiments.analysis.why.interesting import InterestingLife, interesting_lives
from tenure.experiments.analysis.why.lives import LIFE_MEASURES, lives_of
from tenure.experiments.analysis.why.parts import (
    DIVISIONS,
    LINE,
    NO_TREATMENT,
    TREATMENT,
    WITHOUT,
    PairOfPeople,
    Parts,
    RunWithLives,
    averages,
    carried_by,
    pair_people,
    parts_of,
)
from tenure.experiments.analysis.why.rivals import Taken, TakenOver, taken_by, taken_over
from tenure.experiments.analysis.worked_out import recorded_of
from tenure.experiments.running.workers import processors
from tenure.experiments.store.store import read_rows

if TYPE_CHECKING:
    from tenure.experiments.store.results import Results

_COLUMNS = ("measure", "month", "a", "b", "value")
_PERSON_COLUMNS = ("measure", "a", "b", "value")
SWITCHED_OFF = "switched off"
"""The division of `Why.parts` by what was switched off; it alone does not add up."""
CARRIES = 0.5
"""Of the difference, from which one thing that the champion alone does is warned of: assumption."""


class GivenTreatment(NamedTuple):
    """One treatment in the two arms, averages over replications."""

    treatment: str
    per_customer: tuple[float, float]
    """Times that it was given, per customer at the start: champion, arm."""
    taken: tuple[float, float]
    """Share of those that were taken; nan where none was given."""
    cost_eur: tuple[float, float]
    """Contacts, rewards and given-up income, per customer at the start, not discounted."""


class Why(NamedTuple):
    """What the difference in profit between an arm and the champion is made of, per customer at the start."""

    arm: str
    champion: str
    total: Average
    divisions: Mapping[str, Mapping[str, Average]]
    """Division -> part -> average over replications; the parts of each add up to the total."""
    given: tuple[GivenTreatment, ...]
    carried_by: float
    """The fewest people who carry nine tenths of the difference, as a share of customers at the start; nan: nobody."""
    most: tuple[tuple[int, float], ...]
    """Of the first replication, the people whose worlds differ most, best first: id, and EUR by which."""
    replications: int
    interesting: tuple[InterestingLife, ...] = ()
    """Lives worth looking at, of the first replication that has both."""
    currency: str = DECLARED_IN
    scenario: str = ""
    without: SwitchedOffBefore = SwitchedOffBefore()
    """What was switched off before, by ``tenure why --without``, and what was not."""
    rivals: tuple[TakenOver, ...] = ()
    """What each rival took over from us, the one that took most first."""

    def parts(self) -> pd.DataFrame:
        """Return every division as one tidy table; the parts of each division add up to the difference.

        What was switched off stands last, as the division `SWITCHED_OFF`: what each mechanism or rule carries. It
        alone does not add up, for mechanisms act on each other.

        Returns
        -------
        DataFrame
            Index 0, 1, 2 and on; a row per part, in the order of `divisions`:

            =============  =======  ===========================================================================
            division, part  text     one of `DIVISIONS` or `SWITCHED_OFF`, and what it is divided into
            mean            float64  average over replications of the arm less the champion, `unit`
            low, high       float64  ends of the 95% interval, each part alone; nan with one replication, `unit`
            unit            text     the market's currency, per customer at the start, discounted
            =============  =======  ===========================================================================
        """
        carried = {SWITCHED_OFF: {one.name: one.carried for one in self.without.each}}
        each = {**self.divisions, **carried}
        rows = [(name, part, *one) for name, parts in each.items() for part, one in parts.items()]
        return self._told(rows, ["division", "part", "mean", "low", "high"], f"{self.currency} per customer")

    def given_table(self) -> pd.DataFrame:
        """Return the treatments that were given, a row per treatment and arm.

        Returns
        -------
        DataFrame
            Index 0, 1, 2 and on; the champion's row of each treatment before the arm's:

            ===============  =======  =================================================================
            treatment, arm    text
            per_customer      float64  times given, per customer at the start
            taken             float64  fraction of those that was taken; nan where none was given
            cost              float64  per customer at the start, not discounted, `unit`
            unit              text     of `cost`
            ===============  =======  =================================================================
        """
        rows = [
            (one.treatment, arm, one.per_customer[place], one.taken[place], one.cost_eur[place])
            for one in self.given
            for place, arm in enumerate((self.champion, self.arm))
        ]
        return self._told(rows, ["treatment", "arm", "per_customer", "taken", "cost"], f"{self.currency} per customer")

    def rivals_table(self) -> pd.DataFrame:
        """Return what each rival took over from us, a row per rival and arm; of several ends of a person the last.

        Returns
        -------
        DataFrame
            Index 0, 1, 2 and on; the rival that took most first, the champion's row before the arm's:

            ============  =======  ==================================================================================
            rival, arm     text     "not recorded" in the place of the rival where runs keep none
            per_customer   float64  customers who went there, per customer at the start
            brought        float64  what such a customer had brought us over the run, discounted; nan: nobody, `unit`
            unit           text     of `brought`
            ============  =======  ==================================================================================
        """
        rows = [
            (one.rival, arm, one.per_customer[place], one.brought_eur[place])
            for one in self.rivals
            for place, arm in enumerate((self.champion, self.arm))
        ]
        return self._told(rows, ["rival", "arm", "per_customer", "brought"], self.currency)

    def without_table(self) -> pd.DataFrame:
        """Return what was switched off, a row each: the difference with it and without it, and what it carries.

        Returns
        -------
        DataFrame
            Index 0, 1, 2 and on; the means are over the replications that were run both ways:

            =============================  =======  =========================================================
            name, meaning                   text     a mechanism or a rule of the arm, and what it says
            with_it, with_it_low, ..._high  float64  the difference with it, and its 95% interval, `unit`
            without, without_low, ...       float64  the difference without it, `unit`
            carried, carried_low, ...       float64  the former less the latter, paired by replication, `unit`
            unit                            text     the market's currency, per customer at the start
            =============================  =======  =========================================================
        """
        rows = [(one.name, one.meaning, *one.whole, *one.difference, *one.carried) for one in self.without.each]
        ends = [f"{name}{end}" for name in ("with_it", "without", "carried") for end in ("", "_low", "_high")]
        return self._told(rows, ["name", "meaning", *ends], f"{self.currency} per customer")

    def lives(self) -> pd.DataFrame:
        """Return the lives worth looking at, a row per kind and person; one person can be of several kinds.

        Returns
        -------
        DataFrame
            Index 0, 1, 2 and on:

            ============================  =======  ==========================================================
            kind                           text     why the life is worth a look
            person, replication            int64
            difference                     float64  what the person brought, arm less champion, `unit`
            treatment                      text     in which the two worlds differ first
            ended_champion, ended_arm      text     how the relationship ended in each world
            unit                           text     the market's currency, over the run, discounted
            ============================  =======  ==========================================================
        """
        rows = [(*one[:-1], *one.ended) for one in self.interesting]
        columns = ["kind", "person", "replication", "difference", "treatment", "ended_champion", "ended_arm"]
        return self._told(rows, columns, self.currency)

    def _told(self, rows: Sequence[tuple[object, ...]], columns: list[str], unit: str) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=columns).assign(unit=unit)
        frame.attrs |= {"arm": self.arm, "champion": self.champion, "scenario": self.scenario}
        return frame

    @property
    def of_the_champion_alone(self) -> Mapping[str, Average]:
        """Treatments that the arm never gives and the champion does -> what follows from being without them."""
        alone = {one.treatment for one in self.given if one.per_customer[1] == 0.0 < one.per_customer[0]}
        parts = self.divisions[TREATMENT]
        return {name: parts[WITHOUT + name] for name in sorted(alone) if WITHOUT + name in parts}

    @property
    def is_a_trap(self) -> bool:
        """Whether most of the difference follows from what the champion alone does."""
        whole = sum(one.mean for one in self.of_the_champion_alone.values())
        return bool(self.total.mean) and whole / self.total.mean >= CARRIES


class _Pair(NamedTuple):
    parts: Parts
    given: Mapping[str, tuple[float, ...]]
    carried: float
    most: tuple[tuple[int, float], ...]
    taken: tuple[Taken, Taken]
    interesting: tuple[InterestingLife, ...] = ()


def why(results: "Results", arm: str, progress: Callable[[], None] = lambda: None) -> Why:
    """Return what an arm's difference in profit from the champion is made of.

    Parameters
    ----------
    results : Results
        Of one scenario.
    arm : str
        Beside the champion.
    progress : callable
        Told of each pair of runs that was read.

    Raises
    ------
    ValueError
        If there are several scenarios, no such arm, it is the champion, or no replication has both; or lives were
        not recorded.
    """
    if len(results.scenarios) > 1:
        names = ", ".join(results.scenarios)
        raise ValueError(
            f"why: {results.folder} holds the scenarios {names}, and arms are paired within each: ask for one, such as "
            f"results.under('{results.scenarios[0]}')"
        )
    others = [one for one in results.arms if one != results.champion]
    if arm not in others:
        what = "is the champion, that the others are compared with" if arm == results.champion else "is no arm"
        raise ValueError(f"why: '{arm}' {what}. Name one of: {', '.join(others)}")
    runs = {(one.arm, one.replication): name for name, one in results.known.items()}
    pairs = [
        (replication, name, runs[arm, replication])
        for (one, replication), name in sorted(runs.items(), key=lambda item: item[0][1])
        if one == results.champion and (arm, replication) in runs
    ]
    if not pairs:
        raise ValueError(f"why: no replication has a run of '{arm}' and of '{results.champion}' yet")

    def read(pair: tuple[int, str, str]) -> _Pair:
        replication, *names = pair
        champion, own = (_world(results, name) for name in names)
        progress()
        people, customers = pair_people(champion.lives, own.lives), customers_at_start(own.run)
        made = _pair(champion, own, people, customers)
        if replication != pairs[0][0]:
            return made
        before, after = (people_of(read_rows(results.folder, name, PERSON_MEASURES, _PERSON_COLUMNS)) for name in names)
        return made._replace(interesting=tuple(interesting_lives(people, before, after, replication)))

    with ThreadPoolExecutor(processors()) as pool:
        found = list(pool.map(read, pairs))
    divisions = {
        name: {str(part): average_of(table[part]) for part in table}
        for name, table in averages(x.parts for x in found).items()
    }
    total = average_of(pd.Series([sum(one.parts[LINE].values()) for one in found]))
    carried = np.array([one.carried for one in found])
    given = tuple(_given(found, name) for name in sorted({name for one in found for name in one.given}))
    share = float(np.nanmean(carried)) if not np.isnan(carried).all() else float("nan")
    of_one = found[0].interesting, results.currency, results.scenario, found_before(results, arm)
    rivals = taken_over([one.taken for one in found])
    return Why(arm, results.champion, total, divisions, given, share, found[0].most, len(found), *of_one, rivals)


def _world(results: "Results", name: str) -> RunWithLives:
    rows = read_rows(results.folder, name, LIFE_MEASURES, _COLUMNS)
    return RunWithLives(recorded_of(results.folder, name), lives_of(rows))


def _pair(champion: RunWithLives, arm: RunWithLives, people: PairOfPeople, customers: float) -> _Pair:
    order = np.argsort(-people.difference_eur, kind="stable")
    most = tuple((int(people.ids[k]), float(people.difference_eur[k])) for k in (*order[:2], *order[-2:]))
    names = {*champion.lives.given["treatment"], *arm.lives.given["treatment"]}
    given = {name: tuple(_numbers(champion, arm, name, customers)) for name in names}
    taken = taken_by(champion.lives, customers), taken_by(arm.lives, customers)
    return _Pair(parts_of(champion, arm, people), given, carried_by(people, customers), most, taken)


def _numbers(champion: RunWithLives, arm: RunWithLives, name: str, customers: float) -> Iterator[float]:
    """Yield how often, how many taken and what it cost, champion and arm, per customer at the start."""
    for world in (champion, arm):
        own = world.lives.given[world.lives.given["treatment"] == name]
        cost = world.run.total("treatments", a=(name,), b=("spent", "forgone"))
        yield from (len(own) / customers, float(own["taken"].sum()) / customers, cost / customers)


def _given(found: list[_Pair], name: str) -> GivenTreatment:
    each = np.array([one.given.get(name, (0.0,) * 6) for one in found]).mean(axis=0)
    times, taken, cost = (tuple(float(one) for one in islice(each, place, None, 3)) for place in range(3))
    share = tuple(some / whole if whole else float("nan") for some, whole in zip(taken, times, strict=True))
    return GivenTreatment(name, (times[0], times[1]), (share[0], share[1]), (cost[0], cost[1]))


__all__ = ["DIVISIONS", "NO_TREATMENT", "GivenTreatment", "Why", "why"]
