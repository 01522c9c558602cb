"""What no run can satisfy: structures that contradict each other, rules nobody can reach, policies that never learn."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.policies.columns import COUNTS, condition_fields, view_condition
from tenure.policies.conditions.condition import Condition
from tenure.policies.conditions.decision_table import Rule
from tenure.policies.conditions.levels import NO_SEGMENT, limits, never_true, unreachable_on_view
from tenure.policies.conditions.reachable import Ranges, together
from tenure.policies.conditions.tables_first import standing_alone, tables_before
from tenure.policies.guard.rules import told_measure
from tenure.policies.learning.learner import EpochLearner
from tenure.policies.policy import Policy
from tenure.policies.settings.faults import Fault, FaultyError, KeyPath
from tenure.policies.shelf.optimal_structure import OptimalStructure
from tenure.policies.shelf.random_trial import RandomTrial
from tenure.policies.shelf.rules import Rules
from tenure.policies.shelf.thompson import Thompson
from tenure.simulation.settings.guards import InstitutionGuards
from tenure.simulation.settings.market import MarketSettings

SLACK = 1e-9
"""By which shares may miss what they must add up to: rounding."""
MOST_CONFLICTS = 5


class Bound(NamedTuple):
    """One side of a limit of structure."""

    at: KeyPath
    """Where it was written; nowhere, if another part of the config has it."""
    name: str
    cell: str
    """Condition."""
    of: str
    floor: bool
    value: float
    share: bool = True

    @property
    def told(self) -> str:
        """The bound in words."""
        value = f"{100.0 * self.value:.6g}%" if self.share else f"{self.value:,.12g}"
        return f"at {'least' if self.floor else 'most'} {value}"


def market_impossible(market: MarketSettings) -> Iterator[Fault]:
    """Yield what no run of a market can satisfy: its institutions' structures, and conditions that nobody meets."""
    for at, text in _conditions(market):
        yield from _condition_faults(market, at, text)
    real = float(market.stands_for or market.people)
    for name, one in market.institutions().items():
        start: KeyPath = ("us", "guards") if one is market.us else ("rivals", name, "guards")
        yield from conflicts([bound._replace(at=(*start, *bound.at)) for bound in bounds_of(one.guards)], market, real)


def policy_faults(policy: Policy, market: MarketSettings) -> Iterator[Fault]:
    """Yield what a policy can never do in a market."""
    for at, rules in tables_before(policy).items():
        yield from _rule_faults(rules, market, at)
    policy = standing_alone(policy)
    if isinstance(policy, Rules):
        yield from _rule_faults(policy.table, market, ("rules",))
    if isinstance(policy, EpochLearner):
        yield from _lot_faults(policy)
    if isinstance(policy, RandomTrial) and policy.share >= 1.0 and len({*policy.treatments}) == 1:
        what = "everybody gets the same: nobody is left to compare with"
        yield Fault(what, "write a share below 100%, or add none to the treatments", ("share",))
    if isinstance(policy, OptimalStructure):
        own = [
            Bound(
                (key, quadrant),
                f"{key[:-1]} of {quadrant} in {told_measure(policy.of)}",
                f"quadrant == {quadrant}",
                policy.of,
                key == "floors",
                float(share),
            )
            for key in ("floors", "ceilings")
            for quadrant, share in getattr(policy, key).items()
        ]
        guarded = [
            one._replace(at=()) for one in bounds_of(market.us.guards) if one.share and _same_customers(one, market)
        ]
        yield from conflicts([*guarded, *own], market, np.inf)


def bounds_of(guarded: InstitutionGuards) -> list[Bound]:
    """Return the bounds that the guard of an institution keeps, with their places below its guards."""
    found = []
    for place, entry in enumerate(guarded.structure):
        limit, suffix = entry.limit(), "" if entry.share_of is not None else "_eur"
        for key, value in (("at_least", limit.at_least), ("at_most", limit.at_most)):
            if value is not None:
                at: KeyPath = ("structure", place, f"{key}{suffix}")
                found.append(Bound(at, limit.name, limit.where, limit.of, key == "at_least", value, limit.share))
    return found


