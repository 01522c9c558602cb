"""The market: who serves how many, what customers pay, what new ones cost, who takes whom, and how long they stay."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average, average_text, number
from tenure.experiments.analysis.market.standing import (
    COSTS,
    PAID,
    RUN,
    acquisition,
    concentration,
    cost_of_new_customers,
    market_shares,
    paid_in_market,
    per_customer_year,
    price_paid,
    products_entered,
)
from tenure.experiments.report.recordings import QUADRANTS, Recordings
from tenure.experiments.report.sections.arms.place import place_tables, poached_per_100, rivals_in
from tenure.experiments.report.sections.cycles import curves_of, cycle_finding, cycle_table
from tenure.experiments.report.sections.section import Section, Table, number_text, share_text
from tenure.experiments.report.sentences import Text, ValueFormat, furthest, money, moved, percent, points, words
from tenure.experiments.report.tables import against_champion, average, average_of, paired

HOW_TO_READ = (
    "All institutions of the market, in the simulated book. Money is not discounted. Customers pay interest, fees and "
    "the margin on their deposits; what an institution keeps is that less funding and servicing, and profit is what "
    "all lines of its ledger leave. Nothing is said of the surplus that customers draw from an offer, which nobody can "
    "observe: the price paid is what stands for it, and it rises, too, where they borrow more. A new customer costs "
    "what was spent on channels over all who joined, however they came; our invitations to people who are not "
    "customers count as treatment. Averages over the years and over replications ± half a 95% interval, each alone."
)


def market_section(recordings: Recordings) -> Section | None:
    """Return the section, None where the market was not recorded."""
    needed = {"customers", "ledger", "joiners", "reach", "flows", "posted_price"}
    if not needed <= set(recordings.market) or len(recordings.institutions) < 1:
        return None
    sentences = [f"{one}." for one in _sentences(recordings)]
    tables = [_institutions(recordings), flows_table(recordings)]
    if "cycle" in recordings.rows:
        curves = curves_of(recordings)
        sentences.append(f"{cycle_finding(recordings, curves)}.")
        tables.append(cycle_table(curves))
    tables += [*_entries(recordings), *_poaching(recordings), *place_tables(recordings), _channels(recordings)]
    tables.append(_prices(recordings))
    return Section("market", "The market", tuple(sentences), tuple(tables), HOW_TO_READ)


def shares_finding(recordings: Recordings) -> str:
    """Say how our share of all customers moved under the champion, and which arm alters it most at the end."""
    shares = market_shares(recordings.of_all("customers"))
    own = {arm: _by_replication(shares[recordings.us].xs(arm, level="arm"), "month") for arm in recordings.arms}
    base = own[recordings.champion]
    said = _moved(base.iloc[:, [0]], base.iloc[:, [-1]], percent)
    differences = against_champion(recordings, {arm: table.iloc[:, -1] for arm, table in own.items()})
    return f"Under {recordings.champion}, the share of all customers who are ours {said}" + _most(differences, points)


def cost_finding(recordings: Recordings) -> str:
    """Say how the cost of a new customer of ours moved over the years under the champion."""
    costs = cost_of_new_customers(recordings.of_all("ledger"), recordings.of_all("joiners"))
    own = _by_replication(costs[recordings.us].xs(recordings.champion, level="arm"), "year").dropna(axis=1)
    text = money(recordings.currency)
    if own.empty or not own.to_numpy().any():
        return f"Under {recordings.champion}, we spend nothing on channels, or nobody joins"
    level = text(float(own.iloc[:, 0].mean()))
    if own.shape[1] == 1:
        return f"Under {recordings.champion}, a new customer costs us {level}"
    said = _moved(own.iloc[:, [0]], own.iloc[:, [-1]], text)
    years = f"between years {own.columns[0]} and {own.columns[-1]}"
    return f"Under {recordings.champion}, {years}, what a new customer costs us {said}"


def paid_finding(recordings: Recordings) -> str:
    """Say what customers of any institution pay under the champion, and which arm alters it most."""
    paid = paid_in_market(recordings.of_all("ledger"), recordings.of_all("customers"))
    means = {arm: paid.xs(arm, level="arm").groupby(level="replication").mean() for arm in recordings.arms}
    text = money(recordings.currency)
    level = float(means[recordings.champion].mean())
    differences = against_champion(recordings, means)
    return f"A customer of any institution pays {text(level)} a year under {recordings.champion}" + _most(
        differences, text
    )


def flows_finding(recordings: Recordings) -> str:
    """Say whom rivals take from us and we take from them, under the champion."""
    per = poached_per_100(recordings, recordings.champion)
    lost, won = per["lost"].sum(axis=1), per["won"].sum(axis=1)
    if not (lost.any() or won.any()):
        return f"Under {recordings.champion}, nobody goes from us to a rival, or comes from one"
    balance = average_of(average((won - lost).to_frame("net")), "net")
    means = [float(one.mean()) for one in (lost, won)]
    verdict = "as many, within chance"
    if balance.beyond_chance:
        verdict = f"{'a gain' if balance.mean > 0.0 else 'a loss'} of {average_text(balance.size, 2)}"
    elif np.isnan(balance.low):
        verdict = "in one replication, so that chance is not known"
    by = per["lost"].mean()
    worst = str(by.idxmax())
    return (
        f"Under {recordings.champion}, rivals take {number(means[0], 2)} of 100 customers of ours a year, most of them "
        f"{words(worst)} ({by[worst] / max(by.sum(), 1e-12):.0%}), and {number(means[1], 2)} come to us from rivals: "
        f"{verdict}"
    )


def _sentences(recordings: Recordings) -> Iterator[str]:
    yield shares_finding(recordings)
    yield paid_finding(recordings)
    yield cost_finding(recordings)
    yield flows_finding(recordings)


def _institutions(recordings: Recordings) -> Table:
    """What every institution has, takes, keeps and pays for new customers, under every arm."""
    ledger, customers, joiners = (recordings.of_all(name) for name in ("ledger", "customers", "joiners"))
    shares = market_shares(customers)
    yearly = {
        "paid": price_paid(ledger, customers),
        "kept": per_customer_year(ledger, customers, (*PAID, *COSTS)),
        "profit": per_customer_year(ledger, customers),
        "joined": per_customer_year(joiners.assign(a=""), customers) * 100.0,
        "cost": cost_of_new_customers(ledger, joiners),
    }
    by_run = {what: table.groupby(level=RUN).mean() for what, table in yearly.items()}
    together, everybody = concentration(shares), paid_in_market(ledger, customers).groupby(level=RUN).mean()
    rows = []
    for arm in recordings.arms:
        for name in recordings.institutions:
            own = _by_replication(shares[name].xs(arm, level="arm"), "month")
            ends = [share_text(_mean(own.iloc[:, place])) for place in (0, -1)]
            cells = [_mean(by_run[what][name].xs(arm, level="arm").dropna()) for what in yearly]
            texts = [
                number_text(cell, 1 if what in ("joined", "cost") else 0)
                for what, cell in zip(yearly, cells, strict=True)
            ]
            rows.append((arm, name, *ends, *texts))
        index = _by_replication(together.xs(arm, level="arm"), "month")
        ends = [number_text(_mean(index.iloc[:, place]), 0) for place in (0, -1)]
        rows.append((arm, "all (HHI)", *ends, number_text(_mean(everybody.xs(arm, level="arm")), 0), *["-"] * 4))
    money_of = recordings.currency
    heads = (
        ("", "arm"),
        ("", "institution"),
        ("share of customers", "at the start, %"),
        ("share of customers", "at the end, %"),
        ("customers pay,", f"{money_of} a year"),
        ("margin kept,", f"{money_of} a year"),
        ("profit,", f"{money_of} a year"),
        ("joined a year", "per 100 customers"),
        ("a new customer", f"costs, {money_of}"),
    )
    note = (
        "Money per customer of the institution. HHI: sum of the squared shares in per cent, 10,000 for one institution "
        "alone and 10,000/n for n equal ones."
    )
    return Table(heads, tuple(rows), "Institutions", note)


def flows_table(recordings: Recordings) -> Table:
    """Return whom rivals take from us, each of them, whom we take, and who comes back, by quadrant and arm."""
    heads = (("", "arm"), ("", "who"), ("", "all"), *(tuple(words(name).split(" ")) for name in QUADRANTS))
    said = {
        "lost": "taken by rivals",
        **{name: f"of these, by {name}" for name in rivals_in(recordings)},
        "won": "taken from rivals",
        "back": "come back, from anywhere",
        "won_back": "won back from rivals",
    }
    rows = []
    for arm in recordings.arms:
        for what, table in poached_per_100(recordings, arm).items():
            whole = _mean(table.sum(axis=1))
            rows.append(
                (arm, said[what], number_text(whole, 2), *(number_text(_mean(table[name]), 2) for name in QUADRANTS))
            )
    note = (
        "Customers a year per 100 of ours. Who goes is counted where they were a month before, who comes where they "
        "are when they have come: with little business yet, a new customer's return is low. Come back: those who had "
        "left us since the run began."
    )
    return Table(heads, tuple(rows), "Who takes whom, by true quadrant with us", note)


def _channels(recordings: Recordings) -> Table:
    """What each channel of each institution brings and costs under the champion, in the first and the last year."""
    reach = recordings.of_all("reach")
    own = acquisition(reach[reach["arm"] == recordings.champion]).droplevel("arm")
    years = sorted({int(year) for year in own.index.get_level_values("year")})
    ends = [years[0], years[-1]] if len(years) > 1 else years
    rows = []
    for name in recordings.institutions:
        there = own.index.get_level_values("institution") == name
        for channel in dict.fromkeys(own.index[there].get_level_values("a")):
            part = own.xs((name, channel), level=("institution", "a"))
            cells = []
            for column, times, decimals in (("response", 1000.0, 1), ("cost", 1.0, 0)):
                wide = _by_replication(part[column] * times, "year")
                cells += [number_text(_mean(wide[year].dropna()), decimals) for year in ends]
            rows.append((name, str(channel), *cells))
    heads = (
        ("", "institution"),
        ("", "channel"),
        *(("joined per 1,000", f"contacts, year {year}") for year in ends),
        *((f"{recordings.currency} per customer", f"who joined, year {year}") for year in ends),
    )
    caption = f"Response to each channel, and what a customer who joined by it cost, under {recordings.champion}"
    note = "Who compares offers of their own accord counts for no channel. - where nobody joined in some year."
    return Table(heads, tuple(rows), caption, note, long=True)


def _prices(recordings: Recordings) -> Table:
    """What every institution posts, in the first and the last month, under every arm."""
    posted = recordings.of_all("posted_price")
    ends = posted[posted["month"].isin([posted["month"].min(), posted["month"].max()])]
    means = ends.groupby(["arm", "institution", "a", "month"], observed=True)["value"].mean().unstack("month")
    products = list(dict.fromkeys(posted["a"]))
    rows = []
    for arm in recordings.arms:
        for name in recordings.institutions:
            cells = [
                " to ".join(dict.fromkeys(_price_text(float(one)) for one in means.loc[(arm, name, product)]))
                if (arm, name, product) in means.index
                else "-"
                for product in products
            ]
            rows.append((arm, name, *cells))
    heads = (("", "arm"), ("", "institution"), *(("", str(product)) for product in products))
    note = (
        "Average over replications, in the first and, where it differs, the last month. Deposits: the rate, negative."
    )
    return Table(heads, tuple(rows), "Posted prices, % a year", note, long=True)


def _price_text(price: float) -> str:
    return "not sold" if np.isnan(price) else number(price, 2)


def _entries(recordings: Recordings) -> Iterator[Table]:
    """Give the products that institutions brought into their offers after the first month, where there are any."""
    posted = recordings.of_all("posted_price")
    entered = products_entered(posted)
    if entered.empty:
        return
    runs = posted.groupby("arm", observed=True)["replication"].nunique()
    rows = []
    for (arm, name, product), own in entered.groupby(["arm", "institution", "product"], observed=True, sort=False):
        months = dict.fromkeys((int(own["month"].min()), int(own["month"].max())))
        rows.append((str(arm), str(name), str(product), " to ".join(map(str, months)), f"{len(own)} of {runs[arm]}"))
    order = {arm: place for place, arm in enumerate(recordings.arms)}
    rows.sort(key=lambda row: order[row[0]])
    heads = (("", "arm"), ("", "institution"), ("", "product"), ("enters in month", "from the start"), ("in", "runs"))
    yield Table(heads, tuple(rows), "Products that enter", "What is sold from the first month on, 0, is not told here.")


def _poaching(recordings: Recordings) -> Iterator[Table]:
    """Give what institutions promised to those who come from another, where any did."""
    if "poaching_offer" not in recordings.market:
        return
    offers, posted = recordings.of_all("poaching_offer"), recordings.of_all("posted_price")
    keys = ["arm", "institution"]
    runs = posted.groupby("arm", observed=True)["replication"].nunique()
    lived = posted["month"].nunique() * runs
    means = offers.groupby([*keys, "a"], observed=True)["value"].mean()
    times = offers[["replication", "month", *keys]].drop_duplicates().groupby(keys, observed=True).size()
    rows = []
    for arm in recordings.arms:
        for name in recordings.institutions:
            if (arm, name) in times.index:
                cells = [_promised(means, (arm, name, part)) for part in ("points", "months", "money")]
                rows.append((arm, name, f"{times[(arm, name)] / lived[arm]:.0%}", *cells))
    heads = (
        ("", "arm"),
        ("", "institution"),
        ("promised,", "% of months"),
        ("off the price,", "points"),
        ("for so many", "months"),
        ("paid once,", recordings.currency),
    )
    note = "To those who come from another institution; averages over the months in which something was promised."
    yield Table(heads, tuple(rows), "What is promised to those who come from another", note)


def _promised(means: "pd.Series[float]", key: tuple[str, str, str]) -> str:
    return number(float(means[key]), 2) if key in means.index else "-"


def _moved(first: pd.DataFrame, last: pd.DataFrame, text: Text, of: str = "") -> str:
    """Say how something moved from one column to another, replications paired."""
    before, after = first.set_axis(["x"], axis=1), last.set_axis(["x"], axis=1)
    change = average_of(paired(before, after), "x")
    return moved(float(before["x"].mean()), float(after["x"].mean()), change.half_width, of, text)


def _most(differences: dict[str, Average], text: ValueFormat) -> str:
    """Say which arm alters something most beyond chance, as the second half of a sentence; nothing if none does."""
    arm = furthest(differences, text)
    if arm is None:
        return ""
    apart = differences[arm]
    return f"; {arm} {'raises' if apart.mean > 0.0 else 'lowers'} it by {text.around(apart.size)}"


def _by_replication(values: "pd.Series[float]", columns: str) -> pd.DataFrame:
    """Return values by replication (rows) and month or year (columns), in order."""
    return values.unstack(columns).sort_index(axis=1)


def _mean(values: "pd.Series[float]") -> Average:
    if not len(values):
        return Average.even(float("nan"), float("nan"))
    return average_of(average(values.to_frame("x")), "x")
