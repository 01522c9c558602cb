"""What the page for a committee says, worked out from results: in the money of the whole book."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from tenure.experiments.analysis.gains import HARM_FROM_EUR
from tenure.experiments.analysis.intervals import Average, average_text
from tenure.experiments.analysis.statistics import Comparison, Verdict
from tenure.experiments.analysis.why.answer import Why, why
from tenure.experiments.analysis.why.parts import NO_TREATMENT, NOT_CUSTOMERS, TREATMENT
from tenure.experiments.report.labels import listed
from tenure.experiments.report.limits import held
from tenure.experiments.report.one_page.inputs import input_counts
from tenure.experiments.report.recordings import QUADRANTS, Recordings, recordings_of
from tenure.experiments.report.sections.funnel import refusals
from tenure.experiments.report.sections.gains import group_sentence, share_of
from tenure.experiments.report.sentences import percent, words
from tenure.experiments.report.tables import Tables, shares_over_time
from tenure.experiments.report.turning.found import varied
from tenure.experiments.report.turning.words import turning_sentences
from tenure.experiments.store.results import Results

DECIDE_ON = "profit_per_customer"
NOT_KNOWN = "Not known"
MILLION = 1e6
SHOWN_PARTS = 3
_FOR_A_READER = {
    NO_TREATMENT: "customers who were treated alike",
    NOT_CUSTOMERS: "people who never were customers, and channels",
}


class Scale(NamedTuple):
    """What one simulated customer stands for, how many customers the whole book has at the start, and its money."""

    customers: float
    people_each: float
    unit: str
    by: float
    """Units of the currency in one `unit`."""

    def book(self, per_customer: float) -> float:
        """Return money of the whole book in `unit`, of money per customer at the start."""
        return per_customer * self.customers / self.by

    def number(self, per_customer: float) -> str:
        """Write it with a plus or a minus, with a decimal where there are few digits; one that rounds to 0 without."""
        text = f"{self.book(per_customer):+z,.{self.decimals}f}"
        return text if text.strip("+-0.,") else text[1:]

    @property
    def decimals(self) -> int:
        """Decimals of money: of millions one is shown."""
        return 1 if self.by > 1.0 else 0

    def text(self, per_customer: Average) -> str:
        """Write an average with its interval."""
        return f"{average_text(per_customer.times(self.book(1.0)), self.decimals, signed=True)} {self.unit}"

    def span(self, low: float, high: float) -> str:
        """Write a range."""
        return f"{self.number(low)} to {self.number(high)} {self.unit}"


class ArmEffect(NamedTuple):
    """One arm beside the champion: in the first scenario, and from the least to the most over all of them."""

    arm: str
    average: Average
    least: float
    most: float
    verdicts: Mapping[str, Verdict]


class StructureRow(NamedTuple):
    """A quadrant's share of customers and of credit balances, in per cent: now, and at the end under two arms."""

    quadrant: str
    now: tuple[float, float]
    champion: tuple[float, float]
    chosen: tuple[float, float]


class OnePage(NamedTuple):
    """All that the page says."""

    name: str
    date: str
    question: str
    answer: str
    use: str
    months: int
    champion: str
    chosen: str
    scale: Scale
    effects: tuple[ArmEffect, ...]
    scenarios: tuple[str, ...]
    structure: tuple[StructureRow, ...]
    limits: tuple[str, ...]
    why: tuple[str, ...]
    who_loses: tuple[str, ...]
    rules: str
    changes: tuple[str, ...]
    trust: tuple[str, ...]
    following: tuple[str, ...]
    rebuild: tuple[str, ...]


