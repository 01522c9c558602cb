"""Reading configs: places, YAML 1.2, hostile files, extends and --set."""

import json
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.config.documents import compose, plain_scalar
from tenure.experiments.config.reading import (
    ConfigError,
    Document,
    Place,
    Problem,
    Value,
    apply_sets,
    is_there,
    read_with_extends,
    read_yaml,
    suggest,
)
from tenure.policies.settings.written import Written

QUICK = """\
question: Which earns most?   # a comment
months: 60
arms:
  nothing: do_nothing
  book: {policy: rules, rules: [{when: risk > 4%, do: none}]}
champion: nothing
"""


def read(text: str, name: str = "a.yaml") -> Document:
    return compose(text, Path(name))


def problems(text: str | bytes, folder: Path) -> tuple[Problem, ...]:
    file = folder / "hostile.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as error:
        read_yaml(file)
    return error.value.problems


def test_every_key_and_value_has_its_place() -> None:
    document = read(QUICK)
    assert document.data["months"] == 60
    assert document.place(("months",)) == Place("a.yaml", 2, 9)
    assert document.place(("months",), of_key=True) == Place("a.yaml", 2, 1)
    assert document.place(("arms", "nothing"), of_key=True) == Place("a.yaml", 4, 3)
    rule = ("arms", "book", "rules", 0)
    assert document.place((*rule, "when"), of_key=True) == Place("a.yaml", 5, 34)
    assert document.place((*rule, "when")) == Place("a.yaml", 5, 40)
    assert document.place((*rule, "missing")) == document.place(rule)
    assert document.place(("arms", "union-tag", "book")) == document.place(("arms", "book"))
    assert str(document.problem(("champion",), "no such arm", "Mend it.")) == "a.yaml:6:11: no such arm. Mend it."


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("1e-3", 0.001),
        ("-1", -1),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2027-01", "2027-01"),
        ("2027-01-31", "2027-01-31"),
        ("12%", "12%"),
        ("x0.7", "x0.7"),
        ("x0.5 .. x1.5", "x0.5 .. x1.5"),
        ("", None),
        ("~", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("risk > 4% and stage == decline", "risk > 4% and stage == decline"),
    ],
)
def test_scalars_follow_yaml_1_2(written: str, value: Value) -> None:
    found = read(f"key: {written}").data["key"]
    assert found == value and type(found) is (Written if isinstance(value, float) else type(value))
    assert not isinstance(found, Written) or found.text == written


LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 9))

