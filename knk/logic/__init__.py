"""What puzzles are and what follows from them: statements, puzzles, their notation, solutions and keys."""
