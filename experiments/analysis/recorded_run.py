"""The rows of one run as metrics read them: those of the own institution, by measure and month."""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.simulation.recording.rows import COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from tenure.simulation.settings.market import MarketSettings

FloatArray = NDArray[np.float64]
OWN = "customers_by_cell"
"""A measure that is recorded of the own institution alone."""


class Rates(NamedTuple):
    """Rates a year in each month of a run, arrays of shape (months,)."""

    discount: FloatArray
    """At which later money is discounted: the market's `world.discount`."""
    capital_cost: FloatArray
    """What a unit of capital is charged: the market's `rules.credit.capital_cost`."""

    @property
    def weights(self) -> FloatArray:
        """What money of each month is worth at the beginning of the run, (1 + rate)^(-(month + 1)/12) at one rate."""
        return np.asarray(np.cumprod((1.0 + self.discount) ** (-1.0 / 12.0)))


class MeasureRows(NamedTuple):
    """The rows of one measure, arrays of shape (rows,); months count from 0, the first of the run."""

    month: NDArray[np.int64]
    a: NDArray[np.object_]
    b: NDArray[np.object_]
    value: FloatArray


class RecordedRun:
    """What was recorded of our institution in one run.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of the run, with the columns `COLUMNS`; those of other institutions are left out.
    rates : callable
        Called with the number of months that were lived, it gives the rates in each of them; see `rates_of`.

    Attributes
    ----------
    months : int
        How many were lived.
    rates : Rates
        In each of them.
    """

    def __init__(self, table: "pa.Table", rates: Callable[[int], Rates]) -> None:
        import pyarrow.compute as pc

        cells = table.filter(pc.equal(table["measure"], OWN))
        us = pc.unique(cells["institution"])
        first, last = (int(end.as_py()) for end in pc.min_max(cells["month"]).values())
        self._table = table.filter(pc.is_in(table["institution"], value_set=us))
        self._first, self.months = first + 1, last - first
        self.rates = rates(self.months)
        self._read: dict[str, MeasureRows] = {}

    def rows(self, measure: str) -> MeasureRows:
        """Return all rows of a measure; none where nothing was recorded of it."""
        if measure not in self._read:
            import pyarrow.compute as pc

            own = self._table.filter(pc.equal(self._table["measure"], measure))
            a, b = (np.array(own[name].to_pylist(), dtype=object) for name in ("a", "b"))
            month = own["month"].to_numpy().astype(np.int64) - self._first
            found = MeasureRows(month, a, b, own["value"].to_numpy().astype(np.float64))
            for column in found:
                column.flags.writeable = False  # each metric finds the same rows, whatever another does with them
            self._read[measure] = found
        return self._read[measure]

    def by_month(self, measure: str, a: Collection[str] = (), b: Collection[str] = ()) -> FloatArray:
        """Add up a measure in each month, shape (months,): all of it, or rows with one of these `a` and `b`."""
        return self._sums(measure, a, b, start=0)

    def stock(self, measure: str, a: Collection[str] = (), b: Collection[str] = ()) -> FloatArray:
        """Add up a measure at the start and at the end of each month, shape (months + 1,); `a` and `b` as before."""
        return self._sums(measure, a, b, start=-1)

    def total(self, measure: str, a: Collection[str] = (), b: Collection[str] = ()) -> float:
        """Add up a measure over the run; `a` and `b` as in `by_month`."""
        return float(self.by_month(measure, a, b).sum())

    def _sums(self, measure: str, a: Collection[str], b: Collection[str], start: int) -> FloatArray:
        rows = self.rows(measure)
        keep = rows.month >= start
        for column, wanted in ((rows.a, a), (rows.b, b)):
            if wanted:
                keep &= np.logical_or.reduce([column == one for one in wanted])
        month, value = rows.month[keep] - start, rows.value[keep]
        return np.asarray(np.bincount(month, value, minlength=self.months - start), np.float64)


def recorded(table: "pd.DataFrame", rates: Callable[[int], Rates]) -> RecordedRun:
    """Return the rows that a model gave (`LifecycleModel.recording`) as metrics read them; `rates` as in the class."""
    import pyarrow as pa

    return RecordedRun(pa.Table.from_pandas(table[list(COLUMNS)], preserve_index=False), rates)


def rates_of(market: "Mapping[str, object] | MarketSettings") -> Callable[[int], Rates]:
    """Return what gives the rates of a market, in so many months from its month 0; what is dated is resolved.

    Raises
    ------
    ValueError
        If it is no market.
    """
    from tenure.simulation.settings.market import MarketSettings

    settings = MarketSettings.model_validate(market)

    def rates(months: int) -> Rates:
        each = [settings.at(month) for month in range(months)]
        discount = np.array([one.world.discount for one in each], np.float64)
        return Rates(discount, np.array([one.rulebook().credit.capital_cost for one in each], np.float64))

    return rates
