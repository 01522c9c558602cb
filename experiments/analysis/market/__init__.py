"""What a market came to: shares, prices, what new customers cost, how long customers stay."""
