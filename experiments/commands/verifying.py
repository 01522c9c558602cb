"""Verification on the terminal: known answers, then published patterns, with a bar that says what is being asked."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tenure.experiments.commands.command_line import say, say_lines
from tenure.experiments.commands.terminal import verification_lines
from tenure.experiments.config.reading import suggest
from tenure.experiments.evidence import bands
from tenure.experiments.evidence.patterns.measure import REPLICATIONS, how_many, steps, summarised
from tenure.experiments.evidence.patterns.page import count_words, pattern_lines, write_page
from tenure.experiments.evidence.patterns.table import Found, beside
from tenure.experiments.verification.cases.answers import CASES
from tenure.experiments.verification.cases.rows import Row

PATTERNS = "patterns"
QUICK, SLOW = 2, 2 * REPLICATIONS
"""Replications of the patterns where all is verified, and where it may take long."""


class Verification(NamedTuple):
    """What was asked, and what came out."""

    answers: list[Row]
    patterns: list[Found]
    bands: list[bands.Band]

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
        return told


@contextmanager
def verification_bar(total: int, hidden: bool) -> Iterator[Callable[[str], None]]:
    """Give whom to tell what is asked next; a terminal shows it beside a bar of `total` steps."""
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description:<34}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, disable=hidden or not screen.is_terminal, transient=True) as bars:
        task = bars.add_task("", total=total + 1)

        def tell(what: str) -> None:
            bars.update(task, description=what, advance=1)
            bars.refresh()

        yield tell


def verify_asked(case: str = "", slow: bool = False, page: Path | None = None, quiet: bool = False) -> Verification:
    """Ask for known answers and patterns, and say what comes out.

    Parameters
    ----------
    case : str
        One known answer; or ``patterns``; by default all of them.
    slow : bool
        Whether to take more replications of the patterns, and to run the markets of the bands too.
    page : Path, optional
        Write the page of patterns there.
    quiet : bool
        Say nothing.

    Raises
    ------
    ValueError
        If there is no such case.
    """
    names: Mapping[str, object] = {**CASES, PATTERNS: None}
    if case and case not in names:
        raise ValueError(f"there is no case '{case}'. {suggest(case, names)}")
    asked = [case] if case in CASES else [] if case else list(CASES)
    replications = SLOW if slow else REPLICATIONS if case else QUICK
    count = how_many(replications) if case in ("", PATTERNS) else 0
    with verification_bar(len(asked) + count, quiet) as tell:
        answers = _answers(asked, tell, quiet)
        patterns = _patterns(replications, tell, quiet) if count else []
    if patterns and page is not None:
        write_page(page, patterns, replications)
        if not quiet:
            say(f"Written  {page}")
    return Verification(answers, patterns, _bands(quiet) if slow and not case else [])


def _answers(asked: list[str], tell: Callable[[str], None], quiet: bool) -> list[Row]:
    """Ask for known answers."""
    answers: list[Row] = []
    for name in asked:
        tell(f"known answer {name}")
        found = CASES[name]()
        answers += found
        if not quiet:
            say_lines(verification_lines(name, found))
    if asked and not quiet:
        wrong = sum(not row.ok for row in answers)
        say(f"{len(answers) - wrong} of {len(answers)} comparisons lie within four standard errors.")
    return answers


def _patterns(replications: int, tell: Callable[[str], None], quiet: bool) -> list[Found]:
    """Measure the patterns."""
    found = []
    tell("patterns: burn-in")
    for step in steps(replications=replications):
        found.append(step)
        tell(f"pattern {step.measure} {step.replication + 1}/{replications}")
    patterns = beside(summarised(found))
    if not quiet:
        say_lines(pattern_lines(patterns))
        say_lines(["", *count_words(patterns)])
    return patterns


def _bands(quiet: bool) -> list[bands.Band]:
    """Run the markets of the bands."""
    runs = len(bands.CASES) * bands.REPLICATIONS
    with verification_bar(runs, quiet) as tell:

        def shown(results: Iterator[dict[str, float]], total: int) -> Iterator[dict[str, float]]:
            for done, result in enumerate(results, start=1):
                tell(f"bands: market {done} of {total}")
                yield result

        found = bands.bands(progress=shown)  # type: ignore[arg-type]  # an iterator is given as an iterable
    if not quiet:
        outside = [one.fact for one in found if not one.inside]
        told = f"Outside: {'; '.join(outside)}." if outside else f"All {len(found)} figures lie inside their bands."
        say(told)
    return found
