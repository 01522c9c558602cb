"""When the verdict turns over what nobody knows, in a rule that is checked on points that it has not seen."""

from typing import Literal, NamedTuple

import numpy as np

from tenure.experiments.analysis.turning.answers import Answers, answers_of, chance_of
from tenure.experiments.analysis.turning.box import Purity, box_where, purity
from tenure.experiments.analysis.turning.held_out import NO_LEAD, Check, checked, held_out, share_interval
from tenure.experiments.analysis.turning.points import BoolArray, VariedPoints
from tenure.experiments.analysis.turning.regions import Region
from tenure.experiments.analysis.turning.tree import readable_rule

LEAST_POINTS = 30
"""Points from which a rule is looked for: with fewer, three fifths to learn from and two to check it decide nothing."""
Found = Literal["always", "too few", "nothing", "unconfirmed", "rule"]


class TurningLeaf(NamedTuple):
    """Where another answer than the usual one holds: `share` of all points lie there."""

    region: Region
    answer: str
    share: float


class TurningBox(NamedTuple):
    """A box in which the verdict turns, and how well it does where it was learnt and where it was not."""

    region: Region
    share: float
    learnt: Purity
    held: Purity
    base: float
    """Share of the held-out points that turn, inside and outside."""

    @property
    def holds(self) -> bool:
        """Whether, beyond chance, more of the held-out points in the box turn than of all of them."""
        return share_interval(self.held.both, self.held.inside)[0] > self.base


class Turning(NamedTuple):
    """When the verdict turns.

    Attributes
    ----------
    champion : str
        The arm that the others are compared with.
    arms : tuple of str
        The others that were asked about.
    usual : str
        The arm that is best on average over the points; the champion if none is better by what matters.
    shares : tuple of (str, float)
        Each arm that is best somewhere, and at what share of points it is, luck included; the usual one first.
    points, told : int
        Points, and those whose answer is told from chance.
    chance_by : str
        What says how far luck moves a point, see `LuckSpread`; empty if nothing does.
    found : {'always', 'too few', 'nothing', 'unconfirmed', 'rule'}
        The usual answer holds at all points; there are too few points; no rule is better than the usual answer where
        it was checked; one is, but not beyond chance; one is.
    leaves : tuple of TurningLeaf
        Where the rule gives another answer.
    learnt_from : int
        Points that it was learnt from; the others were held out.
    check : Check
        Of the rule, on points held out.
    box : TurningBox or None
        Where it turns, whatever the other answer.
    """

    champion: str
    arms: tuple[str, ...]
    usual: str
    shares: tuple[tuple[str, float], ...]
    points: int
    told: int
    chance_by: str
    found: Found
    leaves: tuple[TurningLeaf, ...] = ()
    learnt_from: int = 0
    check: Check = Check(0, 0, 0, 0, NO_LEAD)
    box: TurningBox | None = None


def turning(points: VariedPoints, champion: str, matters: float = 0.0) -> Turning:
    """Say when the verdict turns.

    Parameters
    ----------
    points : VariedPoints
        Rows, not yet averaged.
    champion : str
        The arm that the others are compared with.
    matters : float
        The smallest difference from the champion that matters, as stored.
    """
    chance = chance_of(points)
    each = points.at_points()
    answers = answers_of(each, champion, matters, chance)
    usual = answers.usual()
    share = {name: float((answers.best == name).mean()) for name in sorted(set(answers.best.tolist()))}
    shares = sorted(share.items(), key=lambda one: (one[0] != usual, -one[1]))
    known_by = "" if chance is None else chance.known_by
    common = Turning(
        champion,
        points.arms,
        usual,
        tuple(shares),
        each.n,
        int(answers.told.sum()),
        known_by,
        _quick(each, answers, usual),
    )
    return common if common.found in ("always", "too few") else _with_rule(common, each, answers)


def _quick(each: VariedPoints, answers: Answers, usual: str) -> Found:
    """Return what can be said without a rule, else that nothing is found yet."""
    if (answers.best == usual).all():
        return "always"
    return "too few" if each.n < LEAST_POINTS else "nothing"


def _with_rule(common: Turning, each: VariedPoints, answers: Answers) -> Turning:
    """Learn a rule and a box from some points, and check both on the others."""
    apart = held_out(each.unit)
    learn, weights = ~apart, answers.weights
    if not learn.any() or not apart.any():
        return common._replace(found="too few")
    inputs = each.inputs
    rule = readable_rule(inputs[learn], answers.best[learn], weights[learn])
    check = checked(rule.answers(inputs), common.usual, answers, apart, each.unit)
    leaves = tuple(
        TurningLeaf(leaf.region, leaf.answer, float(leaf.region.holds(inputs).mean()))
        for leaf in rule.other_than(common.usual)
    )
    found: Found = "rule" if check.holds and leaves else "unconfirmed" if check.lead.mean > 0.0 else "nothing"
    box = _box(each, answers, common.usual, learn)
    return common._replace(found=found, leaves=leaves, learnt_from=int(learn.sum()), check=check, box=box)


def _box(each: VariedPoints, answers: Answers, usual: str, learn: BoolArray) -> TurningBox | None:
    turned = np.asarray(answers.best != usual)
    region = box_where(each.inputs[learn], turned[learn], answers.weights[learn])
    if region is None:
        return None
    counts = ~learn & answers.told
    base = float(turned[counts].mean()) if counts.any() else float("nan")
    return TurningBox(
        region,
        float(region.holds(each.inputs).mean()),
        purity(region, each.inputs, turned, learn & answers.told),
        purity(region, each.inputs, turned, counts),
        base,
    )
