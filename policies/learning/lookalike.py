"""Lookalike: a score of the customers that an institution wants, fitted on those it has, for its channels to use.

What a channel knows of a stranger is income, age and whether a product is looked for now; the score weighs these.
Fitting solves systems of equations: where an institution feeds back to its channels, the market's bits are promised for
one kind of machine with one set of versions.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tenure.agents.rules.reach import MEAN_AGE, MEDIAN_INCOME, SD_AGE, SD_LOG_INCOME

FEATURES = ("log_income", "age", "looks_for_product")
FEWEST = 20
"""Wanted and unwanted customers at least, to fit and to judge a score by; assumption."""
MOST_STEPS = 50
Rows = NDArray[np.bool_]
Tag = TypeVar("Tag", bound=str)


def features(income: NDArray[np.float64], age_years: NDArray[np.float64], looks: Rows) -> NDArray[np.float64]:
    """Return what a channel knows of people, near unit scale, shape (people, 3).

    Parameters
    ----------
    income : array, shape (people,)
        EUR a month; below 1 EUR counts as 1 EUR.
    age_years : array, shape (people,)
    looks : bool array, shape (people,)
        Whether a product is looked for now.
    """
    return np.stack(
        [np.log(np.maximum(income, 1.0) / MEDIAN_INCOME) / SD_LOG_INCOME, (age_years - MEAN_AGE) / SD_AGE, looks],
        axis=1,
    )


class Lookalike(NamedTuple):
    """A fitted score: log-odds of being wanted, and its spread over those it was fitted on."""

    intercept: float
    weights: NDArray[np.float64]
    """Log-odds per unit of each feature, shape (features,)."""
    mean: float
    """Mean of the log-odds over those it was fitted on."""
    sd: float
    """Their standard deviation; 1 where all are alike."""
    auc_out_of_sample: float
    """Area under the curve on those held out."""
    customers: int
    """People it was made from, those held out among them."""
    wanted_share: float
    """Share of these who were wanted."""

    def score(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score of people with these features, in standard deviations from the mean of customers."""
        made: NDArray[np.float64] = (self.intercept + x @ self.weights - self.mean) / self.sd
        return made

    def for_channels(self) -> tuple[float, ...]:
        """Return on, constant and weights, as `tenure.agents.rules.reach.lookalike_score` reads them."""
        return (1.0, (self.intercept - self.mean) / self.sd, *(self.weights / self.sd).tolist())