def conflicts(bounds: Sequence[Bound], market: MarketSettings, real: float) -> Iterator[Fault]:
    """Yield what cannot be met together, of the same measure: each time at the last of the fewest that contradict.

    Parameters
    ----------
    bounds : sequence of Bound
    market : MarketSettings
        Its products, segments and ranges.
    real : float
        Real people, more than which no sum of customers can be.
    """
    for of, share in dict.fromkeys((one.of, one.share) for one in bounds):
        some = [one for one in bounds if (one.of, one.share) == (of, share)]
        if of == "net_funding":  # what is lent less what is kept: a part may be larger than the whole
            continue
        for _ in range(MOST_CONFLICTS):
            clash = _fewest(some, market, real if of == "customers" and not share else np.inf)
            own = [one for one in clash if one.at]
            if not own:
                break
            last = own[-1]
            mend = "lower a floor" if any(one.floor for one in clash) else "raise a ceiling"
            mend = f"{mend}, or raise a ceiling" if {one.floor for one in clash} == {True, False} else mend
            yield Fault(_clash(clash, last, real), mend, last.at, elsewhere=tuple(one.at for one in own[:-1]))
            some = [one for one in some if one is not last]


def _clash(clash: Sequence[Bound], last: Bound, real: float) -> str:
    """Say what is wrong with bounds that cannot be met together."""
    others = " and ".join(f"'{one.name}' ({one.told})" for one in clash if one is not last)
    if not others and last.floor and np.isfinite(real):
        return f"{last.told} cannot be met: the market has {real:,.0f} people"
    if not others:
        return f"{last.told} cannot be met: {'nobody' if last.floor else 'everybody'} is in its cell"
    total = f"{100.0 * sum(one.value for one in clash):.6g}%"
    same = len({one.floor for one in clash}) == 1 and last.share
    return f"{last.told} cannot be met together with {others}" + (f": they add up to {total}" if same else "")


def _fewest(bounds: Sequence[Bound], market: MarketSettings, real: float) -> list[Bound]:
    """Return the fewest bounds that cannot be met together, none of which can be spared; none where all can be met."""
    readable = [(one, read) for one in bounds if (read := _read(one.cell, market)) is not None]
    products, segments = tuple(market.products), tuple(market.segments)
    fields = condition_fields(products, (*segments, NO_SEGMENT) if segments else ())
    held = together([read for _, read in readable], fields, _ranges(market), COUNTS)
    if held is None or not readable or _can_be_met([one for one, _ in readable], held, real):
        return []
    left = list(range(len(readable)))
    for index in range(len(readable)):
        rest = [other for other in left if other != index]
        if rest and not _can_be_met([readable[other][0] for other in rest], held[rest], real):
            left = rest
    return [readable[index][0] for index in left]


def _can_be_met(bounds: Sequence[Bound], held: NDArray[np.bool_], real: float) -> bool:
    """Return whether some mix of the kinds of customers, shape (bounds, kinds), meets all bounds."""
    from tenure.policies.structure.linear_program import Constraints, solved

    largest = max([one.value for one in bounds if not one.share], default=1.0) or 1.0
    side = np.array([-1.0 if one.floor else 1.0 for one in bounds])
    upper = side * np.array([one.value if one.share else one.value / largest for one in bounds]) + SLACK
    limits_, wanted = side[:, None] * held, upper
    constraints: Constraints = {}
    if bounds[0].share:
        constraints = {"A_eq": np.ones((1, held.shape[1])), "b_eq": np.ones(1)}
    elif np.isfinite(real):
        limits_, wanted = np.vstack([limits_, np.ones(held.shape[1])]), np.append(wanted, real / largest)
    try:
        return solved(np.zeros(held.shape[1]), {"A_ub": limits_, "b_ub": wanted, **constraints}) is not None
    except RuntimeError:  # not known
        return True


