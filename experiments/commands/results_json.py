"""Results as plain data, for ``--json``: of all scenarios, one by one, where there are any."""

from collections.abc import Sequence
from dataclasses import asdict

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.paired.families import matters_of
from tenure.experiments.analysis.statistics import Comparison
from tenure.experiments.report.designs.factorial import effects_json
from tenure.experiments.report.effects import verdict_shown
from tenure.experiments.report.joint import JointTable
from tenure.experiments.report.limits import held, held_json
from tenure.experiments.report.stated import stated, stated_json
from tenure.experiments.store.remarks import remarks
from tenure.experiments.store.results import Results


def comparisons_json(results: Results) -> dict[str, object]:
    """Return what was run and what it gave; with scenarios, what each gave is below ``scenarios``."""
    common: dict[str, object] = {
        "folder": str(results.folder),
        "question": results.about["question"],
        "champion": results.champion,
        "arms": list(results.arms),
        "runs": len(results.names),
        "made": results.made,
        "hash": results.hash,
        "failed": {name: failure_json(results, name) for name in results.failed},
        "remarks": list(remarks(results)),
        "changes": list(results.changes),
        "currency": results.currency,
    }
    if not results.scenarios[0]:
        return common | _given(results)
    each = {scenario: _given(results.under(scenario)) for scenario in results.scenarios}
    effects = effects_json(results)
    return common | {"scenarios": each} | ({"factor_effects": effects} if effects else {})


def circumstances_json(folders: Sequence[Results], table: JointTable) -> dict[str, object]:
    """Return what each folder gave, and the same arms in all circumstances: their places, and how effects change."""
    changes = {row.arm: row.change for row in table.rows if row.change is not None}
    return {
        "folders": [comparisons_json(one) for one in folders],
        "metric": table.metric.name,
        "circumstances": list(table.circumstances),
        "ranks": {row.arm: [rank or None for rank in row.ranks] for row in table.rows},
        "changes": {arm: _average(one) for arm, one in changes.items()},
        "everywhere": {row.arm: row.everywhere for row in table.rows if row.everywhere},
        "sentences": list(table.sentences),
    }


def changes_json(results: Results, before: str, after: str, metric: str = "") -> dict[str, object]:
    """Return how each arm changes from one scenario or level to another: its own level, and less the champion's."""
    found = results.changes_between(before, after, metric)
    return {
        "folder": str(results.folder),
        "from": before,
        "to": after,
        "metric": metric or results.about["metrics"][0],
        "changes": {
            arm: {
                "own": _average(one.own),
                "apart": None if one.apart is None else _average(one.apart),
                "replications": one.n,
            }
            for arm, one in found.items()
        },
    }


def failure_json(results: Results, name: str) -> dict[str, object]:
    """Return what a reader needs of a failed run; its scenario only where there are scenarios."""
    one = results.failed[name]
    where = {"scenario": one["scenario"]} if one["scenario"] else {}
    return {**where, "arm": one["arm"], "replication": one["replication"], "error": one["error"]}


def _given(results: Results) -> dict[str, object]:
    """Return what one scenario gave."""
    reported = results.returns_reported()
    comparisons, matters = results.comparisons(), matters_of(results.about)
    where = {"scenario": results.scenario} if results.scenario else {}
    return {
        **where,
        "hash": results.hash,
        **({"looked_at": True, "choice": _choice(results)} if results.is_looked_at else {}),
        "comparisons": [where | _comparison(one) for one in comparisons],
        "return_on_treatment": {
            arm: None if one.ratio is None else one.ratio._asdict() for arm, one in reported.items()
        },
        "no_return_on_treatment": {arm: one.why_not for arm, one in reported.items() if one.why_not},
        "matters_from": {
            name: matters[name] for name in dict.fromkeys(one.metric for one in comparisons) if name in METRICS
        },
        "stated": stated_json(stated(results)),
        "limits": held_json(held(results)),
    }


def _choice(results: Results) -> dict[str, object] | None:
    """Return the best arm as far as it is known, None where none is to be chosen."""
    found = results.choice()
    if found is None:
        return None
    selection, fresh = found.selection, found.fresh
    return {
        "metric": found.metric.name,
        "over": found.is_over,
        "chosen": selection.chosen or None,
        "best": selection.best or None,
        "left": list(selection.left),
        "dropped": dict(selection.dropped),
        "replications": selection.at,
        "scored_again": None if fresh is None else _comparison(fresh),
    }


def _comparison(one: Comparison) -> dict[str, object]:
    """Return a comparison; there is no verdict of a metric by which arms are not judged."""
    metric = METRICS.get(one.metric)
    widths = {"half_width": one.half_width, "half_width_alone": one.half_width_alone}
    return asdict(one) | widths | {"verdict": verdict_shown(metric, one) if metric else one.verdict}


def _average(one: Average) -> dict[str, float]:
    return {**one._asdict(), "half_width": one.half_width}
