"""What intervals of paired differences cover, measured on differences of which the truth is known."""
