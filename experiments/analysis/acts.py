"""What an arm does beside paying for treatments, which is then not the only thing that its extra money did.

A return on money, so much back per unit spent, is a fact of an arm and not of its money where the arm also ends
relationships, changes lines, raises prices, keeps to other guards, or divides the money for channels otherwise. What is
spent on treatment has the income given up by lower posted prices in it, so that these are not something else.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tenure.experiments.store.record_shape import About, MarketRecord
from tenure.policies.treatments import Treatment, catalogue

ACT_MEASURES = ("treatments", "reach")
"""The measures of a run that tell what we did."""
ACT_COLUMNS = ("measure", "institution", "a", "b", "value")
TREATMENT, CHANNEL, PRICES = "treatment ", "channel ", "posted prices"
"""How acts are named: what follows is a treatment, counted, or a channel, with what it cost; and points of prices."""
POSTS, TREATS = "posts other prices", "treats more or fewer"
NEITHER_MORE_NOR_LESS = (POSTS, TREATS)
"""What an arm does otherwise than the champion whichever of the two does more of it."""
AS_MUCH = 0.1
"""Two arms do something as much while it differs by no more than this share of the larger: assumption. Whoever treats
more has other customers later, and so does a little more or less of all else."""
OF_MONEY = {
    "treatment_spend_per_customer": ("budget_per_month",),
    "acquisition_spend_per_customer": ("acquisition", "acquisition_share"),
}
"""What is spent -> what an arm may change of us to spend more of it."""


def acts_of(rows: pa.Table) -> dict[str, float]:
    """Add up what was done in a run, act by act: see `TREATMENT`; `rows` have the columns `ACT_COLUMNS`."""
    own = rows.filter(pc.equal(rows["measure"], "treatments"))
    us = pc.unique(own["institution"])
    sent = own.filter(pc.equal(own["b"], "contacted"))
    posted = own.filter(pc.equal(own["b"], "posted_cut_points"))
    bills = rows.filter(pc.and_(pc.equal(rows["measure"], "reach"), pc.equal(rows["b"], "spend_eur")))
    bills = bills.filter(pc.is_in(bills["institution"], value_set=us))
    found = {TREATMENT + name: value for name, value in _sums(sent)}
    found |= {CHANNEL + name: value for name, value in _sums(bills)}
    points = pc.sum(posted["value"]).as_py()
    return found | ({PRICES: points} if points else {})


def _sums(rows: pa.Table) -> Iterator[tuple[str, float]]:
    sums = rows.group_by("a").aggregate([("value", "sum")]).to_pydict()
    return zip(map(str, sums["a"]), map(float, sums["value_sum"]), strict=True)


def also_does(
    about: About, acts: pd.DataFrame, spends: str = "treatment_spend_per_customer"
) -> dict[str, tuple[str, ...]]:
    """Return what each other arm does otherwise than the champion, beside spending the money in question.

    Parameters
    ----------
    about : mapping
        The experiment's record: champion, arms, market.
    acts : DataFrame
        Columns arm, replication, act, value: what was done in each run, from `acts_of`.
    spends : str
        The metric that is spent, of `OF_MONEY`.

    Returns
    -------
    dict of str to tuple of str
        Arm to what it does, in words: empty if money is the only difference.
    """
    champion = about["champion"]
    kinds = _kinds(about["market"])
    sums = acts.assign(kind=[_kind(str(act), kinds, spends) for act in acts["act"]])
    arms = list(about["arms"])
    runs = acts.groupby("arm", observed=True)["replication"].nunique().reindex(arms).fillna(1)
    by = sums[sums["kind"] != ""].groupby(["arm", "kind"], observed=True)["value"].sum().unstack("kind")
    means = by.reindex(arms).fillna(0.0).div(runs, axis=0)
    found = {}
    for arm, settings in about["arms"].items():
        if arm == champion:
            continue
        one, other = means.loc[arm], means.loc[champion]
        apart = (one - other).abs() > AS_MUCH * np.maximum(one, other)
        changed = _changed(about["arms"][champion].get("us"), settings.get("us"), OF_MONEY[spends])
        does = [_in_words(str(kind), one[kind], other[kind]) for kind in apart.index[apart]]
        found[arm] = tuple(dict.fromkeys([*changed, *sorted(does)]))
    return found


def _in_words(kind: str, arm: float, champion: float) -> str:
    """Say what an arm does that the champion does not, or does more or less often.

    >>> [_in_words("ends relationships", arm, champion) for arm, champion in ((3.0, 0.0), (3.0, 1.0), (0.0, 1.0))]
    ['ends relationships', 'ends relationships more often', 'ends relationships less often']
    """
    if kind.startswith(CHANNEL):
        return "spends otherwise on channels"
    if kind in NEITHER_MORE_NOR_LESS or champion == 0.0:
        return kind
    return f"{kind} {'more' if arm > champion else 'less'} often"


def _changed(base: object, own: object, allowed: tuple[str, ...]) -> list[str]:
    """Return which settings of us an arm has otherwise than the champion, in words."""
    base, own = (one if isinstance(one, Mapping) else {} for one in (base, own))
    keys = [str(key) for key in dict.fromkeys([*base, *own]) if base.get(key) != own.get(key) and key not in allowed]
    return [f"changes us.{key}" for key in keys]


def _kinds(market: MarketRecord) -> dict[str, str]:
    """Return what each treatment of a market does beside costing money, in words; empty if nothing."""
    treatments = {name: one for name, one in market["treatments"].items() if isinstance(one, dict)}
    products = {str(name): str(one["kind"]) for name, one in market["products"].items()}
    return {one.name: beside_cost(one) for one in catalogue(products, treatments)}


def beside_cost(one: Treatment) -> str:
    """Say what a treatment does that is not paid for; empty if it is one that money buys."""
    acts = {
        "ends relationships": one.ends == 1,
        "stops lending": one.stops_lending == 1,
        "lets relationships go": one.lets_go == 1,
        "changes lines": one.line_factor != 1.0,
        "raises prices": one.premium > 0.0,
        f"gives {one.name} at no cost": one.contact_cost == one.reward == one.price_cut == 0.0,
    }
    return next((words for words, does in acts.items() if does), "")


def _kind(act: str, kinds: Mapping[str, str], spends: str) -> str:
    """Return which acts are one kind, in words but for channels; empty if it is what the money in question pays for."""
    for_channels = spends == "acquisition_spend_per_customer"
    if act == PRICES:
        return POSTS if for_channels else ""
    if act.startswith(CHANNEL):
        return "" if for_channels else act
    return kinds.get(act.removeprefix(TREATMENT), "") or (TREATS if for_channels else "")
