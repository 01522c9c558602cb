"""Values as a user writes them: units, months of the calendar, values with dates."""
