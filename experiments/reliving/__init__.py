"""Living runs again to write down what was not recorded: from the stored states, compared with what is stored."""
