"""Puzzles as rows and files: streams, corpora with splits, and audits.

| module | what it has |
|---|---|
| `rows` | the row of every dataset |
| `files` | files of rows |
| `stream` | files of any number of puzzles, without splits |
| `config` | what a corpus is built from |
| `split` | the split of a puzzle |
| `build` | the builder of corpora |
| `corpus_rows` | the rows of a corpus, each key once |
| `journal` | the journal of an unfinished build |
| `manifest` | the files of a dataset with their hashes |
| `puzzle_stream`, `jobs` | rows made ahead by an executor |
| `audit` | faults, duplicates and leaks of any dataset |
"""
