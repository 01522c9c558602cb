"""Parameters of behaviour and of the population, and the numbers of treatments, as they are declared."""

from collections.abc import Iterator

from agents.declaring import fields_of, parameters_of
from agents.rulebook import Rulebook
from agents.traits import Traits
from agents.treatment import Effect
from experiments.attribute_docs import attribute_docs
from experiments.entry import Entry
from experiments.listing_steps import step
from experiments.listing_text import unit_text
from policies.treatments import NUMBERS

_WORDS = {
    "meaning": "What the treatment is, in words.",
    "eligible": "Condition on a customer under which the treatment is possible at all.",
    "answers": "The need of the customer that the treatment answers, in words.",
    "amount_unit": "Unit of the amount, in words; empty where there is none.",
    "groups": "Groups to which the treatment belongs; a rule of the guard may forbid a whole group.",
    "extends": "The treatment from which one of your own takes over what is not written.",
}
"""What a treatment is written with besides numbers."""
_CALLED = {"contact_cost": "contact_cents", "reward": "reward_cents"}
"""Numbers that an effect has under another name."""
_AMOUNT = "How much of the treatment a customer gets, unless a policy says otherwise."


def parameter_entries() -> Iterator[Entry]:
    """Yield every parameter, with unit, range, source and what a step of it does."""
    groups = {f"rules.{name}": type(group) for name, group in Rulebook()._asdict().items()}
    for prefix, group in {**groups, "traits": Traits}.items():
        docs = attribute_docs(group)
        about = (group.__doc__ or "").strip().partition("\n")[0]
        keys = {"keys": ", ".join(parameters_of(group)), "set it": f"--set market.{prefix}.KEY=..."}
        yield Entry("family of parameters", prefix, about, keys, (f"market.{prefix}",))
        for name, (_, default, declared) in parameters_of(group).items():
            full = f"{prefix}.{name}"
            shown = f"[{', '.join(map(str, default))}]" if isinstance(default, tuple) else str(default)
            facts = {
                "default": shown, "unit": unit_text(declared.unit), "range": f"{declared.low:g} to {declared.high:g}",
                "source": declared.source, **step(full, declared.unit), "set it": f"--set market.{full}={shown}",
            }  # fmt: skip
            yield Entry("parameter", full, docs.get(name, ""), facts, (f"market.{full}",))


def treatment_numbers() -> Iterator[Entry]:
    """Yield what a market may write of a treatment."""
    meanings = {name: one.meaning for name, one in fields_of(Effect).items()}
    for name, declared in NUMBERS.items():
        path = f"market.treatments.NAME.{name}"
        meaning = meanings.get(_CALLED.get(name, name), _AMOUNT)
        facts = {
            "unit": unit_text(declared.unit), "range": f"{declared.low:g} to {declared.high:g}",
            **step(path, declared.unit), "set it": f"--set {path}=..., or [number, source]",
        }  # fmt: skip
        line = f"{meaning[:1].upper()}{meaning[1:].rstrip('.')}."
        yield Entry("number of a treatment", path, line, {label: text for label, text in facts.items() if text})
    for name, meaning in _WORDS.items():
        path = f"market.treatments.NAME.{name}"
        yield Entry("word of a treatment", path, meaning, {"set it": f"--set {path}=..."})
