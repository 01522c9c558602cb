"""Tables of rules that come before a policy, whatever it is: what several arms share, written once."""

from collections.abc import Mapping, Sequence

from tenure.policies.conditions.decision_table import Rule, decide_by_rules, read_rules, who_fits
from tenure.policies.plan import Plan, Treatments, as_plan
from tenure.policies.policy import Policy, SettingsError
from tenure.policies.settings.faults import Fault, KeyPath
from tenure.policies.settings.faults import told as as_told
from tenure.policies.view import InstitutionView

FIRST = "first"
"""Setting of every policy: tables of rules that come before it, a list of {name: rows}."""
_FORM = "write [{arrears: [{when: months_past_due == 1, do: early_help}]}]"


class TablesFirst:
    """A policy with tables of rules before it: who fits a rule gets what it says, and the policy has the others.

    What a rule proposes stands above all that the policy proposes, in the order of tables and rules. Customers whom a
    rule leaves alone (`do: none`) are left alone by the policy, too. The policy sees all customers and decides as if it
    were alone, so that its prices, channels and lessons are its own; whatever it is asked beside its plan, it answers.

    Parameters
    ----------
    tables : mapping
        Name -> rules, in order.
    then : Policy
        Has those whom no rule fits.
    """

    needs_view = True

    def __init__(self, tables: Mapping[str, Sequence[Rule]], then: Policy) -> None:
        self.tables, self.then = {name: tuple(rules) for name, rules in tables.items()}, then
        self.rules = tuple(rule for rules in self.tables.values() for rule in rules)
        self.called = tuple(
            f"{name} {number}" for name, rules in self.tables.items() for number, _ in enumerate(rules, 1)
        )

    @property
    def name(self) -> str:
        """What a config calls the policy."""
        return self.then.name

    def __getattr__(self, asked: str) -> object:
        if asked.startswith("__") or asked == "then":  # while it is copied, it has no policy yet
            raise AttributeError(asked)
        return getattr(self.then, asked)

    def notes(self) -> Mapping[str, float]:
        """Return what the policy wants told in a report; nothing where it takes no notes."""
        told: Mapping[str, float] = getattr(self.then, "notes", dict)()
        return told

    def decide(self, view: InstitutionView) -> Plan | Treatments:
        """Return what the rules say, and what the policy wants for those whom none fits."""
        first = who_fits(self.rules, view)
        by_rule = decide_by_rules(self.rules, view, first, self.called)
        plan = as_plan(self.then.decide(view))
        own = plan.treatments
        free = own.customer >= len(view)  # whoever is not in view is refused by the guard, with its words
        free[~free] = first[own.customer[~free]] < 0
        left = Treatments(
            own.customer[free], own.treatment[free], own.amount[free], own.because[free], own.names, own.reasons
        )
        return Plan(Treatments.joined([by_rule, left], keep_all=True), plan.acquisition, plan.offer)


def with_tables_first(written: object, then: Policy) -> Policy:
    """Return a policy with tables of rules before it; the policy itself where they hold no rule.

    Parameters
    ----------
    written : sequence of mappings
        Of each table its name -> rows {when: condition, do: treatment, amount: in its unit}; the first has its say
        first.
    then : Policy

    Raises
    ------
    SettingsError
        With all that is wrong in the tables, each with its place such as ``first[0].arrears[1].when``.
    """
    faults: list[Fault] = []
    tables: dict[str, tuple[Rule, ...]] = {}
    if not isinstance(written, list | tuple):
        faults.append(Fault(f"a list of tables of rules is wanted, got {as_told(written)}", _FORM, (FIRST,)))
        written = ()
    for place, one in enumerate(written):
        at: KeyPath = (FIRST, place)
        if not isinstance(one, Mapping) or len(one) != 1:
            faults.append(Fault(f"one table is wanted, a name and its rules, got {as_told(one)}", _FORM, at))
            continue
        [(name, rows)] = one.items()
        if name in tables:
            faults.append(Fault(f"the table '{name}' comes twice", "leave one out", at))
        elif not isinstance(rows, list | tuple):
            faults.append(Fault(f"a list of rules is wanted, got {as_told(rows)}", "write [] for none", (*at, name)))
        else:
            try:
                tables[name] = read_rules(rows, then.name, (*at, name)) if rows else ()
            except SettingsError as error:
                faults += error.faults
    if faults:
        raise SettingsError(then.name, faults)
    return TablesFirst(tables, then) if any(tables.values()) else then


def tables_before(policy: Policy) -> Mapping[KeyPath, tuple[Rule, ...]]:
    """Return the tables of rules that come before a policy, by their place among its settings; none of one alone."""
    if not isinstance(policy, TablesFirst):
        return {}
    return {(FIRST, place, name): rules for place, (name, rules) in enumerate(policy.tables.items())}


def standing_alone(policy: Policy) -> Policy:
    """Return the policy itself, without what comes before it."""
    return policy.then if isinstance(policy, TablesFirst) else policy
