"""Puzzles in the laptop recipe's words: the library's own searches, translated."""

import re
from collections.abc import Iterator

import knk
from knk.logic.puzzle import Puzzle
from knk.proofs.search import Try
from recipes.laptop import puzzles
from recipes.laptop.domains import Problem, problems


def searches() -> Iterator[tuple[Problem, Puzzle, tuple[Try, ...]]]:
    """Iterate over problems, their puzzles, and the library's tries."""
    for seed, problem in enumerate(problems("kk", 60, 4, people=(2, 3, 4))):
        puzzle = knk.decode(problem.data)
        yield problem, puzzle, knk.search(puzzle, seed=seed).tries


def test_a_try_has_the_checks_of_the_library_with_their_values() -> None:
    count = 0
    for problem, puzzle, tries in searches():
        for attempt in tries:
            text = puzzles.write_try(puzzle, attempt)
            # A check ends in the speaker's role and a verdict; what is said is true if the last "yes" or "no" says so.
            checks = re.findall(r"([A-E])[:+] (.*?) \1=(knight|knave) (ok|wrong)", text)
            assert len(checks) == len(attempt.checks)
            for (speaker, words, role, verdict), check in zip(checks, attempt.checks, strict=True):
                person = puzzle.statements[check.statement].speaker
                assert speaker == puzzles.initial(puzzle, person)
                assert (role == "knight") == attempt.roles[person]
                assert (words.split()[-1] == "yes") == check.is_true
                assert (verdict == "ok") == check.holds
                count += 1
            assert text.split()[-1] == ("fits" if attempt.fits else "fails")
            assert text.startswith(f"try {puzzles.answer(puzzle, attempt.roles)} ")
            assert problem.write_try(tuple("knight" if role else "knave" for role in attempt.roles))[0] == text
    assert count > 200


def test_a_second_statement_of_a_person_opens_with_a_word_of_its_own() -> None:
    puzzle = knk.decode("Ann,Bob 0:-1 1:+0 0:|(+0,-1)")
    assert puzzles.question(puzzle) == "<roles> A: B-knave ; B: A-knight ; A+ A-knight| B-knave"
    tries = knk.search(puzzle, [(False, False), (False, True)]).tries
    assert [puzzles.write_try(puzzle, attempt) for attempt in tries] == [
        "try A=knave B=knave A: B-knave B=knave yes A=knave wrong fails",
        "try A=knave B=knight A: B-knave B=knight no A=knave ok B: A-knight A=knave no B=knight wrong fails",
    ]
