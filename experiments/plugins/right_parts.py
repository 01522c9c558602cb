"""All that is wrong with settings, at once: what is wrong is set aside, and the rest is checked again."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from tenure.experiments.config.problems import settings_faults
from tenure.policies.settings.faults import Fault, KeyPath

MOST_ROUNDS = 6
"""Times that the rest is checked; each shows what lay behind the faults of the one before."""
StandIn = Callable[[KeyPath], tuple[KeyPath, object] | None]
"""Place of a fault -> what is put in place of what, so that the rest can be checked; None: it is left out."""
Model = TypeVar("Model", bound=BaseModel)


def right_part(
    model: type[Model], data: Mapping[str, object], stand_in: StandIn, elsewhere: Mapping[str, str] | None = None
) -> tuple[Model | None, list[Fault]]:
    """Return the settings of some data, plain ones in place of those that are wrong, and all that is wrong.

    Parameters
    ----------
    model : type
        The settings class.
    data : mapping
        What was written.
    stand_in : callable
        See `StandIn`.
    elsewhere : mapping, optional
        As for `settings_faults`.

    Returns
    -------
    settings : Model or None
        None where nothing can be made of it.
    faults : list of Fault
        Without those that setting aside what was wrong has brought.
    """
    left: dict[str, object] = deepcopy(dict(data))
    faults: list[Fault] = []
    aside: list[KeyPath] = []
    for _ in range(MOST_ROUNDS):
        try:
            return model.model_validate(left), faults
        except ValidationError as error:
            found = settings_faults(error, model, elsewhere or {})
        faults += [
            one for one in found if not any(_touch(at, gone) for at in (one.at, *one.elsewhere) for gone in aside)
        ]
        gone = [_set_aside(left, one.at, stand_in) for one in found]
        aside += [at for at in gone if at]
        aside += [at for one in found for at in one.elsewhere]
        if not any(gone):
            break
    return None, faults


def _touch(at: KeyPath, gone: KeyPath) -> bool:
    """Whether one of two places lies in the other."""
    shorter = min(len(at), len(gone))
    return at[:shorter] == gone[:shorter]


def _set_aside(data: dict[str, object], at: KeyPath, stand_in: StandIn) -> KeyPath:
    """Leave out what stands at a place, or put something plain there; return the place, empty where nothing can be."""
    while at:
        instead = stand_in(at)
        at, value = (at, None) if instead is None else instead
        here: object = data
        for part in at[:-1]:
            here = here.get(part) if isinstance(here, dict) else None
        if isinstance(here, dict) and instead is not None:
            here[at[-1]] = value
            return at
        if isinstance(here, dict) and instead is None and at[-1] in here:
            del here[at[-1]]
            return at if here or len(at) == 1 else _set_aside(data, at[:-1], stand_in)  # an empty one would say more
        at = at[:-1]
    return ()
