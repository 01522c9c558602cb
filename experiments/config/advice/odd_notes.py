"""What is possible in an experiment and hardly meant: arms that are the same, trials without end, rules out of time."""

from collections.abc import Iterator, Mapping

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.config.printable import shown
from tenure.policies.learning.learner import EpochLearner
from tenure.policies.policy import settings_of
from tenure.policies.shelf import SHELF
from tenure.simulation.values.calendar import calendar_month


def odd_notes(under: Mapping[str, Experiment]) -> list[str]:
    """Return what is possible in an experiment and hardly meant, under any of its scenarios; each once."""
    return list(dict.fromkeys(note for one in under.values() for note in (*one.remarks, *_odd(one))))


def _odd(experiment: Experiment) -> Iterator[str]:
    settings, market = experiment.settings, experiment.market
    arms = list(experiment.arms.items())
    for place, (name, one) in enumerate(arms):
        same = next((other for other, was in arms[:place] if was == one), None)
        if same is not None:
            yield f"the arms {shown(same)} and {shown(name)} are the same policy with the same settings"
        policy = SHELF.get(one.policy)
        if policy is not None and issubclass(policy, EpochLearner):
            trial = one.settings.get("trial_months", settings_of(policy)["trial_months"][1])
            if isinstance(trial, int) and trial >= settings.months > 0:
                yield (
                    f"arm {shown(name)}: its trial of {trial} months is as long as the run of {settings.months}: "
                    "what it learns is never used"
                )
    for era in experiment.eras:
        if era.last is not None and 0 < settings.months <= era.last:
            end, ends = (calendar_month(market.start, month) for month in (era.last, settings.months - 1))
            yield f"the era {shown(era.title)} is to hold until {end}, but the run ends in {ends}"
    for rule in market.us.guards.dated_rules(market.start):
        if rule.name in market.us.guards.rules and (rule.until_month < 0 or rule.from_month >= settings.months):
            when = "ended before the start" if rule.until_month < 0 else "begins after the end of the run"
            at = rule.until_month if rule.until_month < 0 else rule.from_month
            month = calendar_month(market.start, at)
            yield f"guards.rules.{rule.name}: the rule {when} ({month}), so it is never in force"
