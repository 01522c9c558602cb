"""Where what ships with the program lies."""

from os.path import isfile
from pathlib import Path

_EXPERIMENTS = Path(__file__).resolve().parent
EXAMPLES = _EXPERIMENTS / "examples"
"""Folder of the shipped experiments."""
MARKETS = _EXPERIMENTS / "markets"
"""Folder of the shipped markets."""
SCENARIOS = _EXPERIMENTS / "scenarios"
"""Folder of the shipped scenarios."""
ERAS = _EXPERIMENTS / "eras"
"""Folder of the shipped eras."""
KNOWN = _EXPERIMENTS / "known"
"""Folder of the markets of the known answers."""
DATA = _EXPERIMENTS / "data"
"""Folder of published data."""
PARTS = "tenure.parts"
"""Group of entry points by which an installed package offers a file of parts; none acts unless it is named."""


def shipped_example(name: str) -> Path | None:
    """Return the file of a shipped example by its bare name: a config, with or without its ending, or a policy file."""
    if Path(name).name != name:
        return None
    tried = [folder / file for folder in (EXAMPLES, *_folders()) for file in (name, f"{name}.yaml")]
    return next((one for one in tried if isfile(one)), None)


def example_configs() -> list[Path]:
    """Return the shipped experiments by name, those of examples with files of their own among them."""
    found = [path for folder in (EXAMPLES, *_folders()) for path in folder.glob("*.yaml")]
    return sorted((path for path in found if path.name.count(".") == 1), key=lambda path: path.name)


def policies_beside(config: Path) -> list[Path]:
    """Return the policy files that belong to a shipped example."""
    return sorted(config.parent.glob("*.py"))


def policy_file(path: Path) -> Path:
    """Return the policy file that a user names: the file itself, else that of a shipped example of this name."""
    found = None if isfile(path) else shipped_example(str(path))
    return found if found is not None and found.suffix == ".py" else path


def _folders() -> list[Path]:
    """Return the folders of examples that have a market or a policy of their own."""
    return sorted(path for path in EXAMPLES.iterdir() if path.is_dir())


def named_file(path: Path) -> Path:
    """Return the file that a name means: that of an installed package's entry point where no such file is there.

    Raises
    ------
    LookupError
        If an entry point names a module that cannot be found.
    """
    if path.suffix or path.name != str(path) or path.exists():
        return path
    from importlib.metadata import entry_points  # takes a moment that most commands need not wait for
    from importlib.util import find_spec

    found = next(iter(entry_points(group=PARTS, name=path.name)), None)
    if found is None:
        return path
    try:
        spec = find_spec(found.module)
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        raise LookupError(f"the entry point '{path.name}' names {found.module}, which is not installed")
    return Path(spec.origin)
