"""Policies written as texts, and how one is tried: by the contract, in this process."""

import itertools
import sys
import types
from pathlib import Path
from textwrap import dedent, indent

from tenure.experiments.verification.contract.contract import Verdict, try_contract

COUNT = itertools.count()


def tried(folder: Path, text: str, name: str = "mine", quick: bool = True, inputs: tuple[str, ...] = ()) -> Verdict:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")

    def load() -> dict[str, type]:
        module = types.ModuleType(f"mine_{next(COUNT)}")
        module.__file__ = str(path)
        sys.modules[module.__name__] = module
        exec(compile(text, str(path), "exec"), vars(module))
        made = (one for one in list(vars(module).values()) if isinstance(one, type))
        return {one.name: one for one in made if one.__module__ == module.__name__ and hasattr(one, "name")}

    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        return try_contract(path, text, name, load, frozenset(folder / one for one in inputs), quick)
    finally:
        sys.path[:] = before


HEAD = """import datetime, decimal, os, random, sys, time, warnings
import numpy as np
from tenure import Acquisition, InstitutionView, OfferChange, Plan, Treatments


"""
DECIDE = """class Mine:
    name = "mine"

    def decide(self, view):
"""
ALL = "return Treatments.of('loyalty_reward', np.flatnonzero(view.leave_per_year > 0.1))"


TREAT = ALL.replace("0.1", "{}")


def policy(body: str, before: str = "", fields: str = "") -> str:
    decide = DECIDE.replace("    def", indent(dedent(fields), "    ") + "\n    def") if fields else DECIDE
    return HEAD + dedent(before) + decide + indent(dedent(body).strip("\n") + "\n", "        ")
