"""The page for a committee: one question, one answer, on one sheet."""
