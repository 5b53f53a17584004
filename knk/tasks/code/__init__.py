"""How programs that a model writes are extracted and tried; the task itself is `knk.tasks.humaneval_plus`.

| module | what it does |
|---|---|
| `exercise` | a row of the task, checked |
| `programs` | extracts the program from a completion |
| `outputs` | runs a program on an exercise's inputs, and compares its outputs with the expected ones |
"""
