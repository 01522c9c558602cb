"""`tenure explain` and `tenure list` know every word of configs, tables and reports, and say what each means."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from rich.cells import cell_len
from typer.testing import CliRunner

from tenure.agents.belief import NEWS, QUADRANTS, SCOPES
from tenure.agents.declaring import parameters_of
from tenure.agents.ledger import ACCOUNTS
from tenure.agents.offer import KINDS as PRODUCT_KINDS
from tenure.agents.person import CAUSES, STAGES
from tenure.agents.rules.population import Traits
from tenure.agents.rules.rulebook import Rulebook
from tenure.experiments.analysis.gains import COUNTED, HARM_FROM_EUR
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.statistics import SIGNS
from tenure.experiments.commands.app import app
from tenure.experiments.config.advice.stopping import WAYS
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import read_yaml
from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.listing.listing import KINDS, called, entries, explain
from tenure.experiments.listing.spelling import normal
from tenure.experiments.listing.steps import CHANCES
from tenure.experiments.report import sentences
from tenure.experiments.report.figures import drawn
from tenure.experiments.report.figures.figures import FIGURES
from tenure.experiments.report.sections.beliefs import HEADS
from tenure.experiments.report.summary import report_of
from tenure.experiments.shipped import EXAMPLES, MARKETS
from tenure.policies.columns import FIELDS
from tenure.policies.guard.guard import FIRST, LAST, THEN
from tenure.policies.guard.rules import MEASURES, shipped_rules
from tenure.policies.policy import settings_of
from tenure.policies.schemes import RETURN_BANDS, RFM, RISK_GRADES, SCHEMES, TIERS
from tenure.policies.shelf import ALIASES, SHELF
from tenure.policies.shelf.optimal_structure import OBJECTIVES
from tenure.policies.treatments import GROUPS, NUMBERS, catalogue
from tenure.policies.treatments import WORDS as WORDS_OF_TREATMENTS
from tenure.simulation.phases import MONTH
from tenure.simulation.recording.beliefs.groups import PRODUCTS, TENURE_MONTHS
from tenure.simulation.settings.market import MarketSettings
from tests.folders import made_here

ROOT = Path(__file__).parent.parent
EVERY = [entry for kind in (*KINDS, "words of treatments", "settings of policies") for entry in entries(kind)]
GROUPS_OF_RULES = {**{f"rules.{name}": type(group) for name, group in Rulebook()._asdict().items()}, "traits": Traits}
PARAMETERS = {
    f"{prefix}.{name}": declared
    for prefix, group in GROUPS_OF_RULES.items()
    for name, (_, _, declared) in parameters_of(group).items()
}


def fields_below(kind: Any, path: str = "") -> Iterator[str]:
    """Every key that may be written below a settings class, names that a user chooses as `some`."""
    for name, field in kind.model_fields.items():
        here = f"{path}.{field.alias or name}".strip(".")
        yield here
        yield from _inside(field.annotation, here)


def _inside(annotation: Any, path: str) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from fields_below(annotation, path)
        return
    below = f"{path}.some" if get_origin(annotation) is dict else path
    for inner in get_args(annotation):
        yield from _inside(inner, below)


SETTINGS = [*fields_below(ExperimentSettings), *(f"market.{one}" for one in fields_below(MarketSettings))]
DECLARED: dict[str, list[str]] = {
    "settings": SETTINGS,
    "parameters": [*PARAMETERS, *(f"market.{name}" for name in PARAMETERS)],
    "policies": [*SHELF, *ALIASES],
    "settings of policies": [f"{name}.{one}" for name, policy in SHELF.items() for one in settings_of(policy)],
    "treatments": [one.name for one in catalogue({"card": "revolving", "savings": "deposit"})],
    "words of treatments": [*NUMBERS, *WORDS_OF_TREATMENTS, "groups", "extends", *GROUPS],
    "metrics": [text for one in METRICS.values() for text in (one.name, one.label, " ".join(one.headline))],
    "view": [*FIELDS, "segment", "holds_card", "need_mortgage"],
    "reasons": [*FIRST, *THEN, *LAST, *shipped_rules(), "floor of low_risk_low_return in balance", "offer_card"],
    "phases": [phase.name for phase in MONTH],
    "tags": [*QUADRANTS, *STAGES, *SCOPES, *NEWS, *TIERS, *RISK_GRADES, *RETURN_BANDS, *RFM, *SCHEMES],
    "causes, lines, kinds": [*filter(None, CAUSES), *ACCOUNTS, *PRODUCT_KINDS, "closing_value", "profit"],
    "measures and objectives": [*MEASURES, *OBJECTIVES],
    "signs": [text for pair in SIGNS.items() for text in pair] + ["±", "*", "-"],
    "figures": list(FIGURES),
    "words of findings": [text for pair in sentences.WORDS.items() for text in pair],
    "concepts": [
        "market",
        "rivals",
        "scenario",
        "harmed",
        "gains",
        "structure",
        "closing value",
        "champion",
        "arm",
        "replication",
        "paired",
        "pairing",
        "burn-in",
        "warm-up",
        "budget",
        "segment",
        "scheme",
        "oracle",
        "regret",
        "plane",
        "told to go",
        "charged off",
        "profit before closing",
        "lookalike",
        "feedback",
        "purse",
        "take-up",
        "shadow price",
        "migration",
        "quality",
        "funding_cost",
        "stands_for",
        "interval",
        "verdict",
        "month 0",
        "matters_from",
    ],
}


@pytest.mark.parametrize("kind", DECLARED)
def test_every_declared_word_is_known(kind: str) -> None:
    assert DECLARED[kind]
    assert [word for word in DECLARED[kind] if not called(word)] == []


def test_every_entry_says_in_a_sentence_what_it_is() -> None:
    for entry in EVERY:
        said = {*normal(entry.line).split()} - {*normal(entry.name).split()}
        assert len(said) >= 2, entry
        assert entry.line[-1:] in ".?" and entry.line[:1] == entry.line[:1].upper(), entry
        assert all(text.strip() for text in entry.facts.values()), entry


def test_everything_listed_is_found_by_its_whole_name() -> None:
    for entry in EVERY:
        assert entry in called(entry.name), entry.name


NAMED = [entry for entry in EVERY if re.search(r"[a-zA-Z]", entry.name) and not re.search("NAME|<", entry.name)]


@given(st.sampled_from(NAMED), st.data())
def test_case_separators_and_plural_do_not_count(entry: Any, data: st.DataObject) -> None:
    parts = entry.name.split(".") if " " not in entry.name else [entry.name]
    first = data.draw(st.integers(0, len(parts) - 1))
    written = [re.sub(r"[_ -]", lambda _: data.draw(st.sampled_from("_ -")), part) for part in parts[first:]]
    text = ".".join(data.draw(st.sampled_from((part, part.upper(), part.title()))) for part in written)
    if re.search(r"[^\W\d_]{2}[abdefgklmnoprtvw]$", text):
        text += data.draw(st.sampled_from(("", "s")))
    assert entry in called(text), text


@pytest.mark.parametrize("currency", ["GBP", "JPY"])
def test_headings_are_known_in_every_currency(currency: str) -> None:
    for one in METRICS.values():
        told = one.in_currency(currency)
        for text in (told.label, " ".join(told.headline)):
            assert one.name in {entry.name for entry in called(text)}, text
    assert called(f"back per {currency}") and called(f"extra {currency} per customer")


def test_an_ambiguous_word_gets_all_its_meanings() -> None:
    noise = {entry.name: entry.kind for entry in explain("noise")}
    assert noise == {"rules.choice.noise": "parameter", "market.us.information.noise": "setting"}
    budgets = {entry.name for entry in explain("budget_per_month")}
    assert budgets == {
        "budget_per_month",
        "market.guards.budget_per_month",
        "market.us.budget_per_month",
        "market.us.acquisition.NAME.budget_per_month",
    }


def test_a_part_of_a_path_and_names_of_ones_own_are_enough() -> None:
    for word in ("quality", "us.quality", "market.us.quality", "market.rivals.megabank.quality", "us quality"):
        assert [entry.name for entry in explain(word)] == ["market.us.quality"], word
    assert [one.name for one in explain("guards.structure.at_least")] == ["market.us.guards.structure.at_least"]
    assert [one.name for one in explain("arms.best.us.information.noise")] == ["market.us.information.noise"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("loyalty_rewrad", "loyalty_reward"),
        ("market.us.qualty", "market.us.quality"),
        ("harmd", "harmed"),
        ("charge_off", "charge_off_at"),
    ],
)
def test_a_near_miss_is_told(word: str, meant: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"'{word}'")) as told:
        explain(word)
    assert f"'{meant}'" in str(told.value)


def test_of_a_text_its_words_are_explained_and_of_nonsense_nothing() -> None:
    found = {entry.name for entry in explain("most is refused by the contact rule under the champion")}
    assert {"champion", "refused"} <= found
    for nonsense in ("zebra_crossing", "zebra crossing", "", " ", "...", "\x1b[31m"):
        with pytest.raises(ValueError, match="nothing is called"):
            explain(nonsense)


def step_of(name: str) -> str:
    return next(text for label, text in explain(name)[0].facts.items() if label.startswith("a step of"))


def test_a_step_in_log_odds_is_told_for_every_parameter_that_has_them() -> None:
    units = {name: declared.unit for name, declared in PARAMETERS.items()}
    assert sum("log-odds" in unit for unit in units.values()) > 40
    for name, unit in units.items():
        told = [label for label in explain(f"market.{name}")[0].facts if label.startswith("a step of")]
        assert bool(told) == unit.startswith(("log-odds", "utility")) - unit.startswith("log-odds^"), name
    for entry in entries("settings"):
        if entry.facts.get("unit") in ("log-odds", "utility"):
            assert any(label.startswith("a step of") for label in entry.facts), entry.name


def test_steps_are_as_worked_out_by_hand() -> None:
    """Odds e^x are multiplied by e^0.5 = 1.6487, or by e^0.1 = 1.1052 for a tenth of utility."""
    assert "0.86%" in step_of("rules.choice.search") and "1.4%" in step_of("rules.choice.search")  # 1 / (1 + e^4.75)
    assert "0.9%" in step_of("traits.risk_mean") and "1.5%" in step_of("traits.risk_mean")  # 1 / (1 + e^4.7)
    assert "1.0%" in step_of("rules.lifecycle.decline") and "1.6%" in step_of("rules.lifecycle.decline")
    assert "0.25%" in step_of("rules.relationship.opt_out") and "0.41%" in step_of("rules.relationship.opt_out")
    assert "1.105" in step_of("market.us.quality") and "26.9%" in step_of("market.us.quality")
    assert "1.5%" in step_of("market.us.highest_risk") and "2.4%" in step_of("market.us.highest_risk")
    unknown = "turns a probability of 1.0% into 1.6%, of 10.0% into 15.5%, of 50.0% into 62.2%"
    assert step_of("market.us.score_noise") == unknown


OTHERWISE = (
    "response_amount",
    "response_fatigue",
    "leave_per_product",
    "leave_satisfaction",
    "leave_care",
    "learning.leave_idle",
    "noise",
    "price_sensitivity",
)
"""Parameters whose chance does not move by just the step: by a part of it, the other way, or not on the logit scale."""


@pytest.mark.parametrize("name", [name for name in CHANCES if not name.endswith(OTHERWISE)])
def test_a_step_multiplies_the_odds_as_it_must(name: str) -> None:
    told = re.fullmatch(r"turns a \w+ of ([\d.]+)% .* into ([\d.]+)% \(at the defaults\)", step_of(name))
    assert told is not None
    before, after = (float(one) / 100.0 for one in told.groups())
    odds = before / (1.0 - before) * math.exp(0.5)
    assert after == pytest.approx(odds / (1.0 + odds), abs=0.0015)


def test_what_explain_says_how_to_set_can_be_set() -> None:
    """Every default, written as explain writes it, is accepted for the shipped experiment."""
    plain = [
        told.removeprefix("--set ")
        for entry in (*entries("settings"), *entries("parameters"))
        if (told := entry.facts.get("set it", "")).startswith("--set") and "..." not in told and "NAME" not in told
    ]
    assert len(plain) > 150
    for way in WAYS:  # an experiment has one of them
        others = tuple(f"{one}{sign}" for one in WAYS if one != way for sign in ".=")
        load_experiment("quickstart.yaml", [one for one in plain if not one.startswith(others)])


def test_every_key_of_the_shipped_files_is_explained() -> None:
    """The keys of all examples and markets, but for names that their authors chose."""
    chosen = re.compile(r"(arms|scenarios|segments|products|rivals|acquisition|treatments|guards\.rules)\.[^.]+$")
    for path in (*EXAMPLES.glob("*.yaml"), *MARKETS.glob("*.market.yaml")):
        before = "market." if path.name.endswith(".market.yaml") else ""
        for key in keys_below(read_yaml(path).data):
            if not chosen.search(key) and not re.search(r"\b(scenarios|apr|rate|servicing_per_month)\.", key):
                own = re.sub(r"^arms\.[^.]+\.(?!us\b|policy\b)", "", key)
                assert called(before + own) or called(own.rpartition(".")[2]), f"{path.name}: {key}"


def keys_below(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            here = f"{path}.{key}".strip(".")
            yield here
            yield from keys_below(child, here)


class Headings(HTMLParser):
    """Reads what a page calls things: titles of sections, captions, headings of columns and rows, terms."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("h2", "th", "dt", "summary") or (tag == "h3" and ("class", "caption") in attrs):
            self.inside = tag
            self.found.append("")
        elif self.inside and tag == "span":
            self.inside = ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found[-1] += f"{data} "


