"""Settings of the world around the market: times, switching, newcomers, discounting."""

from typing import Annotated, Self

from pydantic import model_validator

from tenure.agents.declaring import Parameter
from tenure.policies.settings.faults import Fault, FaultyError
from tenure.simulation.settings.base import Settings


class WorldSettings(Settings):
    """The world around the market."""

    macro_mean: Annotated[float, Parameter("standard deviations", -10, 10, "by definition: usual times")] = 0.0
    """Mean of the common factor behind missed payments, in standard deviations; above 0 times are bad."""
    macro_persistence: Annotated[float, Parameter("share", 0, 1, "assumption")] = 0.95
    """Share of the common factor's distance from its mean that is left a month later; assumption."""
    macro_sd: Annotated[float, Parameter("standard deviations", 0, 10, "by definition: the unit")] = 1.0
    """Standard deviation of the common factor over time; 0: times never change; 1 by definition."""
    unemployment_rise: Annotated[float, Parameter("share", -0.2, 0.4, "by definition: usual times")] = 0.0
    """Points by which unemployment lies above usual times, 4% for four; they move the mean of the common factor."""
    macro_per_point_of_unemployment: Annotated[
        float, Parameter("standard deviations per point", 0, 5, "assumption: the shipped crisis is the rise of 2007-09")
    ] = 0.36
    """By how much a point of unemployment moves the mean of the common factor; assumption: the shipped crisis, 1.8, is
    the rise from 5.0% in December 2007 to about 10% two years later (BLS 2012), when card books lost what its band
    says."""
    switching_cost: Annotated[float, Parameter("utility", 0, 40, "k; CMA 2015: 3% a year switch")] = 3.0
    """Mean utility of staying merely because switching is a trouble; people differ by `traits.inertia_sd`."""
    newcomers_per_year: Annotated[float, Parameter("share", 0, 1, "assumption: as many as leave")] = 0.048
    """People who enter the market in a year, as a share of all; assumption: as many as leave it."""
    discount: Annotated[float, Parameter("rate/year", 0, 1, "assumption")] = 0.10
    """Rate a year at which later money is discounted; assumption."""
    links: Annotated[int, Parameter("people", 2, 400, "assumption: with whom one speaks of money")] = 10
    """Acquaintances of each person: from them comes the word of mouth of channels `along: links`; assumption."""
    far_links: Annotated[int, Parameter("people", 0, 400, "assumption: a few know somebody far away")] = 2
    """How many of them are anybody in the market; the others know each other, too, for the most part; assumption."""

    @model_validator(mode="after")
    def _links_to_both_sides(self) -> Self:
        faults = []
        for name, links in (("links", self.links), ("far_links", self.far_links)):
            if links % 2:
                what = f"links go to both sides, so that there cannot be {links} of each person"
                faults.append(Fault(what, f"write {links - 1} or {links + 1}", (name,)))
        if self.far_links > self.links:
            what = f"{self.far_links} of {self.links} links cannot be far ones"
            faults.append(Fault(what, f"write {self.links} or less", ("far_links",), elsewhere=(("links",),)))
        if faults:
            raise FaultyError(*faults)
        return self

    @property
    def mean_of_factor(self) -> float:
        """Mean of the common factor, standard deviations: its own, and what unemployment above usual times adds."""
        if self.unemployment_rise == 0.0:
            return self.macro_mean
        return self.macro_mean + 100.0 * self.unemployment_rise * self.macro_per_point_of_unemployment
