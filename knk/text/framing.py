"""The sentences round the statements: who is here, what the two kinds do, and the question at the end.

They are tables for writing and reading alike. In a wording, `{T}` and `{L}` are the role words of those who tell the
truth and of those who lie, `{aT}` the same with its article, `{Ts}` in the plural; `{A}` and `{B}` are role words that
do not tell which is which (the first is the truth-teller's in writing); `{CTs}` begins with a capital; `{names}` is the
list of people and `{n}` their number; `[x]` may be left out and `(x|y)`
is a choice, in wordings that are only read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple, NoReturn

from knk.errors import BadText
from knk.logic.puzzle import Roles
from knk.text.tokens import QUOTE, Tokens, is_word, spelled, tokenize
from knk.text.vocabulary import NUMBER_WORDS, ROLE_PAIRS, plural

CLASSIC_RULE: Final = (
    "A very special island is inhabited only by {As} and {Bs}. {CTs} always tell the truth, and {Ls} always lie."
)
CLASSIC_MEETING: Final = ("You meet 1 inhabitant: {names}.", "You meet {digits} inhabitants: {names}.")
CLASSIC_QUESTION: Final = "So who is {aA} and who is {aB}?"

RULES: Final = (
    "On this island {aT} always tells the truth, and {aL} always lies.",
    "Everybody in this valley is either {aT}, who always tells the truth, or {aL}, who always lies.",
    "A small town is home to {Ts}, who only ever tell the truth, and {Ls}, who only ever lie.",
    "There are two kinds of people in this city: {Ts}, who always tell the truth, and {Ls}, who always lie.",
    "Remember the rule of this place: {Ts} never lie, and {Ls} never tell the truth.",
    "Every guest at the inn is {aA} or {aB}. {CTs} always tell the truth, and {Ls} always lie.",
    "In the harbour, whatever {aT} says is true, and whatever {aL} says is false.",
    "You know that {Ls} always lie and that {Ts} always tell the truth.",
    "Everything that {aT} says is true, and everything that {aL} says is false.",
    "The people of this village come in two kinds. {CTs} speak only the truth, while {Ls} speak only falsehoods.",
)
MEETINGS: Final = (
    ("You meet one person: {names}.", "You meet {n} people: {names}."),
    ("One person stands before you: {names}.", "Before you stand {names}."),
    ("One person is waiting for you: {names}.", "Waiting for you are {names}."),
    ("You come across one of them: {names}.", "You come across {n} of them: {names}."),
    ("You get talking to {names}.", "You get talking to {names}."),
    ("At the table sits {names}.", "At the table sit {names}."),
    ("Today you are with {names}.", "Today you are with {names}."),
    ("This is about one person: {names}.", "This is about {n} people: {names}."),
)
QUESTIONS: Final = (
    ("Which is it, {aA} or {aB}?", "Who is {aA}, and who is {aB}?"),
    ("Have you met {aA} or {aB}?", "Who among them is {aA}, and who is {aB}?"),
    ("Can you tell whether this is {aA} or {aB}?", "Can you tell who is {aA} and who is {aB}?"),
    ("Decide whether this is {aA} or {aB}.", "Decide for each of them: {aA} or {aB}?"),
    ("Work out whether you have met {aA} or {aB}.", "Work out who is {aA} and who is {aB}."),
    ("Say which it is: {aA} or {aB}.", "For each person, say which it is: {aA} or {aB}."),
    ("Is this {aA} or {aB}?", "Tell who is {aA} and who is {aB}."),
)
DIALOGUE_MEETINGS: Final = (
    ("Here is {names}.", "Here are {names}."),
    ("You overhear {names}.", "You overhear {names}."),
    ("One person is speaking: {names}.", "These people are speaking: {names}."),
)
DIALOGUE_RULES: Final = (
    "Everyone here is either {aT}, who always tells the truth, or {aL}, who always lies.",
    "As you know, {aT} always tells the truth, and {aL} always lies.",
    "Whoever lives here is {aT} (always truthful) or {aL} (always lying).",
)

READ_ONLY: Final = (
    # What the two kinds do.
    "[(remember|recall|you know|as you know|as always|we know|it is known)] [that] [(all|the|every|each|any|a|an)] {Ts}"
    " [(always|only|only ever)] (tell|speak) the truth",
    "[(all|the)] {Ts} [(always|only|only ever)] (tell|speak) [only] the truth [(and|while|but|whereas)] [(all|the)]"
    " {Ls}"
    " (always lie|lie|only lie|only ever lie|never tell the truth|always tell lies|tell only lies|speak only lies)",
    "[(all|the)] {Ls} always lie [(and|while|but|whereas)] [(all|the)] {Ts} always (tell|speak) the truth",
    "[(all|the)] {Ls} (always lie|lie|only lie|never tell the truth)",
    "[(all|the)] {Ts} never lie",
    "(a|an|every|each|any) {T} (always tells the truth|tells the truth|never lies|always speaks the truth)",
    "(a|an|every|each|any) {L} (always lies|lies|never tells the truth)",
    "(a|an|every|each|any) {T} (always tells the truth|tells the truth|never lies|always speaks the truth)"
    " [(and|while|but|whereas)] (a|an|every|each|any) {L} (always lies|lies|never tells the truth)",
    # Who lives here.
    "(on|in|there is|you are on|you are visiting|you visit|we are on) (an|a certain|the|this) island"
    " [(where|on which|there|whose)] [there] [(live|are|lives)] [only] [(two kinds of people|two types of people)]"
    " {Ts} who always tell the truth and {Ls} who always lie",
    "[(on|in)] [(an|a certain|the|this)] [island] there are [only] [two] [(kinds|types)] [of] [(people|inhabitants)]"
    " {Ts} who always tell the truth and {Ls} who always lie",
    "(a|an|the|this) [very] [(special|certain|small|strange)] island is (inhabited|populated|peopled) [only] by"
    " {Ts} who always tell the truth and {Ls} who always lie",
    "(a|an|the|this) [very] [(special|certain|small|strange)] island is (inhabited|populated|peopled) [only] by"
    " {As} and {Bs}",
    "on [(an|the|this|a certain)] island (live|there are|there live) [only] {As} and {Bs}",
    "(everyone|everybody|each person|each of them|every inhabitant|every islander|each inhabitant)"
    " [(here|on the island|on this island)] is [either] (a|an) {A} or (a|an) {B}",
    "(everyone|everybody|each person|each of them|every inhabitant|every islander|each inhabitant)"
    " [(here|on the island|on this island)] is [either] (a|an) {T} who [always] tells the truth or (a|an) {L}"
    " who [always] lies",
    "(a|an|the|this) [very] [(special|certain|small|strange)] island is (inhabited|populated|peopled) by only {As} and"
    " {Bs}",
    "[(on|in)] [(the|an|this)] island of {As} and {Bs} (you meet|you met|you encounter|we meet|there are) [{n}]"
    " [(inhabitants|people|islanders)] {names}",
    # Whom the puzzle is about.
    "{n} [(inhabitants|people|islanders|persons|friends)] {names} are (standing|sitting|walking|talking|here|there)"
    " [(together|in a garden|in a room|outside|on an island|on the island)]",
    "[(there|you meet|you met|you encounter|you come across|we meet|we have|there are|consider|meet|here are|suppose)]"
    " [(today|now)] {n} [of the] [(inhabitants|people|islanders|persons|of them|natives|friends|residents)]"
    " [(named|called)] {names}",
    "(you meet|you met|you encounter|we meet|meet|there are|here are|consider|you come across|you see) {names}",
    "[the] (people|inhabitants|islanders|names|participants) [(are|here are)] {names}",
    "there is {n} (inhabitant|person|islander) {names}",
    # What is asked.
    "[(so|then|now)] who is (a|an|the) {A} and who is (a|an|the) {B}",
    "[(so|then|now)] who (are|is) [the] {As} and who (are|is) [the] {Bs}",
    "[(so|then|now)] who are [the] {As}",
    "[(so|then|now)] who is (what|who|which)",
    "(what|which) is (each|each of them|each person|everyone|everybody)",
    "what are they",
    "what (is|are) {names}",
    "(determine|decide|find|find out|work out|tell|figure out|can you tell|say) who is (a|an|the) {A} and who is"
    " (a|an|the) {B}",
    "(determine|decide|find|find out|work out|tell|figure out|can you tell|say) who is (what|who|which)",
    "(determine|decide|find|find out|work out|tell|figure out|can you tell|say) (whether|if) each"
    " (person|of them|one) is (a|an) {A} or (a|an) {B}",
    "[(here is|this is)] what they [(say|said|tell you|told you)]",
    "they [(each)] (say|said|speak|tell you|told you) [(this|the following|as follows)]",
    "(each|each of them|each person) [of them] (says|speaks|makes a statement|tells you something|says something)",
)


class Role(NamedTuple):
    """A role word as a framing sentence gives it: which kind ("T", "L", or "A" and "B" where that is left open)."""

    kind: str
    plural: bool
    text: str
    begins: bool
    at: int


@dataclass
class Framing:
    """What the framing sentences of a text say, and which tokens they are."""

    spans: dict[int, int] = field(default_factory=dict)
    roles: list[Role] = field(default_factory=list)
    names: tuple[str, ...] | None = None


Captures = tuple[tuple[str, int, int], ...]
_SKIPPED: Final = frozenset(",:-()")
_ENDS: Final = frozenset(".?!;")
_STARTS_AFTER: Final = frozenset((".", "?", "!", QUOTE))
_LONGEST_ROLE: Final = 6
_LONGEST_NAME: Final = 8
_STOPS: Final = frozenset(
    "and or who which always never is are a an the tell tells lie lies only speak says speaks from i we they".split()
)


class _Node(NamedTuple):
    """A word or a slot of a wording, and what may come after it; the end of a wording has no label."""

    label: str
    follow: tuple[_Node, ...]


class _State:
    """Positions that one may have reached in several wordings at once; the states that follow are made when needed."""

    def __init__(self, nodes: Iterable[_Node]) -> None:
        self.follow: dict[str, list[_Node]] = {}
        for node in nodes:
            self.follow.setdefault(node.label, []).append(node)
        self.ends = self.follow.pop("", None) is not None
        self.slots = tuple(label for label in self.follow if label[0] == "{" and len(label) > 1)
        self.made: dict[str, _State] = {}

    def after(self, label: str) -> _State | None:
        """Return the state after a word or a slot, or None."""
        made = self.made.get(label)
        if made is None and label in self.follow:
            nodes = {id(node): node for before in self.follow[label] for node in before.follow}
            made = self.made[label] = _State(nodes.values())
        return made


_END: Final = _Node("", ())
_PIECE: Final = re.compile(r"\s*(?:([\[(])|([\])|])|(\{\w+\})|([^\s\[\]()|{}]+))")


def find_framing(tokens: Tokens) -> Framing:
    """Find every framing sentence among tokens, and what they tell.

    Raises:
        BadText: the list of people is not the same in all of them, or not as long as it is said to be.

    >>> from knk.text.tokens import tokenize
    >>> find_framing(tokenize("You meet 2 inhabitants: Ann and Bob. Ann: Bob is a knave.")).names
    ('Ann', 'Bob')
    """
    return _Finder(tokens).find()


class _Finder:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.keys = tokens.keys
        self.size = len(tokens.keys)
        self.framing = Framing()
        # Lists of names may be looked through from several starts: enough for any sound text, and bounded.
        self.budget = 20 * self.size + 10_000

    def find(self) -> Framing:
        keys, breaks = self.keys, self.tokens.breaks
        at = 0
        quoted = False
        end = 1
        while at < self.size:
            starts = end or (not quoted and (breaks[at] or keys[at - 1] in _STARTS_AFTER))
            end = self.sentence(at) if starts else 0
            quoted ^= keys[at] == QUOTE
            at = end or at + 1
        return self.framing

    def sentence(self, at: int) -> int:
        """Return where the framing sentence that starts at a place ends, or 0."""
        if self.keys[at] == "(":
            return self.instruction(at)
        if not is_word(self.keys[at]):
            return 0
        for end, captures in self.matches(_wordings(), at, ()):
            after = end + (self.key(end) == ")" and "(" in self.keys[at:end])
            if after == self.size or self.tokens.breaks[after] or self.keys[after] in _ENDS:
                after += self.key(after) in _ENDS
                self.keep(captures, at)
                self.framing.spans[at] = after
                return after
        return 0

    def key(self, at: int) -> str:
        return self.keys[at] if at < self.size else ""

    def instruction(self, at: int) -> int:
        """Return where a closing "(Format your answer like: ...)" ends, or 0: nothing may follow it."""
        if self.keys[at + 1 : at + 4] != ["format", "your", "answer"] or ")" not in self.keys[-2:]:
            return 0
        self.framing.spans[at] = self.size
        return self.size

    def matches(self, state: _State, at: int, captures: Captures) -> Iterator[tuple[int, Captures]]:
        """Find the ways in which tokens from a place on fit wordings, and where each ends: words before slots."""
        while True:
            place = at if at < self.size and self.keys[at] in state.follow else self.passed(at)
            following = state.after(self.keys[place]) if place < self.size else None
            if state.slots or state.ends:
                if following is not None:
                    yield from self.matches(following, place + 1, captures)
                for slot in state.slots:
                    following = state.after(slot)
                    assert following is not None
                    for first, end in self.fill(slot, following, at):
                        yield from self.matches(following, end, (*captures, (slot, first, end)))
                if state.ends:
                    yield at, captures
                return
            if following is None:
                return
            state, at = following, place + 1

    def passed(self, at: int) -> int:
        """Return the place after a comma, a colon or a bracket or two."""
        place = at
        while place < self.size and place < at + 2 and self.keys[place] in _SKIPPED:
            place += 1
        return place

    def fill(self, slot: str, following: _State, at: int) -> Iterator[tuple[int, int]]:
        """Find the tokens that may fill a slot."""
        at = self.passed(at)
        if at >= self.size:
            return
        if slot == "{names}":
            end = self.names_end(at, following)
            if end > at:
                yield at, end
        elif slot == "{n}":
            if _number(self.keys[at]) is not None:
                yield at, at + 1
        else:
            for end in range(at + 1, min(at + _LONGEST_ROLE, self.size) + 1):
                if self.keys[end - 1] in _STOPS or not is_word(self.keys[end - 1]):
                    return
                yield at, end

    def names_end(self, at: int, following: _State) -> int:
        """Return where a list of names ends."""
        stops = following.follow
        keys = self.keys
        end = at
        while (
            end < self.size
            and (keys[end] not in stops or keys[end] == "and")
            and (is_word(keys[end]) or keys[end] == ",")
        ):
            if end > at and self.tokens.breaks[end] and keys[end - 1] not in (",", "and"):
                break
            end += 1
        self.budget -= end - at
        if self.budget < 0:
            raise BadText("too many lists of people", self.tokens.source(at, at + 4), self.tokens.starts[at])
        return end

    def keep(self, captures: Captures, start: int) -> None:
        """Note what a sentence tells."""
        total = None
        for slot, first, end in captures:
            if slot == "{n}":
                total = _number(self.keys[first])
            elif slot == "{names}":
                self.keep_names(self.names(first, end), total, first, end)
            else:
                text = spelled(self.tokens, first, end)
                self.framing.roles.append(Role(slot[1], slot.endswith("s}"), text, first == start, first))

    def names(self, first: int, end: int) -> tuple[str, ...]:
        names = []
        begin = first
        for place in range(first, end + 1):
            if place == end or self.keys[place] in (",", "and"):
                if place > begin:
                    if place - begin > _LONGEST_NAME:
                        self.fail("a name is not that long", begin, place)
                    names.append(spelled(self.tokens, begin, place))
                begin = place + 1
        return tuple(names)

    def keep_names(self, names: tuple[str, ...], total: int | None, first: int, end: int) -> None:
        if total is not None and total != len(names):
            self.fail(f"{total} people are announced and {len(names)} named", first, end)
        if self.framing.names not in (None, names):
            self.fail("the people are listed twice, and differently", first, end)
        self.framing.names = names

    def fail(self, problem: str, first: int, end: int) -> NoReturn:
        raise BadText(problem, self.tokens.source(first, min(end, first + 12)), self.tokens.starts[first])


def resolve_roles(framing: Framing, tokens: Tokens) -> Roles | None:
    """Return the role words that the framing sentences give, or None where they give none.

    Raises:
        BadText: they give more than two, or do not say which of two unknown kinds tells the truth.

    >>> from knk.text.tokens import tokenize
    >>> tokens = tokenize(
    ...     "Knaves always tell the truth, and knights always lie. So who is a knight and who is a knave?"
    ... )
    >>> resolve_roles(find_framing(tokens), tokens)
    ('knave', 'knight')
    """
    words: dict[str, list[Role]] = {"T": [], "L": []}
    for role in framing.roles:
        if role.kind in words:
            words[role.kind].append(role)
    if not any(words.values()):
        return _known_pair(framing, tokens)
    loose = [role for role in framing.roles if role.kind not in words]
    for role in loose:
        fitting = [kind for kind in words if any(_alike(role, known) for known in words[kind][:1])]
        fitting = fitting or [kind for kind in words if not words[kind]]
        if not fitting:
            raise BadText("this kind of people is not announced", role.text, tokens.starts[role.at])
        words[fitting[0]].append(role)
    for kind, what in (("T", "tells the truth"), ("L", "lies")):
        if not words[kind]:
            raise BadText(f"the text does not say who always {what}")
    for roles in words.values():
        for role in roles:
            if not _alike(role, roles[0]):
                raise BadText("one kind has two names", role.text, tokens.starts[role.at])
    return _singular(words["T"]), _singular(words["L"])


def _known_pair(framing: Framing, tokens: Tokens) -> Roles | None:
    """Return the pair that is mentioned, where no sentence says who of them tells the truth."""
    if not framing.roles:
        return None
    for pair in ROLE_PAIRS:
        if all(any(role.text.casefold() in role_forms(word) for word in pair) for role in framing.roles):
            return pair
    role = framing.roles[0]
    raise BadText("the text does not say who always tells the truth", role.text, tokens.starts[role.at])


def role_forms(role: str) -> tuple[str, ...]:
    """Return what a role word may look like in a text: singular, plural, and the plural by a slip of the pen.

    >>> role_forms("hero")
    ('hero', 'heroes', 'heros')
    """
    return tuple(dict.fromkeys((role, plural(role), role + "s")))


def _alike(one: Role, other: Role) -> bool:
    """Whether two role words may be forms of the same."""
    ours, theirs = one.text.casefold(), other.text.casefold()
    if one.plural == other.plural:
        return ours == theirs
    single, many = (theirs, ours) if one.plural else (ours, theirs)
    return many in (plural(single), single + "s")


def _singular(roles: Sequence[Role]) -> str:
    """Return a role word in the singular, from all the places where it stands."""
    best = min(roles, key=lambda role: (role.plural, role.begins))
    text = best.text
    if best.begins and not _inside(text):
        text = text[:1].lower() + text[1:]
    if not best.plural:
        return text
    known = [word for pair in ROLE_PAIRS for word in pair]
    guesses = [word for word in known if plural(word) == text] + _stems(text)
    fitting = [word for word in guesses if word and plural(word) == text] or [
        word for word in guesses if word + "s" == text
    ]
    return fitting[0] if fitting else text


def _stems(many: str) -> list[str]:
    """Return the words of which this may be the plural, the likeliest first."""
    stems = []
    for ending, single in (("men", "man"), ("people", "person"), ("children", "child"), ("ves", "f"), ("ies", "y")):
        if many.endswith(ending):
            stems.append(many[: -len(ending)] + single)
    if many.endswith(("shes", "ches", "sses", "xes", "zes")):
        stems.append(many[:-2])
    return [*stems, many[:-1], many[:-2]]


def _inside(text: str) -> bool:
    """Whether a word has capitals within, so that its first is not just the sentence's."""
    return any(letter.isupper() for letter in text[1:])


