"""What the recording keeps of what we did: proposals, refusals, contacts, money, limits, and what channels learn."""

from collections.abc import Iterator, Mapping

import numpy as np

from tenure.agents.ledger import TREATMENT
from tenure.agents.offer import US
from tenure.policies.guard.costs import costs
from tenure.policies.guard.guard import Guards
from tenure.policies.guard.rules import standing
from tenure.policies.view import InstitutionView
from tenure.simulation.institutions.purse import real_book
from tenure.simulation.recording import measures
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.people.sent import SentContacts
from tenure.simulation.recording.rows import Row


def learnt_rows(facts: MonthFacts) -> Iterator[Row]:
    """Give whom institutions' channels are told to look for, and how well the score does that."""
    for one in facts.conducts:
        learnt = one.learnt
        if learnt is None:
            continue
        found: dict[str, float] = {}
        if learnt.score is not None:
            found |= {
                "customers": learnt.score.customers,
                "wanted_share": learnt.score.wanted_share,
                "auc_own_customers": learnt.score.auc_out_of_sample,
            }
        if learnt.cost is not None:
            found |= {"auc_market": learnt.cost.own_auc, "auc_market_all_seeing": learnt.cost.all_seeing_auc}
        for what, value in found.items():
            yield measures.LOOKALIKE.name, facts.month, one.name, what, learnt.wanted, value


def conduct_rows(facts: MonthFacts, sent: SentContacts, with_funnel: bool) -> Iterator[Row]:
    """Give what we did this month and what of it was taken."""
    strangers_eur = float(sent.cents[sent.strangers].sum()) / 100.0
    yield measures.TREATMENTS.name, facts.month, facts.us, "", "invitations_eur", strangers_eur
    if with_funnel:
        yield from _funnel(facts, int(sent.taken.sum()))
    yield from _treatments(facts, sent)
    yield from _money(facts, sent)
    yield from limit_rows(facts.month - 1, facts, facts.ours.view, facts.ours.guards)


def limit_rows(month: int, facts: MonthFacts, view: InstitutionView, guards: Guards) -> Iterator[Row]:
    """Give where each limit of structure stands, as we believe our customers to be; or that it is a share of nothing.

    Parameters
    ----------
    month : int
        At whose end this is so.
    view : InstitutionView
        Of the next month's beginning.
    """
    for limit in guards.structure:
        found = standing(limit, view)
        stands: Mapping[str, float] = {"nothing": 1.0} if found is None else found._asdict()
        if found is not None and not limit.share:
            stands = {**stands, "value": real_book(facts.settings, found.value)}
        for what, value in stands.items():
            yield measures.STRUCTURE_LIMIT.name, month, facts.us, limit.name, what, value


def _treatments(facts: MonthFacts, sent: SentContacts) -> Iterator[Row]:
    """What we proposed, what was refused and why, who was contacted, who took it, what it cost."""
    month, us, allowed, name = facts.month, facts.us, facts.ours.allowed, measures.TREATMENTS.name
    for outcome, some in (("contacted", sent.treatments), ("taken", sent.treatments[sent.taken])):
        for code, count in enumerate(np.bincount(some).tolist()):
            if count:
                yield name, month, us, facts.treatments[code].name, outcome, count
    for treatment, count in allowed.proposed.items():
        yield name, month, us, treatment, "proposed", count
    for rule, by_treatment in allowed.refused.items():
        for treatment, count in by_treatment.items():
            yield name, month, us, treatment, f"refused:{rule}", count
    for reason, count in allowed.because.items():
        yield measures.REASONS.name, month, us, reason, "", count
    yield name, month, us, "", "cost_eur", facts.postings[US, TREATMENT] / 100.0
    yield name, month, us, "", "given_up_eur", allowed.given_up_eur
    if allowed.offer is not None:
        yield name, month, us, "", "posted_cut_points", allowed.offer.sum()


def _money(facts: MonthFacts, sent: SentContacts) -> Iterator[Row]:
    """What each treatment cost, by kind of cost, if anything."""
    contacts, name = facts.ours.allowed.contacts, measures.TREATMENTS.name
    _, forgone = costs(contacts["row"], sent.treatments, contacts["amount"], facts.ours.view, facts.treatments)
    cents = {"spent": sent.cents, "forgone": forgone}
    for code in np.flatnonzero(np.bincount(sent.treatments)).tolist():
        for kind, some in cents.items():
            whole = float(some[sent.treatments == code].sum())
            if whole:
                yield name, facts.month, facts.us, facts.treatments[code].name, kind, whole / 100.0


def _funnel(facts: MonthFacts, taken: int) -> Iterator[Row]:
    """From everybody in scope to those who took something, and those who got nothing; customers of one month."""
    view, allowed = facts.ours.view, facts.ours.allowed
    contacted = int(np.sum(facts.effects["contact"][allowed.contacts["treatment"]] > 0))
    able = np.zeros(len(view), np.bool_)
    for name in view.treatments[1:]:
        able |= view.may(name)
    steps = {
        "in scope": len(view),
        "eligible": int(able.sum()),
        "proposed": allowed.customers_proposed,
        "allowed": len(allowed.contacts),
        "contacted": contacted,
        "took it": taken,
        "got nothing": len(view) - len(allowed.contacts),
    }
    for step, people in steps.items():
        yield measures.FUNNEL.name, facts.month, facts.us, step, "", people
