"""A folder of results: what is damaged is found and made again, what is foreign is left alone, nothing in it commands.

One small folder is made once and copied for each case.
"""

import os
import random
import shutil
from pathlib import Path

import pytest

from tenure.experiments.report.summary import report_of
from tenure.experiments.running.starts import start_is_whole
from tenure.experiments.store import sealing, store
from tenure.experiments.store.results import open_results
from tests.folders import SMALL, answer, flipped, make, no_report, no_workers, put_record, record_of, serially, tenure

__all__ = ["no_report", "no_workers"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a config and its whole results, figures worked out and the report written."""
    place = tmp_path_factory.mktemp("pristine")
    (place / "small.yaml").write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenure.experiments.running.runner.run_batch", serially)
        report_of(make(place / "out", place / "small.yaml"))
    return place


@pytest.fixture
def place(pristine: Path, tmp_path: Path) -> Path:
    """Return a copy of it that a test may do anything to."""
    return Path(shutil.copytree(pristine, tmp_path / "place"))


@pytest.fixture
def out(place: Path) -> Path:
    return place / "out"


@pytest.fixture(scope="module")
def right_hash(pristine: Path) -> str:
    return open_results(pristine / "out").hash


# what is damaged is found, named, and made again

KINDS = {
    "a run": "runs/*.parquet",
    "the record": "experiment.json",
    "its copy": "runs/experiment.json",
    "a state": "starts/*.npy.zst",
    "notes": "cache/verified.json",
    "metrics": "cache/metrics.parquet",
    "pairs": "cache/pairs.parquet",
}


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_found_and_named_and_what_it_hit_is_made_again(out: Path, kind: str, right_hash: str) -> None:
    chance = random.Random(kind)
    for _ in range(5):
        path = chance.choice(sorted(out.glob(KINDS[kind])))
        size = path.stat().st_size
        flipped(path, chance.randrange(size), chance.randrange(8))
        audit = answer("audit", out)
        if "cache" not in KINDS[kind]:  # what is kept of figures and notes is made again by whoever reads
            assert [one for one in audit["damaged"] if str(path) in one], path
        told = answer("status", out)["remarks"]
        if kind in ("a run", "the record", "its copy"):
            assert [one for one in told if str(path) in one], told
        if kind == "a run":
            _, arm, replication = record_of(out)["runs"][path.stem]
            assert f"damaged: {arm}, replication {replication}: " in " ".join(told)
            assert answer("compare", out)["runs"] == 3
        results = make(out, out.parent / "small.yaml")
        assert (results.hash, results.made) == (right_hash, int(kind == "a run"))
        if kind == "a state":  # nothing needed it now; the run that does makes it again
            assert not start_is_whole(out, path.name.removesuffix(".npy.zst"))
            run = next(iter(results.names))
            store.run_path(out, run).unlink()
            store.run_path(out, results.names[-1]).unlink()
            assert make(out, out.parent / "small.yaml").hash == right_hash
        assert answer("compare", out)["hash"] == right_hash  # and what is kept of figures is right again
        assert not answer("audit", out)["damaged"]


def test_a_damaged_report_is_found_and_written_again(out: Path, right_hash: str) -> None:
    size = (out / "report.html").stat().st_size
    for at in (0, 60, size // 2, size - 80, size - 2):
        flipped(out / "report.html", at, 3)
        assert [str(out / "report.html") in one for one in answer("audit", out)["damaged"]] == [True]
        flipped(out / "report.html", at, 3)
    flipped(out / "report.html", size - 90, 3)
    assert tenure("report", out)[0] == 0
    assert not answer("audit", out)["damaged"]


@pytest.mark.usefixtures("no_workers")
def test_a_damaged_failure_is_found_and_the_run_is_made(out: Path, right_hash: str) -> None:
    name = open_results(out).names[0]
    store.run_path(out, name).unlink()
    chance = random.Random(1)
    for _ in range(20):
        path = store.write_failure(out, name, "a fault", {"arm": "nothing", "replication": 0})
        flipped(path, chance.randrange(path.stat().st_size), chance.randrange(8))
        assert str(path) in tenure("status", out)[1]
        assert answer("status", out)["arms"]["nothing"] == {"wanted": 2, "there": 1, "damaged": 0, "failed": 1}
    assert str(path) in " ".join(answer("audit", out)["damaged"])
    assert make(out, out.parent / "small.yaml").hash == right_hash and not path.exists()


@pytest.mark.usefixtures("no_workers")
def test_damage_that_keeps_size_and_time_is_found_by_run_and_audit(out: Path, right_hash: str) -> None:
    path = store.run_path(out, open_results(out).names[1])
    told = path.stat()
    with path.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)[0]
        file.seek(1000)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert str(path) in " ".join(answer("audit", out)["damaged"])
    results = make(out, out.parent / "small.yaml")
    assert (results.made, results.hash) == (1, right_hash)
    assert str(path) in " ".join(results.changes)


# edits, and runs that no arm uses any more


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize(
    ("edit", "made", "why"),
    [
        ("arms.uniform.amount=9", 2, "the policy's settings changed: 2 runs of arm uniform are made again"),
        ("market.us.service=0.5", 4, "market.us changed: 4 runs of arms nothing, uniform are made again"),
        ("seed=2", 4, "the seed changed"),
        ("months=3", 4, "months changed"),
        ("replications=3", 2, ""),
        ("question=Why?", 0, ""),
        ('metrics=["profit_per_customer"]', 0, ""),
    ],
)
def test_an_edit_makes_again_what_it_must_and_says_why(out: Path, edit: str, made: int, why: str) -> None:
    results = make(out, out.parent / "small.yaml", (edit,))
    assert results.made == made
    assert why in " ".join(results.changes) and (why or not results.changes)


@pytest.mark.usefixtures("no_workers")
def test_runs_that_no_arm_uses_are_named_come_back_and_are_tidied(out: Path, right_hash: str) -> None:
    config = out.parent / "small.yaml"
    changed = make(out, config, ("arms.uniform.amount=9",))
    assert "2 runs that no arm uses any more were moved" in " ".join(changed.changes)
    assert len(store.run_names(out)) == 4 and len(store.run_names(out, store.UNUSED)) == 2
    assert f"2 runs that no arm uses any more lie in unused/; clear them: tenure tidy {out}" in tenure("status", out)[1]
    back = make(out, config)
    assert (back.made, back.hash) == (0, right_hash)
    assert sorted(store.run_names(out, store.UNUSED)) == sorted(set(changed.names) - set(back.names))
    foreign = out / "unused" / "mine.parquet"
    foreign.write_bytes(b"not tenure's")
    assert answer("tidy", out)["runs that no arm uses any more"] == 2
    assert [one.name for one in (out / "unused").iterdir()] == ["mine.parquet"]
    assert make(out, config).made == 0


@pytest.mark.usefixtures("no_workers")
def test_a_damaged_unused_run_is_not_taken_back(out: Path, right_hash: str) -> None:
    config = out.parent / "small.yaml"
    changed = make(out, config, ("arms.uniform.amount=9",))
    assert changed.made == 2
    for name in store.run_names(out, store.UNUSED):
        flipped(store.run_path(out, name, store.UNUSED), 500, 2)
    back = make(out, config)
    assert (back.made, back.hash) == (2, right_hash)


# a folder works from anywhere


@pytest.mark.usefixtures("no_workers", "no_report")
def test_a_folder_moved_copied_or_linked_goes_on(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right_hash: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    moved = place.rename(tmp_path / "moved") / "out"
    shutil.copytree(moved, tmp_path / "copied")
    (tmp_path / "linked").symlink_to(moved)
    for folder in (moved, tmp_path / "copied", tmp_path / "linked", Path("../moved/out")):
        told = answer("compare", folder)
        assert (told["hash"], told["runs"], told["remarks"]) == (right_hash, 4, []), folder
        assert answer("audit", folder)["damaged"] == []
        again = answer("run", folder)
        assert (again["made"], again["hash"], again["changes"]) == (0, right_hash, []), folder
    (moved.parent / "small.yaml").unlink()
    assert answer("run", "../copied")["hash"] == right_hash
    store.run_path(moved, open_results(moved).names[0]).unlink()
    assert answer("run", tmp_path / "linked")["made"] == 1
    assert open_results(moved).hash == right_hash


def test_a_folder_that_cannot_be_written_can_be_read(
    out: Path, monkeypatch: pytest.MonkeyPatch, right_hash: str
) -> None:
    shutil.rmtree(out / "cache")

    def refuse(path: Path, *_: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(sealing, "open", refuse, raising=False)
    monkeypatch.setattr(Path, "mkdir", lambda self, *given, **more: refuse(self))
    for words in (["status"], ["compare"], ["audit"]):
        assert tenure(*words, out)[0] == 0
    assert answer("compare", out)["hash"] == right_hash
    code, said = tenure("report", out)
    assert code == 1 and "Read-only file system" in said and str(out) in said


# what is not ours is left alone


@pytest.mark.usefixtures("no_workers", "no_report")
def test_results_of_another_config_are_never_replaced(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for year, question in (("2025", "one"), ("2026", "two")):
        (place / year).mkdir()
        (place / year / "campaign.yaml").write_text(SMALL.replace("Does a reward pay?", f"Question {question}?"))
    first = answer("run", "2025/campaign.yaml")
    assert first["folder"] == "results/campaign"
    kept = (place / "results/campaign/experiment.json").read_bytes()
    second = answer("run", "2026/campaign.yaml")
    assert second["folder"] == "results/campaign-2"
    code, said = tenure("run", "2026/campaign.yaml", "-o", "results/campaign")
    assert code == 2 and "another config, ../../2025/campaign.yaml" in said and "-o" in said
    assert answer("run", "2025/campaign.yaml")["made"] == 0
    assert (place / "results/campaign/experiment.json").read_bytes() == kept
    (place / "results/campaign/experiment.json").unlink()
    (place / "results/campaign/runs/experiment.json").unlink()
    code, said = tenure("run", "2026/campaign.yaml", "-o", "results/campaign")
    assert code == 2 and "another config" in said  # its runs tell, too


FOREIGN: dict[str, tuple[str, bytes]] = {
    "a page": ("report.html", b"<html>mine</html>"),
    "a page below results": ("out/report.html", b"<html>mine</html>"),
    "another program's record": ("experiment.json", b'{"name": "mlflow"}'),
    "an empty record": ("experiment.json", b""),
}


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("case", FOREIGN)
def test_foreign_files_are_never_replaced(place: Path, case: str) -> None:
    name, data = FOREIGN[case]
    folder = place / "out" if name.startswith("out/") else place / "new"
    path = place / name if name.startswith("out/") else folder / name
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    (folder / "runs" / "table.parquet").write_bytes(b"PAR1 of another program PAR1")
    path.write_bytes(data)
    code, said = tenure("run", place / "small.yaml", "-o", folder)
    assert code == 2 and f"{path.name}, which tenure did not write" in said
    if folder.name == "out":
        code, said = tenure("report", folder)
        assert code == 2 and "tenure did not write" in said
    assert path.read_bytes() == data
    assert (folder / "runs" / "table.parquet").read_bytes() == b"PAR1 of another program PAR1"


@pytest.mark.usefixtures("no_workers")
def test_tables_of_others_beside_ours_stay_where_they_are(out: Path, right_hash: str) -> None:
    files = [out / "runs" / "mine.parquet", out / "runs" / "mine.failed.json", out / "starts" / "mine.npy.zst"]
    for path in files:
        path.write_bytes(b"another program's")
    assert make(out, out.parent / "small.yaml").hash == right_hash
    answer("tidy", out)
    assert all(path.read_bytes() == b"another program's" for path in files)


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("part", ["runs", "starts", "cache", "unused", "claims"])
def test_nothing_is_written_or_removed_through_a_link_to_a_folder(out: Path, tmp_path: Path, part: str) -> None:
    outside = tmp_path / "outside"
    (out / part).mkdir(exist_ok=True)
    shutil.move(out / part, outside)
    (outside / "precious.parquet").write_bytes(sealing.sealed(sealing.MARK + sealing.ZEROS))
    (out / part).symlink_to(outside)
    before = {path.name: path.read_bytes() for path in outside.iterdir()}
    for words in (["run", out], ["run", out.parent / "small.yaml", "-o", out, "--set", "seed=5"], ["tidy", out]):
        code, said = tenure(*words)
        assert code == 1 and f"{out / part}: this folder of the results is a link" in said
    for verb in ("status", "audit", "compare"):
        assert tenure(verb, out)[0] in (0, 1)
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == before


@pytest.mark.usefixtures("no_workers")
def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(out: Path, tmp_path: Path, right_hash: str) -> None:
    run = store.run_path(out, open_results(out).names[0])
    state = next((out / "starts").iterdir())
    targets = {}
    for path in (run, state, out / "report.html", out / "experiment.json", out / "runs" / "experiment.json"):
        outside = tmp_path / f"outside-{path.name}-{len(targets)}"
        outside.write_bytes(path.read_bytes())
        path.unlink()
        path.symlink_to(outside)
        targets[path] = outside
    flipped(targets[run], 700, 1)
    before = [path.read_bytes() for path in targets.values()]
    results = make(out, out.parent / "small.yaml", ("question=New?",))
    report_of(results)
    assert results.hash == right_hash and results.made == 1
    assert [path.read_bytes() for path in targets.values()] == before
    written = [path for path in targets if path != state]
    assert not any(path.is_symlink() for path in written)


def test_a_link_that_leads_nowhere_is_no_free_place(place: Path) -> None:
    (place / "new").mkdir()
    (place / "new" / "experiment.json").symlink_to(place / "gone")
    code, said = tenure("run", place / "small.yaml", "-o", place / "new")
    assert code == 2 and "experiment.json, which tenure did not write" in said and not (place / "gone").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.usefixtures("no_workers")
def test_a_pipe_or_a_device_in_the_place_of_a_file_stops_nothing(out: Path, right_hash: str) -> None:
    run = store.run_path(out, open_results(out).names[0])
    run.unlink()
    os.mkfifo(run)
    (out / "runs" / "experiment.json").unlink()
    os.mkfifo(out / "runs" / "experiment.json")
    shutil.rmtree(out / "cache")
    (out / "cache").mkdir()
    (out / "cache" / "verified.json").symlink_to("/dev/zero")
    assert f"{run}: this is no file" in tenure("status", out)[1]
    assert answer("compare", out)["runs"] == 3
    assert make(out, out.parent / "small.yaml").hash == right_hash


# a later format


@pytest.mark.usefixtures("no_workers")
def test_a_later_format_stops_only_its_own_run(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = open_results(out).names
    stored = store.read_run(out, names[0])
    store.run_path(out, names[1]).unlink()
    monkeypatch.setattr(store, "FORMAT", 9)
    store.write_run(out, names[0], store.without_keys(stored.table), stored.metadata)
    store.write_failure(out, names[1], "of the future", {"arm": "uniform", "replication": 0})
    monkeypatch.undo()
    monkeypatch.setattr("tenure.experiments.running.runner.run_batch", serially)
    written = store.run_path(out, names[0]).read_bytes()
    said = tenure("status", out)[1]
    assert "nothing, replication 0" in said and said.count("later version (format 9); update tenure") == 2
    assert answer("compare", out)["runs"] == 2
    results = make(out, out.parent / "small.yaml")
    assert results.made == 1 and "this run is left as it is" in " ".join(results.changes)
    assert store.run_path(out, names[0]).read_bytes() == written and len(results.names) == 3


def test_a_record_of_a_later_format_is_refused_in_words(out: Path) -> None:
    put_record(out, {**record_of(out), "format": 9})
    before = (out / "experiment.json").read_bytes()
    for words in (["status", out], ["compare", out], ["run", out], ["run", out.parent / "small.yaml", "-o", out]):
        code, said = tenure(*words)
        assert code == 2 and "later version (format 9); update tenure" in said
    assert (out / "experiment.json").read_bytes() == before
