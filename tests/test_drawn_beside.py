"""Figures drawn in a process of their own are the same bytes, and a process that fails costs nothing but time."""

import pytest

from tenure.experiments.report.figures import drawn
from tenure.experiments.report.figures.drawn import PAYS_FROM, DrawnBeside, drawn_here
from tenure.experiments.report.figures.figures import FIGURES
from tenure.experiments.report.recordings import Recordings, read_recordings
from tests.test_report import ARMS, made_up_runs


@pytest.fixture(scope="module")
def recordings() -> Recordings:
    arms = {arm: ARMS[arm] for arm in ("nothing", "book")}
    return read_recordings(made_up_runs(arms, 2), "nothing", list(arms))


def nobody() -> None:
    """Whom nothing has to be told."""


def test_what_another_process_draws_is_the_same_page_and_one_that_has_ended_is_done_without(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn, "processors", lambda: 2)
    here = drawn_here(recordings)(nobody)
    assert [one.name for one in here] == [name for name in FIGURES if name != "effects"]
    assert sum(bool(one.svg) for one in here) > 6
    with DrawnBeside(PAYS_FROM) as draw:
        assert draw.aside is not None
        assert draw(recordings)(nobody) == here
        draw.aside.worker.process.kill()
        assert draw(recordings)(nobody) == here
    assert draw.aside.worker.process.poll() is not None


def test_no_process_is_begun_for_few_runs_or_on_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    with DrawnBeside(PAYS_FROM - 1) as few:
        assert few.aside is None
    monkeypatch.setattr(drawn, "processors", lambda: 1)
    with DrawnBeside(PAYS_FROM) as alone:
        assert alone.aside is None
