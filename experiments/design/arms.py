"""What holds in a run: a market with the numbers of its point laid over it, and what its arm changes about us."""

from collections.abc import Iterable, Mapping

from tenure.simulation.values.schedule import is_schedule


def laid_over(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Return settings with others over them, section by section; an empty section empties.

    >>> laid_over({"a": {"x": 1, "y": 2}, "b": {"z": 3}}, {"a": {"x": 9}, "b": {}})
    {'a': {'x': 9, 'y': 2}, 'b': {}}
    """
    return {**base, **{key: _over(base.get(key), value) for key, value in over.items()}}


def _over(base: object, value: object) -> object:
    if not isinstance(value, Mapping) or not value or not isinstance(base, Mapping):
        return value
    return value if is_schedule(value) or is_schedule(base) else laid_over(base, value)


def market_with(
    market: Mapping[str, object], over: Iterable[tuple[str, float]], us: Mapping[str, object]
) -> dict[str, object]:
    """Return a market with the numbers of a point laid over it, and what an arm changes about us.

    >>> market_with({"world": {"discount": 0.1}}, [("world.discount", 0.2)], {})
    {'world': {'discount': 0.2}}
    """
    laid: dict[str, object] = dict(market)
    for path, value in over:
        inner: object = value
        for part in reversed(path.split(".")):
            inner = {part: inner}
        laid = laid_over(laid, inner if isinstance(inner, dict) else {})
    return laid_over(laid, {"us": us} if us else {})
