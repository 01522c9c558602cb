"""What was varied between the runs of a folder, as tables: numbers drawn, and factors of each level."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenure.experiments.config.documents import Value
from tenure.experiments.design.point import Over, is_factor, point_of
from tenure.experiments.store.record_shape import About

if TYPE_CHECKING:
    import pandas as pd


def draws_of(about: About) -> "pd.DataFrame":
    """Return what was drawn for each replication, the same in all arms, scenarios and levels.

    Returns
    -------
    pandas.DataFrame
        A row per replication (the index), ``draw``, its number, and a column for each number that is uncertain, as the
        experiment calls it: the number itself, or the factor that multiplied the market's own. No column at all where
        nothing is uncertain.
    """
    import pandas as pd

    from tenure.experiments.design.varied.uncertain import drawn_numbers

    uncertain = {one["name"]: one["laid"] for one in about.get("uncertain", [])}
    times = range(int(about["replications"]))
    index = pd.RangeIndex(len(times), name="replication")
    if not uncertain:
        return pd.DataFrame(index=index)
    overs: dict[int, list[Over]] = {replication: [] for replication in times}
    for point in map(point_of, about["runs"].values()):
        overs[point.replication].append(point.over)
    each = about.get("replications_per_draw", 1)
    rows = [{"draw": number // each, **drawn_numbers(overs[number], uncertain)} for number in times]
    return pd.DataFrame(rows, index, ["draw", *uncertain])


def factors_of(about: About, scenarios: Sequence[str]) -> "pd.DataFrame":
    """Return what is set at each level of each scenario.

    Returns
    -------
    pandas.DataFrame
        A row per scenario and level, by the name that `Results.under` takes (the index, ``scenario``),
        ``base_scenario``, and a column for each factor of the design, as the experiment calls it: numbers; factors that
        multiply the market's own as what they are, if all values of a column are; else what is written. No column at
        all where the experiment has no design.
    """
    import pandas as pd

    told = {name: about["scenarios"].get(name) for name in scenarios}
    index = pd.Index([*told], name="scenario")
    varied = {
        name: {str(factor): value for factor, value in one.get("factors", [])}
        for name, one in told.items()
        if one is not None
    }
    if not any(varied.values()):
        return pd.DataFrame(index=index)
    columns = {factor: [one.get(factor) for one in varied.values()] for one in varied.values() for factor in one}
    base = [one.get("base", "") for one in told.values() if one is not None]
    return pd.DataFrame({"base_scenario": base, **{key: _as_numbers(own) for key, own in columns.items()}}, index)


def _as_numbers(values: Sequence[Value]) -> list[Value]:
    """Return values of a factor as numbers: ``x0.5`` as 0.5 where all multiply."""
    times = [float(one[1:]) if isinstance(one, str) and is_factor(one) else None for one in values]
    return list(values) if None in times else [*times]