REPORT = """
question: What is this called?
market: {extends: default, people: 200, stands_for: 200, burn_in_months: 1}
months: 4
warm_up_months: 1
budget_per_month: 100
guards: {structure: [{quadrant: low_risk_low_return, share_of: balance, at_least: 1%}]}
arms:
  nothing: do_nothing
  gifts:   {policy: uniform, treatment: loyalty_reward}
  best:    {policy: optimal_structure, epoch_months: 1, trial_months: 1, floors: {low_risk_low_return: 1%}}
  seer:    {policy: oracle, epoch_months: 1, trial_months: 1}
champion: nothing
replications: 2
metrics: [profit_per_customer, share_harmed, return_on_treatment, growth]
"""


def test_every_heading_of_a_real_report_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "FIGURES", {})  # which have no headings, and take long
    path = tmp_path / "words.yaml"
    path.write_text(REPORT, encoding="utf-8")
    results = made_here(path, tmp_path / "out")
    reader = Headings()
    reader.feed(report_of(results).read_text(encoding="utf-8"))
    said = {re.sub(r"\s+", " ", one).strip().removesuffix("*").strip() for one in reader.found}
    profit = " ".join(METRICS["profit_per_customer"].headline)
    assert {"Who gains and who is harmed", profit, "The structure wanted by arm best"} <= said
    said |= {" ".join(head) for head in HEADS}  # of beliefs, which need a year to be judged
    said |= {*TENURE_MONTHS, *PRODUCTS, *(f"scope {one}" for one in SCOPES)}
    arms = {*results.arms, f"{results.champion} (champion)", "megabank", "fintech"}
    assert [one for one in sorted(said) if one and one not in arms and not called(one)] == []


