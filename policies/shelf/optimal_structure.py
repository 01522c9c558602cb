"""Optimal structure: learn moves and money of each cell, find the best structure within limits, steer towards it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import QUADRANTS
from tenure.agents.declaring import Parameter
from tenure.policies.learning.epochs import CELL_NAMES, CELLS, Floats, cells_of, due
from tenure.policies.learning.learner import LEAST_DISCOUNT, BestArms, EpochLearner
from tenure.policies.learning.lessons import random_effects
from tenure.policies.outcomes import Outcomes
from tenure.policies.owed import capital_eur
from tenure.policies.plan import Acquisition, Plan
from tenure.policies.policy import State
from tenure.policies.settings.faults import Fault, word_faults
from tenure.policies.structure.program import InfeasibleStructure, Program, Resource, Share, Structure, solve
from tenure.policies.structure.spread import spread
from tenure.policies.structure.volatility import ProfitVolatility
from tenure.policies.view import InstitutionView

OBJECTIVES = ("value", "average", "growth", "return_on_capital", "stability")
IN_EUR = ("value", "average", "return_on_capital", "stability")
"""Objectives in which an EUR can be compared with an EUR."""
MEASURES = ("customers", "balance", "credit_and_deposits")
"""What floors and ceilings may be shares of, in the words of the guard (`tenure.policies.guard.rules.MEASURES`)."""
BUDGET, CAPITAL, CONTACTS, ACQUISITION = "budget", "capital", "contacts", "acquisition"
DRAWS = 40
"""Programs solved again with drawn estimates, to tell what is uncertain; assumption."""
SURE_MOVES = 500.0
"""Customers treated in a cell whose moves count as much as those of the untreated; assumption: chance moves a few
hundred customers by some points, which is as much as treatments do."""
QUANTILES = (0.05, 0.5, 0.95)
SHOWN_FROM = 0.01
"""Share from which a cell of the target, and what is done there, is reported."""
LEAST_COST = 0.01
"""EUR that a treatment counts as at least, so that a gain per EUR is finite: one cent."""
FEWEST_NEWCOMERS = 1e-6
"""Newcomers of a cell in an epoch at least, so that each cell can be entered and has a value."""
TIE_BREAK = 1e-6
"""What an EUR counts for, in customers, where most customers are wanted: it only decides between equals."""
QuadrantShare = Annotated[float, Parameter("share", 0.0, 1.0, "the user's own")]


@dataclass(frozen=True, eq=False)
class OptimalStructure(EpochLearner):
    """Solves a constrained Markov decision process over the believed cells (stage x quadrant), epoch by epoch.

    What it keeps of customers comes from the trial alone: who moves where, what they bring, and what each treatment
    changes in that. It follows the best policy within the budget and its own floors and ceilings, and solves again
    every year with all that it has learnt since.
    """

    name = "optimal_structure"
    objective: str = "value"
    """What is best: value, average, growth, return_on_capital or stability."""
    hurdle_per_year: Annotated[float, Parameter("rate/year", 0.0, 1.0, "assumption")] = 0.15
    """Return that capital must earn, of return_on_capital."""
    volatility_aversion: Annotated[float, Parameter("EUR per EUR", 0.0, 100.0, "assumption")] = 1.0
    """Money that one of the monthly profit's standard deviation is felt as, of stability."""
    refit_months: Annotated[int, Parameter("months", 1, 240, "assumption")] = 12
    """Months from one solution to the next."""
    floors: Mapping[str, QuadrantShare] = field(default_factory=dict)
    """Quadrant -> least share of what `of` says."""
    ceilings: Mapping[str, QuadrantShare] = field(default_factory=dict)
    """Quadrant -> greatest share of what `of` says."""
    of: str = "credit_and_deposits"
    """Of which shares: customers, balance or credit_and_deposits."""
    capital_at_most_eur: Annotated[float | None, Parameter("EUR", 0.0, 1e13, "by default no limit")] = None
    """Most capital behind the customers in view."""
    contacts_per_month: Annotated[float | None, Parameter("contacts", 0.0, 1e9, "by default no limit")] = None
    """Most contacts with the customers in view."""
    purse_step: Annotated[float, Parameter("share", 0.0, 1.0, "by default none is moved")] = 0.0
    """Share of the purse that a solution may move to where money brings more."""
    volatility: ProfitVolatility = field(init=False, repr=False, default_factory=ProfitVolatility)
    sums: dict[str, Floats] = field(init=False, repr=False)
    """What cells are like, summed over decisions: cells' people, newcomers, balances, capital; arms' cost."""
    solved: dict[str, Floats] = field(init=False, repr=False, default_factory=dict)
    """The last solution: policy, gain per EUR, and what `notes` tells."""

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = {
            "people": CELLS,
            "newcomers": CELLS,
            "brought": CELLS,
            "balance": CELLS,
            "credit_and_deposits": CELLS,
            "capital": CELLS,
            "now": CELLS,
        }
        sums = {name: np.zeros(size) for name, size in shapes.items()}
        money = {name: np.zeros(1) for name in ("budget", "purse", "channels")}
        object.__setattr__(self, "sums", sums | {"cost": np.zeros((len(self.arms), CELLS))} | money)

    def _own_faults(self) -> list[Fault]:
        faults = []
        for key in ("floors", "ceilings"):
            for quadrant in getattr(self, key):
                faults += [fault.below((key,)) for fault in word_faults(quadrant, quadrant, QUADRANTS)]
        faults += word_faults("objective", self.objective, OBJECTIVES) + word_faults("of", self.of, MEASURES)
        if self.purse_step and self.objective not in IN_EUR:
            what = f"money is moved by what money brings, and the objective {self.objective} is no money"
            faults.append(Fault(what, f"write the objective {' or '.join(IN_EUR)}, or leave this out", ("purse_step",)))
        return faults

    def think(self, view: InstitutionView) -> None:
        """Count what the cells are like this month; solve when a solution is due."""
        self._count(view)
        month = int(self.months[0])
        if month > self.trial_months and (not self.solved or (month - self.trial_months - 1) % self.refit_months == 0):
            self.refit(self.rate_of(view))

    def _count(self, view: InstitutionView) -> None:
        some = view.only(np.flatnonzero(self.decided_on(view)))
        cell, in_turn = cells_of(some), due(some, self.epoch_months)
        new = in_turn & (some.tenure_months < self.epoch_months)
        owed = some.balance * in_turn
        each = {
            "people": in_turn,
            "newcomers": new,
            "brought": new & (some.by_channel == 1),
            "balance": owed,
            "credit_and_deposits": owed + some.deposits * in_turn,
            "capital": capital_eur(some) * in_turn,
        }
        for name, weight in each.items():
            self.sums[name] += np.bincount(cell, weight, minlength=CELLS)
        self.sums["now"] *= 1.0 - 1.0 / self.epoch_months  # about the last epoch's
        self.sums["now"] += np.bincount(cell, in_turn, minlength=CELLS)
        for arm, name in enumerate(self.treatments, start=1):
            self.sums["cost"][arm] += np.bincount(cell, some.cost_eur(name) * some.may(name), minlength=CELLS)
        for name, money in (("budget", view.budget), ("purse", view.purse), ("channels", view.acquisition_budget)):
            self.sums[name][0] += money

    def rate_of(self, view: InstitutionView) -> float:
        """Return the rate a year at which later value is discounted: the policy's own, else the market's."""
        return max(view.discount_per_year, LEAST_DISCOUNT) if self.discount_per_year is None else self.discount_per_year

    def program(self, discount_per_year: float) -> tuple[Program, Floats]:
        """Return what was learnt as a program whose month is an epoch, and the standard errors of its rewards.

        Effects are those on customers to whom a treatment was allowed, times the share of the cell to whom it is.
        Money is drawn to the arm's mean (see `random_effects`), and moves to those of the untreated. What a treatment
        changes for longer without moving anybody to another cell, such as a smaller balance, counts as money, too.
        """
        lessons, people = self.lessons, np.maximum(self.sums["people"], 1e-9)
        n = lessons.people
        profit = lessons.mean(lessons.profit)
        noise = lessons.noise_variance(lessons.profit, lessons.profit_square)
        share = lessons.share_allowed
        spread_of_lasting = lessons.noise_variance(lessons.lasting, lessons.lasting_square)
        gain, error = random_effects(*lessons.difference(lessons.lasting, spread_of_lasting), self.effect_sd_eur)
        plain = lessons.moves[0, 0] + np.eye(CELLS, CELLS + 1)  # one customer who stays where he is
        plain /= plain.sum(axis=1, keepdims=True)
        moved = lessons.moves / np.maximum(lessons.weight, 1e-12)[..., None]
        weight = np.where((n[0] > 0) & (n[1] > 0), n[1] / (n[1] + SURE_MOVES), 0.0)
        others_cost, own_cost = lessons.mean(lessons.cost)
        cost = np.maximum(own_cost - others_cost, 0.0)
        effect = share * (gain - np.where(n[1] > 0, cost, lessons.cost_eur[:, None]))
        shift = (share * weight)[..., None] * (moved[1] - moved[0])
        effect[0], shift[0] = 0.0, 0.0
        moves = np.maximum(plain + shift, 0.0)
        moves /= moves.sum(axis=2, keepdims=True)
        epochs = max(1.0, float(self.months[0]) / self.epoch_months)
        reward = profit[0, 0] + effect
        capital = np.broadcast_to(self.sums["capital"] / people, reward.shape)
        years = self.epoch_months / 12.0
        if self.objective == "growth":
            reward = np.ones_like(reward) + TIE_BREAK * reward
        elif self.objective == "return_on_capital":
            reward = reward - self.hurdle_per_year * years * capital
        elif self.objective == "stability":
            reward = reward - self.volatility_aversion * self.epoch_months * self.volatility.per_customer()
        resources = [Resource(BUDGET, self.sums["cost"] / people, float(self.sums["budget"][0]) / epochs)]
        if self.capital_at_most_eur is not None:
            resources.append(Resource(CAPITAL, capital, self.capital_at_most_eur))
        if self.contacts_per_month is not None:
            reached = share * (np.arange(len(self.arms)) > 0)[:, None]
            resources.append(Resource(CONTACTS, reached, self.contacts_per_month * self.epoch_months))
        weights = None if self.of == "customers" else self.sums[self.of] / people
        low, high = self.floors, self.ceilings
        shares = tuple(
            Share(quadrant, np.arange(CELLS) % len(QUADRANTS) == index, low.get(quadrant), high.get(quadrant), weights)
            for index, quadrant in enumerate(QUADRANTS)
            if quadrant in low or quadrant in high
        )
        discount = 0.0 if self.objective == "average" else (1.0 + discount_per_year) ** years - 1.0
        inflow = np.maximum(self.sums["newcomers"] / epochs, FEWEST_NEWCOMERS)
        made = Program(moves[:, :, :CELLS], reward, inflow, self.sums["now"], discount, tuple(resources), shares)
        return made, np.sqrt(share**2 * error**2 + noise / np.maximum(n[0, 0], 1.0))

    def refit(self, discount_per_year: float) -> None:
        """Find the best structure again, with all that has been learnt; floors and ceilings go if none keeps them."""
        program, error = self.program(discount_per_year)
        noted: dict[str, float] = {}
        try:
            best = solve(program)
            noted["infeasible"] = 0.0
        except InfeasibleStructure as infeasible:
            noted |= {"infeasible": 1.0}
            noted |= {f"conflict/{name}/nearest": value for name, value in infeasible.nearest.items()}
            best = solve(program._replace(shares=()))
        noted |= self._notes_of(program, best)
        noted |= self._of_new_customers(program, best)
        if not noted["infeasible"]:
            noted |= self._uncertain(program, error)
        worth = program.reward + program.transitions @ best.cell_value / (1.0 + program.discount_per_month)
        cost = np.maximum(program.resources[0].use, LEAST_COST)
        self.solved.clear()
        self.solved.update(policy=best.policy, gain=(worth - worth[0]) / cost, at_prices=worth - best.paid)
        if "share" in noted:
            self.solved["share"] = np.array(noted["share"])
        self.solved.update({f"note/{name}": np.array(value) for name, value in noted.items()})

    def _of_new_customers(self, program: Program, best: Structure) -> dict[str, float]:
        """Return what an EUR spent on new customers brings, beside the price of the budget for existing ones.

        It is the worth of those whom channels brought over what channels got, an average: the last EUR brings less
        where they saturate. Where money may be moved, the share of the purse for new customers goes a step to the
        better side.
        """
        spent = self._spent_per_epoch()
        if spent <= 0.0 or self.objective not in IN_EUR:
            return {}
        brings = float(self._brought() @ best.cell_value) / (1.0 + program.discount_per_month) / spent
        now = float(self.sums["channels"][0] / max(float(self.sums["purse"][0]), 1e-9))
        now = float(self.solved.get("share", now))
        step = self.purse_step * float(np.sign(brings - best.prices.get(BUDGET, 0.0)))
        return {f"price/{ACQUISITION}": brings, "share": min(1.0, max(0.0, now + step))}

    def _brought(self) -> Floats:
        """Return the customers whom channels brought in an epoch, shape (cells,)."""
        return self.sums["brought"] / max(1.0, float(self.months[0]) / self.epoch_months)

    def _spent_per_epoch(self) -> float:
        """Return what channels got in an epoch, EUR."""
        return float(self.sums["channels"][0]) / max(1.0, float(self.months[0]) / self.epoch_months)

    def decide(self, view: InstitutionView) -> Plan:
        """Return treatments as learnt, and how to split the purse where money may be moved."""
        asked = Acquisition(share=float(self.solved["share"])) if self.purse_step and "share" in self.solved else None
        return Plan(self.proposals(view), acquisition=asked)

    def _notes_of(self, program: Program, best: Structure) -> dict[str, float]:
        """Return the solution in words and numbers: composition, mix of treatments, prices."""
        mix = best.occupancy.sum(axis=1) / best.occupancy.sum()
        now = self.sums["now"] / max(1.0, self.sums["now"].sum())
        noted = {f"target/{name}": float(share) for name, share in zip(CELL_NAMES, best.composition, strict=True)}
        noted |= {f"now/{name}": float(share) for name, share in zip(CELL_NAMES, now, strict=True)}
        noted |= {f"mix/{name}": float(share) for name, share in zip(self.arms, mix, strict=True)}
        noted |= {f"price/{name}": price for name, price in best.prices.items()}
        noted |= {f"reached/{name}": value for name, value in best.reached.items()}
        for cell, name in enumerate(CELL_NAMES):
            if best.composition[cell] > SHOWN_FROM:
                done = {arm: float(p) for arm, p in zip(self.arms, best.policy[cell], strict=True) if p > SHOWN_FROM}
                noted |= {f"do/{name}/{arm}": p for arm, p in done.items()}
        return noted | {"value_per_epoch_eur": best.value_per_month}

    def _uncertain(self, program: Program, error: Floats) -> dict[str, float]:
        """Return 5%, 50% and 95% of the prices and of the value, over what the trial leaves open."""
        counts = self.lessons.people[1].copy()
        counts[0] = self.lessons.people[0, 0]
        base = np.concatenate([program.transitions, 1.0 - program.transitions.sum(axis=2, keepdims=True)], axis=2)
        known = counts + SURE_MOVES * (np.arange(len(counts)) > 0)[:, None]  # as `program` trusts moves
        sure = np.maximum(known, 1.0)[..., None] * np.maximum(base, 0.0)
        luck = np.random.default_rng(int(self.months[0]))  # the same whenever the same is asked
        try:
            drawn = spread(program, sure, luck, DRAWS, error, quantiles=QUANTILES, arrivals=self._brought())
        except InfeasibleStructure:
            return {"infeasible_share": 1.0}
        noted = {"infeasible_share": drawn.infeasible_share}
        spent, keep = self._spent_per_epoch(), 1.0 / (1.0 + program.discount_per_month)
        for index, quantile in enumerate(QUANTILES):
            noted |= {f"price/{name}/{quantile:.0%}": float(prices[index]) for name, prices in drawn.prices.items()}
            if spent > 0.0 and self.objective in IN_EUR:
                noted[f"price/{ACQUISITION}/{quantile:.0%}"] = float(drawn.arrival_value[index]) * keep / spent
            noted[f"value_per_epoch_eur/{quantile:.0%}"] = float(drawn.value_per_month[index])
            noted[f"value_kept_per_epoch_eur/{quantile:.0%}"] = float(drawn.kept_value_per_month[index])
        return noted

    def best(self, view: InstitutionView, allowed: NDArray[np.bool_]) -> BestArms:
        """Return for each customer an arm drawn with the probabilities of its cell; best gain per EUR first.

        Who may not get it gets what is best of the rest at the program's prices.
        """
        if not self.solved:
            return BestArms(np.zeros(len(view), np.int64), np.zeros(len(view)))
        cell = cells_of(view)
        steps = np.cumsum(self.solved["policy"], axis=1)[cell]
        arm = np.minimum((view.uniform("structure")[:, None] > steps).sum(axis=1), len(self.arms) - 1)
        else_best = np.where(allowed, self.solved["at_prices"].T[cell], -np.inf).argmax(axis=1)
        arm = np.where(allowed[np.arange(len(view)), arm], arm, else_best)
        return BestArms(arm, self.solved["gain"][arm, cell])

    def learn(self, view: InstitutionView, outcomes: Outcomes) -> None:
        """Take in last month, and how volatile its profit was."""
        self.volatility.add(view, outcomes)
        super().learn(view, outcomes)

    def state(self) -> State:
        """Return what was learnt and solved."""
        own: dict[str, NDArray[np.generic]] = {f"own.sums/{name}": value.copy() for name, value in self.sums.items()}
        own |= {f"own.volatility/{name}": value for name, value in self.volatility.state().items()}
        solved = {f"own.solved/{name}": value.copy() for name, value in self.solved.items()}
        return {**super().state(), **own, **solved}

    def restore(self, state: State) -> None:
        """Take back what was learnt and solved."""
        super().restore(state)
        self.solved.clear()
        for part, memory in (("own.sums/", self.sums), ("own.solved/", self.solved)):
            kept = {
                key.removeprefix(part): value.astype(np.float64) for key, value in state.items() if key.startswith(part)
            }
            memory.update(kept)
        part = "own.volatility/"
        self.volatility.restore({key.removeprefix(part): value for key, value in state.items() if key.startswith(part)})

    def notes(self) -> dict[str, float]:
        """Return the solution, for reports: target and present composition, mix, prices with their uncertainty."""
        noted = {
            key.removeprefix("note/"): float(value) for key, value in self.solved.items() if key.startswith("note/")
        }
        return super().notes() | noted
