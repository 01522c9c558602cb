"""What `tenure list` and `tenure explain` tell of policies and treatments: what they are, and their numbers."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from tenure.agents.declaring import Parameter, meanings_of
from tenure.experiments.listing.entry import Entry
from tenure.experiments.listing.steps import step
from tenure.experiments.listing.text import default_text, number_facts, sentence, without_empty
from tenure.policies.policy import EVERY_MACHINE, same_bits
from tenure.policies.settings.parameters import DeclaredSetting, declared_settings
from tenure.policies.shelf import ALIASES, SAME_AS_US
from tenure.policies.treatments import NUMBERS, Treatment, catalogue

_TYPES = {
    "str": "a word",
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no",
    "tuple": "a list",
    "Mapping": "a mapping",
}
_WORDS = {
    "meaning": "What the treatment is, in words.",
    "eligible": "Condition on a customer under which the treatment is possible at all.",
    "answers": "The need of the customer that the treatment answers, in words.",
    "amount_unit": "Unit of the amount, in words; empty where there is none.",
    "contact_channel": "How the customer is contacted, such as message or outbound_call; a capacity may count by it.",
    "groups": "Groups to which the treatment belongs; a rule of the guard may forbid a whole group.",
    "extends": "The treatment from which one of your own takes over what is not written.",
}
"""What a treatment is written with besides numbers."""


def policies(known: Mapping[str, type]) -> Iterator[Entry]:
    """Yield every policy, with its settings."""
    for name, policy in known.items():
        settings = declared_settings(policy)
        facts = {one.name: "; ".join(filter(None, (_kind(one), _default(one), _meaning(one)))) for one in settings}
        line, _, about = (inspect.getdoc(policy) or f"A policy called {name}.").partition("\n")
        facts |= {"set it": f"arms: {{NAME: {{policy: {name}{', ...' if facts else ''}}}}}"}
        also = tuple(alias for alias, meant in ALIASES.items() if meant == name)
        promised = "" if same_bits(policy) == EVERY_MACHINE else f"on {same_bits(policy)}"
        more = without_empty({"about": " ".join(about.split()), "same bits": promised, "also": ", ".join(also)})
        yield Entry("policy", name, line, more | facts, also)
    line = "Follow whatever policy we follow, in every arm; for rivals alone."
    about = "Each rival has its own customers, files, learning and money. Our channels and guards are not copied."
    how = {"about": about, "set it": f"market: {{rivals: {{NAME: {{policy: {SAME_AS_US}}}}}}}, or from a date on"}
    yield Entry("policy", SAME_AS_US, line, how)


def policy_settings(known: Mapping[str, type]) -> Iterator[Entry]:
    """Yield every setting of a policy once, also where several share it."""
    having: dict[tuple[type, str], dict[str, DeclaredSetting]] = {}
    for name, policy in known.items():
        for one in declared_settings(policy):
            having.setdefault((one.home, one.name), {})[name] = one
    for (_, key), of in having.items():
        first, *others = of
        one = of[first]
        differing = [f"of {other} {_default(of[other])}" for other in others if of[other].default != one.default]
        facts = {
            "default": "; ".join([_default(one).removeprefix("default "), *differing]),
            "kind": _kind(one),
            **({} if one.declared is None else number_facts(one.declared)),
            "of the policies": ", ".join(of),
            "set it": f"--set arms.NAME.{key}=...",
        }
        line = sentence(one.meaning or f"a setting of {first}, whose class does not say what it means")
        also = tuple(f"{other}.{key}" for other in others)
        yield Entry("setting of a policy", f"{first}.{key}", line, without_empty(facts), also)


def _meaning(one: DeclaredSetting) -> str:
    source = "" if one.declared is None else one.declared.source
    meaning = one.meaning.rstrip(".")
    return "; ".join(filter(None, (f"{meaning[:1].lower()}{meaning[1:]}", source)))


def _kind(one: DeclaredSetting) -> str:
    """Return what a setting is, in a word or two."""
    kind = next((part for part in get_args(one.kind) if get_origin(one.kind) in (Union, UnionType)), one.kind)
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    name = str(getattr(kind, "__name__", kind))
    return _TYPES.get(name, name)


def _default(one: DeclaredSetting) -> str:
    unit = "" if one.declared is None else one.declared.unit
    return "must be given" if one.default is MISSING else f"default {default_text(one.default, unit)}"


def treatments(products: Mapping[str, str]) -> Iterator[Entry]:
    """Yield the catalogue of a market with these products, name -> kind."""
    yield Entry("treatment", "none", "Leave the customer alone.", {})
    for one in catalogue(products)[1:]:
        numbers = {
            name: f"{getattr(one, name):g} {one.amount_unit if name == 'amount' else declared.unit}".strip().replace(
                " 0/1", ""
            )
            + f"; {one.source.get(name, declared.source)}"
            for name, declared in NUMBERS.items()
            if name in one.source
        }
        facts = {
            "eligible": one.eligible,
            "answers": one.answers,
            "groups": ", ".join(one.groups),
            "amount in": one.amount_unit,
            "contact by": one.contact_channel,
            **numbers,
            "set it": f"--set market.treatments.{one.name}.NUMBER=...",
        }
        also = ("cross_sell_<product>", "cross_sell") if one.product >= 0 else ()
        yield Entry("treatment", one.name, sentence(one.meaning), without_empty(facts), also)


def treatment_numbers() -> Iterator[Entry]:
    """Yield the numbers that a market may write of a treatment."""
    meanings, neutral = meanings_of(Treatment), Treatment("", "", "")
    for name, declared in NUMBERS.items():
        path = f"market.treatments.NAME.{name}"
        facts = {
            "default": f"{getattr(neutral, name):g}",
            **number_facts(_of_catalogue(declared)),
            **step(path, declared.unit),
            "set it": f"--set {path}=..., or [number, source]",
        }
        yield Entry("number of a treatment", path, sentence(meanings[name]), without_empty(facts))


def _of_catalogue(declared: Parameter) -> Parameter:
    return declared._replace(source=f"by itself {declared.source}; each treatment of the catalogue names its own")


def treatment_words() -> Iterator[Entry]:
    """Yield what a market may write of a treatment besides numbers."""
    for name, meaning in _WORDS.items():
        path = f"market.treatments.NAME.{name}"
        yield Entry("word of a treatment", path, meaning, {"set it": f"--set {path}=..."})
