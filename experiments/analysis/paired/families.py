"""Which metrics are judged together, and from which difference on each matters."""

from collections.abc import Mapping, Sequence

from tenure.experiments.analysis.metrics import METRICS


def families_of(shown: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the families of the metrics of an experiment: the one decided on, and all that are shown beside it.

    >>> families_of(["profit_per_customer", "growth", "loss_rate_per_year"])
    (('profit_per_customer',), ('growth', 'loss_rate_per_year'))
    """
    return tuple(tuple(family) for family in (shown[:1], shown[1:]) if family)


def matters_of(about: Mapping[str, object]) -> dict[str, float]:
    """Return the smallest difference that matters of every metric, as stored: that of a record, else the metric's."""
    own = about.get("matters_from")
    return {name: metric.matters_from for name, metric in METRICS.items()} | (own if isinstance(own, dict) else {})
