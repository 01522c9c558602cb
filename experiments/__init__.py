"""What we ask: configs, runner, store, statistics, verification, report, plots, commands."""
