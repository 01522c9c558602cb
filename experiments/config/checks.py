"""What is wrong with an experiment: every fault of its settings, arms and policies, with its place."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from tenure.experiments.analysis.metrics import BUILT_IN, METRICS, STANDARD_METRICS
from tenure.experiments.config.advice.impossible import policy_faults
from tenure.experiments.config.advice.stopping import capped, stopping_problems
from tenure.experiments.config.documents import plain_value
from tenure.experiments.config.market_files import market_settings
from tenure.experiments.config.metrics_asked import MetricsAsked
from tenure.experiments.config.names import name_problems
from tenure.experiments.config.printable import shown
from tenure.experiments.config.problems import fault_problem
from tenure.experiments.config.reading import Document, KeyPath, Place, Problem, Value, overlay, suggest
from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.plugins.right_parts import right_part
from tenure.policies.conditions.decision_table import market_faults
from tenure.policies.conditions.tables_first import FIRST, standing_alone, tables_before
from tenure.policies.policy import Policy
from tenure.policies.settings.faults import Fault, FaultyError
from tenure.policies.shelf import SAME_AS_US, make_policy
from tenure.policies.shelf.rules import QuadrantRules, Rules
from tenure.policies.treatments import CROSS_SELL
from tenure.simulation.settings.guards import EARLIER_WORDS
from tenure.simulation.settings.institution import ARM_KEYS
from tenure.simulation.settings.market import MarketSettings

_ELSEWHERE = {
    **{
        name: f"It is the market's: write market: {{extends: default, {name}: ...}}."
        for name in MarketSettings.model_fields
    },
    "circumstances": "What the world does is now called 'scenarios': write scenarios: {base: {}, crisis: crisis}, each "
    "a name and a shipped scenario, a file, or what is different, such as {world: {macro_mean: 2}}. What we choose "
    "belongs to arms, and anything else to a run of its own with --set KEY=VALUE.",
    **{f"guards.{word}": mend for word, mend in EARLIER_WORDS.items()},
}
"""Keys that have no place in an experiment -> where they belong, or what is written in their place."""
RULE_TABLES = "rule_tables"
"""Key of an experiment below which tables of rules are written once, for several arms."""
_RENAMED = {
    "swing_of_profit": "volatility_of_profit",
    "swing_over_profit": "volatility_over_profit",
    "swing_of_assets": "volatility_of_assets",
}
"""Names that metrics had before, and what they are called now; a config with an old one is told."""
_TOLD_ELSEWHERE = (("scenarios",), ("eras",))
"""Sections of which the form is checked where they are read."""


def experiment_settings(
    document: Document, problems: list[Problem], own_metrics: Collection[str] = ()
) -> ExperimentSettings | None:
    """Return the settings of an experiment, and add its problems: then plain ones stand for those that are wrong.

    None where nothing can be made of it. `own_metrics` are those of a user's own that may be named.
    """
    arms = document.data.get("arms")
    names = list(arms) if isinstance(arms, dict) and arms else [str(document.data.get("champion"))]

    def plain(at: KeyPath) -> tuple[KeyPath, Value] | None:
        if at[0] == "arms":
            return (at[:2], "do_nothing") if len(at) > 1 else (at, dict.fromkeys(names, "do_nothing"))
        instead: dict[str, Value] = {"question": "?", "months": 12, "champion": names[0]}
        return (at[:1], instead[str(at[0])]) if at[0] in instead else None

    settings, faults = right_part(ExperimentSettings, document.data, plain, _ELSEWHERE)
    problems += [fault_problem(document, fault) for fault in faults if fault.at[:1] not in _TOLD_ELSEWHERE]
    if settings is not None:
        problems += _experiment_problems(settings, document, {*BUILT_IN, *own_metrics})
        decides = settings.metrics.decide_on
        if (settings.precision or settings.choose) and decides in own_metrics and decides not in METRICS:
            what = f"the metric '{decides}' decides how many replications are made, and it is one of a user's own"
            problems.append(document.problem(("metrics",), what, "Name the file that has it by --policies."))
        problems += stopping_problems(settings, document)
        settings = capped(settings)
    return settings


def _experiment_problems(
    settings: ExperimentSettings, document: Document, metrics: Collection[str]
) -> Iterator[Problem]:
    if not settings.question.strip():
        yield document.problem(("question",), "question: the question is empty", "Write what you want to know.")
    if not settings.arms:
        yield document.problem(("arms",), "there are no arms", "Write at least one, such as 'nothing: do_nothing'.")
    elif settings.champion not in settings.arms:
        message = f"the champion {shown(settings.champion)} is not an arm"
        yield document.problem(("champion",), message, suggest(settings.champion, settings.arms))
    yield from name_problems(document, "arms", "an arm")
    yield from _metric_problems(settings.metrics, document, metrics)


def _metric_problems(asked: MetricsAsked, document: Document, known: Collection[str]) -> Iterator[Problem]:
    if not asked.decide_on:
        mend = f"Name one, such as {STANDARD_METRICS[0]}, or leave the line out for the standard five."
        yield document.problem(("metrics",), "metrics: there is none to compare the arms by", mend)
        return
    for index, metric in enumerate(asked.names):
        in_full: KeyPath = ("metrics", "also", index - 1) if index else ("metrics", "decide_on")
        places: tuple[KeyPath, ...] = (in_full, in_full[:2], ("metrics", index), ("metrics",))
        at = next((one for one in places if one in document.positions), places[-1])
        if metric not in known:
            mend = f"Write {_RENAMED[metric]}: that is its name." if metric in _RENAMED else suggest(metric, known)
            yield document.problem(at, f"there is no metric '{metric}'", mend)
        elif at == ("metrics", "decide_on") and metric in METRICS and not METRICS[metric].has_verdict:
            mend = "Decide on another, and name it below 'also'."
            yield document.problem(at, f"no way of '{metric}' is better, so that arms are not judged by it", mend)
        elif metric in asked.names[:index]:
            yield document.problem(at, f"the metric '{metric}' is written twice", f"Keep one '{metric}'.")
    for metric, least in asked.matters_from.items():
        inner: KeyPath = ("metrics", "matters_from", metric)
        at = inner if inner in document.positions else inner[:2]
        if metric in METRICS and METRICS[metric].unit == "%" and least >= 1.0:
            mend = f"Write {least:g}% for {least:g} percentage points."
            yield document.problem(at, f"matters_from: {metric} is a share, and {least:g} is over all of it", mend)
        if metric not in asked.names and inner in document.positions:
            yield document.problem(
                inner, f"matters_from: '{metric}' is not shown", suggest(metric, asked.names), of_key=True
            )


def with_tables_first(document: Document, problems: list[Problem]) -> Document:
    """Return an experiment in which tables of rules stand in the arms that name them below `first`, row by row.

    What is wrong with a table, and with a name that is none of them, is added to the problems; so is a table that no
    arm names.
    """
    tables = document.data.get(RULE_TABLES)
    data = {key: value for key, value in document.data.items() if key != RULE_TABLES}
    if tables is not None and not isinstance(tables, dict):
        mend = "Write {arrears: [{when: months_past_due == 1, do: early_help}]}."
        problems.append(document.problem((RULE_TABLES,), f"{RULE_TABLES}: a mapping is wanted, name by name", mend))
    known, moved = dict(tables) if isinstance(tables, dict) else {}, list[tuple[KeyPath, KeyPath]]()
    arms = data.get("arms")
    own: dict[str, Value] = dict(arms) if isinstance(arms, dict) else {}
    for arm, choice in own.items():
        named = choice.get(FIRST) if isinstance(choice, dict) else None
        listed: list[Value] = [named] if isinstance(named, str) else list(named) if isinstance(named, list) else []
        for place, one in enumerate(listed):
            at: KeyPath = ("arms", arm, FIRST, place)
            if isinstance(one, str) and one in known:
                listed[place] = {one: known[one]}
                moved.append(((RULE_TABLES, one), (*at, one)))
            elif isinstance(one, str):
                mend = suggest(one, known) if known else f"Write {RULE_TABLES}: {{{one}: [...]}} before the arms."
                where = at if isinstance(named, list) else at[:-1]
                problems.append(document.problem(where, f"there is no table of rules '{one}'", mend))
        if listed and isinstance(choice, dict):
            own[arm] = {**choice, FIRST: [one for one in listed if not isinstance(one, str)]}
    for name in known:
        if not any(was[-1] == name for was, _ in moved):
            what = f"the table of rules '{name}' comes before no arm"
            problems.append(
                document.problem((RULE_TABLES, name), what, f"Write {FIRST}: [{name}] in an arm.", of_key=True)
            )
    if isinstance(arms, dict):
        data["arms"] = own

    def copied(places: Mapping[KeyPath, Place]) -> dict[KeyPath, Place]:
        return dict(places) | {
            (*now, *at[len(was) :]): place
            for was, now in moved
            for at, place in places.items()
            if at[: len(was)] == was
        }

    return replace(
        document,
        data=data,
        positions=copied(document.positions),
        key_positions=copied(document.key_positions),
    )


def with_own_guards(of_market: Document, document: Document, settings: ExperimentSettings) -> Document:
    """Return a market with what an experiment lays over it for every arm: budget, contact rule and guards."""
    guarded = settings.guards.model_dump(by_alias=True, exclude_unset=True, exclude={"contacts"})
    common: dict[str, Value] = {}
    if settings.budget_per_month is not None:
        common["budget_per_month"] = settings.budget_per_month
    if settings.guards.contacts is not None:
        common |= {f"contacts_{name}": value for name, value in settings.guards.contacts}
    data: dict[str, Value] = {"us": {"guards": plain_value(guarded)}} if guarded else {}
    if common:
        data["guards"] = common

    def moved(places: Mapping[KeyPath, Place]) -> dict[KeyPath, Place]:
        """Return the places of what is laid over, as those of a market."""
        told = {("us", "guards", *at[1:]): place for at, place in places.items() if at[:1] == ("guards",)}
        told |= {
            ("guards", f"contacts_{at[-1]}"): place
            for at, place in places.items()
            if at[:2] == ("guards", "contacts") and len(at) == 3
        }
        told |= {("guards", *at): place for at, place in places.items() if at == ("budget_per_month",)}
        return {at: place for at, place in told.items() if _is_in(data, at)}

    over = Document(document.path, data, moved(document.positions), moved(document.key_positions), document.files)
    return overlay(of_market, over)


def _is_in(data: object, at: KeyPath) -> bool:
    """Return whether something stands at a place."""
    for part in at:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list | tuple) and isinstance(part, int) and part in range(len(data)):
            data = data[part]
        else:
            return False
    return True


def as_written(document: Document, problems: Sequence[Problem]) -> list[Problem]:
    """Return problems of a market `with_own_guards` by the names that the experiment has for its own guards."""
    places = [*document.positions.items(), *document.key_positions.items()]
    own = {place for at, place in places if at[:1] == ("guards",)}
    return [
        one._replace(message=one.message.removeprefix("us."))
        if one.message.startswith("us.guards.") and Place(*one[:3]) in own
        else one
        for one in problems
    ]


def arm_problems(
    document: Document, of_market: Document | None, market: MarketSettings | None, known: Mapping[str, type]
) -> Iterator[Problem]:
    """Yield what is wrong with the policies of arms, their settings, and what they change about us.

    Parameters
    ----------
    document, of_market : Document
        The experiment, and its market with what holds in every arm.
    market : MarketSettings or None
        What is right of it; policies are checked alone where nothing is.
    known : mapping
        Policies by name.
    """
    arms = document.data.get("arms")
    for arm, choice in (arms if isinstance(arms, dict) else {}).items():
        own = choice.get("us") if isinstance(choice, dict) else None
        lived = market
        if isinstance(own, dict) and own and of_market is not None:
            problems: list[Problem] = []
            lived = _of_arm(document, of_market, ("arms", arm), own, problems) or market
            yield from problems
        yield from _choice_problems(document, ("arms", arm), choice, lived, known)


def _of_arm(
    document: Document, of_market: Document, at: KeyPath, own: dict[str, Value], problems: list[Problem]
) -> MarketSettings | None:
    """Return the market with what an arm changes about us, and add what is wrong with that."""
    for key in own:
        if key not in ARM_KEYS:
            message = f"an arm cannot change '{key}' of us"
            mend = f"It may change {', '.join(ARM_KEYS)}; the rest belongs to the market."
            problems.append(document.problem((*at, "us", key), message, mend, of_key=True))
    data: dict[str, Value] = {key: value for key, value in own.items() if key in ARM_KEYS}
    if not data:
        return None

    def below(places: Mapping[KeyPath, Place]) -> dict[KeyPath, Place]:
        return {one[len(at) :]: place for one, place in places.items() if one[: len(at) + 1] == (*at, "us")}

    places, keys = below(document.positions), below(document.key_positions)
    over = Document(document.path, {"us": data}, places, keys, document.files)
    return market_settings(overlay(of_market, over), problems)


def institution_problems(document: Document, market: MarketSettings, known: Mapping[str, type]) -> Iterator[Problem]:
    """Yield what is wrong with the policies of the market's institutions."""
    found = [
        problem
        for now in market.phases()
        for name, one in now.institutions().items()
        for problem in _choice_problems(
            document,
            ("us", "policy") if one is now.us else ("rivals", name, "policy"),
            plain_value({"policy": one.policy.policy, **one.policy.settings}),
            now,
            known,
        )
    ]
    yield from dict.fromkeys(found)


