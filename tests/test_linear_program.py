"""A linear program on which HiGHS gives up is asked in another way; the answer is the same whichever way it comes."""

from typing import Any

import numpy as np
import pytest
from scipy import optimize

from tenure.policies.structure.linear_program import Constraints, solved

PROGRAM: Constraints = {"A_ub": np.array([[1.0, 2.0]]), "b_ub": np.array([4.0]), "bounds": [(0.0, 3.0), (0.0, None)]}
"""Of x and 3 y: most is had from y = 2 alone, 6."""


@pytest.mark.parametrize("gives_up", range(6))
def test_where_it_gives_up_it_is_asked_in_another_way(gives_up: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = [], optimize.linprog

    def unwilling(*given: Any, **more: Any) -> Any:
        asked.append(more["method"])
        found = real(*given, **more)
        if len(asked) <= gives_up:
            found.status = 4
        return found

    monkeypatch.setattr(optimize, "linprog", unwilling)
    found = solved(np.array([-1.0, -3.0]), PROGRAM)
    assert found is not None and found.x == pytest.approx([0.0, 2.0]) and -found.cost == pytest.approx(6.0)
    assert found.at_most == pytest.approx([-1.5])  # one unit more of the limit is half a y more: 1.5
    assert len(asked) == gives_up + 1


def test_no_answer_in_any_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = optimize.linprog

    def never(*given: Any, **more: Any) -> Any:
        found = real(*given, **more)
        found.status, found.message = 4, "numbers too far apart"
        return found

    monkeypatch.setattr(optimize, "linprog", never)
    with pytest.raises(RuntimeError, match="HiGHS failed: numbers too far apart"):
        solved(np.array([-1.0, -3.0]), PROGRAM)


def test_what_cannot_be_met_is_an_answer() -> None:
    impossible: Constraints = {**PROGRAM, "A_eq": np.array([[1.0, 0.0]]), "b_eq": np.array([5.0])}
    assert solved(np.array([-1.0, -3.0]), impossible) is None