HOSTILE: dict[str, tuple[str | bytes, str, str]] = {
    "empty": ("", "", "empty"),
    "only comments": ("# nothing\n", "", "empty"),
    "only null": ("null\n", "", "empty"),
    "list": ("- a\n- b\n", ":1:1", "not a mapping"),
    "text": ("hello\n", ":1:1", "not a mapping"),
    "latin 1": (b"a: 1\nb: caf\xe9\n", ":2:7", "not UTF-8"),
    "utf 16": ("a: 1".encode("utf-16"), ":1:1", "not UTF-8"),
    "nul": ("a: 1\nb: \0", ":2:4", "control character"),
    "escape": ("a: \x1b[31m", ":1:4", "control character"),
    "escaped escape": ('a: "\\x1b[31m"', ":1:4", "control character"),
    "lone surrogate": ('a: "\\ud800"', ":1:4", "control character"),
    "no such character": ('a: "\\UFFFFFFFF"', "", "cannot be read"),
    "large": ("a: 1\n" + "# x\n" * 300_000, "", "larger than 1 MB"),
    "long line": ("a: " + "!" * 900_000, ":1:10000", "longer than 10000"),
    "tab indent": ("a:\n\tb: 1\n", ":2:1", "tab in the indentation"),
    "tab between": ("a:\t1\n", ":1:3", "tab between"),
    "tab in flow": ("a: [1,\n\t2]\n", ":2:1", "tab in the indentation"),
    "unclosed list": ("a: 1\nb: [1, 2\n", ":2:4", "never closed"),
    "list goes on": ("a: [1, 2\nb: 3\n", ":2:2", "opened in line 1, column 4"),
    "bad indentation": ("a:\n  - 1\n b: 2\n", ":3:2", "Check the indentation"),
    "unclosed quote": ("a: 1\nb: 'x\nc: 2\n", ":2:4", "never closed"),
    "two colons": ("a: b: c\n", ":1:5", "second ': '"),
    "at sign": ("a: @b\n", ":1:4", "cannot begin with this character"),
    "duplicate": ("a: 1\nb: 2\na: 3\n", ":3:1", "first at line 1, column 1"),
    "duplicate in flow": ("x: {a: 1, 'a': 2}\n", ":1:11", "first at line 1, column 5"),
    "python tag": ("a: !!python/object/apply:os.system [ls]\n", ":1:4", "the tag"),
    "own tag": ("a: !mine 1\n", ":1:4", "the tag '!mine'"),
    "binary tag": ("a: !!binary aGk=\n", ":1:4", "the tag"),
    "empty tag": ("a: ! 1\n", ":1:4", "the tag"),
    "tag on a key": ("!x a: 1\n", ":1:1", "the tag"),
    "anchor": ("a: &x 1\n", ":1:4", "the anchor '&x'"),
    "alias": ("a: 1\nb: *x\n", ":2:4", "the alias '*x'"),
    "self alias": ("a: &x [*x]\n", ":1:4", "the anchor"),
    "alias as key": ("*x : 1\n", ":1:1", "the alias"),
    "billion laughs": (LAUGHS, ":1:5", "the anchor"),
    "merge": ("a: {b: 1}\nc: {<<: {b: 2}}\n", ":2:5", "the merge key"),
    "number key": ("a: {1.5: x}\n", ":1:5", "the key '1.5' is not a text"),
    "bool key": ("true: x\n", ":1:1", "the key 'true' is not a text"),
    "null key": ("~: x\n", ":1:1", "the key '~' is not a text"),
    "empty key": (": x\n", ":1:1", "is not a text"),
    "list key": ("? [a]\n: x\n", ":1:3", "is not a text"),
    "infinite": ("a: .inf\n", ":1:4", "not a finite number"),
    "minus infinite": ("a: -.INF\n", ":1:4", "not a finite number"),
    "not a number": ("a: .nan\n", ":1:4", "not a finite number"),
    "overflow": ("a: 1e999\n", ":1:4", "not a finite number"),
    "underflow": ("a: 1e-999\n", ":1:4", "too small to be told from 0. Write 0."),
    "leading zero": ("a: 017\n", ":1:4", "leading zero. Write 17, or put a text in quotes."),
    "leading zeros": ("a: -00.5\n", ":1:4", "leading zero. Write -0.5, or put a text in quotes."),
    "octal": ("a: 0o17\n", ":1:4", "not a decimal number. Write 15, or put a text in quotes."),
    "hexadecimal": ("a: 0x1F\n", ":1:4", "not a decimal number. Write 31, or put a text in quotes."),
    "huge integer": ("a: " + "9" * 5000 + "\n", ":1:4", "not a finite number"),
    "two documents": ("a: 1\n---\nb: 2\n", ":2:1", "second document"),
    "after the end": ("a: 1\n...\nb: 2\n", "", ""),
    "old version": ("%YAML 1.1\n---\na: no\n", ":2:1", "directive"),
    "tag directive": ("%TAG ! tag:x,2000:\n---\na: 1\n", ":2:1", "directive"),
    "deep flow": ("a: " + "[" * 9000, "", "deeper than 20"),
    "deep maps": ("a: " + "{a: " * 2000, "", "deeper than 20"),
    "deep blocks": ("- " * 3000 + "a", "", "deeper than 20"),
    "deep keys": ("? " * 3000 + "a", "", "deeper than 20"),
    # the mapping, its key and the list are three, so item 19,998 in line 19,999 is one too many
    "many": ("a:\n" + "- 1\n" * 30_000, ":19999:3", "more than 20000"),
    "many problems": ("a:\n" + "- *x\n" * 1000, ":2:3", "the alias"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refuses(name: str, tmp_path: Path) -> None:
    text, where, told = HOSTILE[name]
    started = time.perf_counter()
    found = problems(text, tmp_path)
    assert time.perf_counter() - started < 5
    assert told in str(found[0])
    assert f"hostile.yaml{where}" in str(found[0])
    assert 1 <= len(found) <= 50
    for problem in found:
        assert str(problem).isprintable() and problem.mend.endswith((".", "?"))


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    found = problems("a: &x 1\nb: !t 2\na: 3\n1.5: .inf\nc: [1\n", tmp_path)
    assert [problem.line for problem in found] == [1, 2, 3, 4, 4, 5]


def test_accepts_a_byte_order_mark_windows_lines_and_one_marked_document(tmp_path: Path) -> None:
    file = tmp_path / "windows.yaml"
    file.write_bytes(b"\xef\xbb\xbf---\r\na: 1\r\nb: caf\xc3\xa9\r\n")
    document = read_yaml(file)
    assert document.data == {"a": 1, "b": "café"}
    assert document.place(("b",)) == Place(str(file), 3, 4)


def test_depth_20_is_read_and_21_refused() -> None:
    def nested(depth: int) -> str:
        return "a: " + "[" * (depth - 1) + "]" * (depth - 1)

    read(nested(20))
    with pytest.raises(ConfigError):
        read(nested(21))


def test_a_missing_file_names_those_close_to_it(tmp_path: Path) -> None:
    (tmp_path / "retention.yaml").write_text("a: 1")
    with pytest.raises(ConfigError, match=r"no such file\. Did you mean 'retention\.yaml'\?"):
        read_yaml(tmp_path / "retentoin.yaml")
    with pytest.raises(ConfigError, match="There is no YAML file"):
        read_yaml(tmp_path / "nowhere" / "a.yaml")
    with pytest.raises(ConfigError, match="folder"):
        read_yaml(tmp_path)
    for name in ("a\0b", "x" * 5000, "retention.yaml/b.yaml", "/dev/null"):
        with pytest.raises(ConfigError):
            read_yaml(tmp_path / name)


@settings(max_examples=50, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text(alphabet="ab:- \n[]{},'\"&*!|>#%?1.\t", max_size=60)))
def test_any_text_is_a_document_or_a_config_error(text: str) -> None:
    try:
        document = read(text)
    except ConfigError as error:
        assert error.problems
    else:
        assert set(document.key_positions) | {()} <= set(document.positions)


def test_extends_beside_the_file_and_on_a_shelf(tmp_path: Path) -> None:
    shelf, own = tmp_path / "shelf", tmp_path / "own"
    shelf.mkdir()
    own.mkdir()
    (shelf / "quickstart.yaml").write_text(QUICK)
    (own / "quickstart.yaml").write_text("extends: quickstart\nmonths: 36\n")
    (own / "longer.yaml").write_text("extends: ./quickstart.yaml\nseed: 7\n")
    document = read_with_extends(own / "longer.yaml", [shelf])
    assert document.data == {**read(QUICK).data, "months": 36, "seed": 7}
    assert document.place(("months",)) == Place(str(own / "quickstart.yaml"), 2, 9)
    assert document.place(("champion",)).path == str(shelf / "quickstart.yaml")
    assert [file.name for file in document.files] == ["longer.yaml", "quickstart.yaml", "quickstart.yaml"]


@pytest.mark.parametrize(
    ("extends", "told"),
    [
        ("itself.yaml", "extends itself: itself.yaml -> itself.yaml"),
        ("othr.yaml", "Did you mean 'other.yaml'?"),
        ("other.yaml", "extends itself: itself.yaml -> other.yaml -> itself.yaml"),
        ("../quickstart.yaml", "there is no file"),
        ("[a, b]", "names no file"),
        ("3", "names no file"),
        ("''", "names no file"),
        ("sub", "there is no file"),
    ],
)
def test_extends_refuses(extends: str, told: str, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "sub").mkdir(parents=True)
    (own / "itself.yaml").write_text(f"months: 1\nextends: {extends}\n")
    (own / "other.yaml").write_text("extends: itself.yaml\n")
    with pytest.raises(ConfigError) as error:
        read_with_extends(own / "itself.yaml", [tmp_path / "shelf"])
    assert told in str(error.value) and "yaml:" in str(error.value)


def test_a_chain_of_files_has_a_limit(tmp_path: Path) -> None:
    (tmp_path / "0.yaml").write_text("a: 1\n")
    for number in range(1, 11):
        (tmp_path / f"{number}.yaml").write_text(f"extends: {number - 1}.yaml\n")
    assert read_with_extends(tmp_path / "9.yaml").data == {"a": 1}
    with pytest.raises(ConfigError, match="more than 10 files"):
        read_with_extends(tmp_path / "10.yaml")


def test_sets_reach_mappings_lists_and_keys_with_dots() -> None:
    document = read("uncertain: {care.effect: 1}\nstructure: [{at_least: 1%}, {at_least: 2%}]\nguards:\n")
    sets = ["uncertain.care.effect=x0.5", "structure.1.at_least=35%", "guards.price_ceiling=24.9%"]
    sets += ["new.deep.key=[a, 2]", "months=36", "months=48", "when=risk > 4% # and = more", "seed = 1e3"]
    changed = apply_sets(document, sets)
    assert changed.data == {
        "uncertain": {"care.effect": "x0.5"},
        "structure": [{"at_least": "1%"}, {"at_least": "35%"}],
        "guards": {"price_ceiling": "24.9%"},
        "new": {"deep": {"key": ["a", 2]}},
        "months": 48,
        "when": "risk > 4% # and = more",
        "seed": 1000.0,
    }
    assert document.data["guards"] is None, "the document itself is not changed"
    assert str(changed.problem(("new", "deep", "key", 1), "wrong", "Mend.")) == "--set new.deep.key: wrong. Mend."
    assert changed.place(("structure", 0, "at_least")) == document.place(("structure", 0, "at_least"))
    assert changed.place(("structure", 1, "at_least")).path == "--set structure.1.at_least"


def test_sets_report_all_that_is_wrong() -> None:
    bad = ["months", "=3", "months=", "a..b=1", "months.x=1", "list.2=1", "list.x=1", "list.-1=1", "inf=.inf"]
    bad += ["q='open", "tag=[!x 1]", "esc=\x1b[1m", "\x1b[1m=1=", "\x1b[1m", ".".join("a" * 30) + "=1"]
    with pytest.raises(ConfigError) as error:
        apply_sets(read("months: 3\nlist: [1, 2]"), bad)
    assert len(error.value.problems) == len(bad)
    assert all(str(problem).isprintable() and str(problem).startswith("--set ") for problem in error.value.problems)


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30), st.sampled_from(["NFC", "NFD"])
)
def test_a_text_is_one_however_it_is_spelled(text: str, form: str) -> None:
    written = json.dumps(unicodedata.normalize(form, text), ensure_ascii=len(text) % 2 == 0)
    try:
        data = read(f"{written}: {written}\n").data
    except ConfigError:
        return  # an empty key, or one that steers a terminal
    assert data == {unicodedata.normalize("NFC", text): unicodedata.normalize("NFC", text)}


@given(st.text(min_size=1, max_size=300))
def test_any_name_of_a_file_is_read_or_a_config_error(name: str) -> None:
    assert is_there(Path(name)) in (True, False)
    try:
        read_yaml(Path("nowhere") / name)
    except ConfigError as error:
        assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in str(error))


def test_a_document_without_places_tells_its_file() -> None:
    bare = Document(Path("a.json"), {"months": 1}, {}, {}, ())
    assert str(bare.problem(("months",), "it is one", "Write two.", of_key=True)) == "a.json: it is one. Write two."


def test_a_plain_scalar_on_its_own() -> None:
    here = Place("--set a", 0, 0)
    assert plain_scalar("*x", here) == "*x", "outside a document nothing is an alias"
    with pytest.raises(ConfigError, match=r"--set a: '\.nan' is not a finite number"):
        plain_scalar(".nan", here)


def test_suggest() -> None:
    assert suggest("quadrnt", ["quadrant", "stage"]) == "Did you mean 'quadrant'?"
    assert suggest("zzz", ["b", "a"]) == "Known: a, b."
    assert suggest("zzz", [str(n) for n in range(100, 120)]).endswith("111 and 8 more.")
