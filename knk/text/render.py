"""Puzzles as English: `render`, the inverse of `knk.text.parse.parse`.

A text is an opening, a sentence for each statement in order, and a question. Choices follow from the seed by integer
arithmetic, so that a text is the same on every machine and release of Python. Statements recur from puzzle to puzzle,
so their wordings are cached, with `{0}`, `{1}`, ... for the names; the names are put in last, all at once.
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
from knk.text.vocabulary import capitalised, join_words, number_word, plural, with_article

VARIANTS: Final = 8
"""Wordings of one statement that a style chooses among."""
_CACHE_SIZE: Final = 65536
_MASK: Final = (1 << 64) - 1


class _Choice(NamedTuple):
    """A frame round a statement, its two sides by speaker, and the index of the statement's wording in it."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    wording: int


@dataclass
class _Writer:
    """What all texts of a style share for puzzles with the same role words and number of people.

    Attributes:
        style: the style.
        people: the number of people.
        roles: the role words.
        choices: what each value of a random byte chooses for a statement.
        openings: the openings to choose among, with `{0}`, `{1}`, ... for names.
        questions: the questions to choose among.
        separators: what stands between sentences, to choose among.
        clauses: for each utterance its wordings, in reported speech and then in direct speech; None until needed.
        plain_names: names known to be sound that no other name can be mistaken for.
    """

    style: str
    people: int
    roles: Roles
    choices: tuple[_Choice, ...]
    openings: tuple[str, ...]
    questions: tuple[str, ...]
    separators: tuple[str, ...]
    clauses: dict[Utterance, list[str | None]] = field(default_factory=dict)
    plain_names: set[str] = field(default_factory=set)

    def check(self, names: tuple[str, ...]) -> None:
        """Raise `BadPuzzle` where names or role words could not be read again."""
        check_names(names, self.roles)
        if len(self.plain_names) >= _CACHE_SIZE:
            self.plain_names.clear()
        self.plain_names.update(name for name in names if name.isascii())

    def add(self, utterance: Utterance) -> list[str | None]:
        """Return an empty list for an utterance's wordings, and keep it."""
        if _is_deep(utterance.statement):
            raise BadPuzzle(f"a statement is nested deeper than {MAX_DEPTH} levels, too deep for a text")
        if len(self.clauses) >= _CACHE_SIZE:
            self.clauses.clear()
        texts: list[str | None] = [None] * (2 * VARIANTS)
        self.clauses[utterance] = texts
        return texts

    def clause(self, utterance: Utterance, index: int) -> str:
        """Return one wording of an utterance's statement, and keep it."""
        speaker, statement = utterance
        is_direct, variant = divmod(index, VARIANTS)
        if self.style == "classic":
            text = _compose(statement, self.people, self.roles)
        else:
            # In direct speech about oneself, "varied" sometimes keeps to names; a line of dialogue never does.
            is_first_person = is_direct and (self.style == "dialogue" or variant % 4 != 3)
            # A statement that is not about its speaker has the same wording for all speakers.
            me = speaker if is_first_person and speaker in statement.people else None
            text = _compose(statement, self.people, self.roles, me, variant, polite=self.style == "varied")
        self.clauses[utterance][index] = text = capitalised(text) if is_direct else text
        return text


_compose = lru_cache(maxsize=_CACHE_SIZE)(compose)


