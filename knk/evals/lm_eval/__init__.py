"""The benchmarks as lm-eval tasks: lm-eval runs them; items, prompts and verdicts are this library's.

lm-eval and `knk bench` therefore give the same scores for the same completions.

| module | contents |
|---|---|
| `tasks` | the lm-eval tasks of each benchmark, and the folder of task files |
| `documents` | the functions that the task files call: items, prompts and metrics |
| `local_tasks` | task files that make lm-eval's own tasks read local files |
| `evaluate` | lm-eval's scores of stored completions |
| `logs` | result files in lm-eval's format, written and read |
| `crosscheck` | a run's completions scored again by lm-eval, and the items whose scores differ |
"""
