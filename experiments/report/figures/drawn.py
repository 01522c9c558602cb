"""Figures as a page shows them, every second one drawn in a process of its own where that pays."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from tenure.experiments.report.figures.figures import FIGURES, draw_figure
from tenure.experiments.report.figures.rendered.described import described
from tenure.experiments.report.figures.rendered.inline import inline_svg
from tenure.experiments.report.figures.style import Drawing
from tenure.experiments.report.recordings import NotRecordedError, Recordings
from tenure.experiments.running.workers import USUAL_LIMITS, Aside, JobStoppedError, WorkerError, processors

PAYS_FROM = 20
"""Runs from which it takes longer to read them than a process takes to begin: it is ready when it is needed."""


class ReportFigure(NamedTuple):
    """A figure as the page shows it; `svg` is an element, empty if it could not be drawn, and `alt` what it says."""

    name: str
    finding: str
    note: str
    svg: str
    alt: str = ""


Finish = Callable[[Callable[[], None]], list[ReportFigure]]
"""Gives all figures in the order of the page, as soon as they are drawn; whom it is given is told of each."""
Draw = Callable[[Recordings], Finish]
"""Begins to draw."""


def drawn_here(recordings: Recordings) -> Finish:
    """Draw the figures in this process, when they are asked for."""
    return lambda progress: [_drawn(name, recordings, progress) for name in _names(recordings)]


def drawn(recordings: Recordings, names: Iterable[str], told: object = None) -> list[ReportFigure]:
    """Draw figures; one whose rows are missing becomes a remark instead. A worker has somebody `told`; it need not."""
    return [_drawn(name, recordings) for name in names]


class DrawnBeside:
    """Draws every second figure in another process, which begins at once, if there is a processor for it.

    Parameters
    ----------
    runs : int
        How many runs are read before there is anything to draw.
    """

    def __init__(self, runs: int) -> None:
        self.aside = Aside(__name__) if runs >= PAYS_FROM and processors() > 1 else None
        self.pool = ThreadPoolExecutor(1)

    def __call__(self, recordings: Recordings) -> Finish:
        """Begin to draw, there; the rest, and what the other process is late with, is drawn here when asked for."""
        if self.aside is None:
            return drawn_here(recordings)
        names = _names(recordings)
        asked = (f"{__name__}:{drawn.__name__}", (recordings, names[::2]), USUAL_LIMITS.over(2))
        there = self.pool.submit(self.aside.ask, *asked)

        def finish(progress: Callable[[], None]) -> list[ReportFigure]:
            made = {name: _drawn(name, recordings, progress) for name in names[1::2]}
            for name in reversed(names[::2]):  # where other work keeps the other process from its share
                if not there.done():
                    made[name] = _drawn(name, recordings, progress)
            if len(made) < len(names):
                with suppress(WorkerError, JobStoppedError, OSError):
                    made |= {one.name: one for one in there.result()}
            return [made[name] if name in made else _drawn(name, recordings) for name in names]

        return finish

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        if self.aside is not None:
            self.aside.worker.end()
        self.pool.shutdown()


def _names(recordings: Recordings) -> list[str]:
    """Return the figures of a page."""
    return [name for name in FIGURES if name != "effects" or recordings.comparisons]


def _drawn(name: str, recordings: Recordings, progress: Callable[[], None] = lambda: None) -> ReportFigure:
    try:
        figure = shown(draw_figure(name, recordings))
    except NotRecordedError as error:
        figure = ReportFigure(name, f"Not drawn: {name.replace('_', ' ')}", f"{error}.", "")
    progress()
    return figure


def shown(drawing: Drawing) -> ReportFigure:
    """Return a drawing as the page shows it."""
    alt = described(drawing.finding, drawing.figure)
    return ReportFigure(drawing.name, drawing.finding, drawing.note, inline_svg(drawing.figure), alt)
