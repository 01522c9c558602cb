"""Rules of a table that some arms have and others lack: before a run and after, what of a difference is such a rule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tenure.experiments.config.printable import shown
from tenure.experiments.report.labels import listed
from tenure.policies.conditions.tables_first import FIRST
from tenure.policies.settings.faults import FaultyError
from tenure.policies.shelf import SHELF, make_policy
from tenure.policies.shelf.rules import shipped_table
from tenure.policies.treatments import CROSS_SELL, shipped

NOTHING = "do_nothing"
_GIVE_NOTHING = (NOTHING, "price_war", "price_match", "best_response", "product_innovator", "segmenter")
_AS_OTHERS = "imitator"
"""What it gives depends on what others do."""


class RuleKept(NamedTuple):
    """A row of a table, in words: whom it is for, and what they get."""

    when: str
    do: str
    amount: str

    def __str__(self) -> str:
        return f"'{self.when}: {self.do}{self.amount and ' '}{self.amount}'"


def rules_apart(arms: Mapping[str, tuple[str, Mapping[str, object]]], champion: str) -> Iterator[str]:
    """Yield the rules that the champion has and other arms lack, and those of shared tables that it lacks.

    An arm lacks a rule if it has no such row and, as far as its settings tell, never does what the row does: another
    way of giving the same treatment is a policy, and what is compared. A policy of one's own may do anything: it is
    taken to lack rules of tables that are shared, and those that are no marketing. Arms that do nothing are left out.

    Parameters
    ----------
    arms : mapping
        Arm -> name and settings of its policy, as an experiment or its record has them.
    champion : str
        The arm that others are compared with.
    """
    acting = [arm for arm, (policy, settings) in arms.items() if policy != NOTHING or _before(settings)]
    kept = {arm: rules_of(*arms[arm]) for arm in acting}
    does = {arm: gives(*arms[arm]) for arm in acting}
    own = kept.get(champion, ())
    shared = [rule for arm in acting for rule in _read(_before(arms[arm][1]))]
    by_arms: dict[tuple[str, ...], list[RuleKept]] = {}
    for rule in dict.fromkeys((*own, *shared)):
        lacking = [arm for arm in acting if rule not in kept[arm] and not gives_it(rule.do, does[arm])]
        surely = rule in shared or not _is_marketing(rule.do) or any(does[arm] is not None for arm in lacking)
        if lacking and surely and rule.do != "none":
            by_arms.setdefault(tuple(lacking), []).append(rule)
    for those, rules in by_arms.items():
        having = [arm for arm in acting if arm not in those]
        unknown = [arm for arm in those if does[arm] is None]
        yield _told(rules, those, having, unknown, champion, len(arms))


def _is_marketing(do: str) -> bool:
    """Return whether a treatment sells or pleases, as all retention does; care and letting go do not."""
    entry = shipped().get(do, {})
    return do.startswith(CROSS_SELL) or "marketing" in entry.get("groups", ("marketing",))


def rules_apart_in(recorded: Mapping[str, Mapping[str, object]], champion: str) -> Iterator[str]:
    """Yield the same of arms as a folder of results records them: settings beside the policy's name."""
    arms = {
        arm: (str(one["policy"]), {key: value for key, value in one.items() if key not in ("policy", "us")})
        for arm, one in recorded.items()
    }
    yield from rules_apart(arms, champion)


def _told(
    rules: Sequence[RuleKept],
    lacking: Sequence[str],
    having: Sequence[str],
    unknown: Sequence[str],
    champion: str,
    arms: int,
) -> str:
    what = f"the rule{'s' if len(rules) > 1 else ''} {listed([str(rule) for rule in rules])}"
    few = f"{len(lacking)} of {arms} arms" if len(lacking) > 1 else f"the arm {shown(lacking[0])}"
    lack = "lack" if len(lacking) > 1 else "lacks"
    names = f" ({listed([shown(arm) for arm in lacking])})" if len(lacking) > 1 else ""
    whose = f"{shown(champion)} has" if champion in having else f"{listed([shown(arm) for arm in having])} follow"
    whose = whose if champion in having or len(having) > 1 else f"{shown(having[0])} follows"
    may = f"; what {listed([shown(arm) for arm in unknown])} may do, settings do not say" if unknown else ""
    those = "that rule" if len(rules) == 1 else "those rules"
    return (
        f"{few}{names} {lack} {what} that {whose}: part of every difference between them is {those}{may}. Write such "
        "rules once below rule_tables, and 'first: [NAME]' in every arm that shall follow them"
    )


def rules_of(policy: str, settings: Mapping[str, object]) -> tuple[RuleKept, ...]:
    """Return the rules of an arm: those of tables before its policy, then those of the policy's own table.

    >>> [str(rule) for rule in rules_of("rules", {"rules": [{"when": "line > 0", "do": "price_cut", "amount": 2}]})]
    ["'line > 0: price_cut 2'"]
    """
    own = settings.get("rules") if policy == "rules" else ()
    if policy in ("stage_rules", "quadrant_rules"):
        own = [row for row in shipped_table(policy) if row["do"] != "setting"]
    return tuple(dict.fromkeys((*_read(_before(settings)), *_read(own))))


def _before(settings: Mapping[str, object]) -> list[object]:
    """Return the rows of the tables before a policy."""
    written = settings.get(FIRST)
    tables = [one for one in written if isinstance(one, Mapping)] if isinstance(written, list | tuple) else []
    return [row for one in tables for rows in one.values() if isinstance(rows, list | tuple) for row in rows]


def _read(rows: object) -> Iterator[RuleKept]:
    for row in rows if isinstance(rows, list | tuple) else ():
        if isinstance(row, Mapping):
            amount = row.get("amount")
            words = " ".join(str(row.get("when", "")).split())
            yield RuleKept(words, str(row.get("do", "none")), "" if amount is None else f"{amount}")


def gives(policy: str, settings: Mapping[str, object]) -> frozenset[str] | None:
    """Return the treatments that an arm may give, as its settings tell; None where they do not.

    >>> sorted(gives("uniform", {"treatment": "price_cut"}))
    ['price_cut']
    """
    before = frozenset(rule.do for rule in _read(_before(settings))) - {"none"}
    own = _own(policy, {key: value for key, value in settings.items() if key != FIRST})
    return None if own is None else before | own


def _own(policy: str, settings: Mapping[str, object]) -> frozenset[str] | None:
    """Return the treatments of the policy itself."""
    if policy in _GIVE_NOTHING:
        return frozenset()
    if policy == "needs_led":
        return frozenset({CROSS_SELL, "needs_review"})
    if policy not in SHELF or policy == _AS_OTHERS:
        return None
    try:
        made = make_policy(policy, settings)
    except FaultyError:
        return None  # told by the check
    table = getattr(made, "table", ())
    named = {rule.do for rule in table} or {rule.do for rule in rules_of(policy, {})}
    for field in ("treatment", "treatments"):
        value = getattr(made, field, ())
        named |= {value} if isinstance(value, str) else set(value)
    return frozenset(named - {"none"})


def gives_it(name: str, some: frozenset[str] | None) -> bool:
    """Return whether a treatment is among some, `cross_sell` standing for that of every product."""
    if some is None:
        return False
    if name == CROSS_SELL:
        return any(one == CROSS_SELL or one.startswith(f"{CROSS_SELL}_") for one in some)
    return name in some or (name.startswith(f"{CROSS_SELL}_") and CROSS_SELL in some)
