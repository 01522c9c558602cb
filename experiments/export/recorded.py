"""Tables of what runs recorded, each declared by the measures that it is made of: units and meanings are theirs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.export.column import TableColumn
from tenure.simulation.recording import measures
from tenure.simulation.recording.measure import Key, Measure

if TYPE_CHECKING:
    import pandas as pd

WORDS = ("measure", "institution", "a", "b")
HEADS = ("customers", "contacts")
"""Units of what is counted."""
REFUSED = "refused:"
"""How the outcome of a proposal begins that the guard refused; the rule follows."""


class Recorded(NamedTuple):
    """A table of what one or several measures recorded.

    Attributes
    ----------
    name, meaning : str
    values : mapping
        TableColumn of numbers -> the measure that it holds.
    a, b : str
        What the columns of their keys are called; empty: left out.
    spread : mapping
        TableColumn of numbers -> the key `b` whose rows it holds, of the only measure; empty: `b` is a column.
    institution : str
        What the column of the institution is called; empty where all is ours.
    monthly : bool
        Whether there are rows of several months.
    rest : float or None
        What a number is where no row says it; None: missing.
    """

    name: str
    meaning: str
    values: Mapping[str, Measure]
    a: str = ""
    b: str = ""
    spread: Mapping[str, str] = {}
    institution: str = ""
    monthly: bool = True
    rest: float | None = None

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures whose rows are read."""
        return tuple(dict.fromkeys(one.name for one in self.values.values()))

    def columns(self) -> tuple[TableColumn, ...]:
        """Return the columns behind those of the run and the month."""
        first = next(iter(self.values.values()))
        keys = [TableColumn(self.institution, "text", "", "institution")] if self.institution else []
        for name, key in ((self.a, first.a), (self.b, first.b)):
            keys += [TableColumn(name, "text", "", key.meaning, _words(key))] if name else []
        return (*keys, *(self._number(name, one) for name, one in self.values.items()))

    def _number(self, name: str, measure: Measure) -> TableColumn:
        outcome = self.spread.get(name, "")
        told = f"{measure.meaning}: {outcome}" if outcome else measure.meaning
        unit = measure.units.get(outcome, measure.unit)
        return TableColumn(name, "whole" if unit in HEADS else "number", unit, f"{told} ({measure.when})")

    def frame(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        """Return the table of the rows of one run."""
        keys = [one for one in ("institution", "a", "b") if getattr(self, one)]
        keys = [*(["month"] if self.monthly else []), *keys]
        rows = rows.astype(dict.fromkeys(WORDS, object))
        kept = rows[rows["b"].isin(self.spread.values())] if self.spread else rows
        by = {**{one: name for name, one in self.spread.items()}} or {m.name: n for n, m in self.values.items()}
        wide = kept.assign(column=kept["b" if self.spread else "measure"].map(by))
        table = wide.pivot_table(index=keys, columns="column", values="value", aggfunc="sum", sort=False)
        table = table.reindex(columns=list(self.values))
        table = table if self.rest is None else table.fillna(self.rest)
        names = {one: getattr(self, one) for one in ("institution", "a", "b") if getattr(self, one)}
        found: pd.DataFrame = table.reset_index().rename(columns=names).rename_axis(columns=None)
        return found


def _words(key: Key) -> tuple[str, ...]:
    """Return the words of a key, if these are all that it can be."""
    return () if key.form else key.words


def _by_outcome(measure: Measure, **outcomes: str) -> tuple[dict[str, Measure], dict[str, str]]:
    """Return what spreads a measure over columns: name of a column -> key `b`."""
    return dict.fromkeys(outcomes, measure), outcomes


_TREATED = _by_outcome(
    measures.TREATMENTS,
    proposed="proposed",
    contacted="contacted",
    taken="taken",
    spent="spent",
    forgone="forgone",
)
_MONEY = _by_outcome(
    measures.TREATMENTS,
    cost="cost_eur",
    given_up="given_up_eur",
    invitations="invitations_eur",
    posted_cut="posted_cut_points",
)
_REACHED = _by_outcome(measures.REACH, contacts="contacts", spend="spend_eur", joined="joined")

RECORDED = (
    Recorded(
        "book",
        "our customers and their balances by stage and quadrant, true, month by month",
        {
            "customers": measures.CUSTOMERS_BY_CELL,
            "credit_balance": measures.CREDIT_BALANCE_BY_CELL,
            "deposit_balance": measures.DEPOSIT_BALANCE_BY_CELL,
        },
        a="stage",
        b="quadrant",
        rest=0.0,
    ),
    Recorded(
        "institutions",
        "customers and balances of every institution, month by month",
        {
            "customers": measures.CUSTOMERS,
            "credit_balance": measures.CREDIT_BALANCE,
            "deposit_balance": measures.DEPOSIT_BALANCE,
        },
        institution="institution",
    ),
    Recorded("ledger", "profit and loss, line by line", {"amount": measures.LEDGER}, "line", institution="institution"),
    Recorded(
        "prices", "what institutions post", {"price": measures.POSTED_PRICE}, "product", institution="institution"
    ),
    Recorded(
        "leavers",
        "who left, why, and after how long",
        {"customers": measures.LEAVERS},
        "cause",
        "tenure_years",
        institution="institution",
    ),
    Recorded("joiners", "who came, and how", {"customers": measures.JOINERS}, "source", institution="institution"),
    Recorded(
        "flows", "who went from whom to whom", {"customers": measures.FLOWS}, "to", "quadrant", institution="from"
    ),
    Recorded(
        "stage_moves", "moves between stages", {"customers": measures.STAGE_MOVES}, a="stage_before", b="stage_after"
    ),
    Recorded(
        "channels",
        "what channels reached, cost and brought",
        _REACHED[0],
        a="channel",
        spread=_REACHED[1],
        institution="institution",
        rest=0.0,
    ),
    Recorded(
        "treatments",
        "what we proposed, did and paid, treatment by treatment",
        _TREATED[0],
        a="treatment",
        spread=_TREATED[1],
        rest=0.0,
    ),
    Recorded("treatment_money", "what all treatments together cost", _MONEY[0], spread=_MONEY[1], rest=0.0),
    Recorded("reasons", "for which reasons customers were served", {"customers": measures.REASONS}, a="reason"),
    Recorded("funnel", "from those in our files to those who took something", {"customers": measures.FUNNEL}, a="step"),
    Recorded(
        "structure_limits",
        "where limits of structure stood",
        {"value": measures.STRUCTURE_LIMIT},
        a="limit",
        b="figure",
    ),
    Recorded(
        "closing_value",
        "what our customers are worth beyond the last month",
        {"amount": measures.CLOSING_VALUE},
        a="part",
        monthly=False,
    ),
)
"""Tables that a measure or several give as they are."""
