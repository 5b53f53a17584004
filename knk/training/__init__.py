"""Training with recipes: estimated, checked, run by TRL's trainers, resumed and recorded.

| module | what is in it |
|---|---|
| `recipe` | a YAML file of TRL's settings, and what it extends |
| `options` | the settings of a recipe that TRL does not have |
| `data` | the datasets of a recipe |
| `gpus`, `shapes` | kinds of GPUs; sizes of models |
| `batches` | how a step is divided among processes |
| `workload`, `memory`, `serving`, `speed`, `estimate` | what a recipe asks of GPUs: memory, vLLM's cache, time |
| `plan` | whether a recipe fits some GPUs, and what would |
| `trl_scripts` | the scripts of TRL's trainers, and the settings that they take |
| `checks`, `preflight` | checks before a run starts, by subject; all of them |
| `run` | `train`: run or resume a recipe |
| `merge`, `lora` | adapters merged into their bases: by themselves, and in a run |
| `folder`, `checkpoints`, `locks` | how a run starts in its folder; the checkpoint to resume from; who writes there |
| `launch`, `processes` | the launcher's command; the processes that it starts, and how they end |
| `worker`, `resume` | the program in each training process; what resuming from a checkpoint needs |
| `manifest`, `metrics` | the records in a run's folder: what was run; what the trainer logged |
| `curriculum`, `redraw` | puzzles whose level follows the success rate; groups without signal replaced |
| `evaluation`, `evaluator` | held-out rows while a run trains: settings, the best checkpoint; trainers for it |
| `health` | whether a run can learn: what is wrong with its metrics, and what to do |
| `health_callback` | the callback that warns while the trainer runs |
"""
