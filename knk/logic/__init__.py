"""Puzzles and their logic.

| module | what it holds |
|---|---|
| `statements`, `statement_base` | the kinds of statements, each with its meaning in `value`; their base classes |
| `algebra` | the algebras in which statements are evaluated |
| `puzzle` | `Puzzle`: people, and who says what |
| `notation` | one line of text per puzzle, written and read |
| `solver`, `sat` | all solutions of a puzzle |
| `folded_table` | a statement's truth table, folded by symmetry: the same however it is written |
| `keys`, `labelling`, `mixing` | one fingerprint for all puzzles that differ only in how they are written |
| `choice` | choices that follow from a seed |
| `triviality` | statements that are true, or false, whoever is a knight |
| `sympy_formulas` | statements as sympy formulas, and back |
"""
