"""Names in figures: told apart in every script, drawn where a font has them, never a word of matplotlib's."""

import logging
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]  # comes without types
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]  # comes without types
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.font_manager import fontManager
from matplotlib.text import Text

from tenure.experiments.config.documents import compose
from tenure.experiments.config.names import looks, market_name_problems, name_problems, same_names
from tenure.experiments.report.figures import names as plots_names
from tenure.experiments.report.figures.figures import FIGURES, draw_figure, save_figure
from tenure.experiments.report.figures.names import MOST_CELLS, Names, key_of, names_in_figures, undrawn_notes
from tenure.experiments.report.figures.rendered.image import image_bytes
from tenure.experiments.report.figures.style import text_width, wrapped
from tenure.experiments.report.recordings import Recordings
from tests.test_report import ABOUT, ARMS, OF_MARKET, OF_PEOPLE, as_read, made_up_runs, write_report
from tests.test_report_market import read, run

SCRIPTS = {
    "Chinese": ("不作为", "统一奖励", "价格跟随"),
    "Arabic and Hebrew": ("لا شيء", "שלום", "العربية ١٢"),
    "Indic and Thai": ("हिन्दी", "ไทย", "தமிழ்"),
    "beyond the first plane": ("\U00020000", "\U00020001", "👩"),
    "Latin, Greek and Cyrillic": ("Straße", "Ελληνικά", "Ничего"),
    "long": tuple(f"retention_offer_high_value_segment_{number:02}" for number in range(3)),
}
FAMILY = "Tenure Test"


