"""Benchmarks: run a model on items, score its completions, and report metrics with intervals.

| module | contents |
|---|---|
| `items` | the benchmarks and their items |
| `scoring` | completions scored by the tasks' verifiers |
| `metrics` | metrics of scored completions, with intervals over items and seeds |
| `memorisation` | the memorisation score, from puzzles and their changed forms |
| `latent` | how often a model rejects what it tried and tries again, by its words |
| `intervals` | means, ratios and differences with 95% intervals |
| `records` | a finished run and its files |
| `run` | `run_benchmarks`: ask, score, write, cross-check |
| `compare` | two arms compared item by item |
| `results` | `results.json`: the scores, curves and claims of an evaluation |
| `paper_figures` | the scores that the paper reports |
| `lm_eval` | the benchmarks as lm-eval tasks, and lm-eval's scores of stored completions |
| `evalplus` | HumanEval+ scored by EvalPlus in the sandbox, and compared with the library's verifier |
"""
