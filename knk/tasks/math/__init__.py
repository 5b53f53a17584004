"""MATH: the task, and how its answers are read and compared."""
