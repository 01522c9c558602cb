"""What an experiment gave, as stored in its folder: which runs are there and whole, and what they say."""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import store
from experiments.folder_words import folder_command
from experiments.hashing import canonical_json
from experiments.metrics import METRICS
from experiments.provenance import program_hash
from experiments.record import REPORT, read_about
from experiments.sealing import seal_of
from experiments.verified import Known, Runs, environment_text

if TYPE_CHECKING:
    import pandas as pd

    from experiments.returns import Return
    from experiments.statistics import Comparison, Ratio


@dataclass(frozen=True)
class Results:
    """What an experiment gave, as stored in its folder.

    Attributes
    ----------
    folder : Path
        Of the experiment.
    about : mapping
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
    """

    folder: Path
    about: Mapping[str, Any]
    known: Mapping[str, Known]
    damaged: Mapping[str, str]
    failed: Mapping[str, Mapping[str, Any]]
    damage: str = ""
    made: int = 0
    seconds: float = 0.0
    changes: tuple[str, ...] = ()

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

        Metrics, names, times, versions and the bytes of files have no part in it; a run that is missing has.
        """
        values = {(one.arm, one.replication): one.values for one in self.known.values()}
        whole = [[values.get((arm, replication), "") for replication in range(int(self.about["replications"]))]
                 for arm in self.arms]  # fmt: skip
        return hashlib.sha256(canonical_json(whole).encode()).hexdigest()

    def rows(self, measures: Sequence[str] | None = None) -> "pd.DataFrame":
        """Return the recorded rows of all runs: arm, replication, measure, month, institution, a, b, value."""
        return store.read_measures(self.folder, self.names, measures)

    def work_out(self, progress: Callable[[], None]) -> None:
        """Work out metrics and pairs now, else done when they are asked for; `progress` is told of each run."""
        from experiments.worked_out import figures

        self.__dict__["_figures"] = figures(self.folder, self.champion, self.known, progress=progress)

    @cached_property
    def _figures(self) -> "tuple[pd.DataFrame, pd.DataFrame]":
        from experiments.worked_out import figures

        return figures(self.folder, self.champion, self.known)

    @property
    def pairs(self) -> "pd.DataFrame":
        """Return who gains and who is harmed beside the champion, arm by arm (`experiments.worked_out.figures`)."""
        return self._figures[1]

    @cached_property
    def _sorted_metrics(self) -> "pd.DataFrame":
        import pandas as pd

        from experiments.gains import harmed_metric

        table = self._figures[0]
        if "share_harmed" in self.about["metrics"]:
            table = pd.concat([table, harmed_metric(self.pairs)], ignore_index=True)
        order = {arm: place for place, arm in enumerate(self.arms)}
        keys = table["arm"].map(order).to_numpy(dtype=int) * 10_000_000 + table["replication"].to_numpy(dtype=int)
        return table.iloc[keys.argsort(kind="stable")].reset_index(drop=True)

    def metrics(self) -> "pd.DataFrame":
        """Return a row per run and metric: arm, replication, metric, value; of a pair's only if it is to be shown."""
        return self._sorted_metrics.copy()

    @cached_property
    def _comparisons(self) -> "list[Comparison]":
        from experiments.statistics import compare

        if self.champion not in {one.arm for one in self.known.values()}:
            return []
        return compare(self._sorted_metrics, self.champion)

    def comparisons(self) -> "list[Comparison]":
        """Return every arm against the champion on every metric; empty while there is nothing to compare."""
        return list(self._comparisons)

    def returns(self, spend: str = "treatment_spend_per_customer") -> "dict[str, Ratio | None]":
        """Return what comes back per extra unit of money on treatment, or on what else is spent; None where unsaid."""
        return {arm: one.ratio for arm, one in self.returns_told(spend).items()}

    def returns_told(self, spend: str = "treatment_spend_per_customer") -> "dict[str, Return]":
        """Return what comes back per extra unit of money on treatment, or on what else is spent, by arm, or why not.

        Beside a champion that does nothing a return is given wherever an arm spends more; beside another only where
        money is all that differs: see `also_does`.
        """
        from experiments.returns import Return, returns_told
        from experiments.statistics import returns_on_treatment

        if self.champion not in {one.arm for one in self.known.values()}:
            return {arm: Return(None, "has no run of the champion beside it") for arm in self.arms
                    if arm != self.champion}  # fmt: skip
        ratios = returns_on_treatment(self._sorted_metrics, self.champion, spend=spend)
        return returns_told(ratios, self.also_does[spend], self.currency)

    @cached_property
    def also_does(self) -> "Mapping[str, Mapping[str, tuple[str, ...]]]":
        """What is spent -> arm -> what it does otherwise than the champion beside that. Empty if that does nothing.

        See `experiments.acts.also_does`.
        """
        from experiments.acts import OF_MONEY, also_does
        from experiments.returns import DOES_NOTHING
        from experiments.worked_out import what_arms_did

        if self.about["arms"][self.champion]["policy"] == DOES_NOTHING:
            return {spend: {} for spend in OF_MONEY}
        acts = what_arms_did(self.folder, self.known)
        return {spend: also_does(self.about, acts, spend) for spend in OF_MONEY}


