"""One config over another: what is omitted is inherited, what is empty empties, and the rest merges."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.config.documents import compose
from tenure.experiments.config.reading import Document, Place, Value, apply_sets, overlay

NAMES = st.sampled_from(["a", "b", "c.d"])
DATA: st.SearchStrategy[dict[str, Value]] = st.dictionaries(
    NAMES,
    st.recursive(
        st.one_of(st.integers(-9, 9), st.sampled_from(["x", "12%"])),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
        max_leaves=6,
    ),
    min_size=1,
    max_size=3,
)


def read(text: str, name: str = "a.yaml") -> Document:
    return compose(text, Path(name))


def flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value)


def paths(value: object) -> set[tuple[str | int, ...]]:
    found: set[tuple[str | int, ...]] = {()}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found |= {(key, *path) for path in paths(inner)}
    return found


@settings(max_examples=40, deadline=None)
@given(DATA, DATA)
def test_laws_of_overlay(lower: dict[str, Value], upper: dict[str, Value]) -> None:
    base, over = read(flow(lower), "base.yaml"), read(flow(upper), "over.yaml")
    assert base.data == lower and set(base.positions) == paths(lower)
    merged = overlay(base, over)
    assert overlay(base, base).data == base.data
    assert overlay(merged, over).data == merged.data, "laying it on twice changes nothing"
    assert set(merged.positions) == paths(merged.data), "every value has a place, and no place is stale"
    assert all(merged.place(path) == over.place(path) for path in over.positions)
    assert base.data == lower and over.data == upper, "neither is changed"


def leaves(value: Value, at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Value]:
    """Return path -> value of all that is no mapping, or an empty one."""
    if not isinstance(value, dict) or not value:
        return {at: value}
    return {path: leaf for key, inner in value.items() for path, leaf in leaves(inner, (*at, key)).items()}


@settings(max_examples=300, deadline=None)
@given(DATA, DATA)
def test_what_is_omitted_is_inherited_what_is_empty_empties_and_the_rest_merges(
    lower: dict[str, Value], upper: dict[str, Value]
) -> None:
    merged = leaves(overlay(read(flow(lower), "base.yaml"), read(flow(upper), "over.yaml")).data)
    written = leaves(upper)
    for at, value in written.items():
        assert merged[at] == value, "what is written holds, the empty too"
    for at, value in leaves(lower).items():
        rewritten = any(at[: len(one)] == one or one[: len(at)] == at for one in written)
        assert rewritten or merged[at] == value, "what is not written is inherited"
    assert set(merged) <= {*written, *leaves(lower)}, "nothing else comes into being"


@pytest.mark.parametrize("emptied", ["a: {}", "a: []", "{a: {b: {}}}"])
def test_what_is_emptied_keeps_no_place(emptied: str) -> None:
    merged = overlay(read("a: {b: {c: 1}, d: 2}", "base.yaml"), read(emptied, "over.yaml"))
    assert ("a", "b", "c") not in merged.positions and ("a", "b", "c") not in merged.key_positions
    assert merged.place(("a", "b", "c")).path == "over.yaml"


def test_a_set_empties_what_the_file_has() -> None:
    document = apply_sets(read("a: {b: {c: 1}, d: 2}"), ["a.b={}"])
    assert document.data == {"a": {"b": {}, "d": 2}}


def test_overlay_merges_mappings_and_replaces_lists() -> None:
    base = read("m: {a: 1, b: [1, 2]}\nn: 1", "base.yaml")
    merged = overlay(base, read("m: {b: [3], c: 4}", "over.yaml"))
    assert merged.data == {"m": {"a": 1, "b": [3], "c": 4}, "n": 1}
    assert merged.place(("m", "a")).path == "base.yaml"
    assert merged.place(("m", "b", 0)) == Place("over.yaml", 1, 9)
    assert merged.place(("n",), of_key=True) == Place("base.yaml", 2, 1)
