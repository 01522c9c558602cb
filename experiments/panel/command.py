"""The command `tenure panel`: person by person and month by month, truth beside belief."""

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
def panel(
    config: Config,
    out: OutFile,
    arm: Arms = None,
    scenario: Annotated[str, typer.Option("--scenario", help="The scenario; by default the first.")] = "",
    replication: Annotated[int, typer.Option(min=0, help="The replication, whose luck is taken.")] = 0,
    people: Annotated[
        int, typer.Option(min=1, help="How many people to follow, of those in the market at month 0.")
    ] = 1000,
    policies: PolicyFiles = None,
    sets: Sets = None,
    json: Json = False,
) -> None:
    """Write a row for each person and month of a sample: what was true, what happened, what we believed."""
    with answering(json):
        from tenure.experiments.panel.asking import panel_asked
        from tenure.experiments.panel.living import PanelSettings

        asked = PanelSettings(tuple(arm or ()), scenario, replication, people)
        made = panel_asked(config, out, asked, tuple(sets or ()), tuple(policies or ()), json)
        if json:
            print_json(made.as_data())
        else:
            say(made.line)
            say_lines(made.notes)
            say_lines(made.next)
