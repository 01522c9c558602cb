"""Settings of behaviour and of the population, made of the declarations beside the rules: nothing is declared twice."""

from functools import partial
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, create_model

from tenure.agents.declaring import Parameter, parameters_of
from tenure.agents.rules.population import Traits
from tenure.agents.rules.rulebook import Rulebook
from tenure.policies.settings.faults import Fault, FaultyError, told
from tenure.simulation.settings.base import Settings
from tenure.simulation.values.units import parse_multiplier

Default = float | tuple[float, ...]


def settings_of(group: type) -> type[Settings]:
    """Return the settings class of a NamedTuple of parameters: same names, defaults, units and ranges."""
    fields: dict[str, Any] = {  # of a kind that pydantic's create_model wants
        name: (_type_of(kind, default, declared), Field(default, description=declared.source))
        for name, (kind, default, declared) in parameters_of(group).items()
    }
    return create_model(
        f"{group.__name__}Settings", __base__=Settings, __doc__=group.__doc__, __module__=__name__, **fields
    )


def _type_of(kind: Any, default: Default, declared: Parameter) -> Any:  # types are data here
    """Return the type of a setting: a number, or as many as there are by default."""
    if isinstance(default, tuple):
        inner = tuple(Annotated[number, declared] for number in get_args(kind))
        return Annotated[tuple[inner], BeforeValidator(partial(_listed, default))]  # type: ignore[valid-type]  # as many as are declared
    return Annotated[kind, declared, BeforeValidator(partial(times_default, default))]


def _listed(default: tuple[float, ...], value: object) -> object:
    """Refuse what is no list of as many numbers as the default."""
    if not isinstance(value, list | tuple) or len(value) != len(default):
        what = f"a list of {len(default)} numbers is wanted, got {told(value)}"
        raise FaultyError(Fault(what, f"write one such as {list(default)}"))
    return value


def times_default(default: float | None, value: object) -> object:
    """Return the default times the factor of ``x0.7``; anything else as it is."""
    factor = parse_multiplier(value)
    if factor is not None and default == 0:
        what = f"{told(value)} multiplies the usual value, and that is 0"
        raise FaultyError(Fault(what, "write the value itself"))
    return value if factor is None or default is None else default * factor


GROUPS: dict[str, type] = {name: type(value) for name, value in Rulebook()._asdict().items()}
"""Family of rules -> its parameters."""
_OF_GROUPS = {name: settings_of(group) for name, group in GROUPS.items()}
RulesSettings = create_model(
    "RulesSettings",
    __base__=Settings,
    __doc__="Parameters of behaviour, by family of rules.",
    __module__=__name__,
    **{name: (made, Field(default_factory=made)) for name, made in _OF_GROUPS.items()},  # type: ignore[call-overload]  # fields made from declarations
)
TraitsSettings = settings_of(Traits)
GROUP_OF: dict[type, type] = {TraitsSettings: Traits, **{made: GROUPS[name] for name, made in _OF_GROUPS.items()}}
"""Settings class -> the parameters that it is made of, which say what each means."""
_BY_NAME = {made.__name__: made for made in _OF_GROUPS.values()}


def __getattr__(name: str) -> type[Settings]:
    """Return the settings class of a group by its name, as it is looked up when a worker is sent one."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