def render(puzzle: Puzzle, seed: int = 0, style: str = "varied") -> str:
    """Return the puzzle in English; `parse` is its inverse.

    Args:
        puzzle: the puzzle.
        seed: chooses among wordings; the same seed gives the same text, on every machine.
        style: one of `knk.text.styles.STYLES`. "classic" is the form of the public data, in correct English;
            "dialogue" gives each speaker a line, as in a play; "varied" draws on many openings, frames, wordings and
            questions.

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
    writer = _writer(style, len(names), puzzle.roles)
    if not writer.plain_names.issuperset(names):
        writer.check(names)
    # One scrambled seed serves the opening, the question and five statements; longer puzzles need more bytes.
    x = mix(seed & _MASK)
    random_bytes = x.to_bytes(8, "little")
    if len(puzzle.statements) > 5:
        random_bytes += _more_bytes(x, len(puzzle.statements) - 5)
    openings, questions, separators = writer.openings, writer.questions, writer.separators
    pieces = [openings[(x & 0x3FF) % len(openings)]]
    clauses, choices = writer.clauses, writer.choices
    for utterance, byte in zip(puzzle.statements, random_bytes[3:], strict=False):
        before, after, index = choices[byte]
        known = clauses.get(utterance) or writer.add(utterance)
        clause = known[index] or writer.clause(utterance, index)
        speaker = utterance[0]
        pieces.append(before[speaker] + clause + after[speaker])
    pieces.append(questions[(x >> 10 & 0xFF) % len(questions)])
    return separators[(x >> 18 & 0x3F) % len(separators)].join(pieces).format(*names)


def _more_bytes(x: int, size: int) -> bytes:
    """Return at least `size` bytes that follow from a scrambled number."""
    result = b""
    while len(result) < size:
        x = mix(x)
        result += x.to_bytes(8, "little")
    return result


def _is_deep(statement: Statement) -> bool:
    """Whether a statement is nested too deep for a text, without recursion."""
    level: list[Statement] = [statement]
    depth = -1
    while level and depth <= MAX_DEPTH:
        level = [part for outer in level for part in outer.parts]
        depth += 1
    return depth > MAX_DEPTH


@lru_cache(maxsize=256)
def _writer(style: str, people: int, roles: Roles) -> _Writer:
    """Return the writer of a style for this many people and these role words."""
    slots = _slots(people, roles)
    number = 0 if people == 1 else 1

    def filled(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(text.format_map(slots) for text in texts)

    if style == "classic":
        return _Writer(
            style,
            people,
            roles,
            _choices(wordings.CLASSIC_FRAMES, people),
            filled([f"{framing.CLASSIC_RULE} {framing.CLASSIC_MEETING[number]}"]),
            filled([framing.CLASSIC_QUESTION]),
            (" ",),
        )
    questions = filled([texts[number] for texts in framing.QUESTIONS])
    if style == "dialogue":
        openings = [
            f"{meeting[number]} {rule}" for rule in framing.DIALOGUE_RULES for meeting in framing.DIALOGUE_MEETINGS
        ]
        choices = _choices(wordings.DIALOGUE_FRAMES, people)
        return _Writer(style, people, roles, choices, filled(openings), questions, ("\n",))
    if style == "varied":
        openings = [f"{rule} {meeting[number]}" for rule in framing.RULES for meeting in framing.MEETINGS]
        choices = _choices(wordings.VARIED_FRAMES, people)
        return _Writer(style, people, roles, choices, filled(openings), questions, (" ", " ", "\n"))
    raise BadPuzzle(f"unknown style {style!r}: expected one of {', '.join(STYLES)}")


def _slots(people: int, roles: Roles) -> dict[str, str]:
    """Return what fills the slots of an opening or a question."""
    truth, lie = roles
    names = [f"{{{person}}}" for person in range(people)]
    slots = {"names": join_words(names), "n": number_word(people), "digits": str(people)}
    for word, letters in ((truth, "TA"), (lie, "LB")):
        for letter in letters:
            slots[letter] = word
            slots[f"a{letter}"] = with_article(word)
            slots[f"{letter}s"] = plural(word)
            slots[f"C{letter}s"] = capitalised(plural(word))
    return slots


@lru_cache(maxsize=64)
def _choices(frames: tuple[str, ...], people: int) -> tuple[_Choice, ...]:
    """Return what each of the 256 values of a byte chooses."""
    parts = []
    for frame in frames:
        is_direct = "{C}" in frame
        before, _, after = frame.partition("{C}" if is_direct else "{c}")
        sides = [tuple(side.replace("{s}", f"{{{person}}}") for person in range(people)) for side in (before, after)]
        parts.append((sides[0], sides[1], is_direct * VARIANTS))
    chosen = ((*parts[(byte >> 3) * len(parts) // 32], byte % VARIANTS) for byte in range(256))
    return tuple(_Choice(before, after, first + variant) for before, after, first, variant in chosen)
