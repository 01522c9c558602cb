"""Optimal structure: which customers to have, in what proportion, and what to do for each, within limits.

A constrained Markov decision process over cells of customers, solved as a linear program in the *occupancy*: the people
in a cell to whom an action is done (Altman 1999, Constrained Markov Decision Processes, chapters 3 and 10; Puterman
1994, sections 6.9 and 8.9). A price is a dual of the program: by how many EUR the value moves when a limit rises by one
unit.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.policies.structure.linear_program import solved

Numbers = NDArray[np.float64]
NEGLIGIBLE = 1e-9
"""A cell with less than this share of all people is empty; a bound that probabilities may miss by rounding."""
_WANTED = {
    "transitions": "probabilities, at most 1 in all from each cell",
    "reward": "finite amounts of money",
    "inflow and start": "people, 0 or more",
    "discount_per_month": "0 or more",
    "allowed": "at least one action in every cell",
}


class Resource(NamedTuple):
    """Something limited that actions use up or that customers tie up: money, contacts, capital.

    Use may be negative: a limit of -5 on minus the deposits is a floor of 5 on deposits.
    """

    name: str
    use: Numbers
    """Units per person-month, shape (actions, cells)."""
    at_most: float
    """Units a month."""


class Share(NamedTuple):
    """A floor, a ceiling or both on the share of some cells in all people or, with weights, in all balances."""

    name: str
    cells: NDArray[np.bool_]
    """Which cells are counted, shape (cells,)."""
    at_least: float | None = None
    at_most: float | None = None
    weight: Numbers | None = None
    """What a person counts for, such as exposure in EUR, at least 0, shape (cells,); None: one each."""


class Program(NamedTuple):
    """What is known of the cells and what is asked of them."""

    transitions: Numbers
    """Probability of the cell next month, shape (actions, cells, cells); what rows lack to 1 leaves for good."""
    reward: Numbers
    """EUR per person-month, shape (actions, cells)."""
    inflow: Numbers
    """People who join at the end of each month, shape (cells,)."""
    start: Numbers
    """People in month 0, shape (cells,); forgotten in the long run."""
    discount_per_month: float
    """Rate at which later money is discounted; **0 asks for the long-run average**, the limit of the other."""
    resources: tuple[Resource, ...] = ()
    shares: tuple[Share, ...] = ()
    allowed: NDArray[np.bool_] | None = None
    """Which actions a cell may get, shape (actions, cells); None: all."""


class Structure(NamedTuple):
    """The best structure, how to keep it, and what each limit costs.

    All is per month: the long-run average or, with a discount, the average over months weighted by (1 - b) b^month with
    b = 1 / (1 + rate). Limits and shares hold for that average, so with a discount an early month may break them. The
    sum of all discounted months is the average / (1 - b).
    """

    occupancy: Numbers
    """People in a cell to whom an action is done, shape (actions, cells)."""
    composition: Numbers
    """Share of each cell in all people, shape (cells,)."""
    policy: Numbers
    """Probability of each action, shape (cells, actions); where nobody is, what would be best at these prices."""
    value_per_month: float
    """EUR."""
    prices: dict[str, float]
    """Name of a limit -> change of `value_per_month` for one unit more of it: at least 0 for a resource (EUR per unit)
    and for a ceiling, at most 0 for a floor (EUR per whole share; a hundredth of it for one point); 0 does not bind."""
    reached: dict[str, float]
    """Name of a limit -> units used, or share."""
    cell_value: Numbers
    """EUR that one more person there is worth over all (discounted) months to come, after paying the prices of what
    that person uses and does to the shares, shape (cells,)."""
    paid: Numbers
    """EUR that the prices of the limits take of each action in each cell, shape (actions, cells)."""


class InfeasibleStructure(ValueError):
    """No policy meets all limits; says which are in conflict and how near one can come.

    Attributes
    ----------
    conflict : tuple of str
        Names of limits that cannot hold together, while any one fewer can.
    nearest : dict
        Name -> the value at which that limit could hold with all others kept; where several conflicts stand side by
        side, with only the others of this conflict kept.
    """

    def __init__(self, message: str, conflict: tuple[str, ...], nearest: dict[str, float]) -> None:
        super().__init__(message)
        self.conflict = conflict
        self.nearest = nearest


class _Limit(NamedTuple):
    """One row: sign x (part - bound x whole) <= 0, where the whole of a resource is 1 month."""

    name: str
    sign: float
    part: Numbers
    whole: Numbers | None
    bound: float

    def row(self) -> tuple[Numbers, float]:
        """Return coefficients, shape (actions, cells), and right-hand side."""
        if self.whole is None:
            return self.sign * self.part, self.sign * self.bound
        return self.sign * (self.part - self.bound * self.whole), 0.0

    def reached(self, occupancy: Numbers) -> float:
        """Return the units used or the share; nan where there is nothing to have a share of."""
        total = self.total(occupancy)
        return float((self.part * occupancy).sum()) / total if total > 0.0 else float("nan")

    def total(self, occupancy: Numbers) -> float:
        """Return the whole: one month, or all that the share is a share of."""
        return 1.0 if self.whole is None else float((self.whole * occupancy).sum())

    def __str__(self) -> str:
        kind = "at most" if self.sign > 0 else "at least"
        return f"{self.name} ({kind} {self.bound:g})"


class _Best(NamedTuple):
    """The solution of one linear program."""

    occupancy: Numbers
    """Shape (actions, cells)."""
    duals: list[float]
    """What the gain rises by if the right-hand side of a limit rises by 1."""
    cell_value: Numbers
    """What the gain rises by if one more person enters a cell, shape (cells,)."""


def solve(program: Program) -> Structure:
    """Return the structure of greatest value within all limits.

    Parameters
    ----------
    program : Program

    Raises
    ------
    InfeasibleStructure
        If no policy meets all limits.
    ValueError
        If arrays do not fit together, or the long run is asked of cells that people need never leave.
    """
    _check(program)
    limits = _limits(program)
    best = _optimise(program, limits, program.reward, _source(program))
    if best is None:
        raise _conflict(program, limits)
    people = best.occupancy.sum(axis=0)
    # At these prices the limits are paid for like anything else, and every cell has a best action, empty or not.
    paid = np.zeros(program.reward.shape)
    for dual, limit in zip(best.duals, limits, strict=True):
        paid += dual * limit.row()[0]
    everywhere = _optimise(program, [], program.reward - paid, np.ones(len(people)))
    if everywhere is None:
        raise RuntimeError("structure: HiGHS calls a program without limits infeasible")
    shown = np.where(people > NEGLIGIBLE * people.sum(), best.occupancy, everywhere.occupancy)
    return Structure(
        best.occupancy,
        people / people.sum(),
        (shown / shown.sum(axis=0)).T,
        float((program.reward * best.occupancy).sum()),
        {
            limit.name: limit.sign * dual * limit.total(best.occupancy) + 0.0
            for dual, limit in zip(best.duals, limits, strict=True)
        },
        {limit.name: limit.reached(best.occupancy) for limit in limits},
        everywhere.cell_value,
        paid,
    )


def occupancy_under(program: Program, policy: Numbers) -> Numbers:
    """Return the people in each cell and action under a policy, whatever the limits, shape (actions, cells).

    Parameters
    ----------
    program : Program
    policy : array, shape (cells, actions)
        Probability of each action.

    Raises
    ------
    ValueError
        If the policy or the program does not fit.
    """
    _check(program)
    shape = program.reward.shape[::-1]
    if policy.shape != shape or not ((policy >= 0.0).all() and (abs(policy.sum(axis=1) - 1.0) <= NEGLIGIBLE).all()):
        raise ValueError(
            f"structure: a policy is probabilities of shape (cells, actions) = {shape}, adding to 1 by cell"
        )
    return np.asarray(policy.T * np.linalg.solve(_flow(program, policy).T, _source(program)))


def value_under(program: Program, policy: Numbers, paid: Numbers) -> Numbers:
    """Return what one more person in each cell is worth under a policy that pays prices, EUR, shape (cells,).

    Parameters
    ----------
    program, policy
        As in `occupancy_under`.
    paid : array, shape (actions, cells)
        `Structure.paid`.
    """
    return np.asarray(np.linalg.solve(_flow(program, policy), (policy.T * (program.reward - paid)).sum(axis=0)))


def _flow(program: Program, policy: Numbers) -> Numbers:
    """Return 1 less the moves of a month, discounted, under a policy; shape (cells, cells)."""
    return np.asarray(np.eye(len(policy)) - np.einsum("sa,ast->st", policy, program.transitions) * _keep(program))


def _keep(program: Program) -> float:
    """Return what a month later counts for."""
    return 1.0 / (1.0 + program.discount_per_month)


def _source(program: Program) -> Numbers:
    """Return the people who enter the average month, shape (cells,)."""
    keep = _keep(program)
    return (1.0 - keep) * program.start + keep * program.inflow


def _limits(program: Program) -> list[_Limit]:
    """Return all limits, one row each."""
    shape = program.reward.shape
    rows = [_Limit(one.name, 1.0, one.use, None, one.at_most) for one in program.resources if one.at_most < np.inf]
    for share in program.shares:
        whole = np.broadcast_to(np.ones(shape[1]) if share.weight is None else share.weight, shape)
        for sign, word, bound in ((-1.0, "floor", share.at_least), (1.0, "ceiling", share.at_most)):
            if bound is not None:
                rows.append(_Limit(f"{word} of {share.name}", sign, whole * share.cells, whole, bound))
    return rows


def _optimise(
    program: Program, limits: Sequence[_Limit], gain: Numbers, source: Numbers, whole: Numbers | None = None
) -> _Best | None:
    """Return the occupancy of greatest gain per `whole` (None: per month), or None if none is within the limits.

    A gain per whole is made linear by a last variable, what a month counts for (Charnes & Cooper 1962, Naval Research
    Logistics Quarterly 9:181-186): all is divided by the whole, so that the whole is 1. Without a whole the month is 1.
    """
    entering = float(source.sum())
    unit = float(np.abs(gain).max()) or 1.0
    flow = (np.eye(len(source)) - _keep(program) * program.transitions).reshape(-1, len(source)).T
    one = np.append(np.zeros(gain.size), 1.0) if whole is None else np.append(whole.ravel() / whole.max(), 0.0)
    rows = [limit.row() for limit in limits]
    left = np.array([np.append(coefficients.ravel(), -bound / entering) for coefficients, bound in rows])
    # A share that is all or nothing leaves a row of rounding errors, which must not be blown up to a limit.
    sizes = [
        float(np.abs(row if limit.whole is None else limit.whole).max()) or 1.0
        for row, limit in zip(left, limits, strict=True)
    ]
    highest = np.inf if program.allowed is None else np.where(program.allowed, np.inf, 0.0).ravel()
    found = solved(
        np.append(-gain.ravel() / unit, 0.0),
        {
            "A_ub": left / np.array(sizes)[:, None] if rows else None,
            "b_ub": np.zeros(len(rows)) if rows else None,
            "A_eq": np.vstack([np.column_stack([flow, -source / entering]), one]),
            "b_eq": np.append(np.zeros(len(source)), 1.0),
            "bounds": np.column_stack(
                [np.zeros(gain.size + 1), np.append(np.broadcast_to(highest, gain.size), np.inf)]
            ),
        },
    )
    if found is None:
        return None
    return _Best(
        np.maximum(found.x[:-1], 0.0).reshape(gain.shape) * entering,
        [-float(dual) * unit / size for dual, size in zip(found.at_most, sizes, strict=True)],
        -found.equal[:-1] * unit,
    )


def _conflict(program: Program, limits: Sequence[_Limit]) -> InfeasibleStructure:
    """Return what to say of limits that cannot hold together.

    The deletion filter leaves out each limit that the conflict does not need (Chinneck 2008, Feasibility and
    Infeasibility in Optimization, section 6.1).
    """
    source = _source(program)
    conflict = list(limits)
    for limit in limits:
        fewer = [one for one in conflict if one is not limit]
        if _optimise(program, fewer, np.zeros_like(program.reward), source) is None:
            conflict = fewer
    nearest: dict[str, float] = {}
    ways = []
    for limit in conflict:
        for kept in (limits, conflict):
            others = [one for one in kept if one is not limit]
            best = _optimise(program, others, -limit.sign * limit.part, source, limit.whole)
            if best is not None:
                nearest[limit.name] = limit.reached(best.occupancy)
                towards = Context(prec=4, rounding=ROUND_CEILING if limit.sign > 0 else ROUND_FLOOR)
                ways.append(f"{limit.name} to {towards.create_decimal_from_float(round(nearest[limit.name], 9)):g}")
                break
    names = " and ".join(map(str, conflict))
    return InfeasibleStructure(
        f"structure: no policy keeps {names}{' together' if len(conflict) > 1 else ''}. Move {', or '.join(ways)}.",
        tuple(limit.name for limit in conflict),
        nearest,
    )


def _check(program: Program) -> None:
    """Raise a ValueError if the program makes no sense."""
    shape = program.reward.shape
    cells = shape[-1:]
    allowed = np.ones(shape, np.bool_) if program.allowed is None else program.allowed
    moves = program.transitions
    shapes = (moves.shape, program.inflow.shape, program.start.shape, allowed.shape)
    if len(shape) != 2 or shapes != (shape + cells, cells, cells, shape):
        raise ValueError(
            f"structure: for rewards of shape (actions, cells), got {shape}, the shapes of transitions, inflow, start"
            f" and allowed are {(shape + cells, cells, cells, shape)}, got {shapes}"
        )
    people = np.concatenate([program.inflow, program.start])
    wrong = {
        "transitions": not (moves >= 0.0).all() or not (moves.sum(axis=2) <= 1.0 + NEGLIGIBLE).all(),
        "reward": not np.isfinite(program.reward).all(),
        "inflow and start": not (np.isfinite(people).all() and (people >= 0.0).all()),
        "discount_per_month": not 0.0 <= program.discount_per_month < np.inf,
        "allowed": not allowed.any(axis=0).all(),
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise ValueError(f"structure: {name}: {_WANTED[name]}")
    for share in program.shares:
        weight = np.ones(cells) if share.weight is None else share.weight
        bounds = [bound for bound in (share.at_least, share.at_most) if bound is not None]
        if share.cells.shape != cells or not all(0.0 <= bound <= 1.0 for bound in bounds) or bounds != sorted(bounds):
            raise ValueError(f"structure: share of {share.name}: one flag a cell, and 0 <= at_least <= at_most <= 1")
        if weight.shape != cells or not (weight >= 0.0).all() or not np.isfinite(weight).all():
            raise ValueError(f"structure: share of {share.name}: one weight a cell, finite, 0 or more")
    for one in program.resources:
        if one.use.shape != shape or not np.isfinite(one.use).all() or not one.at_most > -np.inf:
            raise ValueError(f"structure: resource {one.name}: finite use of shape {shape}, and a limit")
    names = [limit.name for limit in _limits(program)]
    if len({*names}) < len(names):
        raise ValueError(f"structure: two limits have the same name, of {sorted(names)}: rename one")
    if not _source(program).any():
        raise ValueError("structure: nobody enters: give inflow, or with a discount people to start with")
    if program.discount_per_month == 0.0:
        _check_that_all_leave(moves, allowed)


def _check_that_all_leave(moves: Numbers, allowed: NDArray[np.bool_]) -> None:
    """Raise a ValueError if some allowed policy keeps people in some cells for ever, so that their number has no limit.

    These cells are what is left when cells that all actions may lead out of are crossed out, again and again.
    """
    closed = np.ones(allowed.shape[1], np.bool_)
    while closed.any():
        fewer = closed & (allowed & (moves @ closed >= 1.0 - NEGLIGIBLE)).any(axis=0)
        if (fewer == closed).all():
            raise ValueError(
                f"structure: cells {np.flatnonzero(closed).tolist()} can be kept for ever, so there is no long run:"
                " give a discount above 0, or transitions by which people leave"
            )
        closed = fewer
