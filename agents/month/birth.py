"""Birth: what a person is before the first month, drawn by keyed luck."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.agents import chance
from tenure.agents.chance import decision, draw4
from tenure.agents.compiling import compiled
from tenure.agents.declaring import rule
from tenure.agents.mathematics.elementary import exp_
from tenure.agents.mathematics.formulas import normal_quantile
from tenure.agents.offer import Product
from tenure.agents.person import NOBODY, Person
from tenure.agents.rules.population import (
    Birth,
    attachment_at_birth,
    leave_at_birth,
    need_at_birth,
    tied,
    upkeep_at_birth,
)


@rule
def luck_at_birth(person: Person, kind: int, ordinal: int, birth: Birth) -> tuple[float, float, float, float]:
    """Four uniforms of this person for all time."""
    word = decision(kind, 0, ordinal)
    return draw4(birth.seed, birth.replication, person.id, chance.LASTING, word)


@rule
def born(person: Person, years: float, products: Sequence[Product], birth: Birth) -> None:
    """A person, of whom nothing is known but the id, comes into the market without a provider.

    Who has been somebody's customer for years is more likely to be one of those who stay.
    """
    traits = birth.traits
    income, risk, price, inertia = luck_at_birth(person, chance.TRAITS, 0, birth)
    search, age, group, upkeep = luck_at_birth(person, chance.TRAITS, 1, birth)
    leaves, cared_for, coming, event = luck_at_birth(person, chance.LEAVE_AT_BIRTH, 0, birth)
    z_income = normal_quantile(income)
    person.leave_per_year = leave_at_birth(leaves, years, birth)
    person.attachment = attachment_at_birth(leaves, years, person.leave_per_year, birth)
    z_risk = tied(z_income, tied(person.attachment, normal_quantile(risk), traits.attachment_risk), traits.risk_income)
    person.income = traits.income_median * exp_(traits.income_sd * z_income)
    person.risk_trait = traits.risk_mean + traits.risk_sd * z_risk
    z_coming = normal_quantile(coming)
    person.risk_coming = birth.coming_sd * z_coming
    person.risk_event = birth.event_sd * tied(z_coming, normal_quantile(event), birth.coming_event)
    person.vulnerable = 1 if cared_for < traits.vulnerable else 0
    person.price_sensitivity = traits.price_sensitivity * exp_(traits.price_sensitivity_sd * normal_quantile(price))
    person.inertia = traits.inertia_sd * tied(person.attachment, normal_quantile(inertia), traits.attachment_inertia)
    person.search_trait = normal_quantile(search)
    person.attention, person.upkeep = traits.attention, upkeep_at_birth(upkeep, traits)
    person.age_years = traits.age_from + (traits.age_to - traits.age_from) * age
    person.group = int(group * traits.groups)
    need_products(person, z_risk, products, birth)
    person.episode_product, person.provider, person.owed_before_to = -1, NOBODY, NOBODY


@rule
def need_products(person: Person, z_risk: float, products: Sequence[Product], birth: Birth) -> None:
    """Lasting levels of need; those of four products are drawn at once."""
    u, v, w, x = 0.0, 0.0, 0.0, 0.0
    for k in range(len(products)):
        if k % chance.WORDS == 0:
            u, v, w, x = luck_at_birth(person, chance.NEEDS_AT_BIRTH, k, birth)
        person.need[k] = need_at_birth(u, z_risk, products[k], birth.traits)
        u, v, w = v, w, x


@compiled
def born_each(people: NDArray[np.void], first_id: int, products: Sequence[Product], births: Sequence[Birth]) -> None:
    """Let a cohort be born, with ids one after the other."""
    for row in range(len(people)):
        people[row].id = first_id + row
        born(people[row], 0.0, products, births[0])
