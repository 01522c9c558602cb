"""The report: a page that stands alone, and titles that follow the data."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tenure.experiments.analysis.statistics import Comparison, compare
from tenure.experiments.report.effects import turns_without_closing
from tenure.experiments.report.figures.figures import FIGURES, draw_figure, save_figure
from tenure.experiments.report.figures.style import COLOURS, TITLE_SIZE, WIDTH, wrapped
from tenure.experiments.report.page import report_part, write_page
from tenure.experiments.report.recordings import CAUSES, LINES, QUADRANTS, STAGES, Recordings, read_recordings
from tenure.experiments.report.tables import migration, profit_by_line, shares_over_time, stage_months


def write_report(path: Path, question: str, recordings: Recordings, about: Mapping[str, str]) -> Path:
    """Write the report of an experiment without scenarios."""
    return write_page(path, question, recordings.champion, recordings.arms, [report_part(recordings)], about)


ABOUT = {"configuration": "quickstart.yaml", "seed": "1", "versions": "numpy 2"}


@dataclass(frozen=True)
class Arm:
    """What a made-up arm does to a made-up book; zeros change nothing."""

    favourite: float = 0.0  # rise of the low-risk high-return share, fraction over the run
    stay: float = 0.0  # fall of the monthly chance to leave, fraction of it
    gain: float = 0.0  # EUR of credit loss avoided per customer
    closing: float = 0.0  # EUR of closing value per customer
    spend: float = 0.0  # EUR of treatment per customer
    noise: float = 1.0  # how much of its luck is its own


ARMS = {
    "nothing": Arm(),
    "uniform": Arm(0.004, 0.04, 3.0, -1.0, 11.0),
    "book": Arm(0.04, 0.10, 26.0, 4.0, 12.0),
    "match": Arm(0.002, 0.12, -4.0, 3.0, 30.0),
}


OF_PEOPLE = {"treatment_by_cell"}
"""Figures that pair the people of real runs, see test_report_sections."""
OF_MARKET = {"market_over_time", "who_takes_whom", "cycle_by_cohort"}
"""Figures of all institutions, see test_report_market."""


def made_up_runs(arms: dict[str, Arm], replications: int = 5, months: int = 60, sample: int = 200) -> pd.DataFrame:
    """Long rows of made-up recordings; arms of one replication share their luck but for a little."""
    frames = []
    for r in range(replications):
        for name, arm in arms.items():
            own = np.random.default_rng([r, sum(name.encode())])
            frame = _one_run(arm, np.random.default_rng(r), own, months, sample)
            frames.append(frame.assign(arm=name, replication=r))
    return pd.concat(frames, ignore_index=True)


def _one_run(arm: Arm, luck: np.random.Generator, own: np.random.Generator, months: int, sample: int) -> pd.DataFrame:
    parts: list[pd.DataFrame] = []

    def add(measure: str, month: object, a: object, b: object, value: object) -> None:
        parts.append(
            pd.DataFrame({"measure": measure, "month": month, "institution": "us", "a": a, "b": b, "value": value})
        )

    people, time = 3000.0, np.arange(-1, months)
    shared, noise = luck.normal(size=60), 0.1 * arm.noise * own.normal(size=60)
    drift = (time + 1) / months
    quadrant = np.array([[0.14], [0.52], [0.12], [0.22]]) + np.outer([1.0, -0.6, 0.1, -0.5], drift) * (
        arm.favourite + 0.01 + 0.004 * (shared[0] + noise[0])
    )
    stage = np.array([[0.08], [0.27], [0.5], [0.15]]) + np.outer([-0.2, -0.5, 1.0, -0.3], drift) * (
        0.4 * arm.stay + 0.004 * (shared[1] + noise[1])
    )
    heads = people * (1 + 0.02 * drift)
    for i, s in enumerate(STAGES):
        for j, q in enumerate(QUADRANTS):
            count = heads * stage[i] * quadrant[j]
            add("customers_by_cell", time, s, q, count)
            add("credit_balance_by_cell", time, s, q, count * (1500, 2100, 3800, 3300)[j])
    leave = 0.012 * (1 - arm.stay) * (1 + 0.02 * (shared[2] + noise[2]))
    chances = np.array(
        [
            [0.85, 0.14, 0, 0, 0.01],
            [0, 0.94, 0.05, 0, 0.01],
            [0, 0, 0.975, 0.02, 0.005],
            [0, 0.03, 0, 0.92, 0.05],
        ]
    )
    chances[:, 4] *= leave / 0.012
    for i, s in enumerate(STAGES):
        chances[i, i] += 1.0 - chances[i].sum()
        for j, target in enumerate([*STAGES, "gone"]):
            add("stage_moves", time[1:], s, target, heads[1:] * stage[i][1:] * chances[i, j])
    for share, cause in zip((0.25, 0.4, 0.1, 0.07, 0.17, 0.01), CAUSES, strict=True):
        for year in ("0", "1"):
            add("leavers", time[1:], cause, year, heads[1:] * leave * share / 2)
    years = np.arange(12, months + 1, 12)
    base = np.array(
        [[0.74, 0.1, 0.03, 0.0], [0.05, 0.78, 0.01, 0.03], [0.06, 0.02, 0.63, 0.1], [0.0, 0.08, 0.07, 0.62]]
    )
    base = np.vstack([base, [0.12, 0.5, 0.1, 0.25]])
    base[1, 0] += 0.4 * arm.favourite + 0.002 * (shared[3] + noise[3])
    for i, origin in enumerate([*QUADRANTS, "new"]):
        for j, target in enumerate(QUADRANTS):
            for kind in ("true", "believed"):
                add(f"migration/quadrant/{kind}/heads", years, origin, target, 500 * base[i, j])
        add("migration/quadrant/true/heads", years, origin, "left", 500 * (1 - base[i].sum()))
    for what, count in (("people", 100.0), ("predicted", 3.0), ("happened", 2.0)):
        add(f"reliability_{what}", years, "default_per_year", "2% to 5%", count)
    level = dict(zip(LINES, (780.0, 95.0, 70.0, -210.0, -120.0, 0.0, -25.0, -190.0, 28.0, -55.0), strict=True))
    level["treatment"] -= arm.spend
    level["credit_loss"] += arm.gain
    luck_money = 15 * (shared[4:14] + noise[4:14])
    for k, line in enumerate(LINES):
        add(
            "ledger",
            time[1:],
            line,
            "",
            people * (level[line] + luck_money[k] * (line != "treatment")) / months,
        )
    before = float(sum(level.values()) + luck_money.sum() - luck_money[LINES.index("treatment")])
    closing = 55 + arm.closing + 2 * (shared[20] + noise[20])
    add(
        "closing_value",
        months - 1,
        ["future_margin", "expected_loss"],
        "",
        [people * (closing + 20), -20 * people],
    )
    metrics = {
        "profit_per_customer": before + closing,
        "profit_before_closing_per_customer": before,
        "share_low_risk_high_return": quadrant[0, -1] / quadrant[:, -1].sum(),
        "attrition_per_year": 12 * leave,
        "loss_rate_per_year": 0.039 - arm.gain / 6000 + 0.001 * (shared[21] + noise[21]),
        "treatment_spend_per_customer": arm.spend + 0.02 * arm.spend * shared[22],
        "volatility_of_profit": 4.0 - arm.gain / 20 + 0.05 * shared[23],
    }
    add("metric", months - 1, list(metrics), "", list(metrics.values()))
    for month, tilt in ((-1, 0.0), (months - 1, arm.favourite)):
        z, w = luck.normal(size=sample), luck.normal(size=sample)
        risk, margin = 0.02 * np.exp(1.1 * z - 3 * tilt), 70 + 90 * w + 20 * z + 400 * tilt + 60 * np.exp(w)
        names = [
            f"{'high' if p > 0.04 else 'low'}_risk_{'high' if m > 180 else 'low'}_return"
            for p, m in zip(risk, margin, strict=True)
        ]
        ids = [str(i) for i in range(sample)]
        add("plane_risk", month, ids, names, risk)
        add("plane_return", month, ids, names, margin)
    return pd.concat(parts, ignore_index=True)


def values_of(runs: pd.DataFrame) -> pd.DataFrame:
    """The metrics of made-up runs, which lie among their rows."""
    metrics = runs[runs["measure"] == "metric"].rename(columns={"a": "metric"})
    return metrics[["arm", "replication", "metric", "value"]]


def compared(runs: pd.DataFrame, champion: str = "nothing") -> list[Comparison]:
    return compare(values_of(runs), champion, {"profit_per_customer": 2.0})


def as_read(
    runs: pd.DataFrame, arms: Iterable[str], champion: str = "nothing", comparisons: list[Comparison] | None = None
) -> Recordings:
    said = compared(runs, champion) if comparisons is None else comparisons
    return read_recordings(runs, champion, list(arms), values_of(runs), said)


def recordings_from(arms: dict[str, Arm], **size: int) -> Recordings:
    return as_read(made_up_runs(arms, **size), arms)


class Page(HTMLParser):
    """Collects the links, images and words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "data", "action", "poster")]
        if tag == "img" or ("role", "img") in attrs:
            self.images.append(dict(attrs))
        assert tag not in ("script", "link", "iframe", "object")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Page]:
    runs = made_up_runs(ARMS, sample=60)
    path = tmp_path_factory.mktemp("report") / "report.html"
    question = "Which of <four> ways earns most?"
    assert write_report(path, question, as_read(runs, ARMS), ABOUT) == path
    text = path.read_text(encoding="utf-8")
    parsed = Page()
    parsed.feed(text)
    return text, parsed


