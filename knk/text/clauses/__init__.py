"""English clauses read as statements: the inverse of `knk.text.compose`.

The readers are recursive-descent functions over tokens in which names are numbers and role words are `TRUTH` and `LIE`.
They accept only what has one meaning: where English is ambiguous ("A and B or C") they ask for brackets, and they never
skip a word. Where logicians differ: "either ... or" is inclusive unless "but not both" follows; "if" binds up to the
end of its clause; people who are "both knaves" are a conjunction, "none of" them a count of zero.

| module | what is in it |
|---|---|
| `cursor` | a position among tokens, and the error `Unread` |
| `people` | noun phrases: "Ann", "Bob, Cid, and me", "us", "the three of us", "them" |
| `amounts` | "exactly two", "an even number of", and clauses that begin with "there are" or "the number of" |
| `subjects` | whom a clause is about, by its first word |
| `predicates` | a subject and what it is or does |
| `clause` | whole clauses: units joined by "and", "or", "if" and the like |

To read one more kind of statement, add a form to `clause.UNITS` if it has words of its own ("if ...", "there are ..."),
to `amounts.AMOUNTS` if it counts people, to `subjects.SUBJECTS` if its subject is new, or to `predicates.PREDICATES`.
"""
