"""What an explanation is made of: sentences, and the claims in them, each with its meaning beside its words."""

from __future__ import annotations

from typing import Literal, NamedTuple

from knk.logic.statements import Statement

Role = tuple[int, bool]
"""A person, and whether they are a knight."""
ClaimKind = Literal[
    "quoted",  # the speaker says `statement`
    "known",  # these roles are known at this point
    "open",  # no role of these people is known at this point
    "follows",  # these roles follow from the utterance and what is known, and are known from here on
    "supposed",  # this role is supposed from here on
    "tried",  # everybody has these roles, from here to the next try
    "retracted",  # the opposite of the last supposition, which is dropped
    "abandoned",  # the last supposition is dropped, and nothing follows
    "by role",  # `statement` is true or false because of its speaker's role
    "by value",  # `statement` is true or false by the roles known at this point
    "law",  # nobody of this role says anything true, or false
    "paradox",  # the utterance would be false from a knight and true from a knave
    "name",  # somebody's name; nothing is claimed
]


class Claim(NamedTuple):
    """A piece of a sentence that states something.

    Args:
        text: the words.
        kind: the kind of claim, which decides what makes it true.
        roles: the roles that it is about.
        extra: roles that it assumes for itself alone, besides the known ones.
        utterance: the utterance that it is about or rests on, an index of `puzzle.statements`, or -1.
        statement: the statement that it makes or evaluates.
        value: the truth value that it gives the statement.
    """

    text: str
    kind: ClaimKind
    roles: tuple[Role, ...] = ()
    extra: tuple[Role, ...] = ()
    utterance: int = -1
    statement: Statement | None = None
    value: bool = True


class Sentence(NamedTuple):
    """One move of an explanation: a sentence, or a few that belong together.

    Args:
        pieces: its words in order, claims among them.
        opens: whether it begins a paragraph.
    """

    pieces: tuple[str | Claim, ...]
    opens: bool = False

    @property
    def text(self) -> str:
        """The words."""
        return "".join([piece if isinstance(piece, str) else piece.text for piece in self.pieces])
