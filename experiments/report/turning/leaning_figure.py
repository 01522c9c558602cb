"""The figure of what an answer leans on: each assumption's share, alone and with its interactions, with intervals."""

import numpy as np

from tenure.experiments.analysis.turning.expansion import Indices
from tenure.experiments.report.figures.names import drawn_in, key_of, names_in_figures
from tenure.experiments.report.figures.style import (
    COLUMNS,
    GREY,
    INK,
    Drawing,
    Margins,
    axis_label,
    panels,
    text_width,
    whisker,
)
from tenure.experiments.report.turning.found import VariedResults

NAME = "leaning"
MOST_SHOWN = 10
NOTE = (
    "Filled dots: share of what moves the difference that goes with the assumption, interactions included, with its "
    "95% interval; open dots: by itself. Luck is left out. Inputs in the order of the first panel."
)


def leaning_figure(found: VariedResults) -> Drawing | None:
    """Draw what arms' differences from the champion lean on, a panel per arm, the leading one first; None for none."""
    arms = [found.leading, *(arm for arm in found.leanings if arm != found.leading)]
    arms = [arm for arm in arms if found.leanings[arm].inputs][:COLUMNS]
    if not arms:
        return None
    paths = [index.path for index in found.leanings[arms[0]].inputs][:MOST_SHOWN]
    arm_names, path_names = names_in_figures(tuple(arms)), names_in_figures(tuple(paths), "input")
    with drawn_in([*dict.fromkeys([*arm_names.fonts, *path_names.fonts])]):
        labels = [path_names.labels[path] for path in paths]
        around = Margins(0.1 + text_width(labels, 9))
        heads = [f"{arm_names.labels[arm]} less {found.turning.champion}" for arm in arms]
        figure, axes = panels(1, len(arms), 1.0 + 0.36 * len(paths), around, sharex=True, sharey=True, heads=heads)
        for ax, arm in zip(axes[0], arms, strict=True):
            by_path = {index.path: index for index in found.leanings[arm].inputs}
            for k, path in enumerate(paths):
                index = by_path.get(path, Indices(path, *[np.nan] * 6))
                whisker(ax, index.low, index.total, index.high, k)
                ax.plot([index.first], [k], marker="o", markersize=5.0, color="white", markeredgecolor=GREY, zorder=5)
                if np.isfinite(index.total):
                    ax.annotate(
                        f"{index.total:.0%}",
                        (index.high, k),
                        xytext=(5, 0),
                        textcoords="offset points",
                        va="center",
                        fontsize=8.5,
                        color=INK,
                    )
            axis_label(ax, "share of what moves it")
        first = axes[0][0]
        first.set_yticks(range(len(paths)), labels)
        first.set_ylim(len(paths) - 0.5, -0.5)
        first.set_xlim(0.0, 1.18)
        first.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0", "25%", "50%", "75%", "100%"])
        first.tick_params(axis="y", labelsize=9, length=0)
        for label in first.get_yticklabels():
            label.set_color(INK)
    top = found.leanings[arms[0]].inputs[0]
    finding = f"{top.path} goes with {top.total:.0%} of what moves {arms[0]} less {found.turning.champion}"
    note = " ".join([NOTE, key_of(arm_names, " ".join(heads)), key_of(path_names, " ".join(labels))]).rstrip()
    return Drawing(NAME, finding, note, figure)
