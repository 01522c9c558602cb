"""The page of patterns: what is published beside what came out, in the terminal and as docs/patterns.md."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tenure.experiments.evidence.patterns.table import Found, number, range_of
from tenure.experiments.store.sealing import write_whole

TITLES = {
    "credit": "Borrowing and default",
    "leaving": "Leaving, staying, and what a customer brings",
    "contacts": "Messages and money to customers",
    "acquisition": "New customers",
    "competition": "Institutions of unlike size",
}
HEAD = (
    "| pattern | of | published | range | came out | se | | source | read | how measured |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def count_words(found: Sequence[Found]) -> Iterator[str]:
    """Yield sentences that say how many patterns lie inside, and name what does not."""
    asked = [one for one in found if one.pattern.is_range and one.pattern.read]
    outside = [one.pattern.pattern for one in asked if not one.inside]
    unread = [one for one in found if one.pattern.is_range and not one.pattern.read]
    yield f"{len(asked) - len(outside)} of {len(asked)} patterns of sources that were read lie inside their ranges."
    if outside:
        yield f"Outside: {'; '.join(outside)}."
    if unread:
        inside = sum(one.inside for one in unread)
        yield f"Of {len(unread)} unconfirmed ones, whose sources could not be read or are a judgement, {inside} do."


def pattern_lines(found: Sequence[Found]) -> Iterator[str]:
    """Yield the patterns as a table for the terminal."""
    family = ""
    for one in found:
        pattern = one.pattern
        if pattern.family != family:
            family = pattern.family
            yield from ("", TITLES[family], f"  {'':58} {'published':>18} {'simulated':>11} {'s.e.':>9}")
        told = (range_of(pattern), number(one.value, pattern.unit), number(one.error, pattern.unit).lstrip("+"))
        verdict = "" if one.verdict in ("inside", "information") else one.verdict
        yield f"  {pattern.pattern:58} {told[0]:>18} {told[1]:>11} {told[2]:>9}   {verdict}".rstrip()


def page(found: Sequence[Found], replications: int, seed: int = 1) -> str:
    """Write the patterns as a page of markdown; what lies outside is said first."""
    lines = [
        "# Patterns of people in the default market",
        "",
        "<!-- written by tenure verify patterns --page docs/patterns.md; do not edit -->",
        "",
        "What is published of customers of banks and card issuers beside what the shipped market gives:",
        f"{replications} replications (seed {seed}), 20,000 people, after the burn-in; mean and standard error (se).",
        "A world in which something is done is compared with the world of the same luck in which it is not.",
        "Attrition, losses and the steady state of the market stand in [bands.md](bands.md). Where the column *read*",
        "is empty, the source could not be read or is a judgement: such a pattern is unconfirmed, told and no test.",
        "",
        *(f"**{words}**" if words.startswith("Outside") else words for words in count_words(found)),
    ]
    family = ""
    for one in found:
        pattern = one.pattern
        if pattern.family != family:
            family = pattern.family
            lines += ["", f"## {TITLES[family]}", "", *HEAD]
        verdict = f"**{one.verdict}**" if one.verdict == "OUTSIDE" else one.verdict
        cells = (
            pattern.pattern,
            pattern.about,
            pattern.published,
            range_of(pattern),
            number(one.value, pattern.unit),
            number(one.error, pattern.unit).lstrip("+"),
            verdict,
            pattern.source,
            pattern.read,
            pattern.measured,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write_page(path: Path, found: Sequence[Found], replications: int, seed: int = 1) -> None:
    """Write `page` to a file."""
    write_whole(path, page(found, replications, seed).encode())
