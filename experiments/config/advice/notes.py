"""What a reader of results would want to have been told before the run: no faults, but seldom what was meant."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import NamedTuple

from tenure.experiments.config.advice.odd_notes import odd_notes
from tenure.experiments.config.advice.rules_apart import NOTHING, gives, gives_it, rules_apart, rules_of
from tenure.experiments.config.experiment import Experiment
from tenure.experiments.config.printable import printable_line, shown
from tenure.experiments.design.arms import laid_over
from tenure.experiments.report.labels import listed
from tenure.policies.conditions.tables_first import FIRST
from tenure.policies.guard.guard import Guards
from tenure.simulation.settings.institution import InstitutionSettings, PolicySettings
from tenure.simulation.settings.market import MarketSettings, market_from

_PRICES = ("price_war", "price_match", "best_response")
_NO_MONEY = ("product_innovator", "segmenter")
_EVEN = "Write it under 'guards' for all arms, or add an arm with the same policy and without it"


class Arm(NamedTuple):
    """One arm as it holds for us: its policy, our settings in it, and what its plans are held to."""

    name: str
    choice: PolicySettings
    us: InstitutionSettings
    guards: Guards

    @property
    def treats(self) -> bool:
        """Whether its policy may do anything that a guard could refuse."""
        return self.choice.policy != NOTHING or FIRST in self.choice.settings


def notes(experiment: Experiment) -> list[str]:
    """Return what to tell before an experiment is run, each once."""
    arms = arms_of(experiment)
    currency = experiment.market.currency
    champion = experiment.settings.champion
    told = [
        *budget_notes(arms),
        *guard_notes(arms, champion, currency),
        *treatment_notes(arms, champion),
        *channel_notes(arms, experiment.market),
        *rival_notes(experiment),
        *_few(len(arms), experiment.settings.replications),
    ]
    return list(dict.fromkeys(told))


def notes_under(under: Mapping[str, Experiment]) -> list[str]:
    """Return the notes of an experiment under each of its scenarios, each once."""
    own = (note for one in under.values() for note in notes(one))
    return list(dict.fromkeys([*own, *odd_notes(under)]))


def note_lines(told: Iterable[str], width: int = 110) -> Iterator[str]:
    """Yield the lines that show notes on a terminal."""
    for note in told:
        yield from wrap(printable_line(f"note: {note}"), width, initial_indent="  ", subsequent_indent="    ")


def arms_of(experiment: Experiment) -> list[Arm]:
    """Return every arm as it holds for us from month 0 on."""
    base = experiment.market_data["us"]
    found = []
    for name, choice in experiment.arms.items():
        ours = {**laid_over(base if isinstance(base, dict) else {}, choice.us), "policy": choice.policy}
        market = market_from({**experiment.market_data, "us": ours}).at(0)
        found.append(Arm(name, choice, market.us, market.guards_of(market.us)))
    return found


def budget_notes(arms: Sequence[Arm]) -> Iterator[str]:
    """Yield where nothing that costs money can be done."""
    treating = [one for one in arms if one.treats]
    broke = [one.name for one in treating if one.guards.budget_per_month == 0]
    if broke:
        whose = "" if len(broke) == len(treating) else f" in {_arms(broke)}"
        yield (
            f"budget_per_month is 0{whose}: everything that costs money will be refused. Write budget_per_month, such "
            "as 4000"
        )


def guard_notes(arms: Sequence[Arm], champion: str, currency: str) -> Iterator[str]:
    """Yield what some arms alone are held to, those that are held to the same together."""
    treating = [one for one in arms if one.treats]
    yield from _numbers_apart(treating, currency)
    held: dict[str, list[str]] = {}
    for one in treating:
        for words in _held_to(one.guards):
            held.setdefault(words, []).append(one.name)
    by_arms: dict[tuple[str, ...], list[str]] = {}
    for words, names in held.items():
        if len(names) < len(treating):
            by_arms.setdefault(tuple(names), []).append(words)
    for having, some in by_arms.items():
        others = [one.name for one in treating if one.name not in having]
        who = f"{_arms(having)}, the champion," if having == (champion,) else _arms(having)
        yield (
            f"{who} {_is(having)} held to {listed(some)}, and {_arms(others)} {_is(others)} not: what sets them apart "
            f"may be that and not the policy. {_EVEN}"
        )


def _numbers_apart(arms: Sequence[Arm], currency: str) -> Iterator[str]:
    """Yield each number of the guard that is not the same in all arms, with its value in each."""
    words = dict.fromkeys(word for one in arms for word in one.guards.capacity_per_month)
    told = {
        f"budget_per_month ({currency})": [f"{one.guards.budget_per_month:,.0f}" for one in arms],
        "price_ceiling": [f"{one.guards.price_ceiling:g}%" for one in arms],
        **{
            f"capacity_per_month of {word}": [f"{one.guards.capacity_per_month.get(word, math.inf):,g}" for one in arms]
            for word in words
        },
    }
    for what, values in told.items():
        by: dict[str, list[str]] = {}
        for one, value in zip(arms, values, strict=True):
            by.setdefault("none" if value == "inf" else value, []).append(one.name)
        if len(by) > 1:
            parts = "; ".join(f"{value} in {_arms(names)}" for value, names in by.items())
            yield f"{what} is not the same in all arms, which is part of what sets them apart: {parts}"


def _held_to(guards: Guards) -> Iterator[str]:
    """Yield each rule and limit that plans are held to, in words; equal words are equal things."""
    for rule in guards.rules:
        yield f"the rule '{rule.name}' (no {', '.join(rule.forbids)} when {rule.when})"
    for limit in guards.structure:
        ends = [
            (words, end) for words, end in (("at least", limit.at_least), ("at most", limit.at_most)) if end is not None
        ]
        told = " and ".join(f"{words} {f'{100 * end:g}%' if limit.share else f'{end:,.0f}'}" for words, end in ends)
        yield f"the limit of structure '{limit.name}' ({told})"


def _arms(names: Sequence[str]) -> str:
    return f"{'arm' if len(names) == 1 else 'arms'} {listed([shown(name) for name in names])}"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def treatment_notes(arms: Sequence[Arm], champion: str) -> Iterator[str]:
    """Yield what the champion alone can give, as far as settings tell, and the rules that some arms lack."""
    written = {one.name: (one.choice.policy, one.choice.settings) for one in arms}
    given = {name: gives(*one) for name, one in written.items()}
    ruled = {rule.do for rule in rules_of(*written[champion])} if champion in written else set()
    own = (given.get(champion) or frozenset()) - ruled
    others = [some for name, some in given.items() if name != champion and some]
    only = sorted(name for name in own if not any(gives_it(name, some) for some in others))
    if only and others:
        unknown = [name for name, some in given.items() if some is None]
        but = f" (what {_arms(unknown)} may give, settings do not say)" if unknown else ""
        yield (
            f"{_arms([champion])}, the champion, alone gives {listed(only)}{but}: what sets the others apart from it "
            "may be that alone. Let another arm give it, too, or add the champion without it as an arm"
        )
    yield from rules_apart(written, champion)


def channel_notes(arms: Sequence[Arm], market: MarketSettings) -> Iterator[str]:
    """Yield the institutions that reach nobody, since they have no channels or no money in them."""
    idle = [one.name for one in arms if not reaches(one.us)]
    if idle:
        where = "" if len(idle) == len(arms) else f" in {_arms(idle)}"
        yield _reaches_nobody(market.our_name, "us", where)
    for name, one in market.rivals.items():
        if not reaches(one):
            yield _reaches_nobody(name, f"rivals.{name}", "")


def reaches(one: InstitutionSettings) -> bool:
    """Return whether an institution has a channel with money, or one that contacts people at a fixed rate."""
    fixed = any(
        (channel.contacts_per_person_per_month or 0.0) + channel.word_of_mouth > 0.0
        for channel in one.acquisition.values()
    )
    money = any((channel.budget_per_month or 0.0) > 0.0 for channel in one.acquisition.values())
    return fixed or (money and one.acquisition_share != 0.0)


def _reaches_nobody(name: str, key: str, where: str) -> str:
    return (
        f"{shown(name)} has no channel with money{where}: nobody is acquired by it, and only who looks around joins. "
        f"If that is not meant, write {key}.acquisition, such as {{mail: {{budget_per_month: 2600, cost_per_contact: "
        "1}}"
    )


def rival_notes(experiment: Experiment) -> Iterator[str]:
    """Yield the rivals that may spend as much as we on treatments and lower prices, since nothing else is written.

    Of a rival that follows several policies, by date, all are told that cost money while none of its own is written.
    """
    market = experiment.market
    budget = market.guards.budget_per_month
    source = (
        "the experiment's budget_per_month"
        if experiment.settings.budget_per_month is not None
        else ("the market's guards.budget_per_month")
    )
    for name in market.rivals:
        followed = [_without_money(now.rivals[name]) for now in market.phases()]
        costly = [policy for policy in dict.fromkeys(followed) if policy not in (NOTHING, *_NO_MONEY)]
        if not costly:
            continue
        kinds = dict.fromkeys("lower prices" if policy in _PRICES else "treatments" for policy in costly)
        what = " and ".join(kinds)
        amount = (
            f"{budget:,.0f} {market.currency} a month on {what}, the same as we" if budget else f"nothing on {what}"
        )
        yield (
            f"{shown(name)} follows {' and later '.join(costly)} and may spend {amount}, because "
            f"rivals.{name}.budget_per_month is not written and {source} is taken. Write what {shown(name)} may spend"
        )


def _without_money(rival: InstitutionSettings) -> str:
    """Return the policy of a rival that follows one without money of its own, else that it does nothing."""
    written = rival.budget_per_month is not None or rival.acquisition_share is not None
    return NOTHING if written else rival.policy.policy


def _few(arms: int, replications: int) -> Iterator[str]:
    if arms == 1:
        yield "there is one arm only: nothing to compare it with. Add one, such as 'nothing: do_nothing'"
    if replications < 10:
        rough = (
            "one replication gives no intervals"
            if replications == 1
            else (f"{replications} replications give rough intervals")
        )
        yield f"{rough}: 10 or more are usual"
