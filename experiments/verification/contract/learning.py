"""The laws for policies that learn: what is learnt can be kept and gone on from, and is the policy's own."""

import numpy as np
from numpy.typing import NDArray

from tenure.experiments.verification.contract.answers import Answer
from tenure.experiments.verification.contract.source import Breach
from tenure.experiments.verification.contract.trial import Trial, Tried
from tenure.experiments.verification.contract.views import Story
from tenure.policies.policy import State


def learns(trial: Trial) -> bool:
    """Return whether the policy learns; a Breach if what it learns could not be kept."""
    one = trial.made(trial.loaded())
    if not hasattr(one, "learn"):
        return False
    missing = [name for name in ("state", "restore") if not callable(getattr(one, name, None))]
    if missing:
        raise Breach(
            f"it learns, but has no {' and no '.join(missing)}: what it learnt would be lost when a run stops",
            "Add state(), which returns a dictionary of arrays, and restore(state), which takes it back.",
            ("def learn",),
        )
    return True


def goes_on(trial: Trial, story: Story) -> list[Answer]:
    """Stopped and restored every few months, it decides as one that never stopped; return what that one decided."""
    policy = trial.loaded()
    one, other = trial.made(policy), trial.made(policy)
    decided = []
    for count, month in enumerate(story.months):
        trial.told(one, month)
        if count:
            trial.told(other, month)
        if count % 7 == 0:
            state = _state(trial, one)
            other = trial.made(policy)
            trial.guarded("restore", month.when, lambda: other.restore(_copied(state)))  # noqa: B023 - called at once
            _same_state(state, _state(trial, other), month.when)
        decided.append(trial.decided(one, month))
        if trial.decided(other, month).key != decided[-1].key:
            _differs(month.when)
    return decided


def _same_state(one: State, other: State, when: str) -> None:
    same = one.keys() == other.keys() and all(
        values.dtype == other[name].dtype
        and values.shape == other[name].shape
        and values.tobytes() == other[name].tobytes()
        for name, values in one.items()
    )
    if not same:
        _differs(when)


def _differs(when: str) -> None:
    raise Breach(
        f"restore does not bring back what state returned: a run that stops would go on otherwise ({when})",
        "Put all that decide and learn use into state(), as arrays, and take all of it back in restore(state).",
        ("def restore",),
    )


def only_learning_teaches(trial: Trial, story: Story, decided: list[Answer]) -> None:
    """Asked at the end alone, it decides as one that was asked every month."""
    one = trial.made(trial.loaded())
    for told in story.months:
        trial.told(one, told)
    if trial.decided(one, story.months[-1]).key != decided[-1].key:
        raise Breach(
            "decide changes what it will decide: one that was asked every month decides otherwise in the last",
            "Let decide change nothing; what a policy learns, it learns in learn(view, outcomes).",
            ("self.", "setattr", "append("),
        )


def teaches_itself_alone(trial: Trial, story: Story) -> None:
    """What one policy learns, no other knows."""
    policy, month = trial.loaded(), story.months[0]
    before, one = trial.decided(trial.made(policy), month), trial.made(policy)
    for told in story.months[: len(story.months) // 2]:
        trial.told(one, told)
    if trial.decided(trial.made(policy), month).key != before.key:
        raise Breach(
            "what one policy has learnt, another knows, too: it is kept in the class or the module",
            "Keep what is learnt in attributes of self, made in __init__.",
            ("global ", "def learn"),
        )


def hands_out_copies(trial: Trial, story: Story) -> None:
    """What state returned, and what restore was given, stays as it is while learning goes on."""
    policy = trial.loaded()
    one, other = trial.made(policy), trial.made(policy)
    half = len(story.months) // 3
    for month in story.months[:half]:
        trial.told(one, month)
    kept = trial.guarded("state", "", lambda: dict(one.state()))
    was, given = _copied(kept), _copied(kept)
    trial.guarded("restore", "", lambda: other.restore(given))
    for month in story.months[half : 2 * half]:
        trial.told(one, month)
        trial.told(other, month)
    for name, held, method in (
        *((name, kept[name], "state") for name in was),
        *((name, given[name], "restore") for name in was),
    ):
        if np.asarray(held).tobytes() != was[name].tobytes():
            verb = "hands out" if method == "state" else "keeps"
            raise Breach(
                f"{method} {verb} the array '{name}' itself: it changes while the policy goes on learning",
                f"Write .copy() in {method}().",
                (f"def {method}",),
            )


def _state(trial: Trial, one: Tried) -> dict[str, NDArray[np.generic]]:
    """Return what it keeps, as a run would store it."""
    kept = trial.guarded("state", "", lambda: _copied(one.state()))
    for name, values in kept.items():
        if not isinstance(name, str) or values.dtype.hasobject:
            what = f"state gives {name!r} of type {values.dtype}, which cannot be kept in a file"
            raise Breach(what, "Turn it into arrays of numbers or texts.", ("def state",))
    return kept


def _copied(state: State) -> dict[str, NDArray[np.generic]]:
    return {name: np.array(values) for name, values in state.items()}
