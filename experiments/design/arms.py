"""What holds in a run: a market with the numbers of its point laid over it, and what its arm changes about us."""

from collections.abc import Mapping

from tenure.experiments.design.point import Over
from tenure.experiments.design.varied.ranges import number_of
from tenure.simulation.values.schedule import is_schedule

_SWITCH = "market.switches."


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


def market_with(market: Mapping[str, object], over: Over, us: Mapping[str, object]) -> dict[str, object]:
    """Return a market with the numbers of a point laid over it, and what an arm changes about us.

    A factor multiplies the market's own value, at all its dates; what is laid over arms has no part in it, nor has the
    number of a switch, behind which stands what it changes.

    >>> market_with({"world": {"discount": 0.1}}, (("market.world.discount", 0.2),), {})
    {'world': {'discount': 0.2}}
    """
    laid: dict[str, object] = dict(market)
    own = [
        (tuple(path.split(".")[1:]), value)
        for path, value in over
        if path.startswith("market.") and not path.startswith(_SWITCH)
    ]
    for at, value in own:
        if not isinstance(value, str):
            laid = laid_over(laid, nested(at, value))
    factors = [(at, value) for at, value in own if isinstance(value, str)]
    if factors:
        from tenure.experiments.config.market_factors import times_own

        laid = times_own(laid, factors)
    return laid_over(laid, {"us": us} if us else {})


def settings_with(
    settings: Mapping[str, object], over: Over, above: str, defaults: Mapping[str, object]
) -> dict[str, object]:
    """Return the settings of an arm with the numbers of a point laid over them.

    Parameters
    ----------
    settings : mapping
        Of its policy, or what it changes about us.
    over : Over
        Of the point.
    above : str
        Path of the settings, such as ``arms.book``.
    defaults : mapping
        What holds where nothing is set, so that a factor can multiply it.

    >>> settings_with({"reward": 30}, (("arms.book.reward", "x0.5"), ("arms.nothing.reward", 1.0)), "arms.book", {})
    {'reward': 15.0}
    """
    laid = dict(settings)
    for path, value in over:
        at = tuple(path.removeprefix(f"{above}.").split("."))
        if path.startswith(f"{above}.") and (at[0] != "us" or above.endswith(".us")):
            laid = laid_over(laid, nested(at, _times(value, {**defaults, **laid}, at)))
    return laid


def nested(at: tuple[str, ...], value: object) -> dict[str, object]:
    """Return a value below its keys, section by section.

    >>> nested(("world", "discount"), 0.2)
    {'world': {'discount': 0.2}}
    """
    for part in reversed(at[1:]):
        value = {part: value}
    return {at[0]: value}


def _times(value: float | str, own: object, at: tuple[str, ...]) -> float:
    if not isinstance(value, str):
        return value
    for part in at:
        own = own.get(part) if isinstance(own, Mapping) else None
    if isinstance(own, str):  # as a user writes a share
        own = float(own.removesuffix("%")) / (100.0 if own.endswith("%") else 1.0)
    if not isinstance(own, int | float):
        raise TypeError(f"'{value}' multiplies {'.'.join(at)}, which is no number")
    return number_of(value) * own
