"""The shelf: policies ready to use, by the name that a config gives; each file beside this one is found."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from tenure.policies.conditions.tables_first import FIRST, with_tables_first
from tenure.policies.policy import Policy, SettingsError, build_policy, settings_of
from tenure.policies.settings.faults import Fault
from tenure.policies.settings.suggest import did_you_mean


def _of_this_folder() -> Iterator[type]:
    """Yield the policies of the files here: classes of theirs that have a name of their own."""
    for file in iter_modules(__path__):
        module = f"{__name__}.{file.name}"
        for one in vars(import_module(module)).values():
            if isinstance(one, type) and one.__module__ == module and "name" in vars(one):
                yield one


SHELF: dict[str, type] = {str(vars(policy)["name"]): policy for policy in _of_this_folder()}
"""Name -> class of every policy on the shelf."""
ALIASES: Mapping[str, str] = {"static": "do_nothing"}
"""Another word for a policy of the shelf -> its name; an institution that changes nothing is static."""


SAME_AS_US = "same_as_us"
"""The policy of a rival that follows whatever policy we follow, for its own customers and with its own money."""


def make_policy(
    name: str, settings: Mapping[str, object] | None = None, known: Mapping[str, type] | None = None
) -> Policy:
    """Return a policy by name, with its settings.

    Parameters
    ----------
    name : str
        As in a config.
    settings : mapping, optional
        The fields of its class, and beside them `first`: tables of rules that come before it, see `TablesFirst`.
    known : mapping, optional
        Name -> class, such as the shelf and a user's own; by default the shelf.

    Raises
    ------
    SettingsError
        If no policy has the name, or a setting is unknown, missing or of the wrong kind.
    """
    shelf = SHELF if known is None else known
    name = ALIASES.get(name, name)
    if name == SAME_AS_US:
        what = f"'{name}' is for rivals alone: whoever has it follows our policy"
        raise SettingsError(name, [Fault(what, "name the policy that we follow", ("policy",))])
    if name not in shelf:
        own = "One of your own is found if its file is named: --policies FILE."
        mend = f"{did_you_mean(name, [*shelf, *ALIASES, SAME_AS_US])} {own}".strip()
        raise SettingsError(name, [Fault(f"no policy is called '{name}'", mend, ("policy",))])
    given = dict(settings or {})
    if FIRST not in given or FIRST in settings_of(shelf[name]):
        return build_policy(shelf[name], given)
    before = given.pop(FIRST)
    return with_tables_first(before, build_policy(shelf[name], given))
