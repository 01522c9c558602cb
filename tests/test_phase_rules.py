"""How the rules of a month are written, so that one day many people can live a phase of it side by side.

A loop over people can be vectorised if everybody takes the same steps: no step is left early, none is skipped, and
where a number is read from does not depend on what was drawn. Rules that are not written like that yet are listed here;
the list may only shrink.
"""

import ast
from collections.abc import Iterator

import pytest

from tenure.agents.rules.rulebook import WORLD
from tests.test_contract import RULES, functions, written

READ = {"now", "institutions", "product_count", "offers", "channels", "products", "effects", "rules", "splits"}
"""What the market is for a person's month."""
TABLES = {"offers", "channels", "products", "effects"}
"""Of these, what has a row for each institution, channel, product or treatment."""
ADDED_TO = {"ledger", "tally", "fault"}
"""Where a month's postings, contacts and faults go."""
SCRATCH = {"utilities", "considered", "contacted", "messages", "invitation", "welcome_cents"}
"""Work space for one person at a time. None may be added: a number of one person stands in a local name."""
PHASES = {name: function for name, function in RULES.items() if name.startswith("month/")}

EARLY, SKIP, DRAWN, WORLD_ITSELF = "leaves early", "skips", "draws its place", "works in the world"
NOT_YET = {
    "month/live.py:live": {EARLY},
    "month/live.py:show": {EARLY},
    "month/live.py:needs_move": {DRAWN},
    "month/live.py:meet_channels": {SKIP, WORLD_ITSELF},
    "month/accounts.py:bank": {SKIP},
    "month/debts.py:borrow_and_repay": {EARLY},
    "month/debts.py:draw_on_line": {SKIP},
    "month/observe.py:note_trace": {DRAWN},
    "month/treatments.py:read_treatments": {SKIP},
}
"""What befalls everybody, and is still to be written as the rest."""
RARE = {
    "month/accounts.py:take_product": {EARLY},
    "month/accounts.py:move_debts": {SKIP},
    "month/choosing.py:leave_or_choose": {EARLY},
    "month/choosing.py:renewed": {EARLY, DRAWN},
    "month/choosing.py:compare_and_choose": {EARLY, DRAWN, WORLD_ITSELF},
    "month/choosing.py:utility_of": {WORLD_ITSELF},
    "month/choosing.py:join": {EARLY, DRAWN, WORLD_ITSELF},
    "month/first.py:begin": {EARLY},
    "month/first.py:deepen": {DRAWN},
    "month/treatments.py:acceptance": {DRAWN},
    "month/treatments.py:read_invitation": {DRAWN, WORLD_ITSELF},
}
"""What befalls few in a month, one after the other: to join, to leave, to take, to be treated; and the first books."""


def writers() -> set[str]:
    """Return the rules of the month that write a record, themselves or by another rule."""
    found = {name for name, function in PHASES.items() if written(function) - {"ledger", "fault"}}
    while True:
        names = {name.rpartition(":")[2] for name in found}
        more = {name for name, function in PHASES.items() if names & set(called(function))}
        if more <= found:
            return found
        found |= more


def called(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def leaves_early(function: ast.FunctionDef) -> bool:
    """Return whether a rule returns anywhere but in its last line."""
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    return any(node is not function.body[-1] for node in returns)


def skips(function: ast.FunctionDef) -> bool:
    """Return whether a loop of a rule passes over what stands after, or does not say how often it turns."""
    return any(isinstance(node, ast.Continue | ast.Break | ast.While) for node in ast.walk(function))


def drawn_places(function: ast.FunctionDef) -> list[str]:
    """Return the subscripts that no loop counts, no caller gives and no text names.

    The market's tables are small: one may look there for what a record names, as the offer of a person's provider.
    """
    known = {one.arg for one in function.args.args}
    for node in ast.walk(function):
        if isinstance(node, ast.For):
            known |= {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
    found = []
    for node in (one for statement in function.body for one in ast.walk(statement)):
        if isinstance(node, ast.Subscript):
            places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            of_market = ast.unparse(node.value).removeprefix("world.") in TABLES
            found += [ast.unparse(node) for one in places if not plain(one, known, of_market)]
    return found


def plain(place: ast.expr, known: set[str], of_market: bool) -> bool:
    """Return whether a place is a number, a constant by its name, or reckoned from what is known."""
    if isinstance(place, ast.BinOp):
        return plain(place.left, known, of_market) and plain(place.right, known, of_market)
    if isinstance(place, ast.Attribute):
        return of_market or place.attr.isupper()
    if isinstance(place, ast.Name):
        return place.id in known or place.id.isupper()
    return isinstance(place, ast.Constant)


def scratch(function: ast.FunctionDef) -> set[str]:
    """Return what a rule uses of the world that is neither read alone nor only added to."""
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "world"
    } - (READ | ADDED_TO)


def kinds(name: str) -> set[str]:
    """Return in what a rule of the month is not as it should be."""
    function = PHASES[name]
    found = {EARLY: name in writers() and leaves_early(function), SKIP: skips(function)}
    found |= {DRAWN: bool(drawn_places(function)), WORLD_ITSELF: bool(scratch(function))}
    return {kind for kind, is_so in found.items() if is_so}


def test_a_phase_can_be_lived_by_many_at_once() -> None:
    """Whoever mends a rule takes it from its list; whoever writes a new one adds none to `NOT_YET`."""
    assert {name: found for name in PHASES if (found := kinds(name))} == NOT_YET | RARE
    assert not NOT_YET.keys() & RARE.keys()


def test_the_world_has_no_more_work_space() -> None:
    assert set(WORLD.names or ()) - READ - ADDED_TO <= SCRATCH


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("person.stage = 1\n    return", None),
        ("if person.stage == 1:\n        return\n    person.stage = 1", EARLY),
        ("for k in range(8):\n        if person.held[k] == 0:\n            continue\n        person.held[k] = 1", SKIP),
        ("while person.stage > 1:\n        person.stage -= 1", SKIP),
        ("k = int(u * 8.0)\n    person.need[k] = 0.0", DRAWN),
        ("person.need[int(u * 8.0)] = 0.0", DRAWN),
        ("person.need[person.stage] = 0.0", DRAWN),
        ("person.depth = world.offers[person.provider].service", None),
        ("for k in range(8):\n        person.need[k + 1] = world.rules.credit.cure[BUCKETS - 1]", None),
        ("world.utilities[0] = 1.0", WORLD_ITSELF),
        ("world.ledger[0, ledger.CASH] += 1", None),
    ],
)
def test_such_a_rule_is_found(monkeypatch: pytest.MonkeyPatch, body: str, kind: str | None) -> None:
    text = f"@rule\ndef f(person, u, world):\n    {body}\n"
    monkeypatch.setitem(PHASES, "month/new.py:f", next(functions(ast.parse(text))))
    assert kinds("month/new.py:f") == ({kind} if kind else set())
