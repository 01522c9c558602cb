"""Which metrics are judged together, and from which difference on each matters."""

from collections.abc import Mapping, Sequence

from tenure.experiments.analysis.metrics import METRICS


def families_of(shown: Sequence[str], decided: bool = True) -> tuple[tuple[str, ...], ...]:
    """Return the families of the metrics of an experiment: the one decided on, and all that are shown beside it.

    Where the one decided on is not shown, being a user's own whose file is not here, `decided` is false, and all that
    are shown are the others.

    >>> families_of(["profit_per_customer", "growth", "loss_rate_per_year"])
    (('profit_per_customer',), ('growth', 'loss_rate_per_year'))
    """
    first = 1 if decided else 0
    return tuple(tuple(family) for family in (shown[:first], shown[first:]) if family)


def matters_of(about: Mapping[str, object]) -> dict[str, float]:
    """Return the smallest difference that matters of every metric, as stored: that of a record, else the metric's."""
    own = about.get("matters_from")
    return {name: metric.matters_from for name, metric in METRICS.items()} | (own if isinstance(own, dict) else {})
