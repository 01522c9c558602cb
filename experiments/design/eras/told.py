"""The eras of an experiment in words."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from tenure.experiments.config.printable import shown
from tenure.experiments.design.eras.laid import Era


def era_lines(eras: Sequence[Era], width: int) -> Iterator[str]:
    """Yield what each era changes, and when, in lines of some width."""
    for one in eras:
        yield from wrap(f"era {shown(one.title)}, {one.when}:", width)
        for change in one.changes or ("it changes nothing",):
            yield from wrap(change, width, initial_indent="  ", subsequent_indent="    ")
