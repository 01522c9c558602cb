"""One policy on trial: it is loaded, made and asked in ways that let nothing escape and note all that it breaks."""

import hashlib
import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeVar, cast

from tenure.experiments.config.reading import ConfigError, Problem
from tenure.experiments.plugins.untouched import changes, fingerprint
from tenure.experiments.verification.contract.answers import Answer, answer_of
from tenure.experiments.verification.contract.files import hearing
from tenure.experiments.verification.contract.luck import left_alone
from tenure.experiments.verification.contract.source import Breach, Source, near_column
from tenure.experiments.verification.contract.views import ShownMonth
from tenure.policies.policy import Learner, SettingsError, build_policy
from tenure.policies.view import InstitutionView

LONGEST_S = 30.0
"""Time that a policy may take for all tries; what is left then is not tried."""
_CALLS = {"decide": ("view",), "learn": ("view", "outcomes"), "state": (), "restore": ("state",), "notes": ()}
"""Method -> with what it is called."""
_WORDS = {
    "environment": ("environ", "putenv"),
    "folder": ("chdir",),
    "thread": ("Thread", "start("),
    "recursion": ("setrecursionlimit",),
    "trace": ("settrace", "setprofile"),
    "sys.path": ("sys.path",),
    "imports": ("meta_path",),
    "hook": ("hook", "__import__"),
    "error state": ("seterr", "errstate"),
    "global generator": ("random",),
}
"""Word of what was changed in the process -> words of the source that change it."""
_MENDS = {
    "decide": "Mend decide(view): it returns Treatments.of('a treatment', indexes) or a Plan.",
    "learn": "Mend learn(view, outcomes): in the first month nobody has been treated, and outcomes is empty.",
    "notes": "Mend notes(): it returns a dictionary of numbers.",
    "__init__": "Mend it: a policy is made of its settings alone.",
}
_OF_A_PLAN = {
    "a code is an index": "Leave out whom nothing is proposed to: Treatments.each(names, codes[some], some).",
    "an index into the view": "A customer is an index into the view, from 0: not a person_id.",
    "an amount": "`tenure list treatments` has the amount each takes; left out, it is the catalogue's.",
    "acquisition:": "Give weights of 0 or more to channels that have a budget, and a share from 0 to 1.",
    "offer:": "Name products of the market, view.products, with 0 or more points each.",
    "must return": "End decide with: return Treatments.of('a treatment', indexes), or Treatments.none().",
}
"""Words of what is said of a plan -> how to mend it."""
_DOING = {
    "loading": "when the file is loaded",
    "asking": "when it is asked what it can do",
    "living": "in a market",
    "copying": "when it is copied, as for each run",
}
Result = TypeVar("Result")


class Tried(Learner, Protocol):
    """A policy, asked for its methods before they are called: all may learn and take notes, few do."""

    def notes(self) -> Mapping[object, object]:
        """Return what a report shall tell of it."""
        ...


def breach_of_change(what: str) -> Breach:
    """Return what to tell of a change of the program or the process, as `plugins.untouched.changes` words it."""
    last = what.partition(" was ")[0].rpartition(".")[2]
    words = next((found for word, found in _WORDS.items() if word in what), (f"{last} =", f".{last}", last))
    mend = "Leave it as it is: what a policy changes in the program changes what comes after."
    return Breach(f"it changes the program: {what}", mend, words)


