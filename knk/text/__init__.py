"""Puzzles as English: `render` writes it, `parse` reads it back, and `explain` writes proofs.

| module | what is in it |
|---|---|
| `vocabulary` | names, role words, numbers, articles and plurals |
| `wordings` | the phrases of statements, as data; of openings: `framing.wordings`, of proofs: `explain.wordings` |
| `styles` | the names of the styles |
| `names` | which names and role words a text can have |
| `compose`, `render` | writing: statements as clauses, puzzles as texts |
| `tokens`, `phrases` | reading: a text as words and marks, phrases among them |
| `framing` | openings, rules and questions |
| `lookup` | names and role words, found and replaced |
| `clauses` | clauses read as statements |
| `sentences`, `parse` | who says what, and the whole puzzle |
| `explain` | proofs as prose |
"""
