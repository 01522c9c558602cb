"""The shipped markets hold the shares that they state: their qualities found anew, and written into their files.

python -m tenure.experiments.evidence.solve_shares [MARKET ...] [--write]    finds them (about 20 s a market), prints
them beside the shares that are lived, and with --write puts them into the files, to be done whenever the rules change
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from tenure.experiments.config.documents import Document, KeyPath
from tenure.experiments.config.market_files import read_market, without_qualities
from tenure.experiments.shipped import MARKETS
from tenure.experiments.store.sealing import write_whole
from tenure.simulation.model import held_shares
from tenure.simulation.settings.market import market_from
from tenure.simulation.shares.held import HeldShares
from tenure.simulation.shares.resting import WINDOW

SHIPPED = ("default", "online_lender")


def solved(document: Document) -> HeldShares:
    """Find the qualities that hold the shares of a market, whatever qualities are written; progress is shown."""
    market = market_from(without_qualities(document).data)
    with Progress(transient=True) as bars:
        task = bars.add_task("finding qualities", total=None)
        _, found = held_shares(market, lambda made, most: bars.update(task, completed=made, total=most))
    assert found is not None, document.path  # noqa: S101  # a market whose shares are all 0 has nothing to hold
    return found


def with_written(text: str, document: Document, qualities: dict[KeyPath, float]) -> str:
    """Return the text of a market's file in which these qualities are written, in place of old ones or below shares."""
    lines = text.split("\n")
    at_lines = {at: document.positions.get((*at, "quality")) for at in qualities}
    for at, place in at_lines.items():
        if place is not None:
            line, column = lines[place.line - 1], place.column - 1
            old = line[column:].split()[0].rstrip(",}")
            lines[place.line - 1] = f"{line[:column]}{qualities[at]:g}{line[column + len(old) :]}"
    fresh = [(document.positions[(*at, "share")], at) for at, place in at_lines.items() if place is None]
    for share, at in sorted(fresh, reverse=True):
        indent = lines[share.line - 1][: -len(lines[share.line - 1].lstrip())]
        lines.insert(share.line, f"{indent}quality: {qualities[at]:g}")
    return "\n".join(lines)


def lines_of(found: HeldShares) -> list[str]:
    """Return the qualities and shares of a market as lines."""
    heads = ("", "quality", "written", "at opening", f"{WINDOW // 12} years on")
    rows = [
        (
            one.name,
            f"{found.qualities[one.name]:.3f}" if one.name in found.qualities else "",
            *(f"{100 * share:.1f}%" for share in (one.written, one.at_opening, one.later)),
            "" if one.held else "   NOT HELD",
        )
        for one in found.shares
    ]
    return [
        f"  {name:<14}{quality:>9}{written:>10}{opening:>12}{later:>12}{''.join(rest)}"
        for name, quality, written, opening, later, *rest in [heads, *rows]
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Find the qualities of markets, print them, and write them where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("markets", nargs="*", default=SHIPPED, help="names of shipped markets, or files")
    parser.add_argument("--write", action="store_true", help="put them into the files")
    asked = parser.parse_args(arguments)
    for name in asked.markets:
        path = Path(name) if name.endswith(".yaml") else MARKETS / f"{name}.market.yaml"
        document, began = read_market(path), time.perf_counter()
        found = solved(document)
        print(f"{path.name}: {time.perf_counter() - began:.0f} s", *lines_of(found), sep="\n")
        if asked.write:
            us = str(market_from(document.data).our_name)
            qualities: dict[KeyPath, float] = {
                ("us",) if one == us else ("rivals", one): quality for one, quality in found.qualities.items()
            }
            write_whole(path, with_written(path.read_text(encoding="utf-8"), document, qualities).encode())


if __name__ == "__main__":
    main()
