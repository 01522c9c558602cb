"""The contract of a policy: what `tenure check my_bank.py` tries before anybody builds a result on it."""

import ast
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.person import PERSON
from experiments.market_files import MARKETS
from experiments.reading import Problem, read_with_extends
from policies.outcomes import Outcomes
from policies.plan import Plan, as_plan
from policies.policy import Policy, SettingsError, build_policy
from policies.suggest import did_you_mean
from policies.treatments import catalogue
from policies.view import PROTECTED, InstitutionView
from simulation.model import US, LifecycleModel
from simulation.settings import market_from

PEOPLE, MONTHS = 4000, 8
"""Of the market whose view the policy is shown."""
MANY = 100_000
"""Customers on whom its speed is measured."""
SLOW_NS = 5000.0
"""Nanoseconds for a customer and month beyond which a run of the default market waits for the policy; assumption."""
PROPOSAL = np.dtype([("customer", np.int64), ("what", np.int64), ("amount", np.float64)])


class Verdict(NamedTuple):
    """What a policy was found to do."""

    problems: list[Problem]
    ns_per_customer: float
    proposals: int


class _Breach(Exception):
    """The policy breaks the contract: what, how to mend it, and words of the source that point to the line."""

    def __init__(self, what: str, mend: str, words: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.mend, self.words = what, mend, words


def check_policy(path: Path, policy: type) -> Verdict:
    """Try a policy with its default settings on the customers of a small market.

    Parameters
    ----------
    path : Path
        Its file.
    policy : type
        Its class.

    Returns
    -------
    Verdict
        With every breach that could be found; the others of the list are tried even if one breaks.
    """
    source = path.read_text(encoding="utf-8")
    problems = list(_told_by_source(path, source))
    try:
        build_policy(policy, {})
    except SettingsError as error:
        line = _class_of(source, policy).lineno
        mend = "Give each setting a default, so that the policy can be tried."
        return Verdict([*problems, *(Problem(str(path), line, 1, text, mend) for _, text in error.problems)], 0.0, 0)
    model = _market()
    view = model.views[US]
    ns, proposals = 0.0, 0
    try:
        plan = _decided(policy, view)
        proposals = len(plan.treatments)
        _own_customers_only(plan, view)
        _same_answer_twice(policy, view, plan)
        tries: tuple[Callable[[], None], ...] = (
            lambda: _learns_what_can_be_kept(policy, view),
            lambda: _leaves_the_view_alone(policy, view),
            lambda: _does_not_see_the_truth(policy, model, plan),
            lambda: _does_not_go_by_place(policy, view, plan),
        )
        for one in tries:
            try:
                one()
            except _Breach as breach:
                problems.append(_problem(path, source, policy, breach))
        ns = _ns_per_customer(policy, view)
        if ns > SLOW_NS:
            raise _Breach(
                f"deciding takes {ns:,.0f} ns for a customer and month ({MANY:,} customers); at most {SLOW_NS:,.0f}",
                "Work on whole columns of the view instead of customer by customer.", ("for ", "while "),
            )  # fmt: skip
    except _Breach as breach:
        problems.append(_problem(path, source, policy, breach))
    return Verdict(list(dict.fromkeys(problems)), ns, proposals)


def _market() -> LifecycleModel:
    data = read_with_extends(MARKETS / "default.market.yaml").data
    model = LifecycleModel(market_from({**data, "people": PEOPLE}), seed=1)
    for _ in range(MONTHS):
        model.step()
    return model


def _view(view: InstitutionView, rows: NDArray[np.void]) -> InstitutionView:
    """Return the same month with other files."""
    return InstitutionView(
        rows, view.posted, view.me, view.month, view.list_prices, view.budget, *view._key, schemes=view.schemes,
        house=view.house,
    )  # fmt: skip


def _files(view: InstitutionView) -> NDArray[np.void]:
    """Return a copy of the records in view, in the order of the customers."""
    rows: NDArray[np.void] = np.array(view._beliefs)
    return rows if view._places is None else rows[view._places]


def _decided(policy: type, view: InstitutionView, made: Policy | None = None) -> Plan:
    one: Policy = build_policy(policy, {}) if made is None else made
    try:
        return as_plan(one.decide(view))
    except Exception as error:
        words = _line_that_fails(policy, error) or ("def decide",)
        if "cannot be written" in str(error) or "read-only" in str(error):
            raise _Breach(
                f"it writes the view: {error}", "Copy what you want to change: view.x.copy().", words
            ) from None
        raise _failure("decide", error, words) from None


def _line_that_fails(policy: type, error: Exception) -> tuple[str, ...]:
    """Return the text of the last line of the policy's own file that an error went through, if any."""
    own = policy.decide.__code__.co_filename  # type: ignore[attr-defined]  # a policy decides
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == own]
    return (frames[-1].line or "",) if frames else ()


