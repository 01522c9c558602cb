"""What the text of a policy alone shows: ways round the view, whatever name of the program they take."""

from pathlib import Path

import numpy as np
import pytest

from tenure import agents
from tenure.experiments.verification.contract.source import Source
from tenure.policies.view import records_of, with_records
from tests.made_views import beliefs_of, view_of

ROUND = {
    "import tenure.simulation.model": ("tenure.simulation.model", 1),
    "from tenure.simulation.model import LifecycleModel": ("tenure.simulation.model", 1),
    "from tenure import simulation": ("simulation", 1),
    "import numpy\nimport tenure.experiments.store.store as kept": ("tenure.experiments.store.store", 2),
    "def late():\n    import gc": ("gc", 2),
    "def decide(view):\n    return view._beliefs": ("_beliefs", 2),
    "from tenure.policies.view import records_of": ("records_of", 1),
    "import tenure.policies.view\npolicies.view.with_records": ("with_records", 2),
}
LAWFUL = (
    "from tenure import Treatments, InstitutionView",
    "import simulations_of_mine",
    "import simulation",
    "from .simulation import mine",
    "view.beliefs",
)


@pytest.mark.parametrize("text", ROUND)
def test_a_way_round_the_view_is_told_with_its_line(text: str) -> None:
    what, line = ROUND[text]
    problems = list(Source(Path("mine.py"), text).told_by_the_text())
    assert [(problem.line, what in problem.message) for problem in problems] == [(line, True)]


@pytest.mark.parametrize("text", LAWFUL)
def test_what_a_policy_may_write_is_told_nothing(text: str) -> None:
    assert list(Source(Path("mine.py"), text).told_by_the_text()) == []


def test_records_are_those_of_the_customers_in_their_order() -> None:
    """Behind the view they lie in another order, and those of others lie among them."""
    view = view_of(beliefs_of(9, 1))
    some = view.only(np.array([7, 2, 5]))
    rows = records_of(some)
    assert rows["person_id"].tolist() == some.person_id.tolist() == view.person_id[[7, 2, 5]].tolist()
    rows["person_id"] = -1
    assert (some.person_id >= 0).all()


def test_a_view_with_its_own_records_is_the_same_view() -> None:
    """In whatever order they lie behind it; and another month changes the month alone."""
    view = view_of(beliefs_of(9, 1))
    order = np.arange(len(view))[::-1]
    for other in (with_records(view, records_of(view)), with_records(view, records_of(view)[::-1].copy(), order)):
        assert other.month == view.month and other.budget == view.budget and other.products == view.products
        assert other.person_id.tolist() == view.person_id.tolist()
        assert np.array_equal(other.uniform("luck"), view.uniform("luck"))
        assert np.array_equal(other.default_per_year, view.default_per_year)
    later = with_records(view, records_of(view), month=view.month + 1)
    assert later.month == view.month + 1 and not np.array_equal(later.uniform("luck"), view.uniform("luck"))


def test_the_program_is_nobody_s_helper_file() -> None:
    """Of one who writes a policy in the folder of the program itself, too."""
    path = Path(agents.__file__).resolve().parent.parent / "mine.py"
    source = Source(path, "import tenure.agents.person\nimport tenure.policies.view\nfrom tenure import Treatments\n")
    assert list(source.texts) == [path] and list(source.told_by_the_text()) == []
