"""The command `tenure observe`: what observers of a user's own tell of the months of runs."""

from typing import Annotated

import typer

from tenure.experiments.commands.command_line import (
    Arms,
    Config,
    Json,
    OutFile,
    PolicyFiles,
    Sets,
    answering,
    app,
    print_json,
    say,
    say_lines,
)


@app.command()
def observe(
    config: Config,
    out: OutFile,
    arm: Arms = None,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="Take this scenario alone; repeat it; by default all.")
    ] = None,
    replications: Annotated[int, typer.Option(min=0, help="Take the first so many replications; 0: all.")] = 0,
    policies: PolicyFiles = None,
    sets: Sets = None,
    json: Json = False,
) -> None:
    """Live runs again, and write what observers of your own tell of each month."""
    with answering(json):
        from tenure.experiments.observing.asking import observed_asked
        from tenure.experiments.reliving.runs import RunsAsked

        asked = RunsAsked(tuple(arm or ()), tuple(scenario or ()), tuple(range(replications)))
        made = observed_asked(config, out, asked, tuple(sets or ()), tuple(policies or ()), json)
        if json:
            print_json(made.as_data())
        else:
            say(made.line)
            say_lines(made.notes)
