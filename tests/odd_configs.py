"""Odd and faulty configs, made from every shipped experiment and market by accidents of writing; always the same."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tenure.experiments.config.reading import read_with_extends
from tenure.experiments.shipped import EXAMPLES, MARKETS
from tenure.policies.settings.written import Written

Node = Any
"""A scalar, a list of nodes, or a mapping as a list of (key, node), in which a key may stand twice."""
ODD_NAMES = (
    "ж",
    "信用卡",
    "a b",
    "naïve",
    "nobody",
    "gone",
    "x" * 5000,
    "🙂",
    "None",
    "on",
    "0",
    "a.b",
    "-",
    "‮abc",
    "e\u0301",
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 0.5, 1e300, -1e-300, "", "x", "12%", "-5%", "101%", "nan"),
    *("4.000", "1,5", "x0.7", "x0", "x-1", "2027-01", "2027", "2027-01-15", "٣", "1e400", "010", "0x10", "12:30"),
    *("y" * 5000, "{}", "${HOME}", "../../etc", "default", "do_nothing", "otherwise", "balance > 1 and", "risk < 1"),
    *([], [[]], [1], ["x"], ["12%", "3%"], [("a", 1)], [("x", [("y", [])])]),
)
"""What may stand anywhere by mistake; texts are written without quotes, as a user would."""


class _Empty(list[Any]):
    """An empty mapping, told from an empty list."""


class Odd(NamedTuple):
    """An odd config: what it was made from, what was done to it, and its text; of a market, `MARKET_TRY` asks it."""

    source: str
    accident: str
    text: str

    @property
    def is_market(self) -> bool:
        """Whether it is a market rather than an experiment."""
        return self.source.endswith(".market.yaml")


MARKET_TRY = """question: How?
market: odd.market.yaml
months: 2
arms: {nothing: do_nothing, stages: stage_rules}
champion: nothing
"""
"""An experiment in the odd market."""


def sources() -> list[Path]:
    """Return the shipped experiments and markets."""
    return sorted([*EXAMPLES.glob("*.yaml"), *MARKETS.glob("*.market.yaml")])


def unchanged(source: Path) -> Odd:
    """Return a shipped config as it is, written by the same hand as the odd ones."""
    return Odd(source.name, "unchanged", text_of(tree(read_with_extends(source, [EXAMPLES, MARKETS]).data)))


def odd_configs(each: int) -> Iterator[Odd]:
    """Yield so many odd configs of each source; two accidents happen to every third one."""
    for source in sources():
        for number in range(each):
            luck = random.Random(f"{source.name}:{number}")
            root = tree(read_with_extends(source, [EXAMPLES, MARKETS]).data)
            names = []
            for _ in range(2 if number % 3 == 2 else 1):
                accident = luck.choice(ACCIDENTS)
                told = accident(root, luck)
                names.append(f"{accident.__name__.strip('_')} {told}")
            text = text_of(root)
            if number % 8 == 7:
                told, text = misspelt(text, luck)
                names.append(told)
            yield Odd(source.name, " and ".join(names), text)


def misspelt(text: str, luck: random.Random) -> tuple[str, str]:
    """Return what was done to one character of a text, and the text."""
    at = luck.randrange(len(text))
    new = luck.choice(
        [
            "",
            "",
            "\t",
            "\n",
            " ",
            ":",
            ": ",
            "'",
            '"',
            "[",
            "]",
            "{",
            "}",
            ",",
            "#",
            "- ",
            "&",
            "*",
            "|",
            "\x00",
            "\ufeff",
        ]
    )
    return f"'{text[at]!r} to {new!r} at {at}'", text[:at] + new + text[at + luck.choice([0, 1]) :]


def tree(value: Any) -> Node:
    """Return plain data with its mappings as lists of pairs."""
    if isinstance(value, dict):
        return [(key, tree(inner)) for key, inner in value.items()] or _Empty()
    return [tree(inner) for inner in value] if isinstance(value, list) else value


def is_mapping(node: Node) -> bool:
    """Whether a node is a mapping with anything in it."""
    return isinstance(node, list) and bool(node) and all(isinstance(one, tuple) for one in node)


def text_of(node: Node, indent: str = "") -> str:
    """Return a tree as YAML: mappings in lines as far as possible, all below in brackets."""
    if not is_mapping(node) or len(indent) > 20:
        return flow(node) + "\n"
    lines = []
    for key, value in node:
        if is_mapping(value) and len(indent) <= 20:
            lines.append(f"{indent}{scalar(key)}:\n{text_of(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{scalar(key)}: {flow(value)}\n")
    return "".join(lines)


def flow(node: Node) -> str:
    """Return a tree in brackets."""
    if is_mapping(node):
        return "{" + ", ".join(f"{scalar(key)}: {flow(value)}" for key, value in node) + "}"
    if isinstance(node, _Empty):
        return "{}"
    return "[" + ", ".join(map(flow, node)) + "]" if isinstance(node, list) else scalar(node)


def scalar(value: Any) -> str:
    """Return a scalar as a user writes it: without quotes where it can stand so."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Written):
        return value.text
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    special = set(text) & set("{}[],&*#?|<>=!%@`\"':\n") or text.strip() != text or text[:1] in ("", "-", ".")
    is_number = text.rstrip("%").replace(".", "").isdigit()
    return text if is_number or not special else "'" + text.replace("'", "''") + "'"


