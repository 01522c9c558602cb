"""Every number that a config may hold: of rules, of the population, of settings, of policies and of treatments."""

from collections.abc import Iterator, Mapping

from tenure.agents.declaring import meanings_of, parameters_of
from tenure.agents.rules.population import Traits
from tenure.agents.rules.rulebook import Rulebook
from tenure.experiments.listing.entry import Entry
from tenure.experiments.listing.policies import policy_settings, treatment_numbers
from tenure.experiments.listing.settings import dating, setting_entries
from tenure.experiments.listing.steps import step
from tenure.experiments.listing.text import default_text, number_facts


def parameter_entries(known: Mapping[str, type]) -> Iterator[Entry]:
    """Yield every number, with unit, range, default and source; of settings and policies as these lists have them.

    Parameters
    ----------
    known : mapping
        Name -> class of the policies whose numbers are listed.
    """
    yield from _behaviour()
    for entries in (setting_entries(), policy_settings(known), treatment_numbers()):
        yield from (one for one in entries if "range" in one.facts)


def _behaviour() -> Iterator[Entry]:
    """Yield the families of parameters of behaviour and of the population, then each parameter."""
    groups = {**{f"rules.{name}": type(group) for name, group in Rulebook()._asdict().items()}, "traits": Traits}
    for prefix, group in groups.items():
        about = (group.__doc__ or "").strip().partition("\n")[0]
        keys = {"keys": ", ".join(parameters_of(group)), "set it": f"--set market.{prefix}.KEY=..."}
        yield Entry("family of parameters", prefix, about, keys, (f"market.{prefix}",))
    for prefix, group in groups.items():
        yield from _of_family(prefix, group)


def _of_family(prefix: str, group: type) -> Iterator[Entry]:
    """Yield the parameters of a family, and what a step of each does."""
    meanings = meanings_of(group)
    for name, (_, default, declared) in parameters_of(group).items():
        full = f"{prefix}.{name}"
        facts = {
            "default": default_text(default),
            **number_facts(declared),
            **dating(f"market.{full}"),
            **step(full, declared.unit),
            "set it": f"--set market.{full}={default_text(default)}",
        }
        yield Entry("parameter", full, meanings.get(name, ""), facts, (f"market.{full}",))
