"""Runs of the real trainers on tiny models."""