def open_results(
    folder: Path | str, all_anew: bool = False, progress: Callable[[], None] = lambda: None, **more: Any
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
    **more
        Further attributes of the results.

    Raises
    ------
    FileNotFoundError
        If the folder holds no experiment.
    ValueError
        If its record is damaged, or a later version wrote it.
    """
    folder = Path(folder)
    about, damage = read_about(folder)
    runs = Runs(folder)
    runs.look(about["runs"], all_anew, progress)
    runs.save()
    for name, address in about["runs"].items():
        found = runs.known.get(name)
        if found is not None and [found.arm, found.replication] != list(address):
            runs.damaged[name] = f"{store.run_path(folder, name)}: says that it is {found.arm}/{found.replication}"
            del runs.known[name]
    known = {name: runs.known[name] for name in about["runs"] if name in runs.known}
    failed = {name: one for name, one in store.failures(folder).items() if name in about["runs"] and name not in known}
    for name, one in failed.items():
        arm, replication = about["runs"][name]
        failed[name] = {**one, "arm": arm, "replication": replication}
    damaged = {name: one for name, one in runs.damaged.items() if name in about["runs"]}
    return Results(folder, about, known, damaged, failed, damage, **more)


def remarks(results: Results) -> Iterator[str]:
    """Yield what a reader of a folder must know of it: damage, mixed versions, runs that no arm uses."""
    again = folder_command("run", results.folder)
    if results.damage:
        yield f"damaged: {results.damage}; its copy was read. {again} writes it again"
    report = results.folder / REPORT
    with contextlib.suppress(OSError):
        if seal_of(report.read_bytes()) is None:
            yield f"damaged: {report}: not what was written (its seal differs). {again} writes it again"
    for name, what in results.damaged.items():
        arm, replication = results.about["runs"][name]
        yield (
            f"damaged: {arm}, replication {replication}: {what.removesuffix('; run it again')}. It is left out here, "
            f"and made again by: {again}"
        )
    made_with = Counter(one.environment for one in results.known.values())
    if len(made_with) > 1:
        told = "; ".join(f"{count} with {_difference(one, made_with)}" for one, count in made_with.most_common())
        yield f"these runs were made with different versions: {told}. Only the same versions promise the same bits"
    elif made_with and environment_text() not in made_with:
        one = next(iter(made_with))
        here = {one: 1, environment_text(): 1}
        yield f"these runs were made with {_difference(one, here)}; here is {_difference(environment_text(), here)}"
    if results.known and results.about.get("sources") != program_hash():
        yield (
            f"these runs were made by other sources of tenure ({str(results.about.get('sources'))[:12]}; here "
            f"{program_hash()[:12]}): 'tenure run' would make them again"
        )
    unused = store.run_names(results.folder, store.UNUSED)
    if unused:
        lie = f"{len(unused)} runs that no arm uses any more lie in {store.UNUSED}/"
        yield f"{lie}; clear them: {folder_command('tidy', results.folder)}"


def _difference(one: str, others: Mapping[str, int]) -> str:
    """Return what is not the same in all of several lists of versions."""
    parts = [set(other.split(", ")) for other in others]
    own = [part for part in one.split(", ") if not all(part in other for other in parts)]
    return ", ".join(own) or one


def comparisons_json(results: Results) -> dict[str, Any]:
    """Return the comparisons as plain data for ``--json``."""
    from experiments.limits import held, held_json
    from experiments.stated import stated, stated_json

    told = results.returns_told()
    returns = {arm: None if one.ratio is None else one.ratio._asdict() for arm, one in told.items()}
    comparisons = results.comparisons()
    return {
        "folder": str(results.folder), "question": results.about["question"], "champion": results.champion,
        "arms": list(results.arms), "runs": len(results.names), "made": results.made, "hash": results.hash,
        "failed": {name: {"arm": one["arm"], "replication": one["replication"], "error": one["error"]}
                   for name, one in results.failed.items()},
        "remarks": list(remarks(results)), "changes": list(results.changes),
        "comparisons": [asdict(one) for one in comparisons], "return_on_treatment": returns,
        "no_return_on_treatment": {arm: one.why_not for arm, one in told.items() if one.why_not},
        "matters_from": {name: METRICS[name].matters_from for name in dict.fromkeys(one.metric for one in comparisons)
                         if name in METRICS},
        "currency": results.currency, "stated": stated_json(stated(results)), "limits": held_json(held(results)),
    }  # fmt: skip
