"""Proofs of solutions: found step by step, checked by the solver, and measured."""
