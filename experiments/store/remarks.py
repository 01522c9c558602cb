"""What a reader of a folder of results must know of it: what is missing, damage, mixed versions, unused runs."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping

from tenure.experiments.commands.folder_words import folder_command
from tenure.experiments.running.stages import lacking_in
from tenure.experiments.store import store
from tenure.experiments.store.provenance import program_hash
from tenure.experiments.store.record import REPORT
from tenure.experiments.store.results import Results
from tenure.experiments.store.sealing import seal_of
from tenure.experiments.store.verified import environment_text


def remarks(results: Results) -> Iterator[str]:
    """Yield what a reader of a folder must know of it: what is missing, damage, mixed versions, unused runs."""
    again = folder_command("run", results.folder)
    missing = set(lacking_in(results)) - {*results.damaged, *results.failed}
    if missing:
        whole = len(missing) + len(results.known)
        yield f"not finished: {len(missing)} of {whole} runs are not there yet, and will change numbers. {again}"
    if results.damage:
        yield f"damaged: {results.damage}; its copy was read. {again} writes it again"
    report = results.folder / REPORT
    with contextlib.suppress(OSError):
        if seal_of(report.read_bytes()) is None:
            yield f"damaged: {report}: not what was written (its seal differs). {again} writes it again"
    for name, what in results.damaged.items():
        yield (
            f"damaged: {results.point(name).words}: {what.removesuffix('; run it again')}. It is left out here, "
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
    for place, name in enumerate(results.unshown):
        why = "" if results.decided or place else "; the experiment is decided on it"
        yield f"{unknown_metric(results, name)}: its column is left out{why}"
    unused = store.run_names(results.folder, store.UNUSED)
    if unused:
        lie = f"{len(unused)} runs that no arm uses any more lie in {store.UNUSED}/"
        yield f"{lie}; clear them: {folder_command('tidy', results.folder)}"


def unknown_metric(results: Results, name: str) -> str:
    """Say that a metric is one of a user's own, and how it is shown."""
    files = [one["name"] for one in results.about["own_policies"] if name in one.get("parts", {}).get("metrics", [])]
    again = folder_command("compare", results.folder)
    return (
        f"the metric '{name}' is one of a user's own, whose recorded source is for reading only. With its file it is "
        f"worked out of the runs that are there: {again} --policies {(files or ['FILE.py'])[0]}"
    )


def _difference(one: str, others: Mapping[str, int]) -> str:
    """Return what is not the same in all of several lists of versions."""
    parts = [set(other.split(", ")) for other in others]
    own = [part for part in one.split(", ") if not all(part in other for other in parts)]
    return ", ".join(own) or one
