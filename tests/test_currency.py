"""Money is named in the market's currency, wherever it is named; nothing else is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from typer.testing import CliRunner

from tenure.experiments.analysis.metrics import METRICS, metrics_in
from tenure.experiments.commands.app import app
from tenure.experiments.report.figures.figures import FIGURES, draw_figure
from tenure.experiments.report.recordings import NotRecordedError, Recordings, recordings_of
from tenure.experiments.store.record import REPORT
from tenure.experiments.store.results import Results, open_results
from tenure.simulation.values.units import parse_currency
from tests.folders import without_workers

CODE = "XTS"
"""The code of ISO 4217 that is kept for tests."""
CONFIG = f"""
question: What is said of money?
market: {{extends: default, currency: {CODE}, people: 300, burn_in_months: 2}}
months: 13
warm_up_months: 1
budget_per_month: 3000
arms:
  nothing: do_nothing
  uniform: {{policy: uniform, treatment: loyalty_reward}}
  ends:    {{policy: uniform, treatment: end}}
  best:
    {{policy: optimal_structure, epoch_months: 2, trial_months: 4, us: {{acquisition_share: 20%}}, purse_step: 10%}}
  seer:    {{policy: oracle, epoch_months: 2, trial_months: 4}}
champion: nothing
replications: 2
metrics: [{", ".join(METRICS)}]
"""
ANOTHER = re.compile(r"\bEUR\b|\beuros?\b|€", re.IGNORECASE)
codes = st.from_regex("[A-Z]{3}", fullmatch=True)


def tenure(*words: object) -> str:
    """Give a command, and return all that it said."""
    result = CliRunner().invoke(app, [str(one) for one in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("currency") / "money.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def ran(config: Path) -> str:
    with without_workers():
        return tenure("run", config, "-o", config.parent / "out", "--workers", 1)


@pytest.fixture(scope="module")
def results(config: Path, ran: str) -> Results:
    return open_results(config.parent / "out")


def recordings_from(results: Results) -> Recordings:
    return recordings_of(results)


def test_run_and_compare_name_the_currency(ran: str, results: Results) -> None:
    for said in (ran, tenure("compare", results.folder)):
        assert not ANOTHER.search(said) and f"Spent on treatment, {CODE} per customer" in said
        assert len(re.findall(CODE, said)) > len([one for one in METRICS.values() if one.is_money])


def test_the_report_names_the_currency(results: Results) -> None:
    page = re.sub(r'src="data:[^"]*"', "", (results.folder / REPORT).read_text(encoding="utf-8"))
    assert not ANOTHER.search(page)
    assert page.count(CODE) > 30


@pytest.mark.parametrize("name", FIGURES)
def test_figures_name_the_currency(name: str, results: Results) -> None:
    try:
        drawing = draw_figure(name, recordings_from(results))
    except NotRecordedError as error:
        assert not ANOTHER.search(str(error))
        return
    texts = [text.get_text() for text in drawing.figure.findobj(Text)]
    assert not ANOTHER.search("\n".join([*texts, drawing.finding, drawing.note]))
    if name in ("effects", "frontier", "profit_and_loss", "risk_return_plane"):
        assert any(CODE in text for text in texts)


def values_of(data: Any) -> list[str]:
    """Return all texts of an answer but its keys, which are the same in every market."""
    if isinstance(data, dict):
        return [text for one in data.values() for text in values_of(one)]
    return [text for one in data for text in values_of(one)] if isinstance(data, list) else [str(data)]


def test_answers_as_json_say_the_currency_beside_money(config: Path, results: Results) -> None:
    person = ("explain", config, "--person", 1, "--months", 3)
    for words in (("compare", results.folder), person):
        told = json.loads(tenure(*words, "--json"))
        assert told["currency"] == CODE and told["version"] == 2
        assert not ANOTHER.search("\n".join(values_of(told)))


def test_one_life_names_the_currency(config: Path) -> None:
    for person in range(1, 6):
        said = tenure("explain", config, "--person", person, "--arm", "uniform")
        assert not ANOTHER.search(said) and f"{CODE} a month" in said and f"{CODE}/year" in said


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "--resolved"),
        *(
            ("check", "--set", one)
            for one in (
                "budget_per_month=-5",
                "market.treatments.loyalty_reward.reward=1e9",
                "market.traits.income_median=0",
                "market.us.servicing_per_month.loan=1e9",
                "arms.best.purse_step=3",
                "arms.best.objective=money",
            )
        ),
    ],
)
def test_what_check_says_names_no_other_currency(words: tuple[str, ...], config: Path) -> None:
    said = tenure(words[0], config, *words[1:])
    assert len(said) > 50 and not ANOTHER.search(said)


@pytest.mark.parametrize(
    "word", ["", "eur", "€", "US$", "Swiss francs", "EURO", "EU", "978", "GBP ", "ＧＢＰ", "ÄÖÜ", "null"]
)
def test_what_is_no_code_is_refused_with_a_mend(word: str, config: Path) -> None:
    said = tenure("check", config, "--set", f"market.currency={word!r}" if word else "market.currency=''")
    assert "currency" in said and "Write three capital letters, such as GBP." in said


@given(codes)
def test_any_three_capitals_are_a_currency(code: str) -> None:
    assert parse_currency(code) == code


@given(codes)
def test_a_metric_in_another_currency_says_the_same_of_that(code: str) -> None:
    for name, metric in metrics_in(code).items():
        declared = METRICS[name]
        assert (metric.is_money, metric.better, metric.decimals) == (
            declared.is_money,
            declared.better,
            declared.decimals,
        )
        assert metric.is_money == (metric.unit == code) and (metric.unit == "%") == (declared.unit == "%")
        for told, was in zip(
            (metric.label, metric.unit, *metric.headline),
            (declared.label, declared.unit, *declared.headline),
            strict=True,
        ):
            assert told.replace(code, "EUR") == was and (code == "EUR" or "EUR" not in told)
