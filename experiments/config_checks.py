"""What is wrong with an experiment: every fault of its settings, arms, circumstances and policies, with its place."""

from collections.abc import Collection, Iterator, Mapping

from pydantic import ValidationError

from agents.declaring import parameters_of
from experiments.experiment_settings import ExperimentSettings
from experiments.market_files import market_settings
from experiments.metrics import METRICS
from experiments.names import name_problems
from experiments.printable import shown
from experiments.problems import policy_problems, settings_problems, value_problem
from experiments.reading import Document, KeyPath, Problem, Value, overlay, suggest
from policies.guards import Guards
from policies.policy import Policy, SettingsError
from policies.shelf import make_policy
from policies.shelf.rules import market_problems
from policies.treatments import CROSS_SELL
from simulation.institution_settings import ARM_KEYS
from simulation.settings import MarketSettings
from simulation.units import parser_for

LONGEST_RUN = 1200  # months
MOST_REPLICATIONS = 100_000
_OF_THE_MARKET = {name: f"It is the market's: write market: {{extends: default, {name}: ...}}."
                  for name in MarketSettings.model_fields}  # fmt: skip


def experiment_settings(document: Document, problems: list[Problem]) -> ExperimentSettings | None:
    """Return the checked settings; None, and the problems of all others, where some cannot be read."""
    try:
        settings = ExperimentSettings.model_validate(document.data)
    except ValidationError as error:
        problems += settings_problems(error, ExperimentSettings, document, _OF_THE_MARKET)
        wrong = {str(one["loc"][0]) for one in error.errors()}
        problems += _experiment_problems(_what_is_right(document.data, wrong), document)
        return None
    problems += _experiment_problems(settings, document)
    return settings


def _what_is_right(data: Mapping[str, Value], wrong: Collection[str]) -> ExperimentSettings:
    """Return the settings with plain ones in place of those that are wrong or missing, to check the others."""
    arms, champion = data.get("arms"), data.get("champion")
    names = list(map(str, arms)) if isinstance(arms, dict) and arms else [str(champion)]
    plain = {"question": "?", "months": 12, "arms": dict.fromkeys(names, "do_nothing"), "champion": names[0]}
    return ExperimentSettings.model_validate(plain | {key: value for key, value in data.items() if key not in wrong})


def _experiment_problems(settings: ExperimentSettings, document: Document) -> Iterator[Problem]:
    ranges = {"months": (1, LONGEST_RUN), "warm_up_months": (0, LONGEST_RUN), "replications": (1, MOST_REPLICATIONS)}
    for name, (low, high) in ranges.items():
        if not low <= getattr(settings, name) <= high:
            message = f"{name}: {getattr(settings, name)} is outside {low} to {high}"
            yield document.problem((name,), message, f"Write a whole number from {low} to {high}.")
    if not settings.question.strip():
        yield document.problem(("question",), "question: the question is empty", "Write what you want to know.")
    if not settings.arms:
        yield document.problem(("arms",), "there are no arms", "Write at least one, such as 'nothing: do_nothing'.")
    elif settings.champion not in settings.arms:
        message = f"the champion {shown(settings.champion)} is not an arm"
        yield document.problem(("champion",), message, suggest(settings.champion, settings.arms))
    yield from name_problems(document, "arms", "an arm")
    for index, metric in enumerate(settings.metrics):
        if metric not in METRICS:
            at: KeyPath = ("metrics", index) if ("metrics", index) in document.positions else ("metrics",)
            yield document.problem(at, f"there is no metric '{metric}'", suggest(metric, METRICS))
    rule = settings.guards.contacts
    if rule is not None:
        declared = parameters_of(Guards)
        for name, value in (("at_most", rule.at_most), ("in_months", rule.in_months)):
            _, _, limits = declared[f"contacts_{name}"]
            try:
                parser_for(limits.unit, limits.low, limits.high)(value)
            except ValueError as error:
                yield value_problem(document, ("guards", "contacts", name), f"guards.contacts.{name}", error)


