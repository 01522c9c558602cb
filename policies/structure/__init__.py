"""The structure of customers that an institution wants, as a linear program."""