def one_page_of(results: Results, today: date) -> OnePage:
    """Return the page of an experiment, over all its scenarios; the first of them is the base case.

    Raises
    ------
    ValueError
        If there is nothing to compare with.
    """
    base = results.under(results.scenarios[0])
    by_scenario = {one: _by_arm(results.under(one)) for one in results.scenarios}
    effects = tuple(_effects(base, by_scenario))
    if not effects:
        raise ValueError(f"{results.folder}: one page compares arms, and there is nothing to compare yet")
    recordings = recordings_of(base)
    scale = _scale(base, effects)
    chosen = max(effects, key=lambda one: one.average.mean)
    reason = why(base, chosen.arm)
    about = base.about
    years = f"{int(about['months']) / 12:g} years"
    return OnePage(
        name=str(about["market"]["us"].get("name") or "us"),
        date=f"{today.day} {today:%B %Y}",
        question=str(about["question"]),
        answer=_answer(chosen, base, scale, years, len(results.scenarios)),
        use=f"To choose among these {len(effects) + 1}. Not a forecast of next year's profit.",
        months=int(about["months"]),
        champion=base.champion,
        chosen=chosen.arm,
        scale=scale,
        effects=effects,
        scenarios=results.scenarios,
        structure=tuple(_structure(recordings, base.champion, chosen.arm)),
        limits=tuple(f"{one.limit.name}: {one.met.verdict}" for one in held(base) if one.arm == chosen.arm),
        why=tuple(_why(reason, scale)),
        who_loses=tuple(_who_loses(recordings, chosen.arm)),
        rules=_rules(recordings, chosen.arm),
        changes=(*_changes(chosen, base.champion), *_turning(results)),
        trust=tuple(_trust(results)),
        following=_following(chosen),
        rebuild=_rebuild(results),
    )


def _by_arm(results: Results) -> dict[str, Comparison]:
    return {one.arm: one for one in results.comparisons() if one.metric == DECIDE_ON}


def _effects(base: Results, by_scenario: Mapping[str, Mapping[str, Comparison]]) -> Iterator[ArmEffect]:
    for arm in base.arms:
        there = {scenario: rows[arm] for scenario, rows in by_scenario.items() if arm in rows}
        if base.scenarios[0] not in there:
            continue
        first = there[base.scenarios[0]]
        ends = [end for one in there.values() for end in (one.low, one.high)]
        verdicts = {scenario: one.verdict for scenario, one in there.items()}
        yield ArmEffect(arm, Average(first.difference, first.low, first.high), min(ends), max(ends), verdicts)


def _scale(results: Results, effects: Sequence[ArmEffect]) -> Scale:
    market = results.about["market"]
    each = float(market["stands_for"] or market["people"]) / float(market["people"])
    rows = results.rows(["customers_by_cell"])
    start = rows[rows["month"] == rows["month"].min()]
    runs = start.groupby(["arm", "replication"], observed=True)["value"].sum()
    customers = float(runs.mean()) * each
    largest = customers * max(abs(end) for one in effects for end in (one.least, one.most))
    unit, by = (f"m {results.currency}", MILLION) if largest >= MILLION / 2 else (results.currency, 1.0)
    return Scale(customers, each, unit, by)


def _answer(chosen: ArmEffect, base: Results, scale: Scale, years: str, scenarios: int) -> str:
    money = scale.text(chosen.average)
    verdict = chosen.verdicts[base.scenarios[0]]
    over = "over these settings alone" if scenarios == 1 else f"over all {scenarios} scenarios and chance"
    spread = f"{scale.span(chosen.least, chosen.most)} {over}"
    if verdict == "better":
        better = sum(one == "better" for one in chosen.verdicts.values())
        more = f", better in {better} of {scenarios} scenarios" if scenarios > 1 else ""
        return f"Replace '{base.champion}' by '{chosen.arm}': {money} over {years} ({spread}{more})."
    if verdict == "worse":
        return (
            f"Keep '{base.champion}': the best of the others, '{chosen.arm}', brings {money} over {years} ({spread})."
        )
    words_of = "makes no difference that matters" if verdict == "equal" else "cannot be told apart from it"
    return f"Keep '{base.champion}' for now: the best of the others, '{chosen.arm}', {words_of}: {money} ({spread})."


def _structure(recordings: Recordings, champion: str, chosen: str) -> Iterator[StructureRow]:
    try:
        tables = [
            shares_over_time(recordings, one, "quadrant") for one in ("customers_by_cell", "credit_balance_by_cell")
        ]
    except ValueError:
        return
    for quadrant in QUADRANTS:
        now, theirs, own = (
            _pair(tables, arm, quadrant, end) for arm, end in ((champion, 0), (champion, -1), (chosen, -1))
        )
        yield StructureRow(quadrant, now, theirs, own)


