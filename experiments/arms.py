"""What holds for us in an arm: the market's settings of us, with what the arm changes laid over them."""

from collections.abc import Mapping
from typing import Any


def laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with others over them, section by section; an empty section empties.

    >>> laid_over({"a": {"x": 1, "y": 2}, "b": {"z": 3}}, {"a": {"x": 9}, "b": {}})
    {'a': {'x': 9, 'y': 2}, 'b': {}}
    """
    return {**base, **{key: _over(base.get(key), value) for key, value in over.items()}}


def _over(base: Any, value: Any) -> Any:
    return laid_over(base, value) if isinstance(value, Mapping) and value and isinstance(base, Mapping) else value