def test_page_stands_alone(page: tuple[str, Page]) -> None:
    text, parsed = page
    assert all(re.match("data:|#", link) for link in parsed.links)
    assert not re.search(r"url\((?!#|.data:)|@import|https?://", text)
    names = set(re.findall(r'\bid="([^"]+)"', text))
    assert {name for link in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text) for name in link if name} <= names


def test_every_figure_is_there_and_begins_its_alternative_text_with_its_finding(page: tuple[str, Page]) -> None:
    _, parsed = page
    assert len(parsed.images) == len(set(FIGURES) - OF_PEOPLE - OF_MARKET)
    titles = {word.replace("\u00a0", " ").strip() for word in parsed.words if len(word.strip()) > 30}
    for image in parsed.images:
        alt = image["aria-label"] or ""
        assert any(alt.startswith(title) for title in titles)


def test_page_says_question_verdicts_and_how_it_was_made(page: tuple[str, Page]) -> None:
    words = " ".join(page[1].words)
    assert "Which of <four> ways earns most?" in words
    for text in (
        *ABOUT,
        *ABOUT.values(),
        "paired difference",
        "over 5 replications",
        "▲",
        "nothing",
        "closing value",
    ):
        assert text in words


def test_missing_rows_become_a_remark_not_a_failure(tmp_path: Path) -> None:
    runs = made_up_runs(ARMS, replications=2, months=8, sample=20)
    assert "migration/quadrant/true/heads" not in set(runs["measure"])
    text = write_report(tmp_path / "r.html", "q", as_read(runs, ARMS), {}).read_text()
    assert "no rows of &#39;migration/quadrant/true/heads&#39;" in text
    assert text.count("<svg") == len(set(FIGURES) - OF_PEOPLE - OF_MARKET) - 3  # nothing that takes a year to see


