"""What the columns of the view can be, and which conditions on them nobody can meet."""

from collections.abc import Iterator, Sequence

from tenure.agents.belief import NEVER
from tenure.agents.declaring import parameters_of
from tenure.agents.rules.estimation import Learning
from tenure.policies.columns import COUNTS, FIELDS, MOST_OVER_INCOME, SHARES, condition_fields
from tenure.policies.conditions.condition import Condition, FieldComparison
from tenure.policies.conditions.reachable import Ranges, comparisons, shadowed_by, unreachable
from tenure.policies.schemes import SEGMENT

_ANY_AMOUNT = (0.0, float("inf"))
LIMITS: Ranges = {
    **dict.fromkeys(SHARES, (0.0, 1.0)),
    **{name: (0.0, float(NEVER)) for name, field in FIELDS.items() if f"{NEVER} never" in field.meaning},
    "utilisation": _ANY_AMOUNT,  # a line can be overdrawn
    **dict.fromkeys(("debt_to_income", "line_to_income"), (0.0, MOST_OVER_INCOME)),
    "years_expected": (0.0, parameters_of(Learning)["years_most"][2].high),
    **dict.fromkeys(("balance", "line", "income"), _ANY_AMOUNT),
}
"""Column -> least and greatest value, in any market."""
NO_SEGMENT = "(none)"


def limits(products: Sequence[str], charged_off_at: float = float("inf")) -> Ranges:
    """Return column -> least and greatest value in a market.

    Parameters
    ----------
    products : sequence of str
        Of the market.
    charged_off_at : float
        Missed payments at which a customer is charged off.
    """
    needs = {f"need_{product}": (0.0, 1.0) for product in products}
    counted = {"months_past_due": (0.0, charged_off_at), "products_held": (0.0, float(len(products)))}
    return {**LIMITS, **needs, **counted}


def unreachable_on_view(
    conditions: Sequence[Condition], products: Sequence[str], segments: Sequence[str] = (), ranges: Ranges | None = None
) -> dict[int, list[int]]:
    """Return the indexes of conditions that nobody can reach, the first that fits being taken, and what takes them.

    Those that take a condition's cases stand before it; there are none where it contradicts itself.
    """
    within = limits(products) if ranges is None else ranges
    fields = condition_fields(products, (*segments, NO_SEGMENT) if segments else ())
    lost = unreachable(conditions, fields, within, COUNTS)
    return {index: shadowed_by(conditions, index, fields, within, COUNTS) for index in lost}


def never_true(
    condition: Condition, products: Sequence[str], segments: Sequence[str], ranges: Ranges
) -> Iterator[tuple[str, str]]:
    """Yield each comparison of a condition that is true for nobody, and what its column can be."""
    for one in comparisons(condition.tree):
        alone = Condition(condition.text, one, frozenset([one.field]))
        if one.field != SEGMENT and unreachable_on_view([alone], products, segments, ranges):
            yield _text(one), _can_be(one.field, ranges)


def _text(one: FieldComparison) -> str:
    shown = [_number(one.field, value) if isinstance(value, float) else str(value) for value in one.values]
    values = f"[{', '.join(shown)}]" if one.op == "in" else shown[0]
    return f"{one.field} {one.op} {values}"


def _number(field: str, value: float) -> str:
    return f"{100.0 * value:.6g}%" if field in SHARES or field.startswith("need_") else f"{value:.12g}"


def _can_be(field: str, ranges: Ranges) -> str:
    low, high = ranges.get(field, (0.0, float("inf")))
    span = (
        f"{_number(field, low)} or more" if high == float("inf") else f"{_number(field, low)} to {_number(field, high)}"
    )
    return f"{field} is {'a whole number, ' if field in COUNTS else ''}{span}"
