"""Puzzles as rows and files: streams, corpora with splits, and audits."""
