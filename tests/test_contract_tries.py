"""Every law of a policy's contract has a policy that breaks it; and policies that keep all of them."""

import os
from pathlib import Path

import numpy as np
import pytest

import tenure.policies.ordering
from tests.policies_on_trial import ALL, TREAT, policy, tried

BROKEN = {
    "late_fault": (
        policy(f"if view.month == 14:\n    1 / 0\n{ALL}"),
        "1 / 0",
        "ZeroDivisionError: division by zero (month 14)",
        "",
    ),
    "far_fault": (policy(f"(1,) * 48 + (0,)\n[0.1] [view.month // 50]\n{ALL}"), "[0.1]", "(month 59)", ""),
    "nobody": (policy(f"view.line.max()\n{ALL}"), "view.line.max()", "(month 8, nobody in view)", "no customer"),
    "one": (
        policy(f"np.empty(0)[0 if len(view) == 1 else slice(0)]\n{ALL}"),
        "np.empty(0)",
        "one customer in view",
        "",
    ),
    "two_faults": (
        policy(f"if view.month == 3:\n    1 / 0\nif view.month == 5:\n    [][0]\n{ALL}"),
        "[][0]",
        "(month 5)",
        "",
    ),
    "ends_the_program": (policy("sys.exit(0)"), "sys.exit", "it ends the program: sys.exit in decide", "Leave it out"),
    "ends_it_when_loaded": (
        policy(ALL, "sys.exit(0)\n"),
        "sys.exit",
        "sys.exit when the file is loaded",
        "Leave it out",
    ),
    "base_exception": (policy("raise GeneratorExit"), "raise", "GeneratorExit", "Mend"),
    "endless": (policy("return self.decide(view)"), "self.decide", "RecursionError", "Mend"),
    "global_numpy": (
        policy("return Treatments.of('end', np.flatnonzero(np.random.rand(len(view)) < 0.5))"),
        "np.random",
        "NumPy's global generator",
        "view.uniform",
    ),
    "seeds_numpy": (policy(f"np.random.seed(5)\n{ALL}"), "np.random", "NumPy's global generator", "view.uniform"),
    "seeds_when_loaded": (policy(ALL, "np.random.seed(5)\n"), "np.random", "global generator", "view.uniform"),
    "global_python": (
        policy(f"random.random()\n{ALL}"),
        "random.random",
        "Python's global generator",
        "view.uniform",
    ),
    "error_state": (policy(f"np.seterr(all='raise')\n{ALL}"), "np.seterr", "error state", "np.errstate"),
    "decimals": (policy(f"decimal.getcontext().prec = 5\n{ALL}"), "decimal.get", "context of decimals", "localcontext"),
    "warnings": (
        policy(f"warnings.simplefilter('ignore')\n{ALL}"),
        "warnings.",
        "filters of warnings",
        "catch_warnings",
    ),
    "luck": (
        policy("return Treatments.of('end', np.flatnonzero(np.random.default_rng().random(len(view)) < 0.5))"),
        "np.random",
        "decided twice gives other treatments",
        "view.uniform",
    ),
    "luck_by_row": (
        policy("return Treatments.of('end', np.flatnonzero(np.random.default_rng(0).random(len(view)) < 0.5))"),
        "np.random",
        "in another order are treated otherwise",
        "view.uniform",
    ),
    "own_state": (
        policy(f"self.asked += 1\n{TREAT.format('self.asked / 100')}", fields="def __init__(self): self.asked = 0"),
        "self.asked",
        "decide changes what it will decide",
        "learn(view, outcomes)",
    ),
    "state_of_slots": (
        policy(
            f"self.asked += 1\n{TREAT.format('self.asked / 100')}",
            fields="__slots__ = ('asked',)\ndef __init__(self): self.asked = 0",
        ),
        "self.asked",
        "decide changes what it will decide",
        "learn(view, outcomes)",
    ),
    "global_count": (
        policy(f"global count\ncount += 1\n{TREAT.format('count / 100')}", "count = 0\n"),
        "global count",
        "depends on what was made or decided before",
        "Keep nothing outside",
    ),
    "cache": (
        policy(
            f"key = len(kept) and 'first' or str(view.month)\nkept.setdefault('first', view.month)\n"
            f"{TREAT.format('kept[chr(102) + chr(105) + chr(114) + chr(115) + chr(116)] / 30')}",
            "kept = {}\n",
        ),
        "kept.setdefault",
        "depends on what was made or decided before",
        "caches",
    ),
    "counts_its_makings": (
        policy(
            TREAT.format("self.number / 10"),
            fields="made = 0\ndef __init__(self):\n    type(self).made += 1\n    self.number = self.made",
        ),
        "made += 1",
        "depends on what was made or decided before",
        "Keep nothing outside",
    ),
    "last_market": (
        policy(
            f"known.update(dict.fromkeys(view.person_id.tolist(), view.institutions[2:]))\n"
            f"{TREAT.format('len(set(known.values())) / 10')}",
            "known = {}\n",
        ),
        "class Mine",
        "depends on what was made or decided before",
        "Keep nothing outside",
    ),
    "truth": (
        policy(
            "bad = {who for one in models for who in one.people['id'][one.people['risk_trait'] > -5.0].tolist()}\n"
            "return Treatments.of('end', np.flatnonzero([who in bad for who in view.person_id]))",
            "import gc\nmodels = [one for one in gc.get_objects() if type(one).__name__ == 'LifecycleModel']\n",
        ),
        "models",
        "it reads the truth",
        "Use the view alone",
    ),
    "protected": (
        policy(
            "return Treatments.of('end', np.flatnonzero(view._beliefs['age_years'][view._places] > 60.0)"
            " if view._places is not None else np.flatnonzero(view._beliefs['age_years'] > 60.0))"
        ),
        "age_years",
        "protected attribute (age_years)",
        "Use the view alone",
    ),
    "unlocks_a_column": (
        policy(f"view.line.setflags(write=True)\nview.line[:] = 9.0\n{ALL}"),
        "view.line.setflags",
        "it writes the view",
        ".copy()",
    ),
    "replaces_a_column": (
        policy(f"view.line\nview.__dict__['line'] = np.full(len(view), 9.0)\n{ALL}"),
        "__dict__",
        "it changes view.line",
        "Copy what you want to change",
    ),
    "writes_the_view": (policy("view.line[:] = 0.0"), "view.line", "it writes the view", ".copy()"),
    "patches_our_module": (
        policy(f"import tenure.policies.ordering as ours\nours.left = 1\n{ALL}"),
        "ours.left =",
        "tenure.policies.ordering.left was added",
        "what comes after",
    ),
    "patches_numpy": (
        policy(ALL, "np.argsort_ = np.argsort\n"),
        "np.argsort_",
        "numpy.argsort_ was added",
        "what comes",
    ),
    "environment": (
        policy(f"os.environ['MINE'] = str(view.month)\n{ALL}"),
        "os.environ",
        "environment was changed",
        "",
    ),
    "other_folder": (policy(ALL, "os.chdir('/')\n"), "os.chdir", "folder of the process was changed", ""),
    "path": (policy(ALL, "sys.path.append('/')\n"), "sys.path", "sys.path was changed", ""),
    "opens_beside": (
        policy(ALL, "text = open(os.path.dirname(__file__) + '/reward.csv').read()\n"),
        "open(",
        "it opens reward.csv, which is not among its inputs",
        'inputs = ("reward.csv",)',
    ),
    "opens_in_decide": (
        policy(f"np.loadtxt(os.path.dirname(__file__) + '/reward.csv')\n{ALL}"),
        "np.loadtxt",
        "it opens reward.csv, which is not among its inputs",
        'inputs = ("reward.csv",)',
    ),
    "opens_elsewhere": (
        policy(ALL, "text = open(os.path.dirname(__file__) + '/../far.csv').read()\n"),
        "open(",
        "outside its folder",
        "Put it beside the policy",
    ),
    "opens_where_it_is_called": (
        policy(f"try:\n    open('reward.csv')\nexcept OSError: pass\n{ALL}"),
        "open(",
        "in whatever folder tenure is called",
        "Path(__file__).parent",
    ),
    "writes_a_file": (
        policy(f"open(os.path.dirname(__file__) + '/trace.txt', 'a').close()\n{ALL}"),
        "open(",
        "it writes trace.txt",
        "Leave it out",
    ),
    "program": (policy(f"os.system('true')\n{ALL}"), "os.system", "starts another program", "Leave it out"),
    "database": (
        policy(f"import sqlite3\nsqlite3.connect(os.path.dirname(__file__) + '/a.db').close()\n{ALL}"),
        "sqlite3.connect",
        "it opens a.db",
        "inputs",
    ),
    "clock": (
        policy(TREAT.format("0.02 * (datetime.datetime.now().toordinal() % 7) + 0.001 * (time.time() // 86400 % 7)")),
        "return",
        "it goes by the clock",
        "view.month",
    ),
    "clock_when_loaded": (
        policy(TREAT.format("day / 40"), "from datetime import date\nday = date.today().toordinal() % 7\n"),
        "day = date",
        "it goes by the clock",
        "view.month",
    ),
    "strangers": (policy("return Treatments.of('end', view.person_id + 9999)"), "return", "not its own", "index into"),
    "unknown_treatment": (
        policy("return Treatments.of('magic', np.arange(len(view)))"),
        "return",
        "no treatment 'magic'",
        "Known are",
    ),
    "code_minus_one": (
        policy("return Treatments.each(('loyalty_reward', 'early_help'), np.full(len(view), -1), range(len(view)))"),
        "Treatments.each",
        "-1",
        "",
    ),
    "code_too_large": (
        policy("return Treatments.each(('loyalty_reward', 'early_help'), np.full(len(view), 5), np.arange(len(view)))"),
        "Treatments.each",
        "5",
        "",
    ),
    "amount_too_large": (policy("return Treatments.of('loyalty_reward', [0], 1e300)"), "return", "amount", ""),
    "amount_negative": (policy("return Treatments.of('loyalty_reward', [0], -1.0)"), "return", "amount", ""),
    "reason": (
        policy(
            "made = Treatments.of('end', [0])\nfrom dataclasses import replace\n"
            "return replace(made, because=np.array([3]))"
        ),
        "replace(made",
        "3",
        "",
    ),
    "unknown_product": (
        policy("return Plan(offer=OfferChange({'gold': 1.0}))"),
        "OfferChange",
        "no product 'gold'",
        "",
    ),
    "negative_cut": (
        policy("return Plan(offer=OfferChange(np.full(len(view.products), -1.0)))"),
        "OfferChange",
        "0 or more",
        "",
    ),
    "nan_weight": (
        policy("return Plan(acquisition=Acquisition({'mail': float('nan')}))"),
        "Acquisition",
        "weight",
        "",
    ),
    "unknown_channel": (
        policy("return Plan(acquisition=Acquisition({'radio': 1.0}))"),
        "return",
        "acquisition: no channel 'radio'",
        "",
    ),
    "same_arrays": (
        policy(
            "self.codes = np.zeros(900, np.int64)[: len(view)] if self.codes is None else self.codes\n"
            "out = self.out[: len(view)]\nout[:] = view.leave_per_year * 100\n"
            "return Treatments.of('loyalty_reward', np.arange(len(view))) if not len(view) else "
            "Treatments(np.arange(len(view)), np.zeros(len(view), np.int64), out,\n"
            "    np.zeros(len(view), np.int64), ('loyalty_reward',), ('',))",
            fields="def __init__(self): self.codes, self.out = None, np.zeros(900)",
        ),
        "out[:] =",
        "after it was given",
        "new arrays",
    ),
    "no_default": (
        policy(ALL, fields="def __init__(self, reward): self.reward = reward"),
        "def __init__",
        "wants reward",
        "default",
    ),
    "no_default_in_a_dataclass": (
        policy(ALL, fields="reward: float").replace(
            "class Mine", "from dataclasses import dataclass\n\n\n@dataclass\nclass Mine"
        ),
        "class Mine",
        "needs the setting reward",
        "Give each setting a default",
    ),
    "init_fails": (policy(ALL, fields="def __init__(self): 1 / 0"), "1 / 0", "__init__ fails: ZeroDivision", "Mend"),
    "other_signature": (
        policy(ALL).replace("decide(self, view)", "decide(self, view, month)"),
        "def decide",
        "is called as decide(view)",
        "def decide(self, view)",
    ),
    "no_method": (
        policy(ALL, fields="def __init__(self): self.decide = None"),
        "self.decide =",
        "cannot be called",
        "def decide(",
    ),
    "cannot_be_copied": (
        policy(ALL, "import threading\n", fields="def __init__(self): self.lock = threading.Lock()"),
        "def __init__",
        "it fails when it is copied",
        "",
    ),
    "notes_are_no_numbers": (
        policy(ALL, fields="def notes(self): return {'told': 'much'}"),
        "def notes",
        "notes gives 'told'",
        "finite numbers",
    ),
    "returns_a_list": (policy("return [('end', 3)]"), "def decide", "got list", "Treatments.of("),
    "misspells": (policy("view.leave_per_yaer"), "view.leave", "decide fails", "Did you mean 'leave_per_year'?"),
}
"""Policy -> its text, what stands at the place that the message names, what it says, and how to mend it."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_policy_is_told_with_what_where_and_how_to_mend_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, at, what, mend = BROKEN[name]
    folder = tmp_path / "own"
    folder.mkdir()
    for path in (folder / "reward.csv", tmp_path / "far.csv"):
        path.write_text("1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    verdict = tried(folder, text)
    os.environ.pop("MINE", None)
    vars(np).pop("argsort_", None)
    vars(tenure.policies.ordering).pop("left", None)
    found = [one for one in verdict.problems if what in one.message]
    assert found, verdict.problems
    assert mend in found[0].mend
    assert found[0].path == str(folder / "mine.py")
    line = text.splitlines()[found[0].line - 1]
    assert at in line and 1 <= found[0].column <= len(line), (line, found[0])
