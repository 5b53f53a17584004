"""Proofs put into English: `explain`, from the steps of `knk.trace` to prose.

Prose is made of sentences, and a sentence of pieces: claims, each made in one place with what it claims beside it, and
the thread between them, which claims nothing. `sentences` gives the pieces, so that every claim can be read back and
tried against the proof; `explain` joins them. Choices follow from the seed by the arithmetic of `knk.text.compose`, so
that a text is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeVar

from knk.errors import BadPuzzle
from knk.logic.mixing import mix
from knk.logic.puzzle import Puzzle, Roles
from knk.logic.statements import Not, Statement
from knk.proofs.trace import (
    Contradiction,
    Follows,
    Retract,
    Step,
    Suppose,
    Trace,
    consequences,
)
from knk.text.compose import compose
from knk.text.explain import wordings
from knk.text.explain.wordings import Wordings
from knk.text.names import check_names
from knk.text.vocabulary import article, capitalised, join_words, plural

STYLES: Final = ("brief", "long", "answer-only", "shuffled", "filler")
"""What `explain` can write: two kinds of explanation, and three controls for experiments."""

T = TypeVar("T")
Role = tuple[int, bool]
Kind = Literal[
    "quoted",  # `said` is what `name` says
    "known",  # these roles are known here
    "open",  # nobody of these has a role that is known here
    "follows",  # these roles follow from `said` and what is known here, and are known from here on
    "supposed",  # this role is supposed from here on
    "retracted",  # the opposite of what was supposed last, which is supposed no more
    "tried no more",  # what was supposed last is supposed no more
    "told",  # `said` is true or false because its speaker is what they are
    "valued",  # `statement` is true or false by the roles known here
    "law",  # nobody of this role says anything true, or false
    "crossed",  # `said` would be false from a knight and true from a knave
    "name",  # somebody's name, of whom nothing is claimed
]
_FILLER: Final = sorted((len(text.split()), text) for text in wordings.FILLER)
_MASK: Final = (1 << 64) - 1
_SLOT: Final = re.compile(r"\{(\w+)\}")
_VARIANTS: Final = 8
_LONG_TRY: Final = 6
"""Steps that a try which comes to nothing may have."""
_LONG_LIST: Final = 12
"""People up to whom a recapitulation names everybody."""
_MANY: Final = 4
"""Roles from which on those who share one are named together."""


class Claim(NamedTuple):
    """A piece of a sentence that says something.

    Args:
        text: the words.
        kind: what sort of claim it is, and so what makes it true.
        roles: the roles that it is about.
        extra: roles that it takes on trial, for itself alone, over those known.
        said: the statement that it is about or rests on, by its place in `puzzle.statements`, or -1.
        statement: the statement that it makes or values.
        value: whether it finds that true.
    """

    text: str
    kind: Kind
    roles: tuple[Role, ...] = ()
    extra: tuple[Role, ...] = ()
    said: int = -1
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


def explain(trace: Trace, style: str = "brief", seed: int = 0) -> str:
    """Return a proof in English, ending with the answer, one numbered line a person.

    Args:
        trace: the proof, one that `check` passes.
        style: one of `STYLES`. "brief" is a proof as in a textbook; "long" thinks aloud, tries, checks and goes back;
            "answer-only" gives the answer alone; "shuffled" has the sentences of "long" out of order; "filler" has as
            many words as "long", and says nothing with them.
        seed: chooses among wordings; the same seed gives the same text, on every machine.

    Raises:
        BadPuzzle: the style is unknown, or a name or role word could not be told from the other words of a text.

    >>> from knk.logic.notation import decode
    >>> from knk.proofs.trace import trace
    >>> print(explain(trace(decode("Ann,Bob 0:-1 1:&(-0,-1)")), seed=4))
    Bob tells us, "Ann is a knave and I am a knave". If Bob were a knight, this would be false, but a knight never says
    anything false. So Bob is a knave. That makes the statement false, and Ann is a knight.
    <BLANKLINE>
    With these roles, what Ann says is true, and what Bob says is false, as it has to be.
    <BLANKLINE>
    (1) Ann is a knight
    (2) Bob is a knave
    """
    if style not in STYLES:
        raise BadPuzzle(f"there is no style {style!r}: take one of {', '.join(STYLES)}")
    answer = _answer(trace)
    if style == "answer-only":
        return answer
    pieces = sentences(trace, "brief" if style == "brief" else "long", seed)
    if style == "shuffled":
        pieces = [sentence._replace(opens=False) for sentence in _shuffled(pieces, _Choice(seed))]
    body = _joined(pieces)
    if style == "filler":
        body = _filler(len(body.split()), _Choice(seed))
    return f"{body}\n\n{answer}"


def sentences(trace: Trace, style: str = "brief", seed: int = 0) -> list[Sentence]:
    """Return the sentences of an explanation, in pieces, without the answer at its end.

    Args:
        trace: the proof.
        style: "brief" or "long".
        seed: chooses among wordings.

    Raises:
        BadPuzzle: a name or role word could not be told from the other words of a text.

    >>> from knk.logic.notation import decode
    >>> from knk.proofs.trace import trace
    >>> first = sentences(trace(decode("Ann,Bob 0:&(-0,-1)")))[0]
    >>> [piece.kind for piece in first.pieces if not isinstance(piece, str)]
    ['quoted', 'valued', 'valued', 'law', 'follows']
    """
    check_names(trace.puzzle.names, trace.puzzle.roles)
    writer = _LongWriter(trace, seed) if style == "long" else _Writer(trace, seed)
    writer.write()
    return writer.sentences


def _answer(trace: Trace) -> str:
    named = enumerate(zip(trace.puzzle.names, trace.solution, strict=True), 1)
    return "\n".join([f"({n}) {name} is {_a(trace.puzzle.roles, knight)}" for n, (name, knight) in named])


def _joined(pieces: Iterable[Sentence]) -> str:
    words: list[str] = []
    for sentence in pieces:
        if words:
            words.append("\n\n" if sentence.opens else " ")
        words.append(sentence.text)
    return "".join(words)


def _shuffled(items: Sequence[T], choice: _Choice) -> list[T]:
    left = list(items)
    for place in range(len(left) - 1, 0, -1):
        other = choice.below(place + 1)
        left[place], left[other] = left[other], left[place]
    return left


def _filler(words: int, choice: _Choice) -> str:
    chosen: list[str] = []
    while words:
        size, sentence = choice.pick(_FILLER if words > _FILLER[-1][0] else [one for one in _FILLER if one[0] <= words])
        chosen.append(sentence)
        words -= size
    return " ".join(chosen)


class _Choice:
    def __init__(self, seed: int) -> None:
        self._state = mix(seed & _MASK)

    def below(self, bound: int) -> int:
        self._state = mix(self._state)
        return (self._state >> 32) % bound

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]


# Words.


@lru_cache(maxsize=65536)
def _clause(statement: Statement, people: int, roles: Roles, me: int | None, variant: int) -> str:
    return compose(statement, people, roles, me, variant)


@lru_cache(maxsize=1024)
def _a(roles: Roles, knight: bool) -> str:
    word = roles[0 if knight else 1]
    return f"{article(word)} {word}"


@lru_cache(maxsize=4096)
def _cut(template: str) -> tuple[str, ...]:
    """Return a template cut into threads and slots, by turns."""
    return tuple(_SLOT.split(template))


# Writing.


class _Group(NamedTuple):
    """Roles that follow from one statement at once."""

    said: int
    using: tuple[int, ...]
    roles: tuple[Role, ...]


class _Writer:
    """Writes a proof as in a textbook."""

    follows_wordings: Mapping[str, Wordings] = wordings.FOLLOWS
    contradiction_wordings: Mapping[str, Wordings] = wordings.CONTRADICTION

    def __init__(self, trace: Trace, seed: int) -> None:
        self.trace = trace
        self.puzzle: Puzzle = trace.puzzle
        self.names = self.puzzle.names
        self.choice = _Choice(seed)
        self.known: dict[int, bool] = {}
        self.supposed: list[Role] = []
        self.sentences: list[Sentence] = []
        self.opens = False  # Whether the next sentence begins a paragraph.

    def write(self) -> None:
        """Write the whole proof."""
        self.line(self.trace.steps)
        self.verify()

    def line(self, steps: Sequence[Step]) -> None:
        """Write the steps of one line of argument."""
        at = 0
        while at < len(steps):
            step = steps[at]
            if isinstance(step, Follows):
                end = at
                while end < len(steps) and isinstance(steps[end], Follows) and steps[end].said == step.said:  # type: ignore[union-attr]
                    end += 1
                self.follow([one for one in steps[at:end] if isinstance(one, Follows)])
                at = end
                continue
            match step:
                case Suppose():
                    self.suppose(step)
                case Retract():
                    self.retract(step)
                case Contradiction():
                    self.contradict(step)
            at += 1

    # Sentences.

    def say(self, options: Wordings, slots: Mapping[str, Claim], opens: bool = False) -> None:
        """Write one of the wordings, its slots filled."""
        cut = _cut(self.choice.pick(options))
        pieces: list[str | Claim] = []
        for place, word in enumerate(cut):
            if not place % 2:
                if word:
                    pieces.append(word)
            elif word[0].isupper():
                claim = slots[word.lower()]
                pieces.append(claim._replace(text=capitalised(claim.text)))
            else:
                pieces.append(slots[word])
        self.sentences.append(Sentence(tuple(pieces), opens or self.opens))
        self.opens = False

    def follow(self, steps: Sequence[Follows]) -> None:
        """Write what follows from one statement: the speaker's role first, as the rest is then plainer."""
        said = steps[0].said
        speaker = self.puzzle.statements[said].speaker
        mine = [step for step in steps if step.person == speaker]
        others = [step for step in steps if step.person != speaker]
        for step in mine:
            self.follow_group(_Group(said, step.using, ((step.person, step.knight),)), again=False)
        if speaker in self.known and others:
            using = {person for step in others for person in step.using}
            roles = tuple((step.person, step.knight) for step in others)
            self.follow_group(_Group(said, tuple(sorted(using)), roles), again=bool(mine))
        elif others:
            for step in others:
                self.follow_group(_Group(said, step.using, ((step.person, step.knight),)), again=False)

    def follow_group(self, group: _Group, again: bool) -> None:
        """Write why these roles follow."""
        speaker = self.puzzle.statements[group.said].speaker
        since = tuple((person, self.known[person]) for person in group.using if person != speaker)
        slots = {
            "says": self.says(group.said),
            "s": self.name(speaker),
            "so": self.roles_claim("follows", group.roles, said=group.said),
            "must": self.roles_claim("follows", group.roles, said=group.said, be="must be"),
        }
        if since:
            slots["since"] = self.roles_claim("known", since)
        if speaker in self.known:
            kind = self.told(group.said, slots, again)
        elif group.roles[0][0] == speaker:
            kind = self.by_value(group, slots) or self.by_itself(group, slots)
        else:
            kind = "either"
            person, knight = group.roles[0]
            self.trial(slots, (person, not knight))
            slots["crossed"] = self.crossed(group.said, ((person, not knight),))
        if since and kind != "value":
            kind += " since"
        self.say(self.follows_wordings[kind], slots)
        self.known.update(group.roles)
        self.sentences_after(group, slots)

    def sentences_after(self, group: _Group, slots: Mapping[str, Claim]) -> None:
        """Write what may be added to what follows."""

    def told(self, said: int, slots: dict[str, Claim], again: bool) -> str:
        """Fill the slots for a statement that is true or false because its speaker is what they are."""
        speaker = self.puzzle.statements[said].speaker
        true = self.known[speaker]
        slots["srole"] = self.roles_claim("known", ((speaker, true),))
        slots["t"] = self.truth("told", said, true)
        slots["f"] = self.truth("valued", said, not true)
        return "again" if again else "told"

    def by_value(self, group: _Group, slots: dict[str, Claim]) -> str:
        """Fill the slots for a statement whose truth the known roles decide; return "" where they do not."""
        content = self.puzzle.statements[group.said].statement
        (_, knight), using = group.roles[0], {who: self.known[who] for who in group.using}
        if not self.decided(content, using, knight):
            return ""
        slots["t"] = self.truth("valued", group.said, knight)
        return "value" if group.using else "value always"

    def by_itself(self, group: _Group, slots: dict[str, Claim]) -> str:
        """Fill the slots for a speaker who could not say this in the other role."""
        person, knight = group.roles[0]
        other = (person, not knight)
        self.trial(slots, other)
        slots["t"] = self.truth("valued", group.said, knight, (other,))
        word = "true" if knight else "false"
        law = f"{_a(self.puzzle.roles, not knight)} never says anything {word}"
        slots["law"] = Claim(law, "law", roles=((-1, not knight),), value=knight)
        return "self"

    def decided(self, content: Statement, known: Mapping[int, bool], value: bool) -> bool:
        """Whether known roles alone give a statement this value."""
        people = content.people
        if not people <= known.keys() and len(people - known.keys()) > _LONG_LIST:
            return False
        return _decided(content, tuple(sorted((p, known[p]) for p in people if p in known))) is value

    def contradict(self, step: Contradiction) -> None:
        """Write why what somebody says does not fit."""
        speaker = self.puzzle.statements[step.said].speaker
        since = tuple((person, self.known[person]) for person in step.using if person != speaker)
        slots = {"says": self.says(step.said), "s": self.name(speaker)}
        if since:
            slots["since"] = self.roles_claim("known", since)
        if speaker in self.known:
            kind = self.told(step.said, slots, again=False)
        else:
            # There is a `since`: what nobody could say whoever is what is said in no puzzle that has a solution.
            kind = "either"
            slots["crossed"] = self.crossed(step.said, ())
        self.say(self.contradiction_wordings[f"{kind} since" if since else kind], slots)

    def suppose(self, step: Suppose) -> None:
        """Write a supposition and what comes of it."""
        role = (step.person, step.knight)
        slots = {"supposed": self.roles_claim("supposed", (role,)), "s": self.name(step.person)}
        self.open_supposition(slots)
        before = dict(self.known)
        self.supposed.append(role)
        self.known[step.person] = step.knight
        self.line(step.steps)
        self.supposed.pop()
        self.known = before

    def open_supposition(self, slots: dict[str, Claim]) -> None:
        """Write that something is supposed."""
        self.say(wordings.SUPPOSE_WITHIN if self.supposed else wordings.SUPPOSE, slots, opens=not self.supposed)

    def retract(self, step: Retract) -> None:
        """Write what is known now that a supposition has failed."""
        role = ((step.person, step.knight),)
        slots = {
            "so": self.roles_claim("retracted", role),
            "must": self.roles_claim("retracted", role, be="must be"),
        }
        if self.supposed:
            slots["given"] = self.roles_claim("known", tuple(self.supposed))
        self.close_supposition(slots)
        self.known[step.person] = step.knight

    def close_supposition(self, slots: dict[str, Claim]) -> None:
        """Write that a supposition has failed."""
        self.say(wordings.RETRACT_WITHIN if self.supposed else wordings.RETRACT, slots)

    def verify(self) -> None:
        """Write that every statement fits."""
        self.say(wordings.VERIFIED, {"told": self.all_told()}, opens=True)

    # Claims.

    def clause(self, statement: Statement, me: int | None = None) -> str:
        """Return a statement in English, in the words of `me` if given."""
        variant = self.choice.below(_VARIANTS)
        return _clause(statement, len(self.names), self.puzzle.roles, me, variant).format(*self.names)

    def name(self, person: int) -> Claim:
        """Return somebody's name."""
        return Claim(self.names[person], "name", roles=((person, True),))

    def says(self, said: int) -> Claim:
        """Return the claim that somebody says something."""
        speaker, content = self.puzzle.statements[said]
        if speaker in content.people:
            clause = capitalised(self.clause(content, speaker))
            text = self.choice.pick(wordings.SAYS_OF_ONESELF).format(s=self.names[speaker], C=clause)
        else:
            text = self.choice.pick(wordings.SAYS).format(s=self.names[speaker], c=self.clause(content))
        return Claim(text, "quoted", said=said, statement=content)

    def roles_claim(self, kind: Kind, roles: tuple[Role, ...], said: int = -1, be: str = "") -> Claim:
        """Return the claim that people have these roles."""
        return Claim(self.roles_text(roles, be), kind, roles=roles, said=said)

    def roles_text(self, roles: Sequence[Role], be: str = "") -> str:
        """Return people's roles as a clause; those who share one are named together where they are many."""
        if len(roles) == 1:
            ((person, knight),) = roles
            return f"{self.names[person]} {be or 'is'} {_a(self.puzzle.roles, knight)}"
        kinds = {knight for _, knight in roles}
        if len(kinds) == 2 and len(roles) < _MANY:
            return join_words([f"{self.names[p]} {be or 'is'} {_a(self.puzzle.roles, knight)}" for p, knight in roles])
        clauses = []
        for knight in (True, False):
            group = [p for p, role in roles if role is knight]
            if group:
                clauses.append(self.together(group, knight, be))
        return ", and ".join(clauses)

    def together(self, group: Sequence[int], knight: bool, be: str) -> str:
        """Return that all of a group have one role."""
        if len(group) == 1:
            return f"{self.names[group[0]]} {be or 'is'} {_a(self.puzzle.roles, knight)}"
        whole = "both" if len(group) == 2 else "all"
        verb = be.replace(" ", f" {whole} ") if be else f"are {whole}"
        return f"{join_words([self.names[p] for p in group])} {verb} {plural(self.puzzle.roles[0 if knight else 1])}"

    def truth(self, kind: Kind, said: int, value: bool, extra: tuple[Role, ...] = ()) -> Claim:
        """Return the claim that a statement is true or false."""
        content = self.puzzle.statements[said].statement
        return Claim("true" if value else "false", kind, said=said, statement=content, value=value, extra=extra)

    def trial(self, slots: dict[str, Claim], role: Role) -> None:
        """Fill the slots for a role that is tried within one sentence."""
        person, knight = role
        a = _a(self.puzzle.roles, knight)
        slots["were"] = Claim(f"{self.names[person]} were {a}", "valued", roles=(role,), extra=(role,))
        slots["now"] = Claim(f"{self.names[person]} is {a}", "valued", roles=(role,), extra=(role,))

    def crossed(self, said: int, extra: tuple[Role, ...]) -> Claim:
        """Return the claim that a statement would be false from a knight and true from a knave."""
        speaker, content = self.puzzle.statements[said]
        knight, knave = (_a(self.puzzle.roles, role) for role in (True, False))
        name = self.names[speaker]
        text = f"this would be false if {name} were {knight} and true if {name} were {knave}"
        return Claim(text, "crossed", said=said, statement=content, extra=extra)

    def all_told(self) -> Claim:
        """Return the claim that everybody's statements are what they have to be."""
        speakers = sorted({speaker for speaker, _ in self.puzzle.statements})
        clauses = []
        for true in (True, False):
            names = [self.names[p] for p in speakers if self.known[p] is true]
            if names:
                say = "say" if len(names) > 1 else "says"
                clauses.append(f"what {join_words(names)} {say} is {'true' if true else 'false'}")
        return Claim(", and ".join(clauses), "told", roles=tuple((p, self.known[p]) for p in speakers))


