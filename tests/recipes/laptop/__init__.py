"""Tests of the laptop recipe's modules, and of a whole small study."""
