"""Switches of one's own: what if contacts tired nobody, or leaving were harder?"""

from typing import Annotated

from tenure import Parameter, switch


@switch
def no_fatigue():
    """Contacts tire nobody."""
    return {"rules.relationship.satisfaction_per_fatigue": 0.0, "rules.relationship.response_fatigue": 0.0}


@switch
def hard_to_leave(times: Annotated[float, Parameter("1", 0, 5, "assumption")] = 2.0):
    """Leaving costs so many times as much."""
    return {"world.switching_cost": f"x{times}"}
