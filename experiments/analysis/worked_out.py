"""Metrics, pairs and acts of stored runs, worked out once and kept, each value under the seals of its runs.

A metric is kept under the text of its formula, too (`tenure.experiments.analysis.formula_text`): a new or a changed
one is worked out of the runs that are there, and no other with it.
"""

import json
import math
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tenure.experiments.analysis import acts, gains
from tenure.experiments.analysis.acts import ACT_COLUMNS, ACT_MEASURES, acts_of
from tenure.experiments.analysis.formula_text import formula_text
from tenure.experiments.analysis.gains import COUNTED, KEYS, MONEY, PERSON_MEASURES, Column, pair_off, people_of
from tenure.experiments.analysis.metric import Metric
from tenure.experiments.analysis.metrics import BUILT_IN, METRICS
from tenure.experiments.analysis.recorded_run import Rates, RecordedRun, rates_of
from tenure.experiments.config.documents import ConfigError, Problem
from tenure.experiments.design.arms import market_with
from tenure.experiments.running.workers import processors
from tenure.experiments.store.kept import Kept
from tenure.experiments.store.store import DamagedRunError, read_record, read_rows, run_path
from tenure.experiments.store.verified import Known
from tenure.simulation.recording.rows import COLUMNS

METRICS_KEPT, PAIRS_KEPT = Path("cache") / "metrics.parquet", Path("cache") / "pairs.parquet"
ACTS_KEPT = Path("cache") / "acts.parquet"
_PAIR_COLUMNS = ("measure", "a", "b", "value")
OF_A_RUN: dict[str, Metric] = {
    name: one for name, one in METRICS.items() if one.of_run is not None and name in BUILT_IN
}
"""Metrics that are worked out of one run, of those that come with the program."""

_Made = tuple[str, dict[str, float], Mapping[str, Column] | None]
"""Run, its metrics by name, its pairs by column, None where there are none or none are wanted."""


_NO_PAIRS: dict[str, Column] = {
    name: np.zeros(0, object if name in KEYS else float) for name in (*KEYS, *COUNTED, *MONEY)
}
"""Of runs whose people were not recorded."""


class _Wanted(NamedTuple):
    """What is to be worked out of a run."""

    run: str
    metrics: tuple[str, ...]
    pairs: bool


