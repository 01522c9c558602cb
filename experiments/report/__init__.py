"""The report: what came out, in tables and sentences."""