def test_what_the_glossary_says_of_harm_is_what_is_counted() -> None:
    for word in ("harmed", "gains"):
        assert f"at least {HARM_FROM_EUR:.0f} over the run" in explain(word)[0].line
    assert [one for one in COUNTED if not called(one)] == []


HEAVY = ("numba", "pandas", "scipy", "mesa", "matplotlib", "networkx", "pyarrow", "duckdb")


def test_lists_load_nothing_heavy() -> None:
    code = (
        "import sys\nfrom tenure.experiments.listing.listing import KINDS, entries, kinds\nlist(kinds())\n"
        "for kind in KINDS: list(entries(kind))\n"
        f"print([one for one in {HEAVY} if one in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_a_list_is_as_wide_as_a_terminal_and_shows_every_name(kind: str) -> None:
    result = CliRunner().invoke(app, ["list", kind] if kind else ["list"])
    assert result.exit_code == 0 and max(map(cell_len, result.stdout.splitlines())) <= 110
    named = [one.name for one in entries(kind)] if kind else list(KINDS)
    assert all(re.search(rf"^{re.escape(name)}( |$)", result.stdout, re.MULTILINE) for name in named)


def test_several_words_need_no_quotes_and_json_has_the_same_entries() -> None:
    plain, quoted = (
        CliRunner().invoke(app, ["explain", *words]) for words in (["closing", "value"], ["closing value"])
    )
    assert plain.exit_code == 0 and plain.stdout == quoted.stdout
    told = json.loads(CliRunner().invoke(app, ["explain", "noise", "--json"]).stdout)
    assert [one["name"] for one in told["items"]] == [one.name for one in explain("noise")]
    assert {*told["items"][0]} == {"kind", "name", "line", "facts", "also"}
