"""A folder of results whose market has dates: it is run, read, summed up, gone on with, and told from others."""

from pathlib import Path

import pytest

from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.design.planning import plan_tasks
from tests.folders import make, no_workers, tenure  # noqa: F401  # a fixture

DATED = """
question: Do dearer funds and cheaper switching change the answer?
market:
  extends: default
  people: 200
  burn_in_months: 1
  us:
    funding_cost: {csv: rates.csv, column: funding}
    guards: {structure: [{quadrant: low_risk_high_return, share_of: customers, at_least: {0: 5%, 1: 10%}}]}
  guards: {budget_per_month: {0: 300, 2: 100}}
  world: {switching_cost: {2027-01: x1, 2027-02: x0.7}}
  rivals: {megabank: {policy: {0: do_nothing, 2: price_war}, apr: {card: {line: {0: 19%, 3: 15%}}}}}
months: 3
warm_up_months: 1
arms: {nothing: do_nothing, uniform: {policy: uniform, treatment: loyalty_reward,
            us: {acquisition_share: {0: 10%, 2: 20%}}}}
champion: nothing
replications: 1
"""


def config(folder: Path) -> Path:
    (folder / "rates.csv").write_text("month,funding\n2027-01,3.1%\n2027-03,4.5%\n", encoding="utf-8")
    path = folder / "dated.yaml"
    path.write_text(DATED, encoding="utf-8")
    return path


@pytest.mark.usefixtures("no_workers")
def test_a_folder_of_a_market_with_dates_is_whole(tmp_path: Path) -> None:
    made = config(tmp_path)
    results = make(tmp_path / "out", made)
    assert len(results.names) == 2 and not results.damaged and not results.failed
    about = results.about
    assert about["market"]["guards"]["budget_per_month"] == {"2027-01": 300.0, "2027-03": 100.0}
    (tmp_path / "rates.csv").unlink()  # what was recorded is enough
    for command, told in (("status", "2 of 2 runs are there"), ("compare", "uniform"), ("audit", "what was written")):
        code, said = tenure(command, results.folder)
        assert code == 0 and told in said, said
    code, said = tenure("report", results.folder)
    assert code == 0, said
    assert "100 to 300, by date" in (results.folder / "report.html").read_text(encoding="utf-8")
    again = make(tmp_path / "again", config(tmp_path))
    assert again.hash == results.hash and again.names == results.names


def test_other_dates_are_other_runs_and_the_same_dates_written_otherwise_are_not(tmp_path: Path) -> None:
    made = config(tmp_path)

    def runs(*sets: str) -> set[str]:
        return {task.name for task in plan_tasks(load_experiment(made, sets), tmp_path / "out").runs}

    assert runs() == runs("market.us.funding_cost={2027-01: 0.031, 2: 4.5%}")
    assert not runs() & runs("market.us.funding_cost={2027-01: 3.1%, 3: 4.5%}")
    assert not runs() & runs("market.us.funding_cost=3.1%")
