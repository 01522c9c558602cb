"""The command `tenure export`: a folder of results as tidy tables."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.experiments.commands.command_line import (
    Folder,
    Json,
    PolicyFiles,
    answering,
    app,
    print_json,
    say,
    say_lines,
)


@app.command()
def export(
    folder: Folder,
    out: Annotated[Path, typer.Argument(help="Folder to write; an export that is there is replaced.")],
    form: Annotated[str, typer.Option("--format", help="What to write: csv, parquet or excel.")] = "csv",
    tables: Annotated[str, typer.Option(help="Tables to write, such as metrics,book; by default all.")] = "",
    policies: PolicyFiles = None,
    json: Json = False,
) -> None:
    """Write results as tidy tables, with a data dictionary, for pandas, DuckDB, R or a spreadsheet."""
    with answering(json):
        from tenure.experiments.commands.folder_words import folder_command, next_lines, reading_bar
        from tenure.experiments.config.printable import printable_line
        from tenure.experiments.export import exporting
        from tenure.experiments.store.results import open_results

        names = [one.strip() for one in tables.split(",") if one.strip()]
        with reading_bar(json) as tell:
            results = open_results(folder, progress=tell, policies=policies or ())
            made = exporting.export(results, out, form, names, tell)
        if json:
            print_json({**made._asdict(), "folder": str(made.folder)})
            return
        say(f"{len(made.tables)} tables of {len(results.names)} runs: {', '.join(made.tables)}")
        say_lines(f"  note: {printable_line(one)}" for one in made.told)
        say(printable_line(f"Export   {made.folder}   README.txt says how to read it, dictionary.csv what it is"))
        say_lines(next_lines([(folder_command("compare", folder), "the effects of every arm")]))