@pytest.fixture
def afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that has no fonts but those of matplotlib; what is known of fonts is forgotten, before and after."""
    own = [font for font in fontManager.ttflist if font.name.startswith(("DejaVu Sans", plots_names.NO_LETTERS))]
    monkeypatch.setattr(fontManager, "ttflist", own)
    for known in (names_in_figures, plots_names._letters):
        known.cache_clear()
    yield
    for known in (names_in_figures, plots_names._letters):
        known.cache_clear()


@pytest.fixture
def font(afresh: None, tmp_path: Path) -> str:
    """A font with the Chinese names' letters, each a square, and no bold."""
    letters = sorted(set("".join(SCRIPTS["Chinese"])))
    glyphs = [".notdef", *(f"g{ord(letter):x}" for letter in letters)]
    pen = TTGlyphPen(None)
    for at, place in enumerate(((0, 0), (0, 900), (900, 900), (900, 0))):
        (pen.lineTo if at else pen.moveTo)(place)
    pen.closePath()
    square = pen.glyph()
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder(glyphs)
    made.setupCharacterMap({ord(letter): f"g{ord(letter):x}" for letter in letters})
    made.setupGlyf(dict.fromkeys(glyphs, square))
    made.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    made.setupHorizontalHeader(ascent=900, descent=-100)
    made.setupNameTable({"familyName": FAMILY, "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(tmp_path / "test.ttf")
    fontManager.addfont(tmp_path / "test.ttf")
    return FAMILY


def outcomes_named(arms: tuple[str, ...]) -> Recordings:
    """Made-up arms under other names."""
    runs = three_arms()
    runs = runs.assign(arm=runs["arm"].map(dict(zip(ARMS, arms, strict=False))))
    return as_read(runs, arms, arms[0])


def markets_named(arms: tuple[str, ...]) -> Recordings:
    """A market by hand under arms of these names."""
    return read({(arm, r): run(ours=100.0 + 5.0 * n) for n, arm in enumerate(arms) for r in range(2)})


@cache
def three_arms() -> pd.DataFrame:
    return made_up_runs({arm: ARMS[arm] for arm in list(ARMS)[:3]}, replications=2, months=24, sample=20)


def no_word(caught: list[warnings.WarningMessage], log: pytest.LogCaptureFixture) -> bool:
    return not caught and not [one for one in log.records if one.levelno >= logging.WARNING]


@pytest.mark.parametrize("script", SCRIPTS)
def test_names_of_every_script_are_drawn_apart_without_a_warning(
    script: str, afresh: None, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    arms = SCRIPTS[script]
    recordings = outcomes_named(arms)
    labels = names_in_figures(arms).labels
    assert len(set(labels.values())) == len(arms)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in ("profit_and_loss", "frontier"):
            drawing = draw_figure(name, recordings)
            image_bytes(drawing.figure, "svg")
            texts = " ".join(" ".join(text.get_text().split()) for text in drawing.figure.findobj(Text))
            flat = re.sub(r"\s", "", texts)  # headings are wrapped, within a long name, too
            assert all(re.sub(r"\s", "", label) in flat for label in labels.values())
            for arm, label in names_in_figures(arms).stand_ins.items():
                assert f"{label} is {arm}" in drawing.note  # in the caption, which a browser draws
        save_figure(tmp_path / "f.png", "effects", recordings, dpi=40)
    assert no_word(caught, caplog)


def test_every_figure_of_names_without_a_font_is_silent(afresh: None, caplog: pytest.LogCaptureFixture) -> None:
    arms = SCRIPTS["beyond the first plane"]
    recordings, markets = outcomes_named(arms), markets_named(arms)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in set(FIGURES) - OF_PEOPLE:
            image_bytes(draw_figure(name, markets if name in OF_MARKET else recordings).figure, "png", dpi=30)
    assert no_word(caught, caplog)


def test_a_font_of_the_machine_that_has_the_letters_is_taken(
    font: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    arms = SCRIPTS["Chinese"]
    names = names_in_figures(arms)
    assert names == Names({arm: arm for arm in arms}, {}, ("DejaVu Sans", font))
    assert list(undrawn_notes(arms)) == []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        save_figure(tmp_path / "f.png", "effects", outcomes_named(arms), dpi=40)
    assert no_word(caught, caplog)
    assert names_in_figures(("不作为", "खाता")).stand_ins == {"खाता": "arm 1"}


def test_one_note_says_which_names_cannot_be_drawn_and_what_to_do(afresh: None) -> None:
    arms = ("arm 1", "\U00020000", "plain", "\U00020001")
    assert names_in_figures(arms).stand_ins == {"\U00020000": "arm 2", "\U00020001": "arm 3"}
    (note,) = undrawn_notes(arms)
    assert "arm 2 for \U00020000 and arm 3 for \U00020001" in note and "install a font" in note
    assert key_of(names_in_figures(arms), "profit of arm\n3") == (
        "No font on this machine draws these names: arm 3 is \U00020001."
    )
    assert list(undrawn_notes(("plain", "é"))) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab不作为שע\U00020000_-", min_size=1, max_size=40), min_size=1, max_size=12, unique=True))
def test_no_two_names_are_written_alike_in_a_figure(arms: list[str]) -> None:
    names = names_in_figures(tuple(arms))
    assert len(set(names.labels.values())) == len(arms)
    letters = plots_names._letters("DejaVu Sans")
    for arm, label in names.labels.items():
        assert arm in names.stand_ins or letters.issuperset(arm) or len(names.fonts) > 1
        assert len(label) <= MOST_CELLS


@settings(max_examples=80, deadline=None)
@given(st.text("abcd _-.é(", max_size=90), st.floats(0.6, 4.0), st.booleans())
def test_wrapped_lines_fit_and_hold_all_letters(text: str, inches: float, bold: bool) -> None:
    lines = wrapped(text, inches, 9.5, bold)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(text_width([line], 9.5, bold) <= inches for line in lines if line)


def test_headings_stay_within_their_panels() -> None:
    recordings, markets = outcomes_named(SCRIPTS["long"]), markets_named(SCRIPTS["long"])
    for name in set(FIGURES) - OF_PEOPLE:
        figure = draw_figure(name, markets if name in OF_MARKET else recordings).figure
        for ax in figure.axes:
            box = ax.title if ax.title.get_text() else ax._left_title  # type: ignore[attr-defined]  # where headings are set
            if box.get_text():
                extent = box.get_window_extent()
                assert extent.x1 <= ax.bbox.x1 + 2 and extent.y1 <= figure.bbox.y1 + 2, (name, box.get_text())


def test_a_name_from_right_to_left_does_not_turn_the_sentence_around_it(tmp_path: Path) -> None:
    arms = ("nothing", "שלום")
    runs = made_up_runs({arm: ARMS[arm] for arm in ("nothing", "book")}, replications=2, months=12, sample=5)
    runs["arm"] = runs["arm"].replace({"book": "שלום"})
    question = "האם כדאי?"
    text = write_report(tmp_path / "r.html", question, as_read(runs, arms), ABOUT).read_text("utf-8")
    assert '<html lang="en">' in text and f'<h1 lang="" dir="auto">{question}</h1>' in text
    sentences = re.sub(r"<text\b.*?</text>", "", text)  # a label in a figure is a line of its own
    assert sentences.count("\u2068שלום\u2069") == sentences.count("שלום") > 3
    assert '<th scope="row" dir="auto">\u2068שלום\u2069' in text


LOOK_ALIKE = [
    ("bank", "bаnk"),
    ("COP", "СОР"),
    ("Book", "bооk"),
    ("nothing", "nοthing"),
    ("e\u0301", "é"),
    ("ﬁx", "fix"),
    ("カード", "力ード"),
    ("TEST", "ꓔEST"),
    ("Ёж", "Ëж"),
    ("a", "A"),
    ("ab", "a\u200db"),
]


@pytest.mark.parametrize(("one", "other"), LOOK_ALIKE)
def test_names_that_look_alike_are_one(one: str, other: str) -> None:
    assert same_names([one, "plain", other]) == {other: one} and same_names([other, one]) == {one: other}


@given(st.lists(st.text("aаoоΑAbЬ", min_size=1, max_size=3), min_size=1, max_size=8, unique=True))
def test_what_looks_alike_is_told_with_its_place_and_letter(names: list[str]) -> None:
    """In arms as in the names of a market, whichever comes first."""
    text = "".join(f"  {name}: {number}\n" for number, name in enumerate(names, start=1))
    document = compose(f"arms:\n{text}rivals:\n{text}", Path("x.yaml"))
    alike = [*name_problems(document, "arms", "an arm"), *market_name_problems(document)]
    assert len(alike) == 2 * len(same_names(names))
    for one in alike:
        assert " at x.yaml:" in one.message and ("is the same name as" in one.message or " by U+0" in one.message)


@given(st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_-", min_size=1, max_size=12))
def test_a_plain_name_looks_like_none_but_itself(name: str) -> None:
    assert looks(name) == name.casefold()


def test_different_names_of_one_script_stay_apart() -> None:
    assert same_names(["вклад", "заём", "нет", "Ни", "ничего", "中", "口座", "工程", "ロ"]) == {}


CHINESE = """
question: 奖励老客户是否划算？
market: {extends: default, people: 100, burn_in_months: 1}
months: 2
warm_up_months: 1
budget_per_month: 4000
arms:
  不作为: do_nothing
  统一奖励: {policy: uniform, treatment: loyalty_reward}
champion: 不作为
replications: 2
"""


def test_a_run_with_chinese_names_says_one_note_at_most_and_matplotlib_nothing(tmp_path: Path) -> None:
    (tmp_path / "exp.yaml").write_text(CHINESE, encoding="utf-8")
    words = [sys.executable, "-m", "tenure.experiments.commands.app", "run", "exp.yaml", "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONIOENCODING": "utf-8"}
    drawn = not names_in_figures(("不作为", "统一奖励")).stand_ins
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert not done.stderr and done.stdout.decode().count("no font on this machine") == (not drawn)
    page = (tmp_path / "results" / "exp" / "report.html").read_text(encoding="utf-8")
    assert "奖励老客户是否划算？" in page and ("arm 1 is 不作为" in page) == (not drawn)


def test_outcomes_keep_their_names() -> None:
    """Only what figures write is another name: sentences say the true one."""
    recordings = outcomes_named(SCRIPTS["Chinese"])
    finding = draw_figure("profit_and_loss", replace(recordings, comparisons=())).finding
    assert any(arm in finding for arm in SCRIPTS["Chinese"]) and "arm 1" not in finding
