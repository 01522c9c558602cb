"""What an experiment gave, as stored in its folder: which runs are there and whole, and what they say."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tenure.experiments.config.documents import Value
from tenure.experiments.design.hashing import canonical_json
from tenure.experiments.design.point import Point, point_of
from tenure.experiments.store import store
from tenure.experiments.store.record import read_about
from tenure.experiments.store.record_shape import About
from tenure.experiments.store.verified import Known, Runs

if TYPE_CHECKING:
    import pandas as pd

    from tenure.experiments.analysis.metric import Metric
    from tenure.experiments.analysis.paired.changes import Change
    from tenure.experiments.analysis.ratios import Ratio
    from tenure.experiments.analysis.returns import Return
    from tenure.experiments.analysis.sequential.chosen import Chosen
    from tenure.experiments.analysis.statistics import Comparison


@dataclass(frozen=True)
class Results:
    """What an experiment gave, as stored in its folder.

    Attributes
    ----------
    folder : Path
        Of the experiment.
    about : About
        Question, champion, arms, months, replications, metrics, the resolved market and more.
    known : mapping
        Run that is there and whole -> what is known of its file, replication by replication.
    damaged : mapping
        Run that is there and damaged -> what is wrong.
    failed : mapping
        Run that failed -> its record with ``error``.
    damage : str
        What is wrong with one of the two records of the folder; empty if nothing is.
    made, seconds : int, float
        Runs made now, and the time that it took; 0 when only read.
    changes : tuple of str
        What this call found changed since the folder was last run, and what it did about it.
    scenario : str
        The one whose runs these are, in results `under` a scenario; else empty.
    others : tuple of str
        Seals of the folder's other runs.
    own : mapping
        Name -> metric of a user's own whose file was given; they are shown after the others.
    unshown : tuple of str
        Metrics that the record names and nobody here knows: of a user's own whose file was not given.
    decided : bool
        Whether the metric that the experiment is decided on is none of these.
    """

    folder: Path
    about: About
    known: Mapping[str, Known]
    damaged: Mapping[str, str]
    failed: Mapping[str, Mapping[str, Value]]
    damage: str = ""
    made: int = 0
    seconds: float = 0.0
    changes: tuple[str, ...] = ()
    scenario: str = ""
    others: tuple[str, ...] = ()
    own: "Mapping[str, Metric]" = field(default_factory=dict)
    unshown: tuple[str, ...] = ()
    decided: bool = True

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Scenarios in the order of the file; one without a name where there are none."""
        return (self.scenario,) if self.scenario else tuple(self.about["scenarios"]) or ("",)

    def under(self, scenario: str) -> "Results":
        """Return what the experiment gave in one scenario, as if there were no other; ValueError if there is none."""
        if scenario == self.scenario and len(self.scenarios) == 1:
            return self
        if scenario not in self.scenarios:
            known = ", ".join(self.scenarios)
            raise ValueError(f"{self.folder}: there is no scenario '{scenario}'. Known: {known}.")
        return self._each[scenario]

    @cached_property
    def _each(self) -> "Mapping[str, Results]":
        return {scenario: self._restricted(scenario) for scenario in self.scenarios}

    def _restricted(self, scenario: str) -> "Results":
        runs = {name: one for name, one in self.about["runs"].items() if point_of(one).scenario == scenario}
        own = self.about["scenarios"][scenario]
        arms = own.get("arms", self.about["arms"])
        about: About = {**self.about, "runs": runs, "market": own["market"], "arms": arms}
        known = {name: one for name, one in self.known.items() if name in runs}
        return replace(
            self,
            about=about,
            known=known,
            scenario=scenario,
            damaged={name: one for name, one in self.damaged.items() if name in runs},
            failed={name: one for name, one in self.failed.items() if name in runs},
            others=tuple(one.seal for name, one in self.known.items() if name not in runs),
        )

    def _of_one(self) -> "Results":
        """Return these results if they are of one scenario, so that arms can be paired; else ValueError."""
        if len(self.scenarios) == 1:
            return self.under(self.scenarios[0])
        names = ", ".join(self.scenarios)
        raise ValueError(
            f"{self.folder} holds the scenarios {names}, and arms are paired within each: ask for one, such as "
            f"results.under('{self.scenarios[0]}')"
        )

    def point(self, run: str) -> Point:
        """Return the point of a run of the record."""
        return point_of(self.about["runs"][run])

    @property
    def names(self) -> tuple[str, ...]:
        """Runs that are there and whole, replication by replication."""
        return tuple(self.known)

    @property
    def champion(self) -> str:
        """The arm that the others are compared with."""
        return str(self.about["champion"])

    @property
    def arms(self) -> tuple[str, ...]:
        """All arms in the order of the file."""
        return tuple(self.about["arms"])

    @property
    def currency(self) -> str:
        """What money is named in: the currency of the market."""
        return str(self.about["market"]["currency"])

    @property
    def oracles(self) -> tuple[str, ...]:
        """Arms whose policy is shown the truth."""
        return tuple(self.about.get("oracles", ()))

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over recorded values in the order of arms and replications: the same wherever they are made.

        Metrics, names, times, versions and the bytes of files have no part in it; a run that is missing has. Of several
        scenarios it is over the hash of each by its name, in whatever order they are written.
        """
        if len(self.scenarios) > 1:
            each = {scenario: self.under(scenario).hash for scenario in self.scenarios}
            return hashlib.sha256(canonical_json(each).encode()).hexdigest()
        values = {(one.arm, one.replication): one.checksum for one in self.known.values()}
        whole = [
            [values.get((arm, replication), "") for replication in range(int(self.about["replications"]))]
            for arm in self.arms
        ]
        return hashlib.sha256(canonical_json(whole).encode()).hexdigest()

    def draws(self) -> "pd.DataFrame":
        """Return what was drawn for each replication, see `tenure.experiments.design.varied.tables.draws_of`."""
        from tenure.experiments.design.varied.tables import draws_of

        return draws_of(self.about)

    def factors(self) -> "pd.DataFrame":
        """Return what is set at each level, see `tenure.experiments.design.varied.tables.factors_of`."""
        from tenure.experiments.design.varied.tables import factors_of

        return factors_of(self.about, self.scenarios)

    @property
    def _factors_told(self) -> str:
        """What is set at the level that these results are of, in words; empty where there is no design."""
        one = self.about["scenarios"].get(self.scenario)
        return "" if one is None else ", ".join(f"{name}={value}" for name, value in one.get("factors", []))

    def _placed(self, table: "pd.DataFrame") -> "pd.DataFrame":
        """Return a table of one scenario with its name, and what is set at its level, in front."""
        rest = [name for name in table.columns if name != "scenario"]
        front = {"scenario": self.scenario, "factors": self._factors_told}
        return table[rest].assign(**front)[[*front, *rest]]

    def rows(self, measures: Sequence[str] | None = None) -> "pd.DataFrame":
        """Return the recorded rows of all runs.

        Its columns are scenario, factors, arm, replication, measure, month, institution, a, b, value.
        """
        return self._of_each(lambda one: store.read_measures(one.folder, one.names, measures))

    def _of_each(self, table: "Callable[[Results], pd.DataFrame]") -> "pd.DataFrame":
        """Return the tables of all scenarios, one after the other, each with its name in front."""
        import pandas as pd

        each = [one._placed(table(one)) for one in map(self.under, self.scenarios)]
        return each[0] if len(each) == 1 else pd.concat(each, ignore_index=True)

    def work_out(self, progress: Callable[[], None]) -> None:
        """Work out metrics and pairs now, else done when they are asked for; `progress` is told of each run."""
        from tenure.experiments.analysis.worked_out import figures

        for one in map(self.under, self.scenarios):
            found = figures(one.folder, one.champion, one.known, progress=progress, others=one.others, own=one.own)
            one.__dict__["_figures"] = found

    @cached_property
    def _figures(self) -> "tuple[pd.DataFrame, pd.DataFrame]":
        from tenure.experiments.analysis.worked_out import figures

        if self._of_one() is not self:
            return self._of_one()._figures
        return figures(self.folder, self.champion, self.known, others=self.others, own=self.own)

    @property
    def pairs(self) -> "pd.DataFrame":
        """Return who gains and who is harmed beside the champion, arm by arm (`analysis.worked_out.figures`).

        Its columns are scenario, factors, arm, replication, and those of `analysis.gains.pair_off`.
        """
        one = self._of_one()
        return one._placed(one._figures[1])

    @cached_property
    def _sorted_metrics(self) -> "pd.DataFrame":
        import pandas as pd

        from tenure.experiments.analysis.gains import metrics_of_pairs
        from tenure.experiments.analysis.metrics import METRICS

        shown = [METRICS[name] for name in self.about["metrics"] if name in METRICS]
        of_runs, of_pairs = self._figures[0], metrics_of_pairs(self._figures[1], shown)
        table = pd.concat([of_runs, of_pairs], ignore_index=True) if len(of_pairs) else of_runs
        order = {arm: place for place, arm in enumerate(self.arms)}
        keys = table["arm"].map(order).to_numpy(dtype=int) * 10_000_000 + table["replication"].to_numpy(dtype=int)
        return table.iloc[keys.argsort(kind="stable")].reset_index(drop=True)

    def metrics(self) -> "pd.DataFrame":
        """Return a row per run and metric: scenario, factors, arm, replication, metric, value.

        Of a metric of pairs only if it is to be shown. Scenarios, and levels of them, stand one after the other.
        """
        return self._of_each(lambda one: one._sorted_metrics)

    @cached_property
    def _comparisons(self) -> "list[Comparison]":
        if self.champion not in {one.arm for one in self.known.values()}:
            return []
        from tenure.experiments.analysis.paired.families import families_of, matters_of
        from tenure.experiments.analysis.sequential.looked import compare_looked
        from tenure.experiments.analysis.statistics import compare

        matters, families = matters_of(self.about), families_of(self.about["metrics"], self.decided)
        if self.is_looked_at:
            chosen_by = self.about.get("choose")
            most = None if chosen_by is None else chosen_by["at_most"]
            own, failed = self._sorted_metrics, self._failed_points
            return compare_looked(own, self.champion, failed, most, matters, families=families)
        return compare(self._sorted_metrics, self.champion, matters, families=families)

    def comparisons(self) -> "list[Comparison]":
        """Return every arm against the champion on every metric; empty while there is nothing to compare.

        Where replications were made until something was known (`is_looked_at`) the intervals allow for looking.
        """
        return list(self._comparisons)

    @property
    def is_looked_at(self) -> bool:
        """Whether replications are made until something is known: a precision, or the best arm."""
        return bool(self.about.get("precision") or self.about.get("choose"))

    @property
    def _failed_points(self) -> frozenset[tuple[str, int]]:
        points = (self.point(name) for name in self.failed)
        return frozenset((one.arm, one.replication) for one in points)

    def choice(self) -> "Chosen | None":
        """Return the best arm as far as it is known, None where none is to be chosen; of one scenario."""
        asked = self.about.get("choose")
        if asked is None or not self.decided:
            return None
        from tenure.experiments.analysis.metrics import metrics_in
        from tenure.experiments.analysis.sequential.asked import Choose, decided_on
        from tenure.experiments.analysis.sequential.chosen import choice_of

        metric = metrics_in(self.currency)[decided_on(self.about["metrics"])]
        chosen_by = Choose.model_validate(dict(asked))
        return choice_of(self._sorted_metrics, self.arms, self.champion, metric, chosen_by, self._failed_points)

    def changes_between(self, before: str, after: str, metric: str = "") -> "dict[str, Change]":
        """Return how each arm changes from one scenario or level to another, the champion first, paired by luck.

        `metric` is by default the one decided on. ValueError if there is no such scenario, or no run has that metric.
        See `tenure.experiments.analysis.paired.changes`.
        """
        from tenure.experiments.analysis.paired.changes import changes_of_runs

        first, last = (self.under(scenario)._sorted_metrics for scenario in (before, after))
        return changes_of_runs(first, last, metric or self.about["metrics"][0], self.champion, self.arms)

    def returns(self, spend: str = "treatment_spend_per_customer") -> "dict[str, Ratio | None]":
        """Return what comes back per extra unit of money on treatment, or on what else is spent; None where unsaid."""
        return {arm: one.ratio for arm, one in self.returns_reported(spend).items()}

    def returns_reported(self, spend: str = "treatment_spend_per_customer") -> "dict[str, Return]":
        """Return what comes back per extra unit of money on treatment, or on what else is spent, by arm, or why not.

        It is given where an arm spends more than the champion, and money is all that differs: see `also_does`.
        """
        from tenure.experiments.analysis.returns import returns_reported

        others = [arm for arm in self.arms if arm != self.champion]
        values = self._sorted_metrics
        return returns_reported(values, self.champion, others, spend, self.also_does[spend], self.currency)

    @cached_property
    def also_does(self) -> "Mapping[str, Mapping[str, tuple[str, ...]]]":
        """What is spent -> arm -> what it does otherwise than the champion beside that.

        See `tenure.experiments.analysis.acts.also_does`.
        """
        from tenure.experiments.analysis.acts import OF_MONEY, also_does
        from tenure.experiments.analysis.worked_out import what_arms_did

        acts = what_arms_did(self.folder, self.known, self.others)
        return {spend: also_does(self.about, acts, spend) for spend in OF_MONEY}


def open_results(
    folder: Path | str,
    all_anew: bool = False,
    progress: Callable[[], None] = lambda: None,
    made: int = 0,
    seconds: float = 0.0,
    changes: Iterable[str] = (),
    policies: Sequence[Path | str] = (),
) -> Results:
    """Read what is there of an experiment; every file that changed since it was last read is verified.

    Parameters
    ----------
    folder : path
        Of the experiment.
    all_anew : bool
        Whether every seal is verified.
    progress : callable
        Told of each file that was read.
    made, seconds, changes
        Of what was just run, see `Results`.
    policies : sequence of path
        Files of a user's own with metrics, which are worked out of the runs that are there and shown beside the others.

    Raises
    ------
    FileNotFoundError
        If the folder holds no experiment.
    ValueError
        If its record is damaged, or a later version wrote it; `ConfigError` if there is something wrong with a file.
    """
    from tenure.experiments.plugins.known import own_metrics, shown_metrics

    folder = Path(folder)
    about, damage = read_about(folder)
    shown, unshown = shown_metrics(about["metrics"], own := own_metrics(policies))
    decided, about = not set(about["metrics"][:1]) & set(unshown), {**about, "metrics": shown}
    runs = Runs(folder)
    runs.look(about["runs"], all_anew, progress)
    runs.save()
    for name, address in about["runs"].items():
        found = runs.known.get(name)
        if found is not None and found.point != point_of(address):
            runs.damaged[name] = f"{store.run_path(folder, name)}: says that it is {found.point.label}"
            del runs.known[name]
    known = {name: runs.known[name] for name in about["runs"] if name in runs.known}
    lacking = {name: point_of(one) for name, one in about["runs"].items() if name not in known}
    failed = {
        name: {
            **one,
            "scenario": lacking[name].scenario,
            "arm": lacking[name].arm,
            "replication": lacking[name].replication,
        }
        for name, one in store.failures(folder).items()
        if name in lacking
    }
    damaged = {name: one for name, one in runs.damaged.items() if name in about["runs"]}
    of_now = (damage, made, seconds, tuple(changes))
    return Results(folder, about, known, damaged, failed, *of_now, own=own, unshown=unshown, decided=decided)