def _failure(method: str, error: Exception, words: tuple[str, ...]) -> _Breach:
    """Return what to tell of a method that fails."""
    mend = {
        "decide": "Mend decide(view): it returns Treatments.of('a treatment', indexes) or a Plan.",
        "learn": "Mend learn(view, outcomes): in the first month nobody has been treated, and outcomes is empty.",
    }.get(method, f"Mend {method}: state() returns a dictionary of arrays, and restore(state) takes it back.")
    if isinstance(error, AttributeError) and isinstance(error.obj, InstitutionView) and error.name:
        columns = [name for name in dir(InstitutionView) if not name.startswith("_")]
        near = did_you_mean(error.name, columns)
        mend = f"{near.strip() if 'mean' in near else ''} `tenure list view` has every column.".strip()
    return _Breach(f"{method} fails: {type(error).__name__}: {error}", mend, words)


def _learns_what_can_be_kept(policy: type, view: InstitutionView) -> None:
    """A policy that learns is told of a month, and goes on from its state as if it had never stopped."""
    one: Any = build_policy(policy, {})
    if not hasattr(one, "learn"):
        return
    missing = [name for name in ("state", "restore") if not callable(getattr(one, name, None))]
    if missing:
        raise _Breach(
            f"it learns, but has no {' and no '.join(missing)}: what it learnt would be lost when a run stops",
            "Add state(), which returns a dictionary of arrays, and restore(state), which takes it back.",
            ("def learn",),
        )
    other: Any = build_policy(policy, {})
    method = "learn"
    try:
        for told in (Outcomes.none(view.treatments), _a_month_of(view)):
            one.learn(view, told)
        method = "state"
        kept = {name: np.array(values) for name, values in one.state().items()}
        method = "restore"
        other.restore(kept)
        again = {name: np.asarray(values) for name, values in other.state().items()}
    except Exception as error:
        raise _failure(method, error, _line_that_fails(policy, error) or (f"def {method}",)) from None
    same = kept.keys() == again.keys() and all(np.array_equal(kept[key], again[key]) for key in kept)
    plans = [_rows(_decided(policy, view, told), view.person_id) for told in (one, other)]
    if not same or plans[0] != plans[1]:
        raise _Breach(
            "restore does not bring back what state returned: a run that stops would go on otherwise",
            "Put all that decide uses into state(), as arrays, and take all of it back in restore(state).",
            ("def restore",),
        )


def _a_month_of(view: InstitutionView) -> Outcomes:
    """Return a month in which every other customer got the first treatment, and every fourth took it."""
    count = np.arange(len(view))
    treated = (count % 2 == 0).astype(np.int64)
    return Outcomes(
        view.person_id.copy(), treated, view.treatments, count % 4 == 0, count % 50 > 0,
        view.margin_per_year / 12.0, treated * 1.0,
    )  # fmt: skip


def _rows(plan: Plan, ids: NDArray[np.int64]) -> bytes:
    """Return proposals by person, in order of person, as bytes."""
    listed = plan.treatments
    rows = np.zeros(len(listed), PROPOSAL)
    names = np.array([hash(name) for name in listed.names] or [0])
    rows["customer"], rows["amount"] = ids[listed.customer], listed.amount
    rows["what"] = names[listed.treatment] if len(listed) else 0
    return np.sort(rows).tobytes()


def _own_customers_only(plan: Plan, view: InstitutionView) -> None:
    listed = plan.treatments
    strangers = listed.customer[listed.customer >= len(view)]
    if len(strangers):
        raise _Breach(
            f"it treats customer {int(strangers[0])} of a view of {len(view)}: others' customers are not its own",
            "A customer is an index into the view, from 0: not a person_id.", ("person_id",),
        )  # fmt: skip
    known = {treatment.name for treatment in catalogue(dict(zip(view.products, view.kinds, strict=True)))}
    unknown = sorted(set(listed.names) - known - {"none", "cross_sell"})
    if unknown:
        raise _Breach(f"there is no treatment '{unknown[0]}'", f"Known are {', '.join(sorted(known))}.", (unknown[0],))


def _same_answer_twice(policy: type, view: InstitutionView, plan: Plan) -> None:
    if _rows(_decided(policy, view), view.person_id) != _rows(plan, view.person_id):
        raise _Breach(
            "the same month decided twice gives other treatments: its luck has no address",
            "Draw luck with view.uniform('a name'), one number for each customer.", ("random", "shuffle", "time"),
        )  # fmt: skip


