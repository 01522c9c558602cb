"""Whether a record of a folder is one that this program writes: anybody may have made it, and sealed it, too."""

from collections.abc import Callable, Mapping
from typing import Any

_Test = Callable[[Any], bool]


def misshapen(about: Mapping[str, Any]) -> str:
    """Return the first entry of a record that is not of the kind that this program writes; empty if all are."""
    for key, right in _ENTRIES.items():
        if not right(about.get(key)):
            return f"'{key}'"
    arms, replications = about["arms"], about["replications"]
    if about["champion"] not in arms:
        return "'champion'"
    runs = [tuple(one) for one in about["runs"].values()]
    wanted = len(arms) * replications
    if len(runs) != wanted or set(runs) != {(arm, number) for arm in arms for number in range(replications)}:
        return "'runs'"
    return next(
        (f"'market.{'.'.join(at)}'" for at, right in _MARKET.items() if not right(_at(about["market"], at))), ""
    )


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _policy(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("policy"), str)


def _arms(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(_policy(one) for one in value.values())


def _runs(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, list) and len(one) == 2 and _text(one[0]) and _whole(one[1]) for one in value.values()
    )


def _rivals(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, dict) and _policy(one.get("policy")) and _number(one.get("share")) for one in value.values()
    )


def _own(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and _texts(one.get("policies")) and all(_text(one.get(key)) for key in ("name", "sha256"))
        for one in value
    )


def _config(value: Any) -> bool:
    return isinstance(value, dict) and _text(value.get("name")) and all(
        _text(value.get(key, "")) for key in ("path", "beside")
    )  # fmt: skip


def _written(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("market"), dict)


def _products(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, dict) and _text(one.get("kind")) for one in value.values())


def _at(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


_ENTRIES: dict[str, _Test] = {
    "question": _text, "months": _whole, "warm_up_months": _whole, "replications": _whole, "seed": _whole,
    "arms": _arms, "champion": _text, "metrics": _texts, "oracles": _texts, "runs": _runs, "starts": _texts,
    "market": _mapping, "config": _config, "sets": _texts, "written": _written, "own_policies": _own,
    "depends": _mapping, "tenure": _text, "sources": _text,
}  # fmt: skip
_MARKET: dict[tuple[str, ...], _Test] = {
    ("currency",): _text, ("products",): _products, ("treatments",): _mapping,
    ("us",): _mapping, ("us", "share"): _number,
    ("people",): _whole, ("burn_in_months",): _whole, ("rivals",): _rivals, ("guards", "budget_per_month"): _number,
    ("quadrants", "risk", "split"): _number, ("quadrants", "return", "split"): _number,
}  # fmt: skip
"""Entries of the market that are read from a record without its being checked as a whole."""
