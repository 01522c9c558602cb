"""What makes results the same, and what is said where they are not: one hash, one table, a run made again."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tenure.experiments.analysis.worked_out import METRICS_KEPT
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.running.runner import Event, run_experiment
from tenure.experiments.store import store
from tenure.experiments.store.auditing import audit_folder
from tenure.experiments.store.kept import Kept
from tenure.experiments.store.remarks import remarks
from tenure.experiments.store.results import open_results
from tests.folders import SMALL, no_workers

__all__ = ["no_workers"]  # a fixture

BY_PROCESS = """
import os
from dataclasses import dataclass

import numpy as np
from tenure import Treatments


@dataclass(frozen=True)
class ByProcess:
    name = "by_process"
    on: bool = False

    def decide(self, view):
        who = os.getpid() if self.on else 0
        chosen = np.flatnonzero((view.person_id * 7919 + who * 40503) % 97 < 48)
        return Treatments.of("loyalty_reward", chosen, amount=5.0)
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_the_hash_is_over_recorded_values_alone(config: Path, tmp_path: Path) -> None:
    first = run_experiment(load_experiment(config), tmp_path / "one", workers=2)
    renamed = config.with_name("other.yaml")
    renamed.write_text(SMALL.replace("uniform:", "gifts:").replace("question: ", "question: still "))
    other = run_experiment(load_experiment(renamed), tmp_path / "two", workers=1)
    assert first.hash == other.hash and first.names != other.names
    name = first.names[-1]
    stored = store.read_run(first.folder, name)
    table = store.without_keys(stored.table).to_pandas()
    store.write_run(first.folder, name, table, {**stored.metadata, "seconds": 99.0})
    assert open_results(first.folder).hash == first.hash  # times have no part in it
    table.loc[table["measure"] == "ledger", "value"] += 0.01
    store.write_run(first.folder, name, table, stored.metadata)
    assert open_results(first.folder).hash != first.hash
    found = audit_folder(first.folder, 4, [], quiet=True)
    assert not found.damaged and len(found.same) == 3 and len(found.differing) == 1  # sealed anew, and yet found
    assert "other values" in found.differing[0]


@pytest.mark.usefixtures("no_workers")
def test_all_files_of_runs_are_one_table_without_dead_runs(config: Path, tmp_path: Path) -> None:
    for amount in (5, 6, 7):
        run_experiment(load_experiment(config, [f"arms.uniform.amount={amount}"]), tmp_path / "out", workers=2)
    rows = duckdb.sql(
        f"select arm, replication, count(*) from '{tmp_path}/out/runs/*.parquet' "
        "where measure = 'closing_value' and a = 'future_margin' group by all order by all"
    ).fetchall()
    assert rows == [("nothing", 0, 1), ("nothing", 1, 1), ("uniform", 0, 1), ("uniform", 1, 1)]


@pytest.mark.usefixtures("no_workers")
def test_runs_of_other_versions_share_no_table_without_a_word(config: Path, tmp_path: Path) -> None:
    results = run_experiment(load_experiment(config), tmp_path / "out", workers=2)
    assert list(remarks(results)) == []
    stored = store.read_run(results.folder, results.names[0])
    older = {**stored.metadata["environment"], "numpy": "1.0.0"}
    store.write_run(
        results.folder, results.names[0], store.without_keys(stored.table), {**stored.metadata, "environment": older}
    )
    (told,) = remarks(open_results(results.folder))
    assert "different versions" in told and "1 with numpy 1.0.0" in told


@pytest.mark.usefixtures("no_workers")
def test_figures_that_somebody_put_into_the_cache_are_found_by_audit(config: Path, tmp_path: Path) -> None:
    results = run_experiment(load_experiment(config), tmp_path / "out", workers=2)
    results.metrics()
    table = results._figures[0]
    path = results.folder / METRICS_KEPT
    honest = Kept(("metric", "text"), ("value",))
    honest.read(path, "")
    forged, rows = Kept(honest.words, honest.numbers), honest.table.to_pydict()
    for key, number in honest.keys.items():
        own = [row for row, of in enumerate(rows["key"]) if of == number]
        values = {name: [rows[name][row] for row in own] for name in honest.words}
        forged.add(key, {**values, "value": [rows["value"][row] + 1.0 for row in own]})
    forged.write(path, "", forged.keys)
    assert len(open_results(results.folder).metrics()) == len(table)
    found = audit_folder(results.folder, 0, [], quiet=True)
    assert [one for one in found.damaged if "metrics.parquet: not what the runs give" in one]


def test_a_policy_that_depends_on_its_process_is_found_by_the_run_made_again(config: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(BY_PROCESS)
    config.write_text(SMALL.replace("  uniform:", "  own: {policy: by_process, on: true}\n  uniform:"))
    told: list[Event] = []
    experiment = load_experiment(config, plugins=[plugin])
    results = run_experiment(experiment, tmp_path / "out", workers=2, progress=told.append)
    (record,) = results.failed.values()
    assert record["arm"] == "own" and "came out otherwise" in record["error"]
    assert [event.text for event in told if event.kind == "failed" and "own/" in event.text]
    honest = run_experiment(load_experiment(config, ["arms.own.on=false"], [plugin]), tmp_path / "out", workers=2)
    assert not honest.failed and len(honest.names) == 6


RACER = """
import sys
from tenure.experiments.running import runner
from tenure.experiments.config.experiment import load_experiment

runner.run_batch = lambda *given: None
experiment = load_experiment(f"{sys.argv[1]}/my.yaml")
print("ready", flush=True)
sys.stdin.readline()
print(sys.argv[1], runner.run_experiment(experiment).folder, sep=":")
"""


def test_configs_of_one_name_that_begin_at_the_same_moment_share_no_folder(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "my.yaml").write_text(SMALL.replace("Does a reward pay", f"Question {number}"))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(number)],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    told = dict(racer.communicate(timeout=120)[0].strip().split(":") for racer in racers)
    assert set(told.values()) == {"results/my", *(f"results/my-{number}" for number in range(2, 7))}
    for number, folder in told.items():
        assert open_results(tmp_path / folder).about["question"] == f"Question {number}?"