def _leaves_the_view_alone(policy: type, view: InstitutionView) -> None:
    rows = _files(view)
    _decided(policy, _view(view, rows))
    if rows.tobytes() != _files(view).tobytes():
        raise _Breach(
            "it changes the beliefs behind the view", "Copy what you want to change.", ("_beliefs", "setflags")
        )


def _does_not_see_the_truth(policy: type, model: LifecycleModel, plan: Plan) -> None:
    """Shuffle what is true, and what is protected, behind unchanged estimates: nothing that is decided may change."""
    view, people = model.views[US], model.people.copy()
    order = np.random.default_rng(7).permutation(len(people))
    try:
        for name in set(PERSON.names or ()) - {"id", "provider"}:
            model.people[name] = people[name][order]
        again = _decided(policy, view)
    finally:
        model.people[:] = people
    mend = "Use the view alone: it holds all that the institution knows."
    if _rows(again, view.person_id) != _rows(plan, view.person_id):
        raise _Breach("it reads the truth: other people behind the same view are treated otherwise", mend,
                      ("gc", "people", "model", "frame"))  # fmt: skip
    rows = _files(view)
    for name in PROTECTED:
        rows[name] = np.random.default_rng(7).permutation(rows[name])
    if _rows(_decided(policy, _view(view, rows)), view.person_id) != _rows(plan, view.person_id):
        raise _Breach(f"it treats people by a protected attribute ({', '.join(PROTECTED)})", mend, PROTECTED)


def _does_not_go_by_place(policy: type, view: InstitutionView, plan: Plan) -> None:
    """Turn the order of the customers round: the same people get the same, whatever row they stand in."""
    rows = _files(view)
    turned = _view(view, rows[::-1].copy())
    if _rows(_decided(policy, turned), turned.person_id) != _rows(plan, view.person_id):
        raise _Breach(
            "the same people in another order are treated otherwise: what it does depends on the row",
            "Draw luck with view.uniform('a name'), and break ties by something that is the person's.",
            ("random", "shuffle", "[:", "arange"),
        )  # fmt: skip


def _ns_per_customer(policy: type, view: InstitutionView) -> float:
    rows = _files(view)
    small = _view(view, rows)
    began = time.perf_counter_ns()
    _decided(policy, small)
    first = (time.perf_counter_ns() - began) / max(1, len(rows))
    if first > 20 * SLOW_NS:  # hopeless: do not wait for more
        return first
    many = np.tile(rows, -(-MANY // max(1, len(rows))))[:MANY]
    many["person_id"] = np.arange(len(many))
    took = np.inf
    for _ in range(3):  # another program may have had the processor
        large = _view(view, many)
        began = time.perf_counter_ns()
        _decided(policy, large)
        took = min(took, (time.perf_counter_ns() - began) / len(many))
        if took <= SLOW_NS:
            break
    return took


def _told_by_source(path: Path, source: str) -> Iterator[Problem]:
    """Yield what the source alone shows: ways round the view."""
    for node in ast.walk(ast.parse(source)):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.split(".")[0] in ("simulation", "experiments", "gc"):
                yield Problem(
                    str(path), node.lineno, node.col_offset + 1,  # type: ignore[attr-defined]  # imports have a place
                    f"it reads round the view: it imports {name}, where the truth lives",
                    "Use the view alone; all that a policy needs is in 'tenure'.",
                )  # fmt: skip
        if isinstance(node, ast.Attribute) and node.attr in ("_beliefs", "_places", "_key"):
            yield Problem(
                str(path), node.lineno, node.col_offset + 1, f"it reads round the view: .{node.attr} is private",
                "Use the columns of the view: `tenure list view`.",
            )  # fmt: skip


def _class_of(source: str, policy: type) -> ast.stmt:
    """Return where a class stands in its source."""
    found = [
        one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.ClassDef) and one.name == policy.__name__
    ]
    return found[-1]


def _problem(path: Path, source: str, policy: type, breach: _Breach) -> Problem:
    """Return the breach with the first line of the policy that has one of its words, else where the class begins."""
    its = _class_of(source, policy)
    lines = source.splitlines()
    for word in (one.strip() for one in breach.words):
        for number in range(its.lineno, (its.end_lineno or its.lineno) + 1):
            line = lines[number - 1].split("#")[0]
            if word and word in line:
                return Problem(str(path), number, line.index(word) + 1, breach.what, breach.mend)
    return Problem(str(path), its.lineno, 1, breach.what, breach.mend)
