"""Rules: a decision table of one's own; and the shipped tables for the four quadrants and for the stages."""

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from tenure.policies.conditions.decision_table import Amount, Row, Rule, decide_by_rules, read_rules, treatment_faults
from tenure.policies.plan import Treatments
from tenure.policies.policy import check_settings
from tenure.policies.view import InstitutionView

SETTING = "setting"
"""In the shipped table: what to do is a setting of the policy."""


@dataclass(frozen=True)
class Rules:
    """A decision table of one's own: the first rule that fits a customer says what to do.

    Within the plan the order of the rules is the order of priority, and within a rule the believed margin.
    """

    name = "rules"
    rules: tuple[Row, ...]
    """The table, from the top: rows {when: condition, do: treatment, amount: in its unit}."""
    table: tuple[Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", read_rules(self.rules, self.name))

    def decide(self, view: InstitutionView) -> Treatments:
        """Return each customer's treatment by the first rule that fits."""
        return decide_by_rules(self.table, view)


@cache
def shipped_table(policy: str) -> tuple[Row, ...]:
    """Return the rows of a table as shipped in `<policy>.yaml`."""
    text = files(__package__).joinpath(f"{policy}.yaml").read_text(encoding="utf-8")
    return tuple(YAML(typ="safe", pure=True).load(text)["rules"])


@dataclass(frozen=True)
class QuadrantRules:
    """The textbook's treatment of the four quadrants, shipped as a table of rules.

    The book names no treatment for high risk with high return, so that one is a setting. For other changes
    copy the table into an arm of the policy `rules`.
    """

    name = "quadrant_rules"
    high_risk_high_return: str = "none"
    """What this quadrant gets: a treatment, or cross_sell."""
    amount: Amount | None = None
    """How much of that treatment, in its unit; by default the catalogue's."""
    table: tuple[Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        faults = treatment_faults(("high_risk_high_return",), self.high_risk_high_return, self.amount, pick=True)
        check_settings(self, faults)
        setting = {"do": self.high_risk_high_return, "amount": self.amount}
        rows = [{**row, **setting} if row["do"] == SETTING else row for row in shipped_table(self.name)]
        object.__setattr__(self, "table", read_rules(rows, self.name))

    def decide(self, view: InstitutionView) -> Treatments:
        """Return each customer's treatment by quadrant."""
        return decide_by_rules(self.table, view)


@dataclass(frozen=True)
class StageRules:
    """Care by stage of the lifecycle, shipped as a table of rules: reach maturity soon, lengthen it, part in time.

    For changes copy the table into an arm of the policy `rules`.
    """

    name = "stage_rules"

    def decide(self, view: InstitutionView) -> Treatments:
        """Return each customer's treatment by stage."""
        return decide_by_rules(read_rules(shipped_table(self.name), self.name), view)
