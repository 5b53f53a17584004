"""Rows with the columns of the public K&K data, which verl and Logic-RL read.

The public data are Logic-RL's files (arXiv 2502.14768), made with the generator of arXiv 2410.23123.

| column | contents |
|---|---|
| `quiz` | the puzzle in English |
| `names` | people's names, in order |
| `knight_knave` | the role words, with and without article and capital |
| `solution` | each person's role, true for a knight |
| `solution_text` | the solution in one sentence |
| `solution_text_format` | the solution, one numbered line per person |
| `cot_head`, `cot_repeat_steps`, `cot_foot` | a checked proof: an opening, its sentences, the check at its end |
| `statements` | the statements in the public data's own notation |
| `index` | the index of the row |
| `data_source` | `kk_logic` |
| `prompt` | the prompt as messages, in this library's wording |
| `ability` | `logic` |
| `reward_model` | `style` "rule", and the `ground_truth`: `solution_text_format` and `statements` |
| `extra_info` | the index of the row and its `split` |
"""

from __future__ import annotations

import re
from typing import Any, Final

from knk.datasets.rows import answer_of, wording_seed
from knk.errors import BadRow
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, solve
from knk.logic.statements import (
    And,
    Atom,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    Or,
    SameKind,
    Statement,
)
from knk.proofs.trace import trace
from knk.tasks import kk
from knk.tasks.source import Row, field
from knk.text.explain import explain
from knk.text.vocabulary import capitalised, join_words, with_article

_COT_HEAD: Final = "Let us go from what is known to what follows."
_SENTENCE_END: Final = re.compile(r"(?<=[.!?:]) (?=\S)")
_CONNECTIVES: Final[dict[type[Statement], str]] = {Not: "not", And: "and", Or: "or", Implies: "->", Iff: "<=>"}


def public_row(row: Row, index: int, split: str = "train", seed: int = 0) -> Row:
    """Return a row with the public data's columns.

    Args:
        row: a row with "puzzle" and "text".
        index: the index of the row.
        split: the split to name in `extra_info`.
        seed: selects the wording of the proof.

    Raises:
        BadRow: the public data's notation does not have a statement of this kind, or a person says nothing.

    >>> row = {"puzzle": "Ann,Bob 0:-1 1:&(-0,-1)", "text": "Ann: Bob is a knave. Bob: We are both knaves."}
    >>> public_row(row, 0)["solution_text"]
    'Ann is a knight and Bob is a knave.'
    """
    puzzle = decode(field(row, "puzzle", str))
    solution = solve(puzzle)
    answer = answer_of(puzzle, solution)
    statements = public_statements(puzzle)
    proof, check, *_ = [*explain(trace(puzzle), "brief", wording_seed(row["puzzle"], seed)).split("\n\n"), ""]
    return {
        "quiz": field(row, "text", str),
        "names": list(puzzle.names),
        "knight_knave": _role_words(puzzle),
        "solution": list(solution),
        "solution_text": _solution_sentence(puzzle, solution),
        "solution_text_format": answer,
        "cot_head": _COT_HEAD,
        "cot_repeat_steps": _SENTENCE_END.split(proof),
        "cot_foot": check,
        "statements": statements,
        "index": index,
        "data_source": "kk_logic",
        "prompt": kk.prompt(row, "chat"),
        "ability": "logic",
        "reward_model": {
            "ground_truth": {"solution_text_format": answer, "statements": statements},
            "style": "rule",
        },
        "extra_info": {"index": index, "split": split},
    }


def public_statements(puzzle: Puzzle) -> str:
    """Return a puzzle's statements in the public data's notation, one per person.

    Several statements of one person are joined by "and"; "the same kind" becomes "if and only if".

    Raises:
        BadRow: the notation does not have a statement of this kind, or a person says nothing.

    >>> public_statements(decode("Ann,Bob 0:-1 1:>(+0,~-1)"))
    "(('lying', 1), ('->', ('telling-truth', 0), ('not', ('lying', 1))))"
    """
    by_speaker: list[list[Statement]] = [[] for _ in puzzle.names]
    for utterance in puzzle.statements:
        by_speaker[utterance.speaker].append(utterance.statement)
    for name, statements in zip(puzzle.names, by_speaker, strict=True):
        if not statements:
            raise BadRow(f"{name} says nothing: the public data's columns need a statement of each person")
    return repr(tuple(_nested(own[0] if len(own) == 1 else And(*own)) for own in by_speaker))


def _nested(statement: Statement) -> Any:
    """Return a statement as the public data's nested tuples."""
    if isinstance(statement, Atom):
        return ("telling-truth" if statement.is_knight else "lying", statement.person)
    if isinstance(statement, SameKind):
        right = Knight(statement.right) if statement.same else Knave(statement.right)
        return ("<=>", _nested(Knight(statement.left)), _nested(right))
    if type(statement) in _CONNECTIVES:
        return (_CONNECTIVES[type(statement)], *map(_nested, statement.parts))
    raise BadRow(
        f"the public data has no statement of the kind {statement.kind!r}: puzzles of the preset 'classic' have none"
    )


def _role_words(puzzle: Puzzle) -> dict[str, str]:
    """Return the role words under the public data's names for them, in its order."""
    words: dict[str, str] = {}
    for role, word in zip(("knight", "knave"), puzzle.roles, strict=True):
        words |= {capitalised(role): capitalised(word), f"a_{role}": with_article(word), role: word}
    return dict(sorted(words.items()))


def _solution_sentence(puzzle: Puzzle, solution: Solution) -> str:
    words = (puzzle.roles[not is_knight] for is_knight in solution)
    clauses = [f"{name} is {with_article(word)}" for name, word in zip(puzzle.names, words, strict=True)]
    return f"{join_words(clauses)}."
