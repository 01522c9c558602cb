"""The figures of a report, one by one, for a notebook."""

from typing import TYPE_CHECKING

from tenure.experiments.report.figures.figures import titled_figure
from tenure.experiments.report.recordings import recordings_of
from tenure.experiments.store.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report_figure(results: Results, name: str) -> "Figure":
    """Draw a figure of the report, with what it shows as its title.

    Parameters
    ----------
    results : Results
        Of one scenario.
    name : str
        One of `tenure.experiments.report.figures.figures.FIGURES`, such as ``effects`` or ``profit_and_loss``.

    Returns
    -------
    matplotlib.figure.Figure
        A notebook shows it by itself; ``savefig`` writes it to a file. It belongs to no window.

    Raises
    ------
    ValueError
        If there are several scenarios, no figure has that name, or the runs do not hold what it needs.
    """
    one = results.under(results.scenarios[0])
    if len(results.scenarios) > 1:
        raise ValueError(
            f"{results.folder} holds the scenarios {', '.join(results.scenarios)}, and a figure is of one: ask for "
            f"one, such as results.under('{results.scenarios[0]}')"
        )
    try:
        return titled_figure(name, recordings_of(one)).figure
    except KeyError as error:
        raise ValueError(error.args[0]) from None
