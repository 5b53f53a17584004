"""Adapters to frameworks that others train and measure with, one small module each.

Each gives a framework the rows of a task and lets it ask the task's own `verify`; none judges anything by itself. A
module needs its framework when it is imported, so nothing else in the library imports it. `common` is what they share.
"""
