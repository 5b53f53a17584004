"""Puzzles as English: `render` writes it, `parse` reads it back."""
