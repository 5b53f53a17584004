"""Benchmarks that others have made, run on what models wrote."""