def places(node: Node) -> Iterator[tuple[list[Any], int]]:
    """Yield every place of a tree: the list that holds it, and where in it."""
    if isinstance(node, list):
        for at, one in enumerate(node):
            yield node, at
            yield from places(one[1] if isinstance(one, tuple) else one)


def value_at(holder: list[Any], at: int) -> Node:
    """Return what stands at a place."""
    one = holder[at]
    return one[1] if isinstance(one, tuple) else one


def put(holder: list[Any], at: int, value: Node) -> None:
    """Put something in a place, below its key if it has one."""
    holder[at] = (holder[at][0], value) if isinstance(holder[at], tuple) else value


def _somewhere(
    root: Node, luck: random.Random, fits: Callable[[Any], bool] = lambda one: True
) -> tuple[list[Any], int]:
    fitting = [place for place in places(root) if fits(place[0][place[1]])]
    return luck.choice(fitting or list(places(root)) or [([None], 0)])


def _rename(root: Node, luck: random.Random) -> str:
    holder, at = _somewhere(root, luck, lambda one: isinstance(one, tuple))
    if not isinstance(holder[at], tuple):
        return "nothing"
    key, value = holder[at]
    letters = list(key)
    luck.shuffle(letters)
    new = luck.choice([key[:-1] or "k", key + "s", key.upper(), "".join(letters), key.replace("_", "-"), *ODD_NAMES])
    holder[at] = (new, value)
    return f"{key} to {new[:20]}"


def _duplicate(root: Node, luck: random.Random) -> str:
    holder, at = _somewhere(root, luck)
    holder.insert(luck.randrange(len(holder) + 1), holder[at])
    return str(holder[0])[:40]


def _retype(root: Node, luck: random.Random) -> str:
    holder, at = _somewhere(root, luck)
    value = luck.choice(ODD_VALUES)
    told = f"{str(holder[at])[:40]} to {str(value)[:20]}"
    put(holder, at, value)
    return told


def _is_number(one: Any) -> bool:
    value = one[1] if isinstance(one, tuple) else one
    text = value.rstrip("%") if isinstance(value, str) else ""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number or text.replace(".", "", 1).replace("-", "", 1).isdigit()


def _times(root: Node, luck: random.Random, factor: float, whole: bool) -> str:
    """Multiply a number; a whole one stays whole if wanted."""
    holder, at = _somewhere(root, luck, _is_number)
    value = value_at(holder, at)
    if isinstance(value, str) and value.endswith("%"):
        put(holder, at, f"{float(value.rstrip('%')) * factor:.12g}%")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        scaled = value * factor
        put(holder, at, int(scaled) if scaled == int(scaled) or (whole and isinstance(value, int)) else scaled)
    return f"{holder[at]!s} by {factor:g}"[:60]


def _scale(root: Node, luck: random.Random) -> str:
    powers = [10.0**power for power in range(-9, 10) if power]
    return _times(root, luck, luck.choice([*powers, 0.0, -1.0]), whole=False)


def _nudge(root: Node, luck: random.Random) -> str:
    return _times(root, luck, luck.choice([0.5, 0.8, 1.25, 2.0, 10.0]), whole=True)


def _empty(root: Node, luck: random.Random) -> str:
    holder, at = _somewhere(root, luck, lambda one: isinstance(one[1] if isinstance(one, tuple) else one, list))
    told = str(holder[at])[:40]
    put(holder, at, luck.choice([[], _Empty()]))
    return told


def _nest(root: Node, luck: random.Random) -> str:
    holder, at = _somewhere(root, luck)
    value = value_at(holder, at)
    for _ in range(luck.choice([1, 1, 2, 8, 30])):
        value = luck.choice([[value], [("inner", value)]])
    put(holder, at, value)
    return str(holder[at])[:40]


def _delete(root: Node, luck: random.Random) -> str:
    holder, at = _somewhere(root, luck)
    return str(holder.pop(at))[:40]


def _swap(root: Node, luck: random.Random) -> str:
    (one, here), (other, there) = _somewhere(root, luck), _somewhere(root, luck)
    first, second = value_at(one, here), value_at(other, there)
    if first is second or _within(one, second) or _within(other, first):
        return "nothing"
    put(one, here, second)
    put(other, there, first)
    return f"{str(first)[:20]} and {str(second)[:20]}"


def _within(holder: list[Any], node: Node) -> bool:
    return node is holder or any(other is holder for other, _ in places(node))


def _repeat(root: Node, luck: random.Random) -> str:
    """Many entries where there was one."""
    holder, at = _somewhere(root, luck)
    one = holder[at]
    more = luck.choice([3, 12, 40, 300])
    copies = [(f"{one[0]}_{k}", one[1]) if isinstance(one, tuple) else one for k in range(more)]
    holder[at:at] = copies
    return f"{str(one)[:40]} {more} times"


ACCIDENTS = (
    *(_rename, _duplicate, _retype, _retype, _scale, _scale, _scale),
    *(_nudge, _nudge, _nudge, _empty, _nest, _delete, _swap, _repeat),
)
