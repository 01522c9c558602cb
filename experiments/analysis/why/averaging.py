"""Averages over replications with their 95% intervals."""

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.paired.skewed import mean_intervals
from tenure.experiments.analysis.statistics import t_critical


def average_of(values: "pd.Series[float]") -> Average:
    """Return the average over replications, each interval alone; nan of none."""
    numbers = values.to_numpy(np.float64)
    if not len(numbers):
        return Average.even(float("nan"), float("nan"))
    low, high = mean_intervals(numbers, t_critical(len(numbers) - 1, 0.95))
    return Average(float(numbers.mean()), float(low), float(high))
