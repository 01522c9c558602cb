"""What a treatment does to a person, as a row of data; the catalogue itself is the institution's."""

from typing import Annotated

from tenure.agents.declaring import Field, dtype_of


class Effect:
    """One treatment's effects. They act through what a person has, never on a stage or a quadrant directly."""

    product: Annotated[int, Field("product", "offered to those who do not hold it; -1 none", "catalogue")]
    needs_yes: Annotated[int, Field("0/1", "acts only if the customer takes it", "catalogue")]
    benefit: Annotated[float, Field("log-odds", "what the offer itself adds to acceptance", "catalogue")]
    satisfaction: Annotated[float, Field("per amount", "added to satisfaction if taken", "catalogue")]
    switching_cost: Annotated[float, Field("utility per amount", "added while it lasts", "catalogue")]
    price_cut: Annotated[float, Field("points per amount", "taken off the price while it lasts", "catalogue")]
    line_factor: Annotated[float, Field("", "multiplies the revolving line", "catalogue")]
    premium: Annotated[float, Field("points per amount", "added to the price of credit for good", "catalogue")]
    service: Annotated[float, Field("utility per amount", "added to what is delivered while it lasts", "catalogue")]
    relief: Annotated[float, Field("log-odds per amount", "off the miss propensity while it lasts", "catalogue")]
    reages_after: Annotated[int, Field("payments", "in a row after which debts count as current; 0 never", "catalogue")]
    prompts: Annotated[int, Field("0/1", "reminds the customer to use what is held", "catalogue")]
    reveals_needs: Annotated[int, Field("0/1", "the customer tells which products are needed", "catalogue")]
    lets_go: Annotated[int, Field("0/1", "no renewal of what runs off", "catalogue")]
    stops_lending: Annotated[int, Field("0/1", "no new credit; what is owed runs off", "catalogue")]
    ends: Annotated[int, Field("0/1", "no new business; closed at zero balance", "catalogue")]
    lasts_months: Annotated[int, Field("months", "how long the temporary effects last", "catalogue")]
    contact: Annotated[float, Field("contacts", "weight as a contact: fatigue, clutter", "catalogue")]
    reminds: Annotated[float, Field("log-odds", "the message reminds: to look around, and to leave", "catalogue")]
    contact_cents: Annotated[int, Field("cents", "cost of the contact", "catalogue")]
    welcome: Annotated[float, Field("utility per amount", "added to our offer; for those not customers", "catalogue")]
    reward_cents: Annotated[int, Field("cents per amount", "paid if taken", "catalogue")]


EFFECT = dtype_of(Effect)


class Contact:
    """A treatment on its way to a person."""

    row: Annotated[int, Field("", "row of the person; of the customer in view before it is mapped", "guard")]
    institution: Annotated[int, Field("institution", "who sends it", "guard")]
    treatment: Annotated[int, Field("treatment", "index into the catalogue", "guard")]
    amount: Annotated[float, Field("amount", "how much of it", "guard")]


CONTACT = dtype_of(Contact)
