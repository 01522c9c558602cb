"""What is varied, in words: before an experiment is run, how many levels and draws it has and what they cost."""

import json
from collections.abc import Iterator

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.varied.uncertain import Uncertain

MOST_NAMED = 4
"""Values of a factor that are named; of more, the first and the last."""


def levels_in(experiment: Experiment) -> int:
    """Return at how many levels of a design every scenario is run; 0 without a design."""
    return len({one.level for one in experiment.scenarios if one.level})


def states_in(experiment: Experiment) -> int:
    """Return how many states before month 0 each replication needs: one for each market that is another before it."""
    return len({json.dumps(one.before.market_data, sort_keys=True, default=str) for one in experiment.scenarios})


def varied_lines(experiment: Experiment) -> Iterator[str]:
    """Yield what is drawn and what is set level by level, and what that asks of the months before month 0."""
    settings, levels = experiment.settings, levels_in(experiment)
    if experiment.uncertain:
        times = settings.replications_per_draw
        often = "each replication" if times == 1 else f"every {times} replications"
        yield f"uncertain, drawn once for {often}, the same in all arms, scenarios and levels, before month 0 too:"
        for one in experiment.uncertain:
            yield f"  {one.name:<36} {range_text(one)}"
    if levels:
        values: dict[str, list[str]] = {}
        for scenario in experiment.scenarios:
            for name, value in scenario.factors:
                values.setdefault(name, []).append(f"{value:g}" if isinstance(value, float) else str(value))
        yield f"{levels} levels, points of a design at each of which every arm is run, with the same luck:"
        for name, taken in values.items():
            taken = list(dict.fromkeys(taken))
            few = len(taken) <= MOST_NAMED
            yield f"  {name:<36} {', '.join(taken) if few else f'{len(taken)} values, the first is {taken[0]}'}"
    states = states_in(experiment)
    if levels or experiment.uncertain:
        each = f"{states} for each replication" if states > 1 else "one for each replication"
        yield f"states before month 0: {states * settings.replications}, {each}, in the time and disk above"
        yield "shares of people move with what is varied: qualities stay those of the market as it stands"


def range_text(one: Uncertain) -> str:
    """Write what may be drawn.

    >>> from tenure.experiments.design.varied.numbers import Varied
    >>> from tenure.simulation.values.units import Parser
    >>> number = Varied("market.x", ("market.x",), Parser("months", 0, 9), 3.0)
    >>> range_text(Uncertain("x", number, Range("uniform", (0.5, 1.5), times=True), ("uncertain", "x")))
    'x0.5 .. x1.5'
    >>> range_text(Uncertain("x", number, Range("normal", (4.0, 1.0)), ("uncertain", "x")))
    'normal, mean 4, sd 1 (0.9 .. 7.1 months)'
    """
    found, unit = one.range, one.number.parser.unit
    x = "x" if found.times else ""
    behind = f" {unit}" if not found.times and unit.partition("/")[0] in ("months", "EUR") else ""
    numbers = [f"{x}{number:g}" for number in found.numbers]
    if found.kind == "uniform":
        return f"{numbers[0]} .. {numbers[1]}{behind}"
    if found.kind == "list":
        return f"one of {', '.join(numbers)}{behind}"
    if found.kind == "triangular":
        return f"triangular, {numbers[0]}, {numbers[1]}, {numbers[2]}{behind}"
    middle, width = ("mean", "sd") if found.kind == "normal" else ("median", "sigma")
    spread = numbers[1] if found.kind == "normal" else f"{found.numbers[1]:g}"
    low, high = found.ends
    cut = f"({x}{low:.2g} .. {x}{high:.2g}{behind})"
    return f"{found.kind}, {middle} {numbers[0]}, {width} {spread} {cut}"
