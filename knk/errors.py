"""The errors that the library raises: one class for each failure that a caller may want to catch."""

from __future__ import annotations


class KnkError(ValueError):
    """Base of all errors that the library raises on purpose; the message is one line that says what to do."""


class BadPuzzle(KnkError):
    """A puzzle is impossible: no people, two people with one name, a statement about an unknown person."""


class BadNotation(KnkError):
    """A line is not a puzzle or statement in the one-line notation."""


class BadText(KnkError):
    """English cannot be read as a puzzle.

    Args:
        problem: what is wrong, in one line; one that begins with "expected" is followed by "got" and the words.
        words: the words that could not be read.
        position: offset of these words in the text, in characters.
    """

    def __init__(self, problem: str, words: str = "", position: int = 0) -> None:
        link = ", got" if problem.startswith("expected") else ":"
        super().__init__(f"{problem}{link} {words!r} at character {position}" if words else problem)
        self.words = words
        self.position = position


class BadSpec(KnkError):
    """A specification is contradictory, or names something unknown."""


class NoSolution(KnkError):
    """No assignment of roles fits what the people say."""


class ManySolutions(KnkError):
    """More than one assignment of roles fits what the people say."""


class BadFile(KnkError):
    """A file cannot be read as rows, or its name does not show its format."""


class BadRow(KnkError):
    """A row of a dataset lacks a field, or has an impossible value in one."""


class BadCompletion(KnkError):
    """A completion is neither a string nor a message whose text can be read."""


class BadTask(KnkError):
    """A task name is unknown."""


class SandboxFailed(KnkError):
    """A sandbox could not be started or stopped; this says nothing about the code to be run in it."""


class BadOutput(KnkError):
    """An output of model code is not a plain value."""


class MissingPackage(KnkError):
    """An optional package is not installed; the message names the extra that installs it."""


class WorkersFailed(KnkError):
    """Worker processes do not start, or cannot import the function that they should run."""


class ModelFailed(KnkError):
    """A model cannot be queried: a server refuses or times out, or a folder holds no model."""


class BadConfig(KnkError):
    """A corpus config or training recipe is contradictory, has an unknown key, or cannot work."""


class TrainingFailed(KnkError):
    """The trainer ended with an error; its output is in the run's log."""


class BadFolder(KnkError):
    """An output folder holds files of something else, or files that were changed."""


class HubFailed(KnkError):
    """A request to the Hugging Face Hub failed; the message says what to do."""


class NoExecutor(KnkError):
    """The executor is unknown, or its cluster cannot be reached."""


class NoVerdict(KnkError):
    """A verifier could not decide whether an answer is right, where the caller accepts only a number."""


class CannotPerturb(KnkError):
    """A puzzle does not allow a change, or the kind of change is unknown."""


class GaveUp(KnkError):
    """A search reached its limit before it ended."""


class BadTrace(KnkError):
    """A proof has an unsound step, or is incomplete.

    Args:
        problem: what is wrong, in one line.
        step: the number of the step, as in "3.2" for the second step inside the supposition that is step 3; "" for the
            whole proof.
    """

    def __init__(self, problem: str, step: str = "") -> None:
        super().__init__(f"step {step}: {problem}" if step else problem)
        self.problem = problem
        self.step = step

    def __reduce__(self) -> tuple[type[BadTrace], tuple[str, str]]:
        return type(self), (self.problem, self.step)


class NotEnough(KnkError):
    """Fewer puzzles exist, or were found, than were requested.

    Args:
        problem: what is wrong, in one line.
        found: how many puzzles exist or were found.
    """

    def __init__(self, problem: str, found: int) -> None:
        super().__init__(problem)
        self.found = found

    def __reduce__(self) -> tuple[type[NotEnough], tuple[str, int]]:
        # Pickled when a worker process raises it.
        return type(self), (str(self), self.found)