def _number(key: str) -> int | None:
    if key in NUMBER_WORDS:
        return NUMBER_WORDS.index(key)
    return int(key) if key.isascii() and key.isdigit() and len(key) < 7 else None


# Wordings made ready for matching.


@lru_cache(maxsize=1)
def _wordings() -> _State:
    """Return the state before the first word of any wording."""
    return _State(
        [node for wording in dict.fromkeys(_sentences()) for node in _compile(_parse_wording(wording), (_END,))]
    )


def _sentences() -> Iterator[str]:
    """Iterate over all wordings, a sentence at a time, with every slot in its reader's form."""
    several = [*MEETINGS, *QUESTIONS, *DIALOGUE_MEETINGS, CLASSIC_MEETING]
    written = [*RULES, *DIALOGUE_RULES, CLASSIC_RULE, CLASSIC_QUESTION, *(text for pair in several for text in pair)]
    for text in written:
        # Brackets that are written are passed over like commas; in what is only read they have a meaning.
        plain = text.replace("(", "").replace(")", "")
        plain = re.sub(r"\{a([A-Z])\}", r"(a|an) {\1}", plain.replace("{digits}", "{n}").replace("{C", "{"))
        yield from filter(None, re.split(r"[.?](?:\s|$)", plain))
    yield from READ_ONLY


Pattern = list[Any]


def _parse_wording(wording: str) -> Pattern:
    """Return a wording as words, slots and lists of alternatives."""
    stack: list[list[Pattern]] = [[[]]]
    for opening, closing, slot, word in _PIECE.findall(wording):
        if opening:
            stack.append([[]])
        elif closing == "|":
            stack[-1].append([])
        elif closing:
            alternatives = stack.pop()
            stack[-1][-1].append([*alternatives, []] if closing == "]" else alternatives)
        else:
            stack[-1][-1].extend([slot] if slot else [key for key in tokenize(word).keys if is_word(key)])
    return stack[0][0]


def _compile(pattern: Pattern, follow: tuple[_Node, ...]) -> tuple[_Node, ...]:
    """Return the nodes that a pattern may begin with, when `follow` may come after it."""
    for piece in reversed(pattern):
        if isinstance(piece, str):
            follow = (_Node(piece, follow),)
        else:
            follow = tuple(node for alternative in piece for node in _compile(alternative, follow))
    return follow
