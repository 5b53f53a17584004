"""New puzzles: from a specification and a seed, or by changing a given puzzle."""