def test_champion_alone_and_one_replication_still_report(tmp_path: Path) -> None:
    for arms in ({"nothing": Arm()}, {"nothing": Arm(), "book": ARMS["book"]}):
        runs = made_up_runs(arms, replications=1, months=24, sample=20)
        text = write_report(tmp_path / "r.html", "q", as_read(runs, arms), {}).read_text()
        assert "nan" not in re.sub(r'"data:[^"]*"', "", text)


def test_faulty_input_says_what_is_wrong() -> None:
    runs = made_up_runs({"nothing": Arm()}, replications=1, months=2, sample=5)
    with pytest.raises(ValueError, match="lack the columns"):
        read_recordings(runs.drop(columns="month"), "nothing", ["nothing"])
    with pytest.raises(ValueError, match="not an arm"):
        read_recordings(runs, "book", ["nothing"])
    with pytest.raises(ValueError, match="no rows of arm 'book'"):
        read_recordings(runs, "nothing", ["nothing", "book"])
    with pytest.raises(KeyError, match="no figure is called"):
        draw_figure("pie", read_recordings(runs, "nothing", ["nothing"]))


RELABEL = {"book": "match", "match": "book", "nothing": "nothing"}


@pytest.fixture(scope="module")
def relabelled() -> tuple[Recordings, Recordings]:
    """Three arms, and the same with the names of two swapped."""
    runs = made_up_runs({arm: ARMS[arm] for arm in RELABEL}, months=24, sample=20)
    swapped = runs.assign(arm=runs["arm"].map(RELABEL))
    first, second = (as_read(part, RELABEL) for part in (runs, swapped))
    return first, second


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in OF_PEOPLE | OF_MARKET])
def test_titles_swap_when_the_arms_swap_their_data(name: str, relabelled: tuple[Recordings, Recordings]) -> None:
    """The furthest arm is named from its rows, not from its place."""
    title, swapped = (draw_figure(name, recordings).finding for recordings in relabelled)
    if name in ("believed_migration", "reliability"):  # of the champion alone
        assert title == swapped
        return
    assert "book" in title or "match" in title
    assert title != swapped
    assert re.sub("book|match", lambda found: RELABEL[found[0]], swapped) == title


def test_wording_follows_a_rise_a_fall_and_no_difference() -> None:
    def title(favourite: float) -> str:
        arms = {"nothing": Arm(noise=0.0), "book": Arm(favourite=favourite, noise=0.3)}
        return draw_figure("composition_by_quadrant", recordings_from(arms, months=24, sample=20)).finding

    start = "Under nothing, low-risk high-return rises from 14.0% to 15.2% of customers"
    for favourite, way in ((0.05, "raises"), (-0.05, "lowers")):
        moved = title(favourite)
        by = re.search(rf"; book {way} it by (\d\.\d+) ± ", moved)
        assert moved.startswith(start) and by is not None and float(by[1]) == pytest.approx(5.0, abs=0.1)
    assert title(0.0).startswith(
        start
    ) and "; no arm differs from the champion enough to show (furthest: book" in title(0.0)


