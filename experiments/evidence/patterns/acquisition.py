"""Patterns of acquisition: what clutter and targeting do to messages to people who are not customers."""

import numpy as np

from tenure.agents.ledger import ACQUISITION_COST
from tenure.agents.offer import US
from tenure.agents.signal import BY_CHANNEL
from tenure.experiments.evidence.patterns.lives import Figures, Measure, Start, ratio
from tenure.simulation.settings.institution import InstitutionSettings

VOLUMES = (0.5, 1.0, 2.0, 4.0)
"""What the budgets of all channels of all institutions are multiplied by."""
PUBLISHED_VOLUME = (3.44, 2.54, 3.54, 5.01, 4.89, 4.29, 5.23, 6.05, 5.76, 5.30)
PUBLISHED_RESPONSE = (1.2, 1.0, 0.6, 0.6, 0.5, 0.6, 0.4, 0.3, 0.5, 0.6)
"""Card mail in the United States, 1998 to 2007 (Synovate): thousand million pieces, and responses to a hundred."""


def clutter(start: Start) -> Figures:
    """Return joiners to a contact by the volume of all senders, and the elasticity of that response to volume."""
    found, logs = Figures(), []
    for factor in VOLUMES:
        other = start.everybody(24, louder(start, factor))
        came = (other["joined"][7:] == 1) & (other["source"][7:] >= BY_CHANNEL)
        response = ratio(float(came.sum()), float(other.contacts[6:].sum()))
        found[f"response_volume_{factor:g}"] = response
        logs.append(np.log(response) if response > 0 else np.nan)
    found["response_elasticity"] = float(np.polyfit(np.log(VOLUMES), logs, 1)[0])
    published = float(np.polyfit(np.log(PUBLISHED_VOLUME), np.log(PUBLISHED_RESPONSE), 1)[0])
    found["explained_by_clutter"] = found["response_elasticity"] / published
    return found


def louder(start: Start, factor: float) -> dict[str, object]:
    """Return the changes by which everybody's channels have so many times the money."""
    changes: dict[str, object] = {}
    for place, one in _places(start).items():
        for name, channel in one.acquisition.items():
            if channel.budget_per_month is not None:
                changes[f"{place}.acquisition.{name}.budget_per_month"] = factor * channel.budget_per_month
    return changes


def _places(start: Start) -> dict[str, InstitutionSettings]:
    ours = start.settings.our_name
    return {("us" if name == ours else f"rivals.{name}"): one for name, one in start.settings.institutions().items()}


PRECISIONS = (0.0, 1.0, 2.0, 3.0)
RIVAL_PRECISION = 2.0
THOUSAND = 1000.0
"""EUR in which gains of new customers are counted."""
REACH_MONTHS = 36


def precision(start: Start) -> Figures:
    """Return our cost of a new customer by the precision of our channels, rivals' being 0, or 2, EUR."""
    found = Figures()
    for words, theirs in (("", 0.0), ("_rivals_target", RIVAL_PRECISION)):
        costs = []
        for own in PRECISIONS:
            other = start.everybody(REACH_MONTHS, aimed(start, own, theirs))
            came = (other["joined"][7:] == 1) & (other["source"][7:] >= BY_CHANNEL) & (other["provider"][7:] == US)
            spent = -float(other.postings[6:, US, ACQUISITION_COST].sum())
            costs.append(ratio(spent, float(came.sum())))
            found[f"new_customer_{own:g}{words}"] = costs[-1]
        found[f"precision_gain{words}"] = 1.0 - costs[2] / costs[0]
        found[f"precision_more{words}"] = THOUSAND / costs[2] - THOUSAND / costs[0]
    found["precision_gain_lost"] = 1.0 - ratio(found["precision_more_rivals_target"], found["precision_more"])
    return found


def aimed(start: Start, own: float, rivals: float) -> dict[str, object]:
    """Return the changes by which our channels, and those of rivals, find who fits so well."""
    changes: dict[str, object] = {}
    for place, one in _places(start).items():
        for name in one.acquisition:
            changes[f"{place}.acquisition.{name}.precision"] = own if place == "us" else rivals
    return changes


MEASURES: tuple[Measure, ...] = (clutter, precision)
"""All of this family."""
