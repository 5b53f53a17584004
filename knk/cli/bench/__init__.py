"""`knk bench`: run benchmarks on models and compare the results; a module for each command."""