@lru_cache(maxsize=16384)
def _decided(content: Statement, known: tuple[Role, ...]) -> bool | None:
    """Return a statement's value where known roles decide it."""
    fixed = dict(known)
    open_ = sorted(content.people - fixed.keys())
    found: set[bool] = set()
    for bits in range(1 << len(open_)):
        roles = fixed | {person: bool(bits >> place & 1) for place, person in enumerate(open_)}
        found.add(bool(content.value(roles, True)))  # type: ignore[arg-type]
        if len(found) == 2:
            return None
    return found.pop()


class _LongWriter(_Writer):
    """Writes a proof as one thinks aloud."""

    follows_wordings = wordings.LONG_FOLLOWS
    contradiction_wordings = wordings.LONG_CONTRADICTION

    def __init__(self, trace: Trace, seed: int) -> None:
        super().__init__(trace, seed)
        self.told_of = 0  # How many roles the last recapitulation had.

    def write(self) -> None:
        """Write the whole proof, from what everybody says to the check at the end."""
        self.say(wordings.LONG_OPENING, {})
        for said in range(len(self.puzzle.statements)):
            self.say(wordings.LONG_HEARD, {"says": self.says(said)}, opens=not said)
        first = self.trace.steps[:1]
        self.say(wordings.LONG_AT_ONCE, {}, opens=True)
        if first and isinstance(first[0], Suppose):
            self.say(wordings.LONG_STUCK_AT_FIRST, {})
        super().write()

    def open_supposition(self, slots: dict[str, Claim]) -> None:
        """Write that something is supposed; before that, at times, a try that comes to nothing."""
        if self.supposed:
            self.say(wordings.LONG_STUCK_WITHIN, {})
            slots["given"] = self.roles_claim("known", tuple(self.supposed))
            self.say(wordings.LONG_SUPPOSE_WITHIN, slots)
            return
        if self.known:
            self.recap()
            self.say(wordings.LONG_STUCK, {})
        if not self.choice.below(2):
            self.try_in_vain()
        self.say(wordings.LONG_SUPPOSE, slots, opens=True)

    def try_in_vain(self) -> None:
        """Write a supposition that cannot be refuted, what comes of it, and that this decides nothing."""
        person = self.choice.pick([p for p in range(len(self.names)) if p not in self.known])
        role = (person, self.trace.solution[person])
        steps = consequences(self.puzzle, self.known, *role)
        if len(steps) > _LONG_TRY:
            return
        slots = {"s": self.name(person), "supposed": self.roles_claim("supposed", (role,))}
        self.say(wordings.LONG_TRY, slots, opens=True)
        before = dict(self.known)
        self.supposed.append(role)
        self.known[person] = role[1]
        self.line(steps)
        self.supposed.pop()
        fitted = len(self.known) == len(self.names)
        self.known = before
        ended = wordings.LONG_TRY_FITTED if fitted else wordings.LONG_TRY_FAILED if steps else wordings.LONG_TRY_NOTHING
        self.say(ended, {})
        sentence = self.sentences[-1]
        self.sentences[-1] = Sentence((*sentence.pieces, Claim("", "tried no more", roles=(role,))))

    def told(self, said: int, slots: dict[str, Claim], again: bool) -> str:
        """Fill the slots for a statement that is true or false because its speaker is what they are."""
        kind = super().told(said, slots, again)
        content = self.puzzle.statements[said].statement
        follows = "so" in slots and kind == "told"
        if follows and content.depth and not slots["t"].value and not isinstance(content, Not) and self.choice.below(2):
            opposite = content.negated()
            text = self.clause(opposite)
            slots["denied"] = Claim(text, "told", said=said, statement=opposite)
            return "denied"
        return kind

    def sentences_after(self, group: _Group, slots: Mapping[str, Claim]) -> None:
        """Write a second look at what follows, at times, and what is known by now."""
        if "srole" in slots and not self.choice.below(4):
            self.look_again(group, slots)
        if len(self.known) - self.told_of > 2 and len(self.known) < len(self.names):
            self.recap()

    def look_again(self, group: _Group, slots: Mapping[str, Claim]) -> None:
        """Write that the opposite of what follows would not do."""
        person, knight = group.roles[0]
        again = {"srole": slots["srole"], "so": self.roles_claim("known", group.roles[:1])}
        self.trial(again, (person, not knight))
        again["f"] = self.truth("valued", group.said, not slots["t"].value, ((person, not knight),))
        self.say(wordings.LONG_AGAIN, again)

    def recap(self) -> None:
        """Write what is known by now."""
        self.told_of = len(self.known)
        known = tuple(sorted(self.known.items()))
        if not known or len(self.names) > _LONG_LIST:
            return
        slots = {"known": self.roles_claim("known", known)}
        open_ = [p for p in range(len(self.names)) if p not in self.known]
        if self.supposed:
            self.say(wordings.LONG_RECAP_WITHIN, slots)
        elif open_:
            text = join_words([self.names[p] for p in open_])
            slots["open"] = Claim(text, "open", roles=tuple((p, True) for p in open_))
            self.say(wordings.LONG_RECAP, slots)

    def close_supposition(self, slots: dict[str, Claim]) -> None:
        """Write that a supposition has failed."""
        self.told_of = len(self.known)
        self.say(wordings.LONG_RETRACT_WITHIN if self.supposed else wordings.LONG_RETRACT, slots)
        self.opens = not self.supposed

    def verify(self) -> None:
        """Write each statement's check, with the roles that it is about."""
        known = tuple(sorted(self.known.items()))
        self.say(wordings.LONG_FOUND, {"known": self.roles_claim("known", known)}, opens=True)
        for step in self.trace.verified:
            speaker, content = self.puzzle.statements[step.said]
            slots = {
                "says": self.says(step.said),
                "s": self.name(speaker),
                "srole": self.roles_claim("known", ((speaker, self.known[speaker]),)),
                "t": self.truth("valued", step.said, step.true),
                "worked": self.roles_claim("known", tuple((p, self.known[p]) for p in sorted(content.people))),
            }
            self.say(wordings.LONG_VERIFY, slots)
        self.say(wordings.LONG_CLOSING, {})
