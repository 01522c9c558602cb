"""The state of a market: people, products and offers, and its books."""
