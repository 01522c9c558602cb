"""The laws of the contract, tried: the same month gives the same, whatever was asked before, and by the view alone."""

import copy
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.agents.person import PERSON
from tenure.experiments.config.documents import Place
from tenure.experiments.verification.contract.answers import Answer, taken
from tenure.experiments.verification.contract.luck import moved_clock
from tenure.experiments.verification.contract.source import Breach
from tenure.experiments.verification.contract.trial import Trial
from tenure.experiments.verification.contract.views import ShownMonth, Story, odd_months, small_market
from tenure.policies.shelf import SHELF
from tenure.policies.view import PROTECTED, InstitutionView, records_of, with_records

MANY = 100_000
"""Customers on whom its speed is measured."""
SLOW_NS = 5000.0
"""Nanoseconds for a customer and month beyond which a run of the default market waits for the policy; assumption."""
_VIEW_ALONE = "Use the view alone: it holds all that the institution knows."
_KEEPS = ("global ", "nonlocal", "append(", "setdefault", "+= 1", "self.", "cls.", "next(", "cache")


def answers(trial: Trial, story: Story) -> dict[str, Answer]:
    """Ask for every month and what is rare, a new policy each time; return when -> answer, of those that it gave."""
    found = {}
    policy = trial.loaded()
    trial.made(policy)
    for month in (*story.months, *odd_months(story)):
        try:
            answer = trial.decided(trial.made(policy), month)
            taken(answer.plan, month.view)
        except Breach as breach:
            trial.note(breach)
        else:
            found[month.when] = answer
    return found


def can_answer(trial: Trial, month: ShownMonth) -> bool:
    """Return whether it answers in another market, which may lack the products that it is made for."""
    try:
        trial.decided(trial.made(trial.loaded()), month)
    except Breach:
        return False
    return True


def has_no_luck_of_its_own(trial: Trial, months: Sequence[ShownMonth]) -> list[Answer]:
    """Loaded twice, it decides the same; return what it decides on each month when nothing was decided before."""
    found = []
    for month in months:
        first, again = (trial.decided(trial.made(trial.loaded()), month) for _ in range(2))
        if first.key != again.key:
            raise Breach(
                f"the same month decided twice gives other treatments: its luck has no address ({month.when})",
                "Draw luck with view.uniform('a name'), one number for each customer.",
                ("random", "shuffle", "time", "uuid", "secrets", "id("),
            )
        found.append(first)
    return found


def keeps_nothing(trial: Trial, months: Sequence[ShownMonth], alone: Sequence[Answer]) -> None:
    """What others decided before, in this market or another, changes nothing: not in the class, not in the module."""
    mend = "Keep nothing outside of the policy: no globals, no attributes of the class that change, no caches."
    policy = trial.loaded()
    made = [trial.made(policy) for _ in months]
    for one, month, answer in reversed(list(zip(made, months, alone, strict=True))):
        if trial.decided(one, month).key != answer.key:
            what = "what it decides depends on what was made or decided before in this process"
            raise Breach(f"{what} ({month.when})", mend, _KEEPS)
    for month, answer in zip(months, alone, strict=True):
        if trial.decided(trial.made(policy), month).key != answer.key:
            raise Breach(
                f"what it decides depends on the months and markets decided before ({month.when})", mend, _KEEPS
            )


def decides_without_traces(trial: Trial, story: Story, found: dict[str, Answer]) -> None:
    """One policy asked for all months in order, for the last twice, and for the first again, decides as new ones do."""
    one = trial.made(trial.loaded())
    given = []
    asked = [month for month in story.months if month.when in found]
    for month in (*asked, asked[-1], asked[0]):
        answer = trial.decided(one, month)
        given.append((month, answer, trial.guarded("decide", month.when, lambda: answer.columns)))  # noqa: B023 - called at once
        if answer.key != found[month.when].key:
            raise Breach(
                f"decide changes what it will decide: asked before, it decides otherwise ({month.when})",
                "Let decide change nothing; what a policy learns, it learns in learn(view, outcomes).",
                ("self.", "setattr", "append("),
            )
    for month, answer, was in given:
        if trial.guarded("decide", month.when, lambda answer=answer: answer.columns) != was:  # type: ignore[misc]  # its own
            raise Breach(
                f"it changes the plan of {month.when} after it was given: the same arrays are used again",
                "Return new arrays each month.",
                ("[:] =", "[:]", "out=", "return"),
            )


def leaves_the_view_alone(trial: Trial, month: ShownMonth) -> None:
    """Neither the records behind the view nor its columns are other ones afterwards."""
    rows = records_of(month.view)
    view, same = with_records(month.view, rows), with_records(month.view, rows.copy())
    means = repr(view.means)
    one = trial.made(trial.loaded())
    trial.decided(one, month, view)
    held = dict(vars(view))
    columns = [name for name, value in held.items() if isinstance(value, np.ndarray) and hasattr(same, name)]
    kept = rows.tobytes() == records_of(same).tobytes() and means == repr(view.means)
    kept &= view.posted.prices.tobytes() == same.posted.prices.tobytes()
    kept &= (view.month, view.budget, view.me) == (same.month, same.budget, same.me)
    changed = [name for name in columns if name != "_beliefs" and held[name].tobytes() != getattr(same, name).tobytes()]
    if changed or not kept:
        what = f"it changes {'view.' + changed[0] if changed else 'the beliefs behind the view'}"
        words = ("_beliefs", "setflags", "writeable", "__dict__", "__setattr__", *changed)
        raise Breach(what, "Copy what you want to change.", words)


