"""Sections that put the arms side by side: what carries their differences, their structure, what is limited."""
