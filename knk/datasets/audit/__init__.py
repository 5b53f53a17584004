"""Audits of datasets: faults, duplicates and leaks."""
