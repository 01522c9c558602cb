"""The bands that the default market must lie in: published facts beside what came out of the running market.

python -m tenure.experiments.evidence.bands [--replications N]    runs the markets and rewrites docs/bands.md (a minute
or two)
"""

import argparse
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from rich.progress import track

from tenure.agents.person import DECLINE, MATURITY
from tenure.agents.rules.choice import looks_around
from tenure.agents.rules.needs import habit_of_looking
from tenure.experiments.config.market_files import read_market
from tenure.experiments.config.reading import overlay
from tenure.experiments.design.scenario_files import shipped_scenario
from tenure.experiments.evidence.market_facts import FACTS
from tenure.experiments.running.workers import processors
from tenure.experiments.shipped import MARKETS
from tenure.experiments.store.sealing import write_whole
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import MarketSettings, market_from

MONTHS = 120
STEADY_MONTHS = 60
REPLICATIONS = 8
SAMPLED = 5
"""Looking around is asked of one person in so many."""
PAGE = Path(__file__).resolve().parents[2] / "docs" / "bands.md"
CASES = ("default", "steady", "crisis")
"""The shipped market; the same without the moving common factor; the shipped crisis."""


class Progress(Protocol):
    """Passes results on as they come, and may show how many of how many have."""

    def __call__(self, results: Iterable[dict[str, float]], /, *, total: int) -> Iterable[dict[str, float]]:
        """Yield the results."""
        ...


class Band(NamedTuple):
    """One fact and what the market gave: mean and standard deviation over replications."""

    fact: str
    low: float
    high: float
    value: float
    sd: float
    source: str
    measured: str

    @property
    def inside(self) -> bool:
        """Whether the value lies in the range."""
        return bool(self.low <= self.value <= self.high)


def shipped(case: str, people: int | None = None) -> MarketSettings:
    """Return the market of a case, with another number of people if one is given.

    Raises
    ------
    ValueError
        If there is no such case.
    """
    if case not in CASES:
        raise ValueError(f"there is no case {case!r}; there are {', '.join(CASES)}")
    document = read_market(MARKETS / "default.market.yaml")
    data = dict((overlay(document, shipped_scenario(case)) if case == "crisis" else document).data)
    world = data.get("world")
    if case == "steady":
        data["world"] = {**(world if isinstance(world, dict) else {}), "macro_sd": 0}
    return market_from(data if people is None else {**data, "people": people})


def lived(settings: MarketSettings, seed: int, replication: int, months: int = MONTHS) -> pd.DataFrame:
    """Return the recording of a market after its burn-in, every institution following its configured policy."""
    return lived_and_looked(settings, seed, replication, months)[0]


def lived_and_looked(
    settings: MarketSettings, seed: int, replication: int, months: int = MONTHS
) -> tuple[pd.DataFrame, float]:
    """As `lived`; also the share of customers who look around within the last twelve months, which no row has."""
    model = LifecycleModel(settings, seed, replication, first_month=-settings.burn_in_months)
    for _ in range(settings.burn_in_months):
        model.step()
    model.start_recording()
    chances: list[dict[int, float]] = []
    for month in range(months):
        model.step()
        if month >= months - 12:
            chances.append(chances_to_look(model))
    throughout = set(chances[0]).intersection(*chances) if chances else set()
    never = [float(np.prod([1.0 - month[one] for month in chances])) for one in sorted(throughout)]
    return model.recording(), 1.0 - float(np.mean(never)) if never else 0.0


def chances_to_look(model: LifecycleModel) -> dict[int, float]:
    """Return, for a sample of customers by id, the chance to look around this month; the loyal never do."""
    people = model.people[(model.people["provider"] > 0) & (model.people["id"] % SAMPLED == 0)]
    found = {}
    for one in people:
        stage, loyal = int(one["stage"]), one["loyal_to"] == one["provider"]
        found[int(one["id"])] = (
            0.0
            if loyal
            else looks_around(
                habit_of_looking(float(one["search_trait"]), float(one["risk_coming"]), model.rules.needs),
                float(one["satisfaction"]),
                stage == DECLINE,
                stage == MATURITY,
                False,
                bool(one["episode_months"] > 0),
                float(one["reminded"]),
                model.rules.choice,
            )
        )
    return found


