"""The state of a model between two months: everything that the next month depends on, as arrays."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.belief import SIGNAL
from agents.person import PERSON
from simulation.files import Files
from simulation.history import TagHistory
from simulation.teaching import kept, learner, taken_back

if TYPE_CHECKING:
    from simulation.model import LifecycleModel

_FILE_PARTS = ("records", "at", "scopes", "register", "memory")


def state_of(model: "LifecycleModel") -> dict[str, NDArray[Any]]:
    """Return everything that the model's next month depends on; who is gone and owes nothing is left out.

    The model and the state share no memory, here and when it is taken back: neither changes the other.
    """
    here = (model.people["provider"] >= 0) | (model.people["owed_before_cents"] > 0)
    made = {
        "month": np.array(model.month), "systematic": np.array(model.systematic), "people": model.people[here],
        "signals": model.signals[here], "rate": model.channels.rate.copy(), "released": model.released_eur.copy(),
        "carried": model.channels.carried_cents.copy(), "told_to_go": model.told_to_go.copy(),
    }  # fmt: skip
    made |= {name: model.offers[name].copy() for name in ("price", "lookalike", "reading_noise")}
    for name, files in zip(model.names, model.files, strict=True):
        files.cover(len(here))
        made |= {f"{part}:{name}": values for part, values in files.kept(here).items()}
    for one in model.institutions:
        policy = learner(one.policy)
        if policy is not None:
            made |= {f"policy.{key}:{one.name}": np.array(values) for key, values in policy.state().items()}
    return made | model.money.state() | kept(model.told, model.names)


def go_on_from(model: "LifecycleModel", state: Mapping[str, NDArray[Any]]) -> None:
    """Let a model of the same market go on from a state; recording starts anew."""
    model.month, model.systematic = int(state["month"]), float(state["systematic"])
    # a file forgets that rows are aligned, and compiled rules would be compiled anew for such rows
    model.people, model.signals = state["people"].astype(PERSON), state["signals"].astype(SIGNAL)
    model.money.restore(state)
    model.channels.go_on(state["rate"], state["carried"])
    model.offers["price"] = state["price"]
    model.released_eur, model.told_to_go = state["released"].copy(), state["told_to_go"].copy()
    # last month was read with another noise than is believed in from now on: it is not read again
    other_noise = np.flatnonzero(state["reading_noise"] != model.offers["reading_noise"])
    model.signals["read"][np.isin(model.signals["provider"], other_noise)] = 0
    for j, one in enumerate(model.settings.institutions().values(), start=1):
        model.offers["lookalike"][j] = state["lookalike"][j] if one.feedback is not None else 0.0
    files = [{part: state[f"{part}:{name}"] for part in _FILE_PARTS} for name in model.names]
    model.files = [Files.of(one, len(model.tags_kept)) for one in files]
    model.histories = [TagHistory(model.tags_kept) for _ in model.names]
    model.told = taken_back(state, model.names, tuple(one.name for one in model.treatments))
    for one in model.institutions:
        policy, mine = learner(one.policy), (len("policy."), -len(f":{one.name}"))
        learnt = {key[slice(*mine)]: np.array(values) for key, values in state.items()
                  if key.startswith("policy.") and key.endswith(f":{one.name}")}  # fmt: skip
        if policy is not None and learnt:
            policy.restore(learnt)
    model.balances, model.after = model.money_balances(), model.people["provider"].copy()
    model.recorder, model.restored = None, model.restored + 1
    model.engine.forget()
    model.engine.meet(len(model.people))
