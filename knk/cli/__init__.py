"""The `knk` command.

| module | contents |
|---|---|
| `commands` | the tree of commands, and how errors become exit statuses |
| one for each command (`generate`, `solve`, `corpus.build`, ...) | its options and help text, and what it prints |
| `options`, `groups` | options that commands share, one by one and in groups |
| `input` | puzzles read from the command line, files and pipes |
| `usage` | messages about unknown commands, options and values |
| `output` | rows, JSON, wrapped lines and progress bars |
| `signals` | what happens on an interrupt or SIGTERM |

To add a command, write a function in a module named after it, and list it in `commands`. Its docstring and help texts
are its documentation, from which `docs/cli.md` is generated. Commands import the rest of the library when they run, so
that `knk --help` is quick.
"""

from knk.cli.commands import BAD_INPUT, app, main

__all__ = ["BAD_INPUT", "app", "main"]
