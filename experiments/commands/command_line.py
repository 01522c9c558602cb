"""What all commands share: the application, their options, and how faults and answers are told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tenure.experiments.config.printable import json_text, printable

app = typer.Typer(
    name="tenure",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Compare policies for the customers of a financial institution in a simulated market. "
    "Start with: tenure run quickstart.yaml",
)

JSON_VERSION = 2
"""Of the form of all answers as JSON: raised when a key goes or changes its meaning, not when one comes."""
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON: ASCII, with the version of its form.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="Lay KEY=VALUE over the file; repeat it.")]
Vary = Annotated[
    list[str] | None, typer.Option("--vary", help="Run every arm at each of the values KEY=A,B; repeat it.")
]
PolicyFiles = Annotated[
    list[Path] | None, typer.Option("--policies", help="Python file with policies, metrics and other parts; repeat it.")
]
Workers = Annotated[int, typer.Option("--workers", min=0, help="Processes; 0: one for each processor.")]
Folder = Annotated[Path, typer.Argument(help="Folder of results, such as results/quickstart.")]
OutFile = Annotated[Path, typer.Option("-o", "--out", help="File to write: .parquet, .csv or .xlsx.")]
Arms = Annotated[list[str] | None, typer.Option("--arm", help="Take this arm alone; repeat it; by default all.")]
Config = Annotated[str, typer.Argument(help="Experiment, the name of a shipped one, or a folder of results.")]


@contextmanager
def answering(json: bool) -> Iterator[None]:
    """Tell expected faults in words, never as a traceback: exit code 2 for a config, 1 for the rest, 130 for ^C."""
    try:
        yield
    except KeyboardInterrupt:
        stop("^C stopped.", 130)
    except (ValueError, FileNotFoundError) as error:
        from tenure.experiments.config.reading import ConfigError

        problems = error.problems if isinstance(error, ConfigError) else None
        if json:
            told = [one._asdict() for one in problems] if problems else [{"message": str(error)}]
            print_json({"problems": told})
            raise typer.Exit(2) from None
        many = f"\n{len(problems)} problems" if problems and len(problems) > 1 else ""
        stop(f"{error}{many}", 2)
    except BrokenPipeError:
        raise  # whoever reads has enough, as `head` does: the command line ends without a word
    except OSError as error:
        stop(f"{error.filename or 'the disk'}: {error.strerror or error}", 1)
    except RuntimeError as error:
        from tenure.experiments.running.workers import WorkerError

        if not isinstance(error, WorkerError):
            raise
        stop(str(error), 1)


def stop(message: str, code: int) -> NoReturn:
    """End the command with a message."""
    typer.echo(printable(message), err=True)
    raise typer.Exit(code)


def print_json(data: Mapping[str, object] | Sequence[object]) -> None:
    """Answer as JSON: an object with the version of its form; what is a list are its ``items``."""
    told = data if isinstance(data, Mapping) else {"items": data}
    typer.echo(json_text({"version": JSON_VERSION, **told}))


def sets_of(sets: Sequence[str] | None, vary: Sequence[str] | None) -> list[str]:
    """Return what is laid over a file: what was given to `--set`, and to `--vary` as the grid of a design.

    >>> sets_of(["months=12"], ["switching_cost=x0.5,x1"])
    ['months=12', 'design.grid.switching_cost=[x0.5,x1]']
    """
    grid = []
    for one in vary or ():
        key, equals, values = one.partition("=")
        if not key.strip() or not equals or not values.strip():
            stop(f"--vary {one}: write KEY=A,B, such as switching_cost=x0.5,x1,x2.", 2)
        listed = values.strip() if values.strip().startswith("[") else f"[{values}]"
        grid.append(f"design.grid.{key.strip()}={listed}")
    return [*(sets or ()), *grid]


def say(text: str = "") -> None:
    """Print what a terminal may show, and nothing that it would obey."""
    typer.echo(printable(text))


def say_lines(lines: Iterable[str]) -> None:
    """Print some lines."""
    for line in lines:
        say(line)
