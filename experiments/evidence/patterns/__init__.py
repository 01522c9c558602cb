"""Published patterns of customers in finance beside what the running market gives: measured, family by family."""