def figures(
    folder: Path,
    champion: str,
    known: Mapping[str, Known],
    afresh: bool = False,
    progress: Callable[[], None] = lambda: None,
    others: Iterable[str] = (),
    own: Mapping[str, Metric] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the metrics of all runs, and who gains and is harmed beside the champion.

    Parameters
    ----------
    folder : Path
        The experiment's folder.
    champion : str
        The arm that the others are compared with.
    known : mapping
        Run to what is known of its file, all of them whole.
    afresh : bool
        Whether nothing that was kept is used, and nothing is kept.
    progress : callable
        Told of each run that was read.
    others : iterable of str
        Seals of the folder's other runs, such as those of other scenarios: what is kept of them stays.
    own : mapping, optional
        Name -> metric of a user's own, to be worked out beside those that come with the program.

    Raises
    ------
    DamagedRunError
        If the table of a run is not as runs are recorded.
    ConfigError
        If a metric of a user's own fails.

    Returns
    -------
    metrics, pairs : DataFrame
        Columns arm, replication, metric, value; and arm, replication, `KEYS`, `COUNTED`, `MONEY`, no row
        where there is no pair: see `tenure.experiments.analysis.gains.pair_off`.
    """
    metrics, pairs = Kept(("metric", "text"), ("value",)), Kept(KEYS, (*COUNTED, *MONEY))
    of_pairs = _by_way_of(gains.pair_off)
    if not afresh:
        metrics.read(folder / METRICS_KEPT, "")
        pairs.read(folder / PAIRS_KEPT, of_pairs)
    formulas = {**OF_A_RUN, **{name: one for name, one in (own or {}).items() if one.of_run is not None}}
    texts = {name: metric_text(one) for name, one in formulas.items()}
    metrics.only("text", texts.values())
    lacking = _lacking(metrics, list(formulas))
    bases = {one.replication: name for name, one in known.items() if one.arm == champion}
    wanted = {
        name: f"{known[bases[one.replication]].seal} {one.seal}"
        for name, one in known.items()
        if one.replication in bases
    }
    by_replication: dict[int, list[_Wanted]] = {}
    for name, one in known.items():
        todo = _Wanted(name, lacking.get(one.seal, tuple(formulas)), name in wanted and wanted[name] not in pairs.keys)
        if todo.metrics or todo.pairs:
            by_replication.setdefault(one.replication, []).append(todo)
    with ThreadPoolExecutor(processors()) as pool:
        jobs = ((folder, bases.get(replication), runs, formulas) for replication, runs in by_replication.items())
        for made in pool.map(lambda job: _worked_out(*job), jobs):
            for name, values, its_pairs in made:
                progress()
                its_texts = [texts[metric] for metric in values]
                metrics.add(known[name].seal, {"metric": [*values], "text": its_texts, "value": [*values.values()]})
                if its_pairs is not None:
                    pairs.add(wanted[name], its_pairs)
    if by_replication and not afresh:
        seals = {*others, *(one.seal for one in known.values())}
        metrics.write(folder / METRICS_KEPT, "", seals)
        of_others = {key for key in pairs.keys if seals.issuperset(key.split())}
        pairs.write(folder / PAIRS_KEPT, of_pairs, of_others | {*wanted.values()})
    return (
        metrics.frame({one.seal: name for name, one in known.items()}, known, ("metric", "value")),
        pairs.frame({key: name for name, key in wanted.items()}, known, (*KEYS, *COUNTED, *MONEY)),
    )


def metrics_of(
    run: RecordedRun, names: Iterable[str] = tuple(OF_A_RUN), known: Mapping[str, Metric] = OF_A_RUN, what: str = ""
) -> dict[str, float]:
    """Return metrics of one run by name; those of a pair of runs are none of them.

    `known` has them by name; `what` says which run it is where one of a user's own fails, see `figures`.
    """
    wanted = {name: known[name] for name in names}
    return {
        name: _of_a_users_own(one, run, what) if one.source else float(one.of_run(run))
        for name, one in wanted.items()
        if one.of_run is not None
    }


def _of_a_users_own(own: Metric, run: RecordedRun, what: str) -> float:
    """Return a metric of a user's own, of one run.

    Parameters
    ----------
    own : Metric
        Of a run.
    run : RecordedRun
        Its rows.
    what : str
        Which run that is, for messages.

    Raises
    ------
    ConfigError
        With file and line, where the formula fails or gives no number.
    """
    path, line = own.place
    try:
        value = None if own.of_run is None else own.of_run(run)
        number = float(value)  # type: ignore[arg-type]  # what is none is told below
    except Exception as error:
        frames = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == path]
        said = " ".join(str(error).split())
        told = f"the metric '{own.name}' fails, {type(error).__name__}: {said} ({what})"
        if not frames:
            told = f"the metric '{own.name}' gives {value!r}, which is no number ({what})"
        mend = "Mend the formula: it takes the rows of a run and returns a number, float('nan') where there is none."
        raise ConfigError([Problem(path, (frames or [line])[-1] or line, 1, told, mend)]) from error
    if math.isinf(number):
        told = f"the metric '{own.name}' is infinite ({what})"
        mend = "Return float('nan') where there is no number, such as a share of nobody."
        raise ConfigError([Problem(path, line, 1, told, mend)])
    return number


@cache
def metric_text(metric: Metric) -> str:
    """Return the text by which a metric of a run is worked out."""
    if metric.of_run is None:
        raise ValueError(f"{metric.name} is not worked out of one run")
    if metric.source:  # that of its whole file
        return f"{metric.source} {formula_text(RecordedRun.rows, RecordedRun)}"
    return formula_text(metric.of_run, RecordedRun)


def what_arms_did(folder: Path, known: Mapping[str, Known], others: Iterable[str] = ()) -> pd.DataFrame:
    """Return what was done in all runs: columns arm, replication, act, value, see `analysis.acts.acts_of`.

    `others` is as in `figures`. `DamagedRunError` if the table of a run is not as runs are recorded.
    """
    kept, text = Kept(("act",), ("value",)), _by_way_of(acts.acts_of)
    kept.read(folder / ACTS_KEPT, text)
    missing = [name for name, one in known.items() if one.seal not in kept.keys]
    with ThreadPoolExecutor(processors()) as pool:
        for name, found in zip(missing, pool.map(lambda name: _acts_of_run(folder, name), missing), strict=True):
            kept.add(known[name].seal, {"act": [*found], "value": [*found.values()]})
    if missing:
        kept.write(folder / ACTS_KEPT, text, {*others, *(one.seal for one in known.values())})
    return kept.frame({one.seal: name for name, one in known.items()}, known, ("act", "value"))


def _acts_of_run(folder: Path, name: str) -> dict[str, float]:
    try:
        return acts_of(read_rows(folder, name, ACT_MEASURES, ACT_COLUMNS))
    except (pa.ArrowException, LookupError, TypeError, AttributeError) as error:
        raise _not_as_recorded(folder, [name], error) from error


def _by_way_of(function: Callable[..., object]) -> str:
    return formula_text(function, gains.People) if function is gains.pair_off else formula_text(function)


def _lacking(kept: Kept, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Return for each key of what was kept the metrics that it lacks."""
    there = np.zeros((len(kept.keys), len(names)), np.bool_)
    coded = pc.index_in(kept.table["metric"], pa.array(names, pa.string())).to_numpy()
    there[kept.table["key"].to_numpy(), coded.astype(np.int64)] = True
    lacking = [tuple(name for name, has in zip(names, row, strict=True) if not has) for row in there.tolist()]
    return {key: lacking[number] for key, number in kept.keys.items()}


def _worked_out(folder: Path, base: str | None, runs: Sequence[_Wanted], formulas: Mapping[str, Metric]) -> list[_Made]:
    """Read the runs of one replication; work out what is wanted of each."""
    try:
        return list(_each_worked_out(folder, base, runs, formulas))
    except (pa.ArrowException, LookupError, TypeError, AttributeError) as error:
        raise _not_as_recorded(folder, [one.run for one in runs], error) from error


def _not_as_recorded(folder: Path, names: Iterable[str], error: Exception) -> DamagedRunError:
    which = " or ".join(str(run_path(folder, name)) for name in names)
    return DamagedRunError(f"{which}: its table is not as runs are recorded ({error}); run it again")


def _each_worked_out(
    folder: Path, base: str | None, runs: Sequence[_Wanted], formulas: Mapping[str, Metric]
) -> Iterator[_Made]:
    paired = base is not None and any(one.pairs for one in runs)
    base_rows = read_rows(folder, base, PERSON_MEASURES, _PAIR_COLUMNS) if paired and base is not None else None
    champion = None if base_rows is None or not base_rows.num_rows else people_of(base_rows)
    for one in runs:
        values: dict[str, float] = {}
        if one.metrics:
            values = metrics_of(recorded_of(folder, one.run), one.metrics, formulas, str(run_path(folder, one.run)))
        pairs: Mapping[str, Column] | None = _NO_PAIRS if one.pairs else None
        if champion is not None and one.pairs:
            same = one.run == base
            own = champion if same else people_of(read_rows(folder, one.run, PERSON_MEASURES, _PAIR_COLUMNS))
            pairs = pair_off(champion, own)
        yield one.run, values, pairs


def recorded_of(folder: Path, name: str) -> RecordedRun:
    """Read what metrics are worked out of: all rows but those of single people."""
    record = read_record(folder, name)
    try:
        rates = _rates(json.dumps(market_with(record["market"], record.get("over", ()), {}), sort_keys=True))
    except (KeyError, TypeError, ValueError) as error:
        what = "its market is not as this version writes it"
        raise DamagedRunError(f"{run_path(folder, name)}: {what}; run it again") from error
    return RecordedRun(read_rows(folder, name, None, COLUMNS), rates)


@lru_cache(maxsize=256)
def _rates(market: str) -> Callable[[int], Rates]:
    """Return the rates of a market written as JSON: the runs of a folder have few."""
    return rates_of(json.loads(market))
