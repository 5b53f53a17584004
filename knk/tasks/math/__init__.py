"""How answers to MATH are read and compared; the task itself is `knk.tasks.hendrycks_math`.

| module | what it does |
|---|---|
| `boxes` | finds the boxes in a text |
| `forms` | brings LaTeX into a plain form |
| `numbers` | reads numbers and lists of numbers, and compares them exactly |
| `limits` | says what an answer may contain |
| `answers` | reads the content of a box as an answer |
| `values` | evaluates expressions roughly, to see that two differ |
| `verdicts` | reaches the verdict on a completion, with math-verify in worker processes |
| `compare` | runs in those processes: compares expressions by math-verify |
"""
