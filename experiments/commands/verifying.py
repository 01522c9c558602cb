"""Verification on the terminal: known answers, then published patterns, with a bar that says what is being asked."""

import gc
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tenure.experiments.commands.command_line import say_lines
from tenure.experiments.commands.terminal import verification_lines
from tenure.experiments.config.reading import suggest
from tenure.experiments.evidence import bands
from tenure.experiments.evidence.coverage.page import coverage_lines, write_coverage
from tenure.experiments.evidence.coverage.study import Covered, covered, false_signs
from tenure.experiments.evidence.patterns.measure import REPLICATIONS, how_many, steps, summarised
from tenure.experiments.evidence.patterns.page import count_words, pattern_lines, write_page
from tenure.experiments.evidence.patterns.table import Found, beside
from tenure.experiments.verification.cases.answers import CASES
from tenure.experiments.verification.cases.rows import Row

PATTERNS, COVERAGE = "patterns", "coverage"
QUICK, SLOW = 2, REPLICATIONS
"""Replications of the patterns where all is verified, and where it may take long."""


class Verification(NamedTuple):
    """What was asked, and what came out."""

    answers: list[Row]
    patterns: list[Found]
    bands: list[bands.Band]
    coverage: tuple[Covered, ...] = ()

    @property
    def wrong(self) -> int:
        """Known answers that were not given back."""
        return sum(not row.ok for row in self.answers)

    def as_data(self) -> dict[str, object]:
        """Return all of it as plain data."""
        patterns = [
            {
                **one.pattern._asdict(),
                "value": one.value,
                "standard_error": one.error,
                "verdict": one.verdict,
            }
            for one in self.patterns
        ]
        told: dict[str, object] = {"items": [row._asdict() for row in self.answers]}
        if patterns:
            told["patterns"] = patterns
        if self.bands:
            told["bands"] = [{**one._asdict(), "inside": one.inside} for one in self.bands]
        if self.coverage:
            told["coverage"] = [one._asdict() for one in self.coverage]
        return told


class VerificationBar:
    """A bar on the terminal that says what is being asked; it steps aside for what is printed.

    Parameters
    ----------
    total : int
        Steps.
    quiet : bool
        Whether nothing is said at all, as where the answer is JSON.
    """

    def __init__(self, total: int, quiet: bool) -> None:
        screen = Console(stderr=True)
        columns = (TextColumn("{task.description:<40}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
        hidden = quiet or not screen.is_terminal
        self.quiet = quiet
        self.bars = Progress(*columns, console=screen, disable=hidden, transient=True, redirect_stdout=False)
        self.task = self.bars.add_task("", total=total)
        self.bars.start()

    def __enter__(self) -> "VerificationBar":
        return self

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    def asks(self, what: str) -> None:
        """Show what is asked next."""
        self.bars.update(self.task, description=what, refresh=True)

    def done(self) -> None:
        """Count one more step."""
        self.bars.advance(self.task)

    def say(self, lines: Iterable[str]) -> None:
        """Print lines above the bar."""
        if not self.quiet:
            self.bars.stop()
            say_lines(lines)
            self.bars.start()


def verify_asked(case: str = "", slow: bool = False, page: Path | None = None, quiet: bool = False) -> Verification:
    """Ask for known answers and patterns, and say what comes out.

    Parameters
    ----------
    case : str
        One known answer; or ``patterns``; by default all of them. ``coverage``: what intervals cover, alone.
    slow : bool
        Whether to take more replications of the patterns, and to run the markets of the bands too.
    page : Path, optional
        Write the page of patterns, or of coverage, there.
    quiet : bool
        Say nothing.

    Raises
    ------
    ValueError
        If there is no such case.
    """
    names: Mapping[str, object] = {**CASES, PATTERNS: None, COVERAGE: None}
    if case and case not in names:
        raise ValueError(f"there is no case '{case}'. {suggest(case, names)}")
    if case == COVERAGE:
        return Verification([], [], [], tuple(_coverage(page, quiet)))
    asked = [case] if case in CASES else [] if case else list(CASES)
    replications = SLOW if slow else REPLICATIONS if case else QUICK
    count = how_many(replications) if case in ("", PATTERNS) else 0
    found_bands: list[bands.Band] = []
    markets = len(bands.CASES) * bands.REPLICATIONS if slow and not case else 0
    with VerificationBar(len(asked) + count + markets, quiet) as bar:
        answers = _answers(asked, bar)
        patterns = _patterns(replications, bar) if count else []
        if patterns and page is not None:
            write_page(page, patterns, replications)
            bar.say([f"Written  {page}"])
        if markets:
            found_bands = _bands(bar)
    return Verification(answers, patterns, found_bands)


def _coverage(page: Path | None, quiet: bool) -> list[Covered]:
    """Measure what intervals cover."""
    found = list(covered())
    if not quiet:
        say_lines(coverage_lines(found))
    if page is not None:
        write_coverage(page, found, false_signs())
        if not quiet:
            say_lines([f"Written  {page}"])
    return found


def _answers(asked: list[str], bar: VerificationBar) -> list[Row]:
    """Ask for known answers."""
    answers: list[Row] = []
    for name in asked:
        bar.asks(f"known answer: {name}")
        found = CASES[name]()
        gc.collect()  # the models of a case refer to themselves in circles
        bar.done()
        answers += found
        bar.say(verification_lines(name, found))
    if asked:
        wrong = sum(not row.ok for row in answers)
        bar.say([f"{len(answers) - wrong} of {len(answers)} comparisons lie within four standard errors."])
    return answers


def _patterns(replications: int, bar: VerificationBar) -> list[Found]:
    """Measure the patterns."""
    made = []
    bar.asks("patterns: burn-in")
    for step in steps(replications=replications):
        made.append(step)
        bar.done()
        bar.asks(f"patterns: after {step.measure}, {step.replication + 1} of {replications}")
    found = beside(summarised(made))
    bar.say([*pattern_lines(found), "", *count_words(found)])
    return found


def _bands(bar: VerificationBar) -> list[bands.Band]:
    """Run the markets of the bands."""
    bar.asks("bands: ten years of markets")

    def shown(results: Iterable[dict[str, float]], /, *, total: int) -> Iterator[dict[str, float]]:
        for number, result in enumerate(results, start=1):
            bar.done()
            bar.asks(f"bands: market {number} of {total}")
            yield result

    found = bands.bands(progress=shown)
    outside = [one.fact for one in found if not one.inside]
    bar.say(["", f"Outside: {'; '.join(outside)}." if outside else f"All {len(found)} figures lie inside their bands."])
    return found
