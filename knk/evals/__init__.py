"""Benchmarks: a model asked, its answers kept and marked, and figures that can be trusted.

| module | what belongs in it |
|---|---|
| `items` | the benchmarks, and their items with a name each |
| `marks` | answers marked by the tasks' verifiers |
| `scores` | marks as scores, with intervals |
| `harness` | the same in lm-eval's terms |
| `evalplus` | HumanEval+ by EvalPlus, behind the sandbox's walls |
| `evalplus_compare` | the same programs by this library's verifier, and why the two differ where they do |
| `records` | a run that is done: its figures and its files |
| `run` | `bench`, which puts these together |
| `compare` | two runs, item by item |
"""
