"""The judge of final answers to puzzles.

| module | what is in it |
|---|---|
| `verify` | `verify`: the verdict on a completion |
| `verdict` | `Verdict`, which all tasks share |
| `locate` | where a completion's answer is, and whether the text around it takes it back |
| `denials` | the words that deny or doubt an answer |
| `grammar` | the forms of answers and their claims |
| `lexicon` | the words of answers and their codes |
| `markup` | Markdown, LaTeX and HTML, removed |
"""
