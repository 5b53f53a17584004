"""Checks of a recipe before a run starts: each returns a line for the report, or raises an error that says what to do.

| module | what it checks |
|---|---|
| `settings` | TRL knows every setting |
| `packages` | the packages that the recipe uses are installed |
| `rewards` | the rewards can be imported, and the data have their columns |
| `batches` | a batch has whole groups, and the data fill it |
| `model` | the model can be read |
| `lengths` | rows and completions fit into the model's context |
| `resources` | disk and GPUs are large enough |
"""