MANY = {f"twelve {n:05}": Arm(gain=3.0 * n, favourite=0.003 * n, spend=2.0 * n) for n in range(13)}


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in OF_PEOPLE | OF_MARKET])
def test_titles_take_two_lines_and_figures_a_sheet_with_thirteen_arms(name: str, many: Recordings) -> None:
    """Names of twelve letters; a sheet of A4 between its margins is 1.45 times as high as it is wide."""
    for drawing in (draw_figure(name, many), draw_figure(name, replace(many, arms=many.arms[:1], comparisons=()))):
        assert len(wrapped(drawing.finding, 0.95 * WIDTH, TITLE_SIZE, bold=True)) <= 2
        assert drawing.figure.get_figheight() + 0.5 <= 1.45 * WIDTH


@pytest.fixture(scope="module")
def many() -> Recordings:
    return as_read(made_up_runs(MANY, replications=3, months=24, sample=20), MANY, next(iter(MANY)))


def test_profit_title_says_less_for_a_worse_arm_and_more_for_a_better_one() -> None:
    better = draw_figure(
        "profit_and_loss", recordings_from({"nothing": Arm(), "x": Arm(gain=40.0)}, months=12, sample=9)
    )
    worse = draw_figure(
        "profit_and_loss", recordings_from({"nothing": Arm(), "x": Arm(gain=-40.0)}, months=12, sample=9)
    )
    assert re.match(r"x earns .* more per customer .* mostly through credit loss \(\+", better.finding)
    assert re.match(r"x earns .* less per customer .* mostly through credit loss \(-", worse.finding)


def test_shares_and_migration_sum_to_one_and_lines_add_up_to_profit() -> None:
    recordings = recordings_from({"nothing": Arm(), "book": ARMS["book"]}, months=24, sample=5)
    metric = recordings.values
    assert metric is not None
    for arm in recordings.arms:
        quadrant = shares_over_time(recordings, "customers_by_cell", "quadrant")[arm]
        assert np.allclose(quadrant.T.groupby(level=1).sum(), 1.0)
        assert np.allclose(migration(recordings)[arm].T.groupby(level=0).sum(), 1.0)
        profit = metric[(metric["arm"] == arm) & (metric["metric"] == "profit_per_customer")].set_index("replication")[
            "value"
        ]
        assert np.allclose(profit_by_line(recordings)[arm].sum(axis=1), profit)


def test_rivals_rows_change_nothing_whatever_we_are_called() -> None:
    runs = made_up_runs({"nothing": Arm(), "book": ARMS["book"]}, months=12, sample=5)
    ours = runs.assign(institution="Northbank")
    rival = runs[runs["measure"].isin(["ledger", "leavers"])].assign(institution="megabank", value=1e6)
    tables = [
        profit_by_line(read_recordings(part, "nothing", ["nothing", "book"], values_of(part)))
        for part in (runs, pd.concat([ours, rival], ignore_index=True))
    ]
    for arm in tables[0]:
        pd.testing.assert_frame_equal(tables[0][arm], tables[1][arm])


def test_longer_stay_lengthens_the_expected_months() -> None:
    months = stage_months(
        recordings_from({"nothing": Arm(noise=0.0), "x": Arm(stay=0.2, noise=0.0)}, months=12, sample=5)
    )
    assert (months["x"].sum(axis=1) > months["nothing"].sum(axis=1)).all()


def test_a_verdict_that_rests_on_the_closing_value_is_marked(tmp_path: Path) -> None:
    arms = {
        "nothing": Arm(noise=0.1),
        "late": Arm(gain=-10.0, closing=30.0, noise=0.1),
        "plain": Arm(gain=20.0, noise=0.1),
    }
    runs = made_up_runs(arms, months=12, sample=5)
    comparisons = compared(runs)
    assert turns_without_closing(comparisons, "late") and not turns_without_closing(comparisons, "plain")
    unsure = [replace(c, verdict="undecided") for c in comparisons]
    assert not turns_without_closing(unsure, "late")
    text = write_report(tmp_path / "r.html", "q", as_read(runs, arms, comparisons=comparisons), {}).read_text()
    assert "late *" in text and "plain *" not in text and "rests on what is expected after the last month" in text


def test_colours_differ_and_a_figure_is_saved_as_png(tmp_path: Path) -> None:
    assert len(set(COLOURS.values())) == len(COLOURS) == len(STAGES) + len(QUADRANTS)
    path = save_figure(
        tmp_path / "f.png", "months_in_stage", recordings_from({"nothing": Arm()}, months=12, sample=5), dpi=60
    )
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
