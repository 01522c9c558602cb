"""What `tenure list` and `tenure explain` tell of commands and their options: what each command's own `--help` says."""

import inspect
from collections.abc import Callable, Iterator
from typing import NamedTuple, get_args

import typer
from typer.main import get_command_name
from typer.models import ArgumentInfo, OptionInfo

from tenure.experiments.listing.entry import Entry
from tenure.experiments.listing.text import default_text, sentence

OPTION = "option of a command"


class _Option(NamedTuple):
    """An option as it is declared: the short spelling first, where there is one."""

    spellings: tuple[str, ...]
    meaning: str
    default: str


def command_entries(application: typer.Typer) -> Iterator[Entry]:
    """Yield every command of an application, and every option, once for each meaning that it has."""
    of: dict[_Option, list[str]] = {}
    for one in application.registered_commands:
        if one.callback is None:
            continue
        name = one.name or get_command_name(one.callback.__name__)
        options = list(_options(one.callback))
        for option in options:
            of.setdefault(option, []).append(f"tenure {name}")
        takes = " ".join(("tenure", name, *_arguments(one.callback)))
        meaning = (inspect.getdoc(one.callback) or "").partition("\n")[0]
        facts = {"write it": takes, "options": ", ".join(option.spellings[-1] for option in options)}
        yield Entry("command of the terminal", name, sentence(meaning), facts, (f"tenure {name}",))
    for option, commands in of.items():
        *short, name = option.spellings
        facts = {"of": ", ".join(commands), "by default": option.default, "or": ", ".join(short)}
        known = {label: text for label, text in facts.items() if text}
        yield Entry(OPTION, name, sentence(option.meaning), known, tuple(short))


def _declared(callback: Callable[..., object]) -> Iterator[tuple[inspect.Parameter, object]]:
    """Yield each parameter of a command with what declares it."""
    for parameter in inspect.signature(callback).parameters.values():
        yield from ((parameter, one) for one in get_args(parameter.annotation)[1:])


def _options(callback: Callable[..., object]) -> Iterator[_Option]:
    for parameter, declared in _declared(callback):
        if isinstance(declared, OptionInfo):
            first = declared.default if isinstance(declared.default, str) else f"--{parameter.name.replace('_', '-')}"
            spellings = (first, *(declared.param_decls or ()))  # what is annotated has the first in its default's place
            given = parameter.default if parameter.default is not inspect.Parameter.empty else None
            shown = "" if given is None or given is False or given == "" else default_text(given)
            yield _Option(spellings, declared.help or "", shown)


def _arguments(callback: Callable[..., object]) -> Iterator[str]:
    for parameter, declared in _declared(callback):
        if isinstance(declared, ArgumentInfo):
            must = parameter.default is inspect.Parameter.empty
            yield parameter.name.upper() if must else f"[{parameter.name.upper()}]"
