"""What policies that learn share."""
