"""Running jobs in several processes.

| module | what is in it |
|---|---|
| `executors` | executors for many jobs: this process, several processes, a Ray cluster |
| `pool` | a pool of processes with limits of time and memory for each job |
| `worker` | the program of the pool's processes |
| `cores` | how many processor cores there are |
"""
