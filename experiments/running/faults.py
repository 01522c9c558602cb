"""Where a run is, and what to tell of one that failed: policy, file, line and month, in one line."""

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tenure.experiments.config.reading import ConfigError
from tenure.experiments.plugins.own_classes import classes_of
from tenure.experiments.plugins.own_policies import PolicySource
from tenure.experiments.verification.contract.source import Breach
from tenure.simulation.institutions.asking import PlanError

LONGEST_TRACE = 10_000


class Where:
    """Follows one task, and words what goes wrong with it.

    Parameters
    ----------
    sources : sequence of PolicySource
        Policy files that the task executes.
    policy : str
        Of the arm, or of the champion before month 0.
    tell : callable
        Told of each new month, so that its time can be watched.

    Attributes
    ----------
    breach : tuple, optional
        The first thing that a policy did and must not do: as `told` returns it.
    """

    def __init__(self, sources: Sequence[PolicySource], policy: str, tell: Callable[[str], None]) -> None:
        self.sources, self.policy, self.tell = tuple(sources), policy, tell
        self.phase = "begin"
        self.breach: tuple[str, dict[str, Any]] | None = None

    def month(self, month: int | str) -> None:
        """Note that a month begins."""
        self.phase = str(month)
        self.tell(self.phase)

    def opened(self, breach: Breach) -> None:
        """Note that a policy opened what it must not."""
        if self.breach is None:
            at = [] if breach.at is None else [(breach.at.path, breach.at.line)]
            self.breach = self.told(f"{breach.what}. {breach.mend}".strip(), at)

    def failed(self, fault: BaseException) -> tuple[str, dict[str, Any]]:
        """Return one line that says what failed and where, and the same as data with the whole trace."""
        frames = [(one.filename, one.lineno or 0) for one in traceback.extract_tb(fault.__traceback__)][::-1]
        text = str(fault).strip().splitlines()
        what = f"{type(fault).__name__}: {text[0] if text else 'no message'}"
        if isinstance(fault, SystemExit):
            what = f"it ends the program (SystemExit: {fault})"
        if isinstance(fault, MemoryError):
            what = "it needs more memory than a worker may take: see --memory-gb"
        if isinstance(fault, ConfigError):
            one = fault.problems[0]
            frames, what = [(one.path, one.line)], f"{one.message}. {one.mend}"
        if isinstance(fault, PlanError):
            what, frames = str(fault.__cause__ or fault), frames + self._decides()
        trace = "".join(traceback.format_exception(fault))[-LONGEST_TRACE:]
        message, details = self.told(what, frames)
        return message, {**details, "trace": trace}

    def told(self, what: str, frames: Sequence[tuple[str, int]] = ()) -> tuple[str, dict[str, Any]]:
        """Return one line, and the same as data; of frames, innermost first, the first in a policy's file counts."""
        own = {path: source for source in self.sources for path in source.paths}
        place = next(((path, line) for path, line in frames if path in own), None)
        parts = [f"month {self.phase}"] if self.phase.lstrip("-").isdigit() else []
        if place is not None:
            names = sorted(classes_of(own[place[0]]))
            name = self.policy if self.policy in names or not names else names[0]
            parts.append(f"policy '{name}' ({Path(place[0]).name}:{place[1]})")
        else:
            name = self.policy
            parts.append(f"policy '{name}'")
        details: dict[str, Any] = {"policy": name, "month": self.phase}
        if place is not None:
            details |= {"file": place[0], "line": place[1]}
        return f"{', '.join(parts)}: {what}", details

    def _decides(self) -> list[tuple[str, int]]:
        """Return where the policy's `decide` begins, if it is a user's own."""
        return [
            (source.path, classes_of(source)[self.policy])
            for source in self.sources
            if self.policy in classes_of(source)
        ]
