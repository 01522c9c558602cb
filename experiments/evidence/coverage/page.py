"""The page of what intervals cover: docs/coverage.md."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tenure.experiments.evidence.coverage.study import EXPERIMENTS, Covered, FalseSigns, pooled
from tenure.experiments.store.sealing import write_whole

POOLED = {
    "own, 1,000 people": "the program's own, 1,000 people",
    "own, 20,000 people": "the program's own, 20,000 people",
}


def coverage_lines(found: Sequence[Covered]) -> Iterator[str]:
    """Yield the table for a terminal: what Student's intervals cover, what ours do, and their width over Student's."""
    yield f"  {'':42} {'replications':>12} {'Student':>8} {'ours':>8} {'width':>7}"
    for name, n, student, ours, width, _ in _rows(found):
        yield f"  {name:42} {n:>12} {student:>8.1%} {ours:>8.1%} {width:>6.2f}x"


def write_coverage(path: Path, found: Sequence[Covered], signs: FalseSigns) -> None:
    """Write the page; `found` must hold every shape at every size."""
    write_whole(path, ("\n".join(_page(found, signs)) + "\n").encode())


def _rows(found: Sequence[Covered]) -> Iterator[tuple[str, int, float, float, float, float]]:
    sizes = sorted({one.replications for one in found})
    plain = list(dict.fromkeys(one.shape for one in found if not one.shape.startswith("own")))
    for n in sizes:
        for one in found:
            if one.replications == n and one.shape in plain:
                yield one.shape, n, one.student, one.ours, one.width, one.marked
        for begins, name in POOLED.items():
            if any(one.shape.startswith(begins) for one in found):
                mean = pooled(found, begins, n)
                yield name, n, mean["student"], mean["ours"], mean["width"], mean["marked"]


def _page(found: Sequence[Covered], signs: FalseSigns) -> Iterator[str]:
    yield "# What intervals cover"
    yield ""
    yield (
        f"`tenure verify coverage --page docs/coverage.md` makes this page. {EXPERIMENTS:,} experiments of each shape "
        "and size, of which the truth is known; the share whose interval, said to be 95%, holds it (standard error "
        "0.15 points). *Width* is the average over that of Student's interval, *marked* the share that a table marks "
        "with ~."
    )
    yield ""
    yield (
        "An interval is Student's, longer on the side of the tail where undoing Hall's transformation, which takes out "
        "the skewness of t, goes further, but at most twice as far (decision 056). On few replications nothing can "
        "cover what has a rare large loss in it: a sample in which it does not occur knows nothing of it."
    )
    yield ""
    yield "| differences | replications | Student covers | ours cover | width | marked |"
    yield "|---|---|---|---|---|---|"
    for name, n, student, ours, width, marked in _rows(found):
        yield f"| {name} | {n} | {student:.1%} | {ours:.1%} | {width:.2f} | {marked:.1%} |"
    yield ""
    yield "## The program's own differences, ten replications"
    yield ""
    yield (
        "Quickstart with `propensity_retention` (leavers) and `segmenter` (offers) as two more arms, 1,000 people, 12 "
        "months, 200 replications: those of the standard metrics whose skewness is over 1, drawn with replacement. "
        "20,000 people, as shipped, count as twenty such markets beside each other. What is least covered is the loss "
        "rate where a few replications lie far from all others."
    )
    yield ""
    yield "| people | metric and arm | Student covers | ours cover | width | marked |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        if one.replications == 10 and one.shape.startswith("own"):
            people, _, name = one.shape.removeprefix("own, ").partition(" people: ")
            yield f"| {people} | {name} | {one.student:.1%} | {one.ours:.1%} | {one.width:.2f} | {one.marked:.1%} |"
    yield ""
    yield "## How often noise alone shows a sign"
    yield ""
    yield (
        "Three arms that do not differ from the champion, five metrics that have nothing to do with each other, ten "
        f"replications, {EXPERIMENTS:,} tables, normal differences that correlate by a half: the share of tables with "
        "a ▲ or ▼ somewhere."
    )
    yield ""
    yield "| intervals | tables with a false sign |"
    yield "|---|---|"
    yield f"| each stands alone (Student) | {signs.alone:.1%} |"
    yield f"| the arms of each metric are a family (Student, Dunnett) | {signs.per_metric:.1%} |"
    yield f"| ours, in the column decided on | {signs.decided_on:.1%} |"
    yield f"| ours, in the four other columns together | {signs.also:.1%} |"
    yield f"| ours, anywhere | {signs.anywhere:.1%} |"