def _choice_problems(
    document: Document, at: KeyPath, choice: Value, market: MarketSettings | None, known: Mapping[str, type]
) -> Iterator[Problem]:
    settings = {"policy": choice} if isinstance(choice, str) else choice
    if not isinstance(settings, dict) or not isinstance(settings.get("policy"), str):
        return  # told when the experiment was checked
    name = str(settings["policy"])
    own = {key: value for key, value in settings.items() if key not in ("policy", "us")}
    if name == SAME_AS_US and at[0] == "rivals":
        told = [Fault(f"'{name}' has no settings", "leave it out: ours are followed", (key,), True) for key in own]
        yield from (fault_problem(document, fault, at) for fault in told)
        return
    try:
        policy, faults = _made(name, own, known)
    except Exception as error:
        said = " ".join(f"{error}".split())
        refuses = (
            f"refuses its settings: {said}"
            if isinstance(error, ValueError)
            else (f"fails with its settings, {type(error).__name__}: {said}")
        )
        mend = "Mend the settings, or what the policy makes of them in its file."
        yield document.problem(at, f"the policy '{name}' {refuses}", mend)
        return
    if policy is not None and market is not None:
        faults += [*_named_faults(policy, market), *policy_faults(policy, market)]
    yield from (fault_problem(document, fault, at) for fault in faults)


