"""How an answer to a question with lettered options is read; the task itself is `knk.tasks.mmlu_pro`.

| module | what it does |
|---|---|
| `letters` | reads the letter that a completion answers with |
| `option_text` | brings texts into one form, and recognises an option by its text |
| `leads` | rejects an answer that the words before it deny, doubt or contradict |
"""
