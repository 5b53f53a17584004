"""Training with recipes: estimated, checked, run by TRL's trainers, resumed and recorded.

| module | what is in it |
|---|---|
| `recipe` | a YAML file of TRL's settings, and what it extends |
| `data` | the datasets of a recipe |
| `gpus`, `shapes` | kinds of GPUs; sizes of models |
| `estimate`, `plan` | the memory and time of a run; whether it fits, and what would |
| `preflight` | checks before a run starts |
| `run` | `train`: run or resume a recipe |
| `manifest` | the records in a run's folder |
"""
