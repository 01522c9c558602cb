"""Oracle: what could be gained by knowing customers perfectly. No institution can have it; it measures the others."""

from dataclasses import dataclass

from tenure.policies.shelf.roi_knapsack import RoiKnapsack


@dataclass(frozen=True, eq=False)
class Oracle(RoiKnapsack):
    """The return-on-investment knapsack shown true risk, return, needs, satisfaction and stage instead of estimates.

    It bounds what better information could bring to that policy; it does not know the future, nor effects that no
    trial has shown.
    """

    name = "oracle"
    needs_truth = True
