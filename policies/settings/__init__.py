"""Settings of policies: how they are declared, and what is wrong with those that are given."""
