"""Tables that leave the program: tidy files with a data dictionary, for pandas, DuckDB, R and spreadsheets."""
