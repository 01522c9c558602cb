"""The law of names: every script, nothing invisible, no two that look or fold alike, nothing that is taken."""

import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.experiments.config.names import LONGEST, MOST_BYTES, folded, name_fault, same_names

GOOD = [
    "nothing",
    "book 2",
    "a",
    "7",
    "low-risk_1",
    "v1.2",
    "é",
    "e\u0301",
    "Straße",
    "中文名稱",
    "日本語の名前",
    "한국어",
    "हिन्दी",
    "क\u094d\u200dष",
    "می\u200cخواهم",
    "العربية ١٢",
    "Tiếng Việt",
    "ไทย",
    "Ελληνικά",
    "Ω½",
    "concern",
    "com10",
    "x" * 40,
    "名" * 40,
    "\U00020000" * 40,
    "console.log",
    "a..b",
    "葛\U000e0100城",
]
BAD = [
    ("", "empty"),
    (" ", "begins with ' '"),
    ("a ", "ends with ' '"),
    ("a  b", "two blanks"),
    ("a.", "ends with '.'"),
    (".a", "begins with '.'"),
    ("-a", "begins with '-'"),
    ("_a", "begins with '_'"),
    ("..", "begins"),
    ("../../x", "holds '/'"),
    ("/tmp/x", "holds '/'"),
    ("a\\b", "holds '\\'"),
    ("a:b", "holds ':'"),
    ("a\nb", "U+000A"),
    ("a\x00b", "U+0000"),
    ("a\u202eb", "U+202E RIGHT-TO-LEFT OVERRIDE"),
    ("a\u200bb", "U+200B"),
    ("a\ufeff", "U+FEFF"),
    ("a\u00adb", "U+00AD"),
    ("a\u00a0b", "U+00A0"),
    ("a\u3000b", "U+3000"),
    ("a\u200d", "U+200D"),
    ("\u200da", "U+200D"),
    ("a \u200cb", "U+200C"),
    ("1\u200d2", "U+200D"),
    ("\u3164", "U+3164"),
    ("a\u2028b", "U+2028"),
    ("\u0301a", "U+0301"),
    ("a \ufe0f b", "U+FE0F"),
    ("🙂", "U+1F642"),
    ("a\udcff", "U+DCFF"),
    ("x" * 41, "longer"),
    ("\U00020000" * 41, "longer"),
    ("a%b", "holds '%'"),
    ("con", "Windows"),
    ("CON", "Windows"),
    ("Aux.txt", "Windows"),
    ("com1", "Windows"),
    ("COM\u00b9", "Windows"),
    ("lpt0.a.b", "Windows"),
    ("\uff4eul", "Windows"),
    ("runs", "results"),
    ("Starts", "results"),
    ("unused", "results"),
    ("CACHE", "results"),
    ("claims", "results"),
    ("Experiment.JSON", "results"),
    ("report.html", "results"),
    ("r\u200duns", "results"),
]
names = st.text(st.one_of(st.characters(), st.sampled_from("aé_-. \u200c\u200d\u0301ーß")), max_size=50)


@pytest.mark.parametrize("name", GOOD)
def test_these_are_names(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize(("name", "why"), BAD)
def test_these_are_not_and_it_is_said_why(name: str, why: str) -> None:
    fault = name_fault(name)
    assert fault is not None and why in fault


@given(names)
def test_a_name_obeys_the_law_and_a_fault_shows_nothing_unseen(name: str) -> None:
    fault = name_fault(name)
    if fault is not None:
        what, stop, mend = fault.partition(". ")
        assert fault.isascii() and fault.isprintable() and what and stop and mend.endswith(".")
        return
    name = unicodedata.normalize("NFC", name)
    kinds = [unicodedata.category(one)[0] for one in name]
    assert all(kind in "LMN" or one in "_-. \u200c\u200d" for kind, one in zip(kinds, name, strict=True))
    assert kinds[0] in "LN" and name == name.strip() and not name.endswith(".") and "  " not in name
    assert len(name) <= LONGEST and len(name.encode()) <= MOST_BYTES
    assert "/" not in folded(name) and folded(name) not in ("", ".", "..")


@given(names)
def test_names_are_one_whatever_the_case_and_the_code_points(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert folded(unicodedata.normalize(form, name)) == folded(name)
    assert folded(name.casefold()) == folded(name) == folded("\u200d".join(name))
    assert name_fault(unicodedata.normalize("NFD", name)) == name_fault(name)


@given(st.text("abcéxyz中文हि01", min_size=1, max_size=39))
def test_a_lawful_name_is_a_file_name(name: str) -> None:
    if name_fault(name) is None:
        assert Path(name).name == name and Path("a", name).parent == Path("a")


def test_every_character_that_may_stand_is_a_letter_mark_or_digit() -> None:
    may = {chr(n) for n in range(sys.maxunicode + 1) if name_fault(f"a{chr(n)}a") is None}
    plain = {unicodedata.normalize("NFC", one) for one in may} - set("_-. \u200c\u200d")
    assert {unicodedata.category(part)[0] for one in plain for part in one} == {"L", "M", "N"}


def test_the_same_name_twice_is_found_with_the_first() -> None:
    found = same_names(["Book", "other", "bOOK", "Stra\u00dfe", "STRASSE", "e\u0301", "É"])
    assert found == {"bOOK": "Book", "STRASSE": "Straße", "É": "e\u0301"}
