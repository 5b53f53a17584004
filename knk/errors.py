"""The library's own errors: every failure a caller may want to catch has its name here."""

from __future__ import annotations


class KnkError(ValueError):
    """Base of every error the library raises on purpose; its message is one line that says what to do."""


class BadPuzzle(KnkError):
    """A puzzle that cannot be: no people, two of one name, a statement about somebody who is not there."""


class BadNotation(KnkError):
    """A line that is not the one-line notation of a puzzle."""


class BadText(KnkError):
    """English that cannot be read as a puzzle; `words` are the unread ones and `place` is where they start.

    Args:
        problem: what is wrong, in one line; one that begins with "expected" is followed by "got" and the words.
        words: the words that could not be read.
        place: offset of the first of them in the text, in characters.
    """

    def __init__(self, problem: str, words: str = "", place: int = 0) -> None:
        link = ", got" if problem.startswith("expected") else ":"
        super().__init__(f"{problem}{link} {words!r} at character {place}" if words else problem)
        self.words = words
        self.place = place


class BadSpec(KnkError):
    """A specification that contradicts itself or asks for something unknown."""


class NoSolution(KnkError):
    """No assignment of roles fits what the people say."""


class ManySolutions(KnkError):
    """More than one assignment of roles fits what the people say."""


class BadFile(KnkError):
    """A file that cannot be read as rows, or a name that says nothing of its format."""


class BadRow(KnkError):
    """A row of a dataset that lacks a field, or has one that cannot be."""


class BadTask(KnkError):
    """A task that there is none of."""


class SandboxFailed(KnkError):
    """A sandbox that could not be started or ended, which says nothing of the code to be run in it."""


class BadOutput(KnkError):
    """An output of model code that is no plain value."""


class MissingPackage(KnkError):
    """A package that an extra brings is not installed; the message names the extra."""


class WorkersFailed(KnkError):
    """Worker processes that do not start, or cannot import what they should do."""


class ModelFailed(KnkError):
    """A model that cannot be asked: a server that refuses or has not answered for too long, or a folder without one."""


class BadConfig(KnkError):
    """A corpus config or training recipe that contradicts itself, has an unknown key, or cannot work."""


class TrainingFailed(KnkError):
    """The trainer ended with an error; what it said is in the run's log."""


class BadFolder(KnkError):
    """A folder that holds something else than the corpus to be built there, or holds it changed."""


class HubFailed(KnkError):
    """The Hugging Face Hub, or the way to it, did not do what was asked; the message says what to do."""


class NoExecutor(KnkError):
    """The executor is unknown, or its cluster cannot be reached."""


class NoVerdict(KnkError):
    """A verifier that could not find out, where nothing but a number can be told; it says nothing of the answer."""


class CannotPerturb(KnkError):
    """A change that a puzzle does not allow, or that there is no such kind of."""


class GaveUp(KnkError):
    """A search that would take too long, ended at its bound."""


class BadTrace(KnkError):
    """A proof with a step that is not sound, or that proves something else; `place` says where, as in "3.2".

    Args:
        problem: what is wrong, in one line.
        place: the step, counted from 1; after a dot the step inside a supposition; "" for the whole.
    """

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"step {place}: {problem}" if place else problem)
        self.problem = problem
        self.place = place

    def __reduce__(self) -> tuple[type[BadTrace], tuple[str, str]]:
        return type(self), (self.problem, self.place)


class NotEnough(KnkError):
    """Fewer puzzles exist, or could be found, than were asked for; `found` says how many.

    Args:
        problem: what is wrong, in one line.
        found: how many puzzles there are or were found.
    """

    def __init__(self, problem: str, found: int) -> None:
        super().__init__(problem)
        self.found = found

    def __reduce__(self) -> tuple[type[NotEnough], tuple[str, int]]:
        # Made in a worker process, it has to reach the one that waits for it.
        return type(self), (str(self), self.found)