def _same_customers(bound: Bound, market: MarketSettings) -> bool:
    """Return whether a policy's view has the same customers as the guard counts: nobody of the past or of nowhere."""
    return bound.of != "customers" or {*market.us.existing_customers} <= {"open", "other_lines"}


def _ranges(market: MarketSettings) -> Ranges:
    return limits(tuple(market.products), float(market.rulebook().credit.charge_off_at))


def _read(text: str, market: MarketSettings) -> Condition | None:
    """Return a condition; None for one that cannot be read, which is told elsewhere."""
    try:
        return view_condition(text, tuple(market.products), tuple(market.segments))
    except FaultyError:
        return None


def _conditions(market: MarketSettings) -> Iterator[tuple[KeyPath, str]]:
    """Yield place and text of every condition that a market writes, but for segments' order."""
    for name, text in market.segments.items():
        yield ("segments", name), text
    for name, changes in market.treatments.items():
        if isinstance(changes.get("eligible"), str):
            yield ("treatments", name, "eligible"), str(changes["eligible"])
    for name, one in market.institutions().items():
        at: KeyPath = ("us", "guards") if one is market.us else ("rivals", name, "guards")
        for rule, told in one.guards.rules.items():
            if told.when is not None:
                yield (*at, "rules", rule, "when"), told.when
        for place, limit in enumerate(one.guards.structure):
            if limit.where is not None:
                yield (*at, "structure", place, "where"), limit.where


def _condition_faults(market: MarketSettings, at: KeyPath, text: str) -> list[Fault]:
    """Return which comparisons of a condition are true for nobody, or that it is true for nobody as a whole."""
    read = _read(text, market)
    if read is None:
        return []
    products, segments, ranges = tuple(market.products), tuple(market.segments), _ranges(market)
    found = [
        Fault(f"no customer ever has {level}", f"write a level that there is: {can_be}", at)
        for level, can_be in never_true(read, products, segments, ranges)
    ]
    if not found and at[:1] != ("segments",) and unreachable_on_view([read], products, segments, ranges):
        found = [Fault(f"nobody fits it, for it contradicts itself ({text})", "mend it, or remove it", at)]
    return found


def _rule_faults(table: Sequence[Rule], market: MarketSettings, at: KeyPath) -> Iterator[Fault]:
    """Yield the rules of a table, which stands at a place, that nobody can reach."""
    told: set[int] = set()
    for index, rule in enumerate(table):
        found = _condition_faults(market, (*at, index, "when"), rule.when)
        told |= {index} if found else set()
        yield from found
    reads = [_read(rule.when, market) for rule in table]
    conditions = [read for read in reads if read is not None]
    if len(conditions) < len(reads):
        return
    for index, takers in unreachable_on_view(
        conditions, tuple(market.products), tuple(market.segments), _ranges(market)
    ).items():
        if index not in told:
            before = " and ".join(str(taker + 1) for taker in takers)
            take = f"rule {before} takes" if len(takers) == 1 else f"rules {before} take"
            what = f"nobody reaches rule {index + 1} ({conditions[index].text}): {take} all its cases"
            yield Fault(what, "put it before, or remove it", (*at, index, "when"))


def _lot_faults(policy: EpochLearner) -> Iterator[Fault]:
    """Yield why a policy that learns by lot can learn nothing, or never uses what it learnt."""
    if policy.explore_share >= 1.0:
        left = "nobody is left outside the lot"
        what = f"{left}: there is no control group but the lot's own, and nobody is ever given what was learnt"
        yield Fault(what, "write less than 100%, such as 10%", ("explore_share",), elsewhere=(("trial_share",),))
    if policy.explore_share == policy.trial_share == 0.0 and not isinstance(policy, Thompson):
        what = "nobody is ever treated by lot, so that there is nothing to learn from"
        yield Fault(what, "write a trial_share such as 50%", ("trial_share",), elsewhere=(("explore_share",),))
