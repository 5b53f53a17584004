"""Checks of a recipe before a run starts: each returns a line for the report, or raises an error that says what to do.

| module | what it checks |
|---|---|
| `settings`, `setting_types` | TRL knows every setting, and accepts the values in each process |
| `numbers` | optimizer, schedule, sampling and adapter accept their numbers |
| `packages`, `versions` | the packages that the recipe uses are installed, in versions that fit together |
| `rows` | every row has what the trainer and the rewards read |
| `rewards` | the rewards can be imported, and the data have their columns |
| `batches` | a batch has whole groups, and the data fill it |
| `curriculum` | each level has puzzles, and the trainer logs what the curriculum needs |
| `model`, `adapter` | the model can be read, and has the modules that an adapter names |
| `lengths` | rows and completions fit into the model's context, and an answer into a completion |
| `evaluation` | the rows to evaluate on can be read, and are not trained on |
| `stops` | stop strings work, and leave completions in the loss |
| `resources` | disk and GPUs are large enough, and one process sees one GPU |
"""
