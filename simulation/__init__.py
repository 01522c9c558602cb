"""What happens over time: settings, the month's phases, market, ledger, recorder, engines, the Mesa model."""
