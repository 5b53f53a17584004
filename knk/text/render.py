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
from knk.logic.mixing import mix
from knk.logic.notation import MAX_DEPTH
from knk.logic.puzzle import Puzzle, Roles, Utterance
from knk.logic.statements import Statement
from knk.text import wordings
from knk.text.compose import compose
from knk.text.framing import wordings as framing
from knk.text.names import check_names
from knk.text.styles import STYLES
from knk.text.vocabulary import article, capitalised, join_words, number_word, plural

VARIANTS: Final = 8
"""Wordings of one statement that a style chooses among."""
_KEPT: Final = 65536
_MASK: Final = (1 << 64) - 1


class _Choice(NamedTuple):
    """A frame round a statement, by speaker, and which of the statement's wordings goes into it."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    wording: int


@dataclass
class _Voice:
    """All of a style that is the same for puzzles with the same role words and number of people."""

    style: str
    people: int
    roles: Roles
    choices: tuple[_Choice, ...]
    openings: tuple[str, ...]
    questions: tuple[str, ...]
    between: tuple[str, ...]
    # For each statement its wordings: in reported speech, then in direct speech; None until asked for.
    clauses: dict[Utterance, list[str | None]] = field(default_factory=dict)
    # Names known to be sound that no other name can be taken for.
    plain_names: set[str] = field(default_factory=set)

    def check(self, names: tuple[str, ...]) -> None:
        """Raise `BadPuzzle` where names or role words could not be read again."""
        check_names(names, self.roles)
        if len(self.plain_names) >= _KEPT:
            self.plain_names.clear()
        self.plain_names.update(name for name in names if name.isascii())

    def begin(self, said: Utterance) -> list[str | None]:
        """Make room for a statement's wordings."""
        if _is_deep(said.statement):
            raise BadPuzzle(f"statements are nested deeper than {MAX_DEPTH}, which no text can hold")
        if len(self.clauses) >= _KEPT:
            self.clauses.clear()
        room: list[str | None] = [None] * (2 * VARIANTS)
        self.clauses[said] = room
        return room

    def clause(self, said: Utterance, which: int) -> str:
        """Return one wording of a statement."""
        direct, variant = divmod(which, VARIANTS)
        if self.style == "classic":
            text = _composed(said.statement, self.people, self.roles)
        else:
            # In direct speech about oneself, "varied" sometimes keeps to names; a line of dialogue never does.
            first_person = direct and (self.style == "dialogue" or variant % 4 != 3)
            # Whoever is not spoken of has no say in it: so one wording serves all speakers.
            me = said.speaker if first_person and said.speaker in said.statement.people else None
            text = _composed(said.statement, self.people, self.roles, me, variant, polite=self.style == "varied")
        self.clauses[said][which] = text = capitalised(text) if direct else text
        return text


_composed = lru_cache(maxsize=65536)(compose)


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

    >>> from knk.logic.statements import Knave, Or
    >>> puzzle = Puzzle(("Ann", "Bob"), ((0, Or(Knave(0), Knave(1))),))
    >>> print(render(puzzle, style="dialogue"))
    These people are speaking: Ann and Bob. Whoever lives here is a knight (always truthful) or a knave (always lying).
    Ann: "Either I or Bob is a knave."
    Decide for each of them: a knight or a knave?
    """
    names = puzzle.names
    voice = _voice(style, len(names), puzzle.roles)
    if not voice.plain_names.issuperset(names):
        voice.check(names)
    # One scrambled seed serves the opening, the question and five statements; longer puzzles take more.
    x = mix(seed & _MASK)
    noise = x.to_bytes(8, "little")
    if len(puzzle.statements) > 5:
        noise += _more_noise(x, len(puzzle.statements) - 5)
    openings, questions, between = voice.openings, voice.questions, voice.between
    pieces = [openings[(x & 0x3FF) % len(openings)]]
    clauses, choices = voice.clauses, voice.choices
    for said, byte in zip(puzzle.statements, noise[3:], strict=False):
        before, after, which = choices[byte]
        known = clauses.get(said) or voice.begin(said)
        clause = known[which] or voice.clause(said, which)
        speaker = said[0]
        pieces.append(before[speaker] + clause + after[speaker])
    pieces.append(questions[(x >> 10 & 0xFF) % len(questions)])
    return between[(x >> 18 & 0x3F) % len(between)].join(pieces).format(*names)


def _more_noise(x: int, size: int) -> bytes:
    """Return at least `size` bytes that follow from a scrambled number."""
    noise = b""
    while len(noise) < size:
        x = mix(x)
        noise += x.to_bytes(8, "little")
    return noise


def _is_deep(statement: Statement) -> bool:
    """Whether a statement is nested deeper than a text can hold, found without recursion."""
    level: list[Statement] = [statement]
    depth = -1
    while level and depth <= MAX_DEPTH:
        level = [part for outer in level for part in outer.parts]
        depth += 1
    return depth > MAX_DEPTH


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
            _choices(wordings.CLASSIC_FRAMES, people),
            filled([f"{framing.CLASSIC_RULE} {framing.CLASSIC_MEETING[which]}"]),
            filled([framing.CLASSIC_QUESTION]),
            (" ",),
        )
    questions = filled([texts[which] for texts in framing.QUESTIONS])
    if style == "dialogue":
        openings = [f"{meet[which]} {rule}" for rule in framing.DIALOGUE_RULES for meet in framing.DIALOGUE_MEETINGS]
        choices = _choices(wordings.DIALOGUE_FRAMES, people)
        return _Voice(style, people, roles, choices, filled(openings), questions, ("\n",))
    if style == "varied":
        openings = [f"{rule} {meet[which]}" for rule in framing.RULES for meet in framing.MEETINGS]
        choices = _choices(wordings.VARIED_FRAMES, people)
        return _Voice(style, people, roles, choices, filled(openings), questions, (" ", " ", "\n"))
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
def _choices(frames: tuple[str, ...], people: int) -> tuple[_Choice, ...]:
    """Return what each of the 256 values of a byte chooses."""
    made = []
    for frame in frames:
        direct = "{C}" in frame
        before, _, after = frame.partition("{C}" if direct else "{c}")
        sides = [tuple(side.replace("{s}", f"{{{person}}}") for person in range(people)) for side in (before, after)]
        made.append((sides[0], sides[1], direct * VARIANTS))
    chosen = ((*made[(byte >> 3) * len(made) // 32], byte % VARIANTS) for byte in range(256))
    return tuple(_Choice(before, after, first + variant) for before, after, first, variant in chosen)
