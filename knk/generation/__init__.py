"""New puzzles: from a specification and a seed, or by changing a given puzzle.

| module | what is in it |
|---|---|
| `spec` | `Spec`: which puzzles to generate, and the presets |
| `generate` | `generate`: from a specification and a seed to puzzles |
| `perturb` | `perturb`: small changes of a puzzle |
| `grammar` | the statements that a specification allows |
| `draws` | random numbers that are the same everywhere |
| `block` | many puzzles as arrays |
| `statement_table` | statements with their truth tables, for few people |
| `sampled` | blocks for few people: random candidates, those with one solution |
| `planted` | blocks for many people: one planted solution each |
| `sieve` | each puzzle once, and when to give up |
| `hashset` | a set of fingerprints or keys that handles arrays |
| `targets` | which puzzles of a block match a target |
"""
