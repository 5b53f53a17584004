"""Adapters to other frameworks for training and evaluation, one small module each.

Each gives a framework the rows of a task and calls the task's own `verify`; none judges answers itself. A module
imports its framework, so nothing else in the library imports the module.

| module | the framework |
|---|---|
| `inspect_ai` | Inspect |
| `reasoning_gym` | reasoning-gym |
| `verifiers` | Prime Intellect's verifiers |
| `verl` | verl |
| `common` | what the others share |
"""
