"""`knk bench`: models asked the benchmarks, and their figures set side by side; a module for each command."""
