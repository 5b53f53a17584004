"""HumanEval+ scored by EvalPlus in this library's sandbox, and compared with the library's own verifier.

| module | contents |
|---|---|
| `samples` | problems and samples, read from EvalPlus's files or made from completions |
| `evaluate` | EvalPlus's evaluation of samples, run in the sandbox |
| `worker` | the script that runs in the sandbox and calls EvalPlus |
| `pass_rates` | EvalPlus's results, and the share of samples that pass |
| `compare` | the same samples judged by the library's verifier, and where the two disagree |
| `explain` | why EvalPlus and the verifier disagree on a sample |
| `crosscheck` | a benchmark run's programs scored again by EvalPlus |
"""
