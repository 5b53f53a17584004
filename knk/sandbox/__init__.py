"""A sandbox for model code.

| module | what is in it |
|---|---|
| `model` | what a run is given and returns: `Program`, `Limits`, `Run`, `Level` |
| `run` | `run` for one function, `run_script` for a script of this library, `strongest` for the isolation available |
| `process` | the worker process: started, read from, killed |
| `protocol` | the worker's output, parsed as hostile and under time limits |
| `values` | returned values, parsed and compared as JSON trees |
| `worker` | the program inside the sandbox, which this process never imports |
| `isolation`, `syscalls`, `encoding` | the parts of the worker |
"""