def _made(name: str, settings: dict[str, Value], known: Mapping[str, type]) -> tuple[Policy | None, list[Fault]]:
    """Return a policy with those of its settings that are right, if it can be made, and what is wrong with others."""
    faults: list[Fault] = []
    while True:
        try:
            return make_policy(name, settings, known), faults
        except FaultyError as error:
            faults += [one for one in error.faults if one.at or not faults]
            wrong = {one.at[0] for one in error.faults if one.at}
        except Exception:
            if faults:  # what else is wrong is told when these are mended
                return None, faults
            raise
        left = {key: value for key, value in settings.items() if key not in wrong}
        if len(left) == len(settings):
            return None, faults
        settings = left


def _named_faults(policy: Policy, market: MarketSettings) -> list[Fault]:
    """Return what a policy names of products, segments and treatments that this market has not."""
    known = [one.name for one in market.catalogue()]
    tables = dict(tables_before(policy))
    policy = standing_alone(policy)
    if isinstance(policy, Rules | QuadrantRules):
        tables["rules",] = policy.table
    faults: list[Fault] = []
    for where, table in tables.items():
        faults += market_faults(table, tuple(market.products), tuple(market.segments), known, where)
    for field in ("treatment", "treatments", "high_risk_high_return"):
        value = getattr(policy, field, None)
        named_here = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
        for place, named in enumerate(named_here):
            if isinstance(named, str) and named not in (*known, CROSS_SELL):
                at: KeyPath = (field,) if isinstance(value, str) else (field, place)
                faults.append(Fault(f"this market has no treatment '{named}'", suggest(named, known), at))
    product = getattr(policy, "product", None)
    if isinstance(product, str) and product and product not in market.products:
        mend = suggest(product, market.products)
        faults.append(Fault(f"this market has no product '{product}'", mend, ("product",)))
    return faults
