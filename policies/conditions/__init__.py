"""The language of conditions, for segments, eligibility, rules and guards."""
