"""Audits of datasets: faults, duplicates and leaks.

| module | what it has |
|---|---|
| `run` | the function `audit` |
| `sources` | the files of a dataset by split, and the columns that are read |
| `checks` | the checks of a single row |
| `sameness` | the levels of sameness and their fingerprints |
| `parts` | a part of the data while its rows are read |
| `matches` | duplicates within a part, leaks between parts |
| `report` | the result, as values, JSON and text |
"""
