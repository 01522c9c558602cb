"""Two allocations that have a formula: what to spend on acquiring one prospect, and how to divide between two segments.

They are yardsticks: a search over the simulator must come to the same where its assumptions hold.
"""

from math import log


def acquisition_spend_eur(ceiling: float, steepness_per_eur: float, margin_eur: float) -> float:
    """Return the spend per prospect that earns most, in EUR, where response saturates; 0 if no spend pays.

    The acquisition rate is a = c (1 - exp(-k A)), and a prospect earns a m - A (Blattberg & Deighton 1996, Harvard
    Business Review 74(4):136-144). The last EUR earns c k m exp(-k A), which is 1 at A = ln(c k m) / k.

    Parameters
    ----------
    ceiling : float
        c, the share of prospects that unlimited spending acquires, 0 to 1.
    steepness_per_eur : float
        k, how fast the rate nears its ceiling, per EUR, above 0.
    margin_eur : float
        m, the worth of one acquired customer, before the cost of acquisition.

    Raises
    ------
    ValueError
        If the ceiling is outside 0 to 1 or the steepness not above 0.

    >>> round(acquisition_spend_eur(0.4, 0.05, 200.0), 3)  # ln(4) / 0.05
    27.726
    """
    if not (0.0 <= ceiling <= 1.0 and steepness_per_eur > 0.0):
        raise ValueError(
            f"allocation: the ceiling must be 0 to 1, got {ceiling}; the steepness above 0, got {steepness_per_eur}"
        )
    first_eur = ceiling * steepness_per_eur * margin_eur
    return log(first_eur) / steepness_per_eur if first_eur > 1.0 else 0.0


def minimum_variance_share(sd_1: float, sd_2: float, correlation: float) -> float:
    """Return the share of segment 1 at which the return of two segments together varies least, 0 to 1.

    Markowitz (1952, J. Finance 7:77-91), for segments of customers Tarasi et al. (2011, J. Marketing 75(3):1-17).
    Nobody can have fewer than no customers, so what the formula puts outside 0 to 1 becomes the nearer end; where all
    shares vary alike, one half.

    Parameters
    ----------
    sd_1, sd_2 : float
        Standard deviation of the return per EUR in each segment, 0 or more, in one unit.
    correlation : float
        Between the two returns, -1 to 1.

    Raises
    ------
    ValueError
        If a standard deviation is below 0 or the correlation outside -1 to 1.

    >>> round(minimum_variance_share(0.1, 0.3, 0.2), 4)
    0.9545
    """
    if not (sd_1 >= 0.0 and sd_2 >= 0.0 and -1.0 <= correlation <= 1.0):
        raise ValueError(
            f"allocation: standard deviations must be 0 or more, got {sd_1} and {sd_2}; the correlation -1 to 1, got"
            f" {correlation}"
        )
    covariance = correlation * sd_1 * sd_2
    of_difference = sd_1**2 + sd_2**2 - 2.0 * covariance
    return min(1.0, max(0.0, (sd_2**2 - covariance) / of_difference)) if of_difference > 0.0 else 0.5