def does_not_see_the_truth(trial: Trial, story: Story, month: ShownMonth, answer: Answer) -> None:
    """Shuffle what is true behind unchanged estimates: nothing that is decided may change."""
    model = story.model
    people, signals = model.people.copy(), model.signals.copy()
    order = np.random.default_rng(7).permutation(len(people))
    one = trial.made(trial.loaded())
    try:
        for name in sorted(set(PERSON.names or ()) - {"id", "provider"}):
            model.people[name] = people[name][order]
        for name in sorted(set(signals.dtype.names or ()) - {"person_id", "provider"}):
            model.signals[name] = signals[name][order]
        again = trial.decided(one, month)
    finally:
        model.people[:], model.signals[:] = people, signals
    if again.key != answer.key:
        what = "it reads the truth: other people behind the same view are treated otherwise"
        raise Breach(what, _VIEW_ALONE, ("gc", "people", "model", "frame"))


def does_not_go_by_protected_attributes(trial: Trial, month: ShownMonth, answer: Answer) -> None:
    """Shuffle what is protected: nothing that is decided may change."""
    rows = records_of(month.view)
    for name in PROTECTED:
        rows[name] = np.random.default_rng(7).permutation(rows[name])
    if trial.decided(trial.made(trial.loaded()), month, with_records(month.view, rows)).key != answer.key:
        raise Breach(f"it treats people by a protected attribute ({', '.join(PROTECTED)})", _VIEW_ALONE, PROTECTED)


def does_not_go_by_place(trial: Trial, month: ShownMonth, answer: Answer) -> None:
    """Turn the order of the customers round: the same people get the same, whatever row they stand in."""
    turned = with_records(month.view, records_of(month.view)[::-1].copy())
    if not trial.decided(trial.made(trial.loaded()), month, turned).alike(answer):
        raise Breach(
            f"the same people in another order are treated otherwise: what it does depends on the row ({month.when})",
            "Draw luck with view.uniform('a name'), and break ties by something that is the person's.",
            ("random", "shuffle", "[:", "arange"),
        )


def does_not_go_by_the_clock(trial: Trial, month: ShownMonth, answer: Answer) -> None:
    """Loaded and asked half a year later, it decides the same."""
    asked: list[Place | None] = []
    with moved_clock(lambda: asked.append(trial.source.on_the_stack())):
        again = trial.decided(trial.made(trial.loaded()), month)
    if again.key != answer.key:
        words = ("time", "date", "now", "today")
        at = next((one for one in reversed(asked) if one is not None), None)
        what = "it goes by the clock: at another hour it decides otherwise"
        raise Breach(what, "Use view.month, the month of the market.", words, at)


def lives_in_a_market(trial: Trial) -> None:
    """A market takes a copy of it, and what it decides for some months."""
    policy = trial.loaded()
    one = trial.made(policy)
    trial.guarded("copying", "", lambda: copy.deepcopy(one))
    model = small_market("default", 3, 300)
    model.known = {**SHELF, trial.name: policy}
    model.set_policy(model.us.name, one)
    for _ in range(4):
        trial.guarded("living", f"month {model.month}", model.step)
    notes = getattr(model.us.policy, "notes", None)
    if callable(notes):
        _are_numbers(trial.guarded("notes", "", lambda: dict(notes())))


def _are_numbers(notes: Mapping[object, object]) -> None:
    for name, value in notes.items():
        if not isinstance(name, str) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
            what = f"notes gives {name!r}: {value!r}, which a report cannot show"
            raise Breach(what, "notes() returns words and finite numbers.", ("def notes",))


def ns_per_customer(trial: Trial, view: InstitutionView) -> float:
    """Return the nanoseconds that deciding takes for a customer; a Breach if a run would wait for it."""
    took = _ns(trial, view)
    if took > SLOW_NS:
        trial.note(
            Breach(
                f"deciding takes {took:,.0f} ns for a customer and month ({MANY:,} customers); at most {SLOW_NS:,.0f}",
                "Work on whole columns of the view instead of customer by customer.",
                ("for ", "while "),
            )
        )
    return took


def _ns(trial: Trial, view: InstitutionView) -> float:
    rows = records_of(view)
    policy = trial.loaded()
    first = next(_taken(trial, policy, view, rows))
    if first > 20 * SLOW_NS:  # hopeless: do not wait for more
        return first
    many = np.tile(rows, -(-MANY // max(1, len(rows))))[:MANY]
    many["person_id"] = np.arange(len(many))
    times = _taken(trial, policy, view, many)
    took = np.inf
    for _ in range(3):  # another program may have had the processor
        took = min(took, next(times))
        if took <= SLOW_NS:
            break
    return took


def _taken(trial: Trial, policy: type, view: InstitutionView, rows: NDArray[np.void]) -> Iterator[float]:
    """Yield the nanoseconds for a customer, again and again."""
    while True:
        large, one = with_records(view, rows), trial.made(policy)
        began = time.perf_counter_ns()
        trial.guarded("decide", f"{len(rows):,} customers", lambda one=one, large=large: one.decide(large))  # type: ignore[misc]  # its own
        yield (time.perf_counter_ns() - began) / max(1, len(rows))