def _all_institutions(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    part = table[(table["measure"] == measure) & ~table["institution"].isin(["nobody", "gone"])]
    return part[part["month"] >= 0]


def _rates_per_year(table: pd.DataFrame, leavers: str, stock: str) -> dict[str, float]:
    left = _all_institutions(table, leavers).groupby("b")["value"].sum()
    there = _all_institutions(table, stock).groupby("a")["value"].sum()
    return {str(label): 12.0 * float(left.get(label, 0.0)) / count for label, count in there.items() if count > 0}


def market_figures(table: pd.DataFrame) -> dict[str, float]:
    """Return the figures of all institutions together that bands are about, from one recording.

    Shares of 1; those "a year" are twelve times the sum of a monthly flow over the sum of month-end stocks. A figure
    of customers that the market never had (nobody with four products, say) is not a number.
    """
    nan = float("nan")
    by_tenure = _rates_per_year(table, "leavers", "customers_by_tenure")
    by_products = _rates_per_year(table, "leavers_by_products", "customers_by_products")
    years = [by_tenure[year] for year in (*map(str, range(10)), "10+") if year in by_tenure]
    left = _all_institutions(table, "leavers").groupby("a")["value"].sum()
    customers = float(_all_institutions(table, "customers")["value"].sum())
    ledger = _all_institutions(table, "ledger").groupby("a")["value"].sum()
    credit = float(_all_institutions(table, "credit_balance")["value"].sum())
    late = _all_institutions(table, "past_due_balance").groupby("a")["value"].sum()
    figures = {
        "attrition_per_year": 12.0 * float(left.sum()) / customers,
        "first_year": by_tenure.get("0", nan),
        "later_year_rise": float(max(np.diff(years), default=nan)),
        "ten_years": by_tenure.get("10+", nan),
        "one_product": by_products.get("1", nan),
        "four_products": by_products.get("4+", nan),
        "charge_off_share": float(left.get("charged_off", 0.0) / left.sum()) if len(left) else nan,
        "charge_off": -12.0 * float(ledger.get("credit_loss", 0.0)) / credit if credit else nan,
        "thirty_plus": float(late.reindex(["2", "3", "4", "5+"]).fillna(0.0).sum() / late.sum()) if len(late) else nan,
    }
    figures |= {f"attrition_{cause}": 12.0 * float(count) / customers for cause, count in left.items()}
    return figures | _state_figures(table)


def _state_figures(table: pd.DataFrame) -> dict[str, float]:
    """Change of each institution's customers in the first 60 months, and the state at the last month."""
    rows = table[table["measure"] == "customers"].set_index(["institution", "month"])["value"]
    start, last = int(rows.index.get_level_values("month").min()), int(rows.index.get_level_values("month").max())
    until = min(start + STEADY_MONTHS, last)
    names = [name for name in rows.index.get_level_values("institution").unique() if name not in ("nobody", "gone")]
    figures = {f"change_{name}": float(rows[name, until] / rows[name, start] - 1.0) for name in names}
    now = table[table["month"] == last]
    tenure = now[now["measure"] == "customers_by_tenure"].groupby("a")["value"].sum()
    cells = now[now["measure"] == "customers_by_cell"].groupby("b")["value"].sum()
    figures["long_standing"] = float(tenure.get("10+", 0.0) / tenure.sum())
    return figures | {f"quadrant_{name}": float(count / cells.sum()) for name, count in cells.items()}


def figures_of(job: tuple[str, MarketSettings, int, int, int]) -> dict[str, float]:
    """Return the figures of one replication: (case, market, seed, replication, months)."""
    _, settings, seed, replication, months = job
    table, looked = lived_and_looked(settings, seed, replication, months)
    return {**market_figures(table), "looked": looked}


def bands(
    markets: dict[str, MarketSettings] | None = None,
    replications: int = REPLICATIONS,
    seed: int = 1,
    workers: int | None = None,
    months: int = MONTHS,
    progress: Progress = lambda results, total: results,
) -> list[Band]:
    """Run the markets and return every fact beside what came out.

    Parameters
    ----------
    markets : mapping of case to MarketSettings, optional
        By default the shipped ones; facts about cases that are left out are left out.
    replications, seed : int
        Runs per case, and the key of their luck.
    workers : int, optional
        Processes; by default one per processor.
    months : int
        Months recorded after burn-in.
    progress : callable
        Is given the results as they come, and `total`, their number, and passes them on.
    """
    markets = {case: shipped(case) for case in CASES} if markets is None else markets
    jobs = [(case, one, seed, r, months) for case, one in markets.items() for r in range(replications)]
    with ProcessPoolExecutor(workers or processors(), mp_context=get_context("spawn")) as pool:
        done = list(progress(pool.map(figures_of, jobs), total=len(jobs)))
    figures = pd.DataFrame(done).groupby([job[0] for job in jobs])
    means, sds = figures.mean(), figures.std()
    return [
        Band(
            one.fact,
            one.low,
            one.high,
            float(means.at[one.case, one.figure]),
            float(sds.at[one.case, one.figure]),
            one.source,
            one.measured,
        )
        for one in FACTS
        if one.case in markets and one.figure in means.columns
    ]


def _range(one: Band) -> str:
    if np.isinf(one.low) and np.isinf(one.high):
        return ""
    return f"at most {one.high:.1%}" if np.isinf(one.low) else f"{one.low:.1%} to {one.high:.1%}"


def page(found: Sequence[Band], replications: int, seed: int = 1) -> str:
    """Write the bands as a page of markdown; what lies outside is said first."""
    rows = [one for one in found if _range(one)]
    outside = [one.fact for one in rows if not one.inside]
    told = f"**Outside: {'; '.join(outside)}.**" if outside else f"All {len(rows)} figures lie inside their bands."
    lines = [
        "# The bands of the default market",
        "",
        "<!-- written by python -m tenure.experiments.evidence.bands; do not edit -->",
        "",
        f"What the shipped markets give beside what is published: {replications} replications (seed {seed}), 20,000",
        f"people, {MONTHS} months after the burn-in, all institutions together unless one is named. The mean over",
        "replications is compared with the band; the standard deviation is that of one replication. It is large where",
        "the common factor of credit matters: ten years of one market differ that much from ten of another.",
        "",
        told,
        "",
        "| fact | band | came out | sd | | source | how measured |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        verdict = "" if not _range(one) else "inside" if one.inside else "**OUTSIDE**"
        lines.append(
            f"| {one.fact} | {_range(one) or 'information'} | {one.value:.1%} | {one.sd:.1%} | {verdict} "
            f"| {one.source} | {one.measured} |"
        )
    return "\n".join(lines) + "\n"


def write_page(path: Path, found: Sequence[Band], replications: int = REPLICATIONS, seed: int = 1) -> None:
    """Write `page` to a file."""
    write_whole(path, page(found, replications, seed).encode())


def main(arguments: list[str] | None = None) -> None:
    """Run the shipped markets and rewrite docs/bands.md."""
    parser = argparse.ArgumentParser(prog="python -m tenure.experiments.evidence.bands", description=main.__doc__)
    parser.add_argument("--replications", type=int, default=REPLICATIONS, help=f"runs per case ({REPLICATIONS})")
    chosen = parser.parse_args(arguments).replications
    if chosen < 2:
        parser.error("--replications: at least 2, for a standard deviation")
    found = bands(replications=chosen, progress=lambda results, total: track(results, "runs", total))
    write_page(PAGE, found, chosen)
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
