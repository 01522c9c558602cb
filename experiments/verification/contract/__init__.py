"""The contract of a policy, and how it is tried."""