class Trial:
    """A policy, how it is loaded, and what was found.

    Parameters
    ----------
    source : Source
        Of the policy.
    name : str
        Which policy of it.
    load : callable
        Returns name -> class, from modules executed anew.
    inputs : frozenset of Path
        Data that it may read.
    """

    def __init__(
        self, source: Source, name: str, load: Callable[[], Mapping[str, type]], inputs: frozenset[Path]
    ) -> None:
        self.source, self.name, self.load, self.inputs = source, name, load, inputs
        self.problems: dict[tuple[str, int, int, str], Problem] = {}
        self.digest, self.spent_s, self.shaped = hashlib.sha256(), 0.0, False

    def note(self, breach: Breach) -> None:
        """Keep a breach; what is told of a place already, in another month, is not told twice."""
        problem = self.source.problem(breach)
        self.problems.setdefault((*problem[:3], breach.kind), problem)

    @property
    def in_time(self) -> bool:
        """Whether the policy is quick enough to be tried further."""
        return self.spent_s < LONGEST_S

    @contextmanager
    def law(self) -> Iterator[None]:
        """Note a breach, and whatever else the policy's code raises, instead of raising it."""
        try:
            yield
        except Breach as breach:
            self.note(breach)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if self.source.of_error(error) is None:
                raise  # a fault of ours
            self.note(self._failure("asking", "", error))

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Note what was changed of the program meanwhile."""
        before = fingerprint()
        yield
        for what in changes(before):
            self.note(breach_of_change(what))

    def guarded(self, doing: str, when: str, call: Callable[[], Result]) -> Result:
        """Return what a call of the policy's code returns; a Breach if it fails in whatever way."""
        began = time.perf_counter()
        try:
            with left_alone(self.note, doing == "loading"), hearing(self.source, self.inputs, self.note):
                return call()
        except (KeyboardInterrupt, Breach):
            raise
        except ConfigError as error:
            for problem in error.problems[:-1]:
                self.problems.setdefault((*problem[:3], problem.message), problem)
            last = error.problems[-1]
            raise Breach(last.message, last.mend, at=last[:3]) from None  # type: ignore[arg-type]  # a place
        except BaseException as error:
            raise self._failure(doing, when, error) from None
        finally:
            self.spent_s += time.perf_counter() - began

    def loaded(self) -> type:
        """Load the file anew, and return the policy's class."""
        known = self.guarded("loading", "", self.load)
        if self.name not in known:
            mend = "Define the class on the first level of the file, whatever happens."
            raise Breach(f"the file does not give '{self.name}' each time it is loaded", mend)
        self.source.policy = known[self.name].__name__
        return known[self.name]

    def made(self, policy: type) -> Tried:
        """Return a policy with its default settings."""
        asked = []
        with suppress(ValueError, TypeError):
            asked = [
                one.name
                for one in inspect.signature(policy).parameters.values()
                if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
            ]
        if asked and not hasattr(policy, "__dataclass_fields__"):
            what = f"it cannot be made: its __init__ wants {', '.join(asked)}"
            mend = "Give each a default; or make the class a dataclass, whose fields are settings."
            raise Breach(what, mend, ("def __init__",))
        one = self.guarded("__init__", "", lambda: cast(Tried, build_policy(policy, {})))
        if not self.shaped:
            self.shaped = True
            for method, given in _CALLS.items():
                if hasattr(one, method) or method == "decide":
                    _can_be_called(one, method, given)
        return one

    def decided(self, one: Tried, month: ShownMonth, view: InstitutionView | None = None) -> Answer:
        """Return what a policy decides on a month, or on another view of it."""
        shown = month.again() if view is None else view
        answer = self.guarded("decide", month.when, lambda: answer_of(one.decide(shown), shown))
        self.digest.update(answer.key)
        return answer

    def told(self, one: Tried, month: ShownMonth) -> None:
        """Let a policy learn."""
        self.guarded("learn", month.when, lambda: one.learn(month.again(), month.told))

    def _failure(self, doing: str, when: str, error: BaseException) -> Breach:
        """Return what to tell of code that fails."""
        at = self.source.of_error(error)
        at_when = f" ({when})" if when else ""
        said, where = _said(error), _DOING.get(doing, f"in {doing}")
        words: tuple[str, ...] = (f"def {doing}", "def __init__" if doing == "copying" else "return")
        if isinstance(error, SystemExit):
            what = f"it ends the program: sys.exit {where}{at_when}"
            mend = "Leave it out: where there is nothing to do, return Treatments.none()."
            return Breach(what, mend, words, at, "sys.exit")
        if any(one in said for one in ("cannot be written", "read-only", "WRITEABLE")):
            what = f"it writes the view: {said}{at_when}"
            return Breach(what, "Copy what you want to change: view.x.copy().", words, at, type(error).__name__)
        if isinstance(error, SettingsError):
            for fault in error.faults[1:]:
                self.note(Breach(fault.what, "Give each setting a default, so that the policy can be tried."))
            return Breach(error.faults[0].what, "Give each setting a default, so that the policy can be tried.")
        takes = "state() returns a dictionary of arrays, and restore(state) takes it."
        takes = takes if doing in _CALLS else "it must take whatever it is given."
        mend = _MENDS.get(doing, f"Mend {doing}: {takes}")
        of_plan = next((told for part, told in _OF_A_PLAN.items() if part in said), "")
        if isinstance(error, ValueError | TypeError) and of_plan:
            mend = of_plan
        elif "nobody" in when:
            mend = "Mend decide(view): an institution may have no customer in a month."
        elif isinstance(error, AttributeError) and isinstance(error.obj, InstitutionView) and error.name:
            mend = near_column(error.name, [name for name in dir(InstitutionView) if not name.startswith("_")])
        elif doing in _DOING:
            copied = "Keep plain data alone in its attributes: no open files, no locks."
            mend = {"copying": copied, "living": "Mend what decide returns."}.get(doing, "Mend the line.")
        kind = type(error).__name__
        if doing == "living" and at is None:
            return Breach(f"a market cannot take its plan: {said}{at_when}", mend, words)
        what = f"{doing} fails" if doing not in _DOING else f"it fails {where}"
        return Breach(f"{what}: {kind}: {said}{at_when}", mend, words, at, kind)


def _said(error: BaseException) -> str:
    """Return what an error says, on one line."""
    try:
        return " ".join(str(error).split())
    except Exception:
        return "it cannot say what"


def _can_be_called(one: Tried, method: str, given: tuple[str, ...]) -> None:
    wanted = f"def {method}({', '.join(('self', *given))}):"
    function = getattr(one, method, None)
    if not callable(function):
        what = f"its {method} cannot be called: it is of type {type(function).__name__}"
        raise Breach(what, f"Write {wanted}", (f".{method} =", f"def {method}", f"{method} ="))
    with suppress(ValueError):  # it cannot be known
        signature = inspect.signature(function)
        try:
            signature.bind(*given)
        except TypeError:
            what = f"its {method} takes {signature}, but is called as {method}({', '.join(given)})"
            raise Breach(what, f"Write {wanted}", (f"def {method}", f"{method} =")) from None
