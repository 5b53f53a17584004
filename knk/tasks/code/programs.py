"""The program in a completion.

The code is in the completion's answer (`knk.tasks.format`): the last fenced block of Python that defines the function,
or else the last block, or else the whole answer. It is read in the first of these ways that compiles and has the
function: as code of its own, after the imports and helpers of the stub; or as the end of the stub, as a base model
continues it.
"""

from __future__ import annotations

import re
from typing import Final

from knk.answers.verdict import Verdict
from knk.sandbox.model import Program
from knk.tasks.code.exercise import Exercise
from knk.tasks.format import answer_of

MAX_CODE_LENGTH: Final = 50_000
"""The most characters of code; the longest of the dataset's own solutions has some thousand."""
_PYTHON_LABELS: Final = ("", "python", "python3", "py")


def program_in(text: str, exercise: Exercise) -> Program | Verdict:
    """Return the program in a completion, or the verdict if there is none to run.

    Args:
        text: the completion.
        exercise: the function to write.
    """
    answer = answer_of(text)
    if answer.problem:
        return Verdict(False, answer.problem)
    code = _code_in(answer.text, exercise.entry_point)
    if not code.strip():
        return Verdict(False, "no answer")
    if len(code) > MAX_CODE_LENGTH:
        return Verdict(False, "unreadable", detail=f"longer than {MAX_CODE_LENGTH} characters")
    preamble = _preamble(exercise)
    readings = ((preamble, code), (exercise.stub + code,), (exercise.stub + _indented(code),))
    return Program(exercise.entry_point, readings)


def source_in(text: str, exercise: Exercise) -> str:
    """Return the source of the program in a completion, stub included, for others to run; "" if there is none.

    Args:
        text: the completion.
        exercise: the function to write.
    """
    answer = answer_of(text)
    code = "" if answer.problem else _code_in(answer.text, exercise.entry_point)
    if not code.strip():
        return ""
    if _definition(exercise.entry_point).search(code):
        return _preamble(exercise) + code
    return f"{exercise.stub.rstrip()}\n{_indented(code)}"


def _indented(code: str) -> str:
    # The answer has lost the white space that it began with.
    return "    " + code.lstrip()


def _code_in(text: str, entry_point: str) -> str:
    blocks = _fenced_blocks(text)
    if not blocks:
        return text
    definition = _definition(entry_point)
    return next((block for block in reversed(blocks) if definition.search(block)), blocks[-1])


def _definition(entry_point: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*(async[ \t]+)?def[ \t]+{re.escape(entry_point)}\b", re.MULTILINE)


def _fenced_blocks(text: str) -> list[str]:
    """Return the fenced blocks of Python, or all others if there are none; the last may be left open."""
    blocks: list[tuple[str, list[str]]] = []
    is_open = False
    for line in text.split("\n"):
        stripped = line.strip()
        if not is_open and stripped.startswith("```"):
            blocks.append((stripped[3:].strip().lower(), []))
            is_open = True
        elif is_open and stripped == "```":
            is_open = False
        elif is_open:
            blocks[-1][1].append(line)
    python_blocks = [lines for label, lines in blocks if label in _PYTHON_LABELS]
    return ["\n".join(lines) for lines in python_blocks or [lines for _, lines in blocks]]


def _preamble(exercise: Exercise) -> str:
    """Return the imports and helpers of a stub, before the function."""
    definition = re.search(rf"^(async\s+)?def\s+{re.escape(exercise.entry_point)}\b", exercise.stub, re.MULTILINE)
    return exercise.stub[: definition.start()] if definition else ""
