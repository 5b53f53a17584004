"""Puzzles put into English: `render`, the inverse of `knk.text.parse.parse`.

A text is an opening, a sentence for each statement in order, and a question. What is chosen where there is a choice
follows from the seed by arithmetic written out here, so that a text is the same on every machine and release of
Python. Statements recur from puzzle to puzzle, so their wordings are kept, with `{0}`, `{1}`, ... for the names, and
the names are put in last, all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from knk.errors import BadPuzzle
from knk.notation import MAX_DEPTH
from knk.puzzle import Puzzle, Roles, Said
from knk.text import framing, wordings
from knk.text.compose import compose, mix
from knk.text.names import check_names
from knk.text.vocabulary import article, capitalised, join_words, number_word, plural

STYLES: Final = ("varied", "classic", "dialogue")
"""The ways `render` can write: "varied" is the library's own, "classic" the form of the public data."""

VARIANTS: Final = 8
"""Wordings of one statement that a style chooses among."""
_KEPT: Final = 65536
_MASK: Final = (1 << 64) - 1


class _Frame(NamedTuple):
    before: tuple[str, ...]  # By speaker.
    after: tuple[str, ...]
    direct: bool


@dataclass
class _Voice:
    """All of a style that is the same for puzzles with the same role words and number of people."""

    style: str
    people: int
    roles: Roles
    frames: tuple[_Frame, ...]
    openings: tuple[str, ...]
    questions: tuple[str, ...]
    between: tuple[str, ...]
    variants: int
    # For each statement its wordings: in reported speech, then in direct speech; None until asked for.
    clauses: dict[Said, list[str | None]] = field(default_factory=dict)

    def begin(self, said: Said) -> list[str | None]:
        """Make room for a statement's wordings."""
        if said.statement.depth > MAX_DEPTH:
            raise BadPuzzle(f"statements are nested deeper than {MAX_DEPTH}, which no text can hold")
        if len(self.clauses) >= _KEPT:
            self.clauses.clear()
        room: list[str | None] = [None] * (2 * self.variants)
        self.clauses[said] = room
        return room

    def clause(self, said: Said, direct: bool, variant: int) -> str:
        """Return one wording of a statement."""
        if self.style == "classic":
            text = compose(said.statement, self.people, self.roles)
        else:
            # In direct speech about oneself, "varied" sometimes keeps to names; a line of dialogue never does.
            first_person = direct and (self.style == "dialogue" or variant % 4 != 3)
            text = compose(said.statement, self.people, self.roles, said.speaker if first_person else None, variant)
        return capitalised(text) if direct else text


def render(puzzle: Puzzle, seed: int = 0, style: str = "varied") -> str:
    """Return the puzzle in English; `parse` is its inverse.

    Args:
        puzzle: the puzzle.
        seed: chooses among wordings; the same seed gives the same text, on every machine.
        style: one of `STYLES`. "classic" is the form of the public data, in correct English; "dialogue" gives each
            speaker a line, as in a play; "varied" draws on many openings, frames, wordings and questions.

    Raises:
        BadPuzzle: the style is unknown, a name or role word could not be told from the other words of the text, or
            statements are nested too deep to be read.

    >>> from knk.statements import Knave, Or
    >>> puzzle = Puzzle(("Ann", "Bob"), ((0, Or(Knave(0), Knave(1))),))
    >>> print(render(puzzle, style="dialogue"))
    Here are Ann and Bob.
    """
    names = puzzle.names
    check_names(names, puzzle.roles)
    voice = _voice(style, len(names), puzzle.roles)
    # One scrambled seed serves the opening, the question and six statements; longer puzzles scramble on.
    x = mix(seed & _MASK)
    pieces = [voice.openings[(x & 0xFFFF) % len(voice.openings)]]
    question = voice.questions[(x >> 16 & 0xFF) % len(voice.questions)]
    between = voice.between[(x >> 24 & 0xFF) % len(voice.between)]
    frames, clauses, variants = voice.frames, voice.clauses, voice.variants
    state, x = x, mix(x)
    left = 64
    for said in puzzle.statements:
        if left < 8:
            state = mix(state ^ x)
            x, left = state, 64
        known = clauses.get(said)
        if known is None:
            known = voice.begin(said)
        before, after, direct = frames[(x & 0x1F) % len(frames)]
        which = (x >> 5) % variants + variants * direct
        clause = known[which]
        if clause is None:
            clause = known[which] = voice.clause(said, direct, which % variants)
        speaker = said[0]
        pieces.append(before[speaker] + clause + after[speaker])
        x >>= 8
        left -= 8
    if question:
        pieces.append(question)
    return between.join(pieces).format(*names)


@lru_cache(maxsize=256)
def _voice(style: str, people: int, roles: Roles) -> _Voice:
    """Return what is common to all texts of a style for this many people and these role words."""
    words = _slots(people, roles)
    which = 0 if people == 1 else 1

    def filled(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(text.format_map(words) for text in texts)

    if style == "classic":
        return _Voice(
            style,
            people,
            roles,
            _frames(wordings.CLASSIC_FRAMES, people),
            filled([f"{framing.CLASSIC_RULE} {framing.CLASSIC_MEETING[which]}"]),
            filled([framing.CLASSIC_QUESTION]),
            (" ",),
            1,
        )
    questions = filled([texts[which] for texts in framing.QUESTIONS])
    if style == "dialogue":
        openings = [f"{meet[which]} {rule}" for rule in framing.DIALOGUE_RULES for meet in framing.DIALOGUE_MEETINGS]
        frames = _frames(wordings.DIALOGUE_FRAMES, people)
        return _Voice(style, people, roles, frames, filled(openings), questions, ("\n",), VARIANTS)
    if style == "varied":
        openings = [f"{rule} {meet[which]}" for rule in framing.RULES for meet in framing.MEETINGS]
        frames = _frames(wordings.VARIED_FRAMES, people)
        return _Voice(style, people, roles, frames, filled(openings), questions, (" ", " ", "\n"), VARIANTS)
    raise BadPuzzle(f"there is no style {style!r}: take one of {', '.join(STYLES)}")


def _slots(people: int, roles: Roles) -> dict[str, str]:
    """Return what fills the places of an opening or a question."""
    truth, lie = roles
    names = [f"{{{person}}}" for person in range(people)]
    slots = {"names": join_words(names), "n": number_word(people), "digits": str(people)}
    for word, letters in ((truth, "TA"), (lie, "LB")):
        for letter in letters:
            slots[letter] = word
            slots[f"a{letter}"] = f"{article(word)} {word}"
            slots[f"{letter}s"] = plural(word)
            slots[f"C{letter}s"] = capitalised(plural(word))
    return slots


@lru_cache(maxsize=64)
def _frames(frames: tuple[str, ...], people: int) -> tuple[_Frame, ...]:
    made = []
    for frame in frames:
        direct = "{C}" in frame
        before, _, after = frame.partition("{C}" if direct else "{c}")
        made.append(
            _Frame(
                tuple(before.replace("{s}", f"{{{person}}}") for person in range(people)),
                tuple(after.replace("{s}", f"{{{person}}}") for person in range(people)),
                direct,
            )
        )
    return tuple(made)
