r"""Judges answers to puzzles, the same for rewards, data filters, benchmarks and commands.

The verifiers of the other tasks are in `knk.tasks`.

Where the answer is:

1. Everything before the last `</think>` is reasoning and never the answer; so is everything after a `<think>` that is
   not closed. (If only the prompt can have opened the `<think>`, an answer in tags before the `</think>` must not
   contradict the one after it.)
2. In `<answer>...</answer>`, if there are such tags: the whole content is the answer. The last tag may be left open at
   the end, as a stop string leaves it. Several answers have to be the same. Only a closing phrase may follow.
3. Otherwise in the last `\boxed{...}`, on the same terms, if its content can be read as an answer.
4. Otherwise in the longest end of the text that can be read as an answer, starting at a line or at a sentence that
   announces a conclusion ("So", "The answer is").

No credit is given if the words just before the answer deny or doubt it ("It is not true that:"), or if an earlier
sentence denies what follows ("The following is false. I like tea."). `knk.answers.grammar` says how the answer is read.
An answer in tags that is longer than `MAX_ANSWER` plus `MAX_ANSWER_PER_PERSON` for each person is unreadable; of a
longer text without tags only the end is read. "User:" and "Assistant:" have no meaning here.

Rewards give it whole completions, benchmarks those up to the first closed answer (`cut_after_answer` in
`knk.answers.locate`).
The reasoning is not judged, and may be missing: a reward for the format is a separate function.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from knk.answers.grammar import Reading
from knk.answers.lexicon import lexicon_of
from knk.answers.locate import Rejected, read_answer
from knk.answers.verdict import Reason, Verdict
from knk.errors import BadPuzzle
from knk.logic.puzzle import Puzzle
from knk.logic.solver import solve


def verify(completion: str, puzzle: Puzzle, *, solution: Sequence[bool] | None = None) -> Verdict:
    r"""Return the verdict on a completion, strict about its meaning and lenient about its form.

    Args:
        completion: a model's output, with or without reasoning.
        puzzle: the puzzle.
        solution: the puzzle's solution, True for a knight, in the order of its names; solved for if None.

    Raises:
        NoSolution: the puzzle has no solution.
        ManySolutions: the puzzle has several.
        BadPuzzle: the given solution does not have one role for each person.
        TypeError: the completion is not a string.

    >>> from knk.logic.notation import decode
    >>> puzzle = decode("Ann,Bob 0:&(-0,-1)")
    >>> print(verify("Ann lies, so...</think><answer>(1) Ann is a knave\n(2) Bob is a knight</answer>", puzzle))
    right: -Ann +Bob
    >>> print(verify("It is not true that Ann is a knave and Bob is a knight.", puzzle))
    unreadable
    """
    if not isinstance(completion, str):
        raise TypeError(f"expected a completion of type str, got {type(completion).__name__}")
    truth = _solution(puzzle) if solution is None else tuple(solution)
    if len(truth) != len(puzzle.names):
        raise BadPuzzle(f"expected a solution with {len(puzzle.names)} roles, one for each person, got {len(truth)}")
    try:
        reading = read_answer(completion, lexicon_of(puzzle.names, puzzle.roles))
    except Rejected as rejected:
        return Verdict(False, rejected.reason)
    reason = _reason(reading, truth)
    claims = tuple((puzzle.names[person], knight) for person, knight in dict.fromkeys(reading.claims))
    if reading.strangers:
        # Tokens are in lower case.
        names = ", ".join(word[:40].capitalize() for word in dict.fromkeys(reading.strangers))
        return Verdict(False, reason, claims, names)
    return Verdict(reason == "right", reason, claims)


@lru_cache(maxsize=4096)
def _solution(puzzle: Puzzle) -> tuple[bool, ...]:
    return solve(puzzle)


def _reason(reading: Reading, truth: tuple[bool, ...]) -> Reason:
    claims = dict(reading.claims)
    if reading.strangers:
        return "unknown person"
    if len(set(reading.claims)) > len(claims):
        return "contradiction"
    if len(claims) < len(truth):
        return "incomplete"
    return "right" if all(claims[person] == bool(role) for person, role in enumerate(truth)) else "wrong"
