"""What a month costs, measured; not part of the product."""