def _pair(tables: Sequence[Tables], arm: str, quadrant: str, end: int) -> tuple[float, float]:
    shares = []
    for table in tables:
        own = table[arm][quadrant]
        month = min(own.columns) if end == 0 else max(own.columns)
        shares.append(100.0 * float(own[month].mean()))
    return shares[0], shares[1]


def _why(reason: Why, scale: Scale) -> Iterator[str]:
    parts = reason.divisions[TREATMENT]
    order = sorted(parts, key=lambda name: -abs(parts[name].mean))
    for part in [name for name in order if scale.number(parts[name].mean).strip("+-0.,")][:SHOWN_PARTS] or order[:1]:
        yield f"{scale.text(parts[part])}: {_FOR_A_READER.get(part, words(part).replace('_', ' '))}"
    if reason.is_a_trap:
        alone = listed([words(name).replace("_", " ") for name in reason.of_the_champion_alone])
        yield f"Careful: most of it follows from what only {reason.champion} does: {alone}."


def _who_loses(recordings: Recordings, arm: str) -> Iterator[str]:
    if recordings.pairs is None:
        yield f"{NOT_KNOWN}: people were not recorded."
        return
    whole = share_of(recordings, arm, "harmed").mean
    by = {name: share_of(recordings, arm, "harmed", "quadrant", name).mean for name in QUADRANTS}
    known = {name: value for name, value in by.items() if value == value}
    worst = max(known, key=lambda name: known[name], default="")
    most = f"; of the {words(worst)} ones {percent(known[worst])}" if worst else ""
    yield f"{percent(whole)} of customers lose more than {HARM_FROM_EUR:.0f} {recordings.currency}{most}."
    yield group_sentence(recordings)


def _rules(recordings: Recordings, arm: str) -> str:
    try:
        table = refusals(recordings)
    except ValueError:
        return "0 broken."
    if arm not in table.index:
        return "0 broken; nothing was proposed."
    row = table.loc[arm].drop("proposals")
    refused = float(row.sum())
    mostly = f", mostly {words(str(row.idxmax())).replace('_', ' ')}" if refused > 0.0 else ""
    return f"0 broken; {percent(refused)} of proposals refused{mostly}."


def _changes(chosen: ArmEffect, champion: str) -> Iterator[str]:
    if len(chosen.verdicts) > 1:
        for scenario, verdict in chosen.verdicts.items():
            yield f"{scenario}: {chosen.arm} is {_verdict_words(verdict)} {champion}."
    else:
        yield f"Other scenarios: {NOT_KNOWN.lower()}, none was asked for."


def _turning(results: Results) -> Iterator[str]:
    """Yield for which values of what is uncertain the answer turns, and what it leans on; nothing if nothing was."""
    found = varied(results)
    if found is not None:
        yield from (one for one in turning_sentences(found) if one.startswith(("Turns", "The answer leans")))


def _verdict_words(verdict: Verdict) -> str:
    return {"better": "better than", "worse": "worse than", "equal": "as good as", "undecided": "not told apart from"}[
        verdict
    ]


def _trust(results: Results) -> Iterator[str]:
    yield f"Resembles our book: {NOT_KNOWN.lower()}, no book was given to compare with."
    written, published, assumed = input_counts(results.about["market"])
    yield f"Inputs of the market: {written} written for it, {published} as published, {assumed} assumed."
    yield "Outside the model: branch closures, staff behaviour, regulation to come, products not listed."


def _following(chosen: ArmEffect) -> tuple[str, ...]:
    if "undecided" in chosen.verdicts.values():
        return ("More replications would decide what is not told apart: tenure check says how many.",)
    return (f"What a test with customers would add: {NOT_KNOWN.lower()}, none is planned in this experiment.",)


def _rebuild(results: Results) -> tuple[str, ...]:
    about = results.about
    return (
        f"tenure audit {results.folder.name} --rerun 3",
        f"results {results.hash[:12]} · tenure {about['tenure']} · "
        f"sources {about['sources'][:12]} · seed {about['seed']}",
    )
