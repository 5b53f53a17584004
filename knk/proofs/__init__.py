"""Proofs of puzzles, and how difficult they are.

| module | what it holds |
|---|---|
| `steps` | the steps of a proof, and `Trace`, the whole proof |
| `states` | what is known about people's roles, as an integer |
| `rules` | which roles one utterance forces |
| `propagation` | everything that single utterances force, with reasons |
| `trace` | the search for a short proof |
| `check` | the confirmation of a proof by the solver, independent of the rules |
| `search` | whole answers tried one after another until one fits |
| `difficulty` | what it takes to solve a puzzle by hand |
| `nesting` | one measure of difficulty for thousands of puzzles at once |
"""
