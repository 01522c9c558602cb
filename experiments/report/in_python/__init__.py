"""What a notebook asks of a report."""
