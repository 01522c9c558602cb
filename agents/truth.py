"""The truth of a customer at a month's end, for the recording alone, declared once."""

from typing import Annotated

from tenure.agents.declaring import Field, dtype_of


class Truth:
    """What is true of a customer at a month's end; the recording reads it, no institution does."""

    risk: Annotated[float, Field("log-odds", "monthly miss propensity", "appraise")]
    default_per_year: Annotated[float, Field("share", "P(three missed payments within 12 months)", "appraise")]
    margin_per_year: Annotated[float, Field("EUR/year", "run rate before credit loss and treatment", "appraise")]
    quadrant: Annotated[int, Field("", "index into QUADRANTS", "appraise")]


class Worth:
    """What a customer's further years are worth; the recording asks for it once, after the last month."""

    future_margin: Annotated[float, Field("EUR", "discounted margin of further years", "value")]
    expected_loss: Annotated[float, Field("EUR", "expected loss on what is owed, further years included", "value")]
    future_capital_cost: Annotated[float, Field("EUR", "discounted cost of capital of further years", "value")]


TRUTH, WORTH = dtype_of(Truth), dtype_of(Worth)
