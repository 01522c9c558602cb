"""A behavioural rule of one's own: people take contacts amiss."""

from typing import Annotated

from tenure import Parameter, rule


@rule(replaces="relationship.satisfaction_next")
def grumpy(
    satisfaction,
    surprise,
    fatigue,
    others_ended,
    relationship,
    sting: Annotated[float, Parameter("1", 0, 100, "assumption")] = 10.0,
):
    """Contacts cost `sting` times the satisfaction that they usually do."""
    kept = relationship.satisfaction_kept * satisfaction + relationship.surprise * surprise
    lost = sting * relationship.satisfaction_per_fatigue * fatigue + relationship.others_ended * others_ended
    return kept - lost
