"""What `tenure list` and `tenure explain` tell of the parts in a user's own files, policies and metrics left out."""

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path

from tenure.experiments.listing.entry import Entry
from tenure.experiments.listing.text import number_facts, sentence


def own_entries(files: Sequence[Path]) -> Iterator[Entry]:
    """Yield every switch, rule and observer of some files; `ConfigError` if one is wrong."""
    if not files:
        return
    from tenure.experiments.plugins.known import own_parts
    from tenure.experiments.plugins.own_rules import own_rule
    from tenure.experiments.plugins.switched import asked, changes_of, takes

    parts = own_parts(files)
    for name, switch in parts.switches.items():
        changes = changes_of(asked(switch, switch.default))
        facts = {"takes": takes(switch), **{".".join(map(str, at)): str(value) for at, value in changes.items()}}
        facts["set it"] = f"--set market.switches.{name}={'on' if switch.number is None else f'{switch.default:g}'}"
        yield Entry("switch of your own", name, sentence(switch.meaning or f"a switch called {name}"), facts)
    for name, function in parts.rules.items():
        one = own_rule(function)
        line = (inspect.getdoc(function) or f"A rule called {name}.").partition("\n")[0]
        facts = {"in the place of": one.replaces}
        for key, (default, declared) in one.numbers.items():
            facts[key] = f"default {default:g}; " + "; ".join(number_facts(declared).values())
        yield Entry("rule of your own", name, line, {**facts, "set it": f"behaviour: [{name}]"})
    for name, observer in parts.observers.items():
        adds = {measure: f"{meaning}; unit {unit or 1}" for measure, (unit, meaning) in observer.adds.items()}
        line = sentence(observer.meaning or f"an observer called {name}")
        yield Entry("observer of your own", name, line, {**adds, "write it": "tenure observe FOLDER -o observed.csv"})
