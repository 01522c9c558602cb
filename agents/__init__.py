"""Who acts: person and belief, the rules of behaviour with their parameters, institutions, chance."""