def circumstance_problems(document: Document) -> Iterator[Problem]:
    """Yield what is wrong with the names and the lists of circumstances."""
    told = document.data.get("circumstances", {})
    mend = "Write lists of KEY=VALUE, such as crisis: [market.extends=crisis]."
    if not isinstance(told, dict):
        yield document.problem(("circumstances",), "circumstances: each is a list of settings", mend)
        return
    yield from name_problems(document, "circumstances", "circumstances")
    for name, some in told.items():
        entries = some if isinstance(some, list) else []
        wrong = [place for place, one in enumerate(entries) if not (isinstance(one, str) and "=" in one)]
        if wrong or not isinstance(some, list):
            at: KeyPath = ("circumstances", name, *wrong[:1])
            yield document.problem(at, f"circumstances: {shown(name)} is no list of settings", mend)


def arm_problems(document: Document, market: MarketSettings | None, known: Mapping[str, type]) -> Iterator[Problem]:
    """Yield what is wrong with the policies of arms and their settings."""
    arms = document.data.get("arms")
    for arm, choice in (arms if isinstance(arms, dict) else {}).items():
        yield from _choice_problems(document, ("arms", arm), choice, market, known)


def own_problems(document: Document, of_market: Document) -> list[Problem]:
    """What is wrong with the settings that an arm gives us beside its policy."""
    problems: list[Problem] = []
    arms = document.data.get("arms")
    for arm, choice in (arms if isinstance(arms, dict) else {}).items():
        own = choice.get("us") if isinstance(choice, dict) else None
        if not isinstance(own, dict):
            continue
        start: KeyPath = ("arms", arm)
        for key in own:
            if key not in ARM_KEYS:
                message = f"an arm cannot change '{key}' of us"
                mend = f"It may change {', '.join(ARM_KEYS)}; the rest belongs to the market."
                problems.append(document.problem((*start, "us", key), message, mend, of_key=True))
        positions = {at[2:]: place for at, place in document.positions.items() if at[:3] == (*start, "us")}
        keys = {at[2:]: place for at, place in document.key_positions.items() if at[:3] == (*start, "us")}
        data: dict[str, Value] = {"us": {key: value for key, value in own.items() if key in ARM_KEYS}}
        over = Document(document.path, data, positions, keys, document.files)
        market_settings(overlay(of_market, over), problems)
    return problems


def institution_problems(document: Document, market: MarketSettings, known: Mapping[str, type]) -> Iterator[Problem]:
    """Yield what is wrong with the policies of the market's institutions."""
    for name, one in market.institutions().items():
        at: KeyPath = ("us",) if one is market.us else ("rivals", name)
        choice: Value = {"policy": one.policy.policy, **one.policy.settings}
        yield from _choice_problems(document, (*at, "policy"), choice, market, known)


def _choice_problems(
    document: Document, at: KeyPath, choice: Value, market: MarketSettings | None, known: Mapping[str, type]
) -> Iterator[Problem]:
    settings = {"policy": choice} if isinstance(choice, str) else choice
    if not isinstance(settings, dict) or not isinstance(settings.get("policy"), str):
        return  # told when the experiment was checked
    name = str(settings["policy"])
    try:
        policy = make_policy(
            name, {key: value for key, value in settings.items() if key not in ("policy", "us")}, known
        )
    except SettingsError as error:
        yield from policy_problems(error, document, at)
        return
    except Exception as error:
        message = f"the policy '{name}' refuses its settings: {error}"
        yield document.problem(at, message, "Mend the settings, or the policy's own file.")
        return
    if market is not None:
        yield from policy_problems(SettingsError(name, _product_faults(policy, market)), document, at)


def _product_faults(policy: Policy, market: MarketSettings) -> list[tuple[str, str]]:
    """What a policy says of products or treatments that this market has not."""
    table = getattr(policy, "table", ())
    known = [one.name for one in market.catalogue()]
    faults = market_problems(table, tuple(market.products), tuple(market.segments), known)
    for field in ("treatment", "treatments", "high_risk_high_return"):
        value = getattr(policy, field, None)
        for named in (value,) if isinstance(value, str) else value or ():
            if named not in (*known, CROSS_SELL):
                faults.append((field, f"this market has no treatment '{named}'. {suggest(named, known)}"))
    return faults