def auc(score: NDArray[np.float64], positive: Rows) -> float:
    """Return the probability that a positive scores above a negative, ties one half; nan without one of the two.

    Mann & Whitney (1947), Ann. Math. Stat. 18:50-60; the area under the curve by Hanley & McNeil (1982), Radiology
    143:29-36.

    Parameters
    ----------
    score : array, shape (people,)
    positive : bool array, shape (people,)

    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    ordered = np.sort(score)
    above, below = (np.searchsorted(ordered, score[positive], side) for side in ("left", "right"))
    ranks = (int(above.sum()) + int(below.sum()) + positives) / 2.0  # the mean rank of those that tie, from 1
    return float((ranks - positives * (positives + 1) / 2.0) / (positives * negatives))


def fit_lookalike(x: NDArray[np.float64], wanted: Rows, held_out: Rows, ridge: float = 1.0) -> Lookalike | None:
    """Fit a logistic regression on those not held out, and judge it on those who are.

    Penalised likelihood by Newton's steps (Hastie, Tibshirani & Friedman 2009, section 4.4); the intercept is free.

    Parameters
    ----------
    x : array, shape (customers, features)
        Near unit scale, as `features` makes them.
    wanted, held_out : bool array, shape (customers,)
    ridge : float
        Half of it is the penalty on squared weights, so that a feature which separates perfectly stays finite;
        assumption.

    Returns
    -------
    Lookalike or None
        None where either part has fewer than `FEWEST` wanted or unwanted.

    Raises
    ------
    ValueError
        If the ridge is not above 0.
    """
    if not ridge > 0.0:
        raise ValueError(f"fit_lookalike: ridge must be above 0; got {ridge}")
    for part in (held_out, ~held_out):
        if min(int((wanted & part).sum()), int((~wanted & part).sum())) < FEWEST:
            return None
    beta = _fit(x[~held_out], wanted[~held_out], ridge)
    score = beta[0] + x @ beta[1:]
    fitted = score[~held_out]
    quality = auc(score[held_out], wanted[held_out])
    sd = float(fitted.std())
    return Lookalike(
        float(beta[0]), beta[1:], float(fitted.mean()), sd if sd > 1e-9 else 1.0, quality, len(x), float(wanted.mean())
    )


def _fit(x: NDArray[np.float64], wanted: Rows, ridge: float) -> NDArray[np.float64]:
    """Return the intercept and the weights of greatest penalised likelihood, shape (1 + features,)."""
    from scipy.special import expit, log_expit

    rows = np.column_stack([np.ones(len(x)), x])
    penalty = np.array([0.0, *[ridge] * x.shape[1]])
    sign = np.where(wanted, 1.0, -1.0)

    def likelihood(beta: NDArray[np.float64]) -> float:
        return float(log_expit(sign * (rows @ beta)).sum() - 0.5 * penalty @ beta**2)

    beta = np.zeros(rows.shape[1])
    for _ in range(MOST_STEPS):
        p = expit(rows @ beta)
        slope = rows.T @ (wanted - p) - penalty * beta
        step = np.linalg.solve((rows * (p * (1.0 - p))[:, None]).T @ rows + np.diag(penalty), slope)
        if np.abs(step).max() < 1e-10:
            return np.asarray(beta + step)
        before = likelihood(beta)
        while likelihood(beta + step) < before - 1e-12 * abs(before) and np.abs(step).max() > 1e-10:
            step = step / 2.0  # a whole step overshoots where the wanted are almost separated
        beta = beta + step
    return beta


def lacking(tags: NDArray[np.integer], wanted_shares: Mapping[Tag, float], words: Sequence[str]) -> Tag:
    """Return the tag whose wanted share lies furthest above its present share; the first of equals.

    Parameters
    ----------
    tags : integer array, shape (customers,)
        Index into `words`; -1 without a tag, who counts among all customers nevertheless.
    wanted_shares : mapping
        Tag -> wanted share of all customers; a tag without one is never lacking.
    words : sequence of str

    Raises
    ------
    ValueError
        If no share is wanted, or one of a tag that is not among the words.

    >>> lacking(np.array([0, 0, 0, 1]), {"a": 0.5, "b": 0.5}, ("a", "b"))
    'b'
    """
    unknown = [word for word in wanted_shares if word not in words]
    if unknown or not wanted_shares:
        named = f"no tag is called '{unknown[0]}'" if unknown else "no share is wanted"
        raise ValueError(f"lacking: {named}; tags are {', '.join(words)}")
    present = np.bincount(tags[tags >= 0], minlength=len(words)) / max(1, len(tags))
    return max(wanted_shares, key=lambda word: wanted_shares[word] - present[list(words).index(word)])


class SelectionCost(NamedTuple):
    """How well an institution's score orders strangers, and how well one would that had seen the whole market."""

    own_auc: float
    all_seeing_auc: float


def selection_cost(own: Lookalike, x: NDArray[np.float64], wanted: Rows, held_out: Rows) -> SelectionCost | None:
    """Compare a score with one fitted on people of the whole market, both on people held out.

    The institution only saw those whom it acquired; the difference is what that costs.

    Parameters
    ----------
    own : Lookalike
        Its score, fitted on its own customers; **none of those held out here may have taught it**, or it looks better
        than it is.
    x : array, shape (people, features)
        People of the whole market.
    wanted, held_out : bool array, shape (people,)

    Returns
    -------
    SelectionCost or None
        None where the sample is too small to fit, as in `fit_lookalike`.
    """
    best = fit_lookalike(x, wanted, held_out)
    if best is None:
        return None
    return SelectionCost(auc(own.score(x[held_out]), wanted[held_out]), best.auc_out_of_sample)
