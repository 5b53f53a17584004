"""The sentences round the statements of a text: openings, rules, and questions.

| module | what is in it |
|---|---|
| `wordings` | the sentences, as data for writing and reading |
| `patterns` | the wordings compiled into an automaton over words and slots |
| `finder` | `find_framing`: which sentences of a text are framing, and what they say |
| `roles` | `resolve_roles`: the role words that they give |
"""
