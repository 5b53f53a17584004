"""A reader of explanations: every claim is read back from its words and checked against the puzzle."""

import re
from collections.abc import Iterable, Iterator
from itertools import product

from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution
from knk.logic.statements import Knave, Knight, Statement
from knk.proofs.steps import Trace
from knk.text.explain import Claim, Sentence
from knk.text.parse import read_statement
from knk.text.vocabulary import plural

Known = dict[int, bool]


class ClaimReader:
    """Reads an explanation sentence by sentence and checks each claim against the puzzle.

    `known` has the roles that are established, supposed or tried so far; `before` the open suppositions, each with the
    roles known before it; `tried` everybody's roles in each try; `is_broken` is set once a contradiction was shown.
    """

    def __init__(self, puzzle: Puzzle) -> None:
        self.puzzle = puzzle
        self.names = puzzle.names
        self.known: Known = {}
        self.before: list[tuple[int, bool, Known]] = []
        self.tried: list[Known] = []
        self.is_broken = False
        words = [*self.names, *puzzle.roles, *map(plural, puzzle.roles), "true", "false"]
        self.claim_words = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b", re.IGNORECASE)

    def read(self, sentence: Sentence) -> None:
        """Read a sentence and confirm all it claims."""
        for piece in sentence.pieces:
            if isinstance(piece, str):
                assert not self.claim_words.search(piece), f"{piece!r} makes a claim"
            else:
                getattr(self, f"read_{piece.kind}".replace(" ", "_"))(piece)
                self.is_broken = self.is_broken or self.shows_contradiction(piece)

    def shows_contradiction(self, claim: Claim) -> bool:
        """Whether a claim shows a contradiction: a statement has a value that its speaker's role rules out."""
        if claim.extra or claim.roles or claim.kind not in ("by value", "paradox"):
            return False
        return (
            claim.kind == "paradox"
            or self.known.get(self.puzzle.statements[claim.utterance].speaker) is not claim.value
        )

    # Reading.

    def statement(self, text: str, speaker: int | None = None) -> Statement:
        """The statement of a clause; "must be" and "were" are read as "is"."""
        plain = re.sub(r"\bmust (both|all) be\b", r"are \1", re.sub(r"\bmust be\b|\bwere\b", "is", text))
        return read_statement(plain, self.names, self.puzzle.roles, speaker)

    def roles(self, text: str) -> Known:
        """The roles that a clause gives."""

        def atoms(statement: Statement) -> Iterator[Statement]:
            for part in statement.parts:
                yield from atoms(part)
            if not statement.parts:
                yield statement

        result: Known = {}
        for atom in atoms(self.statement(text)):
            assert isinstance(atom, Knight | Knave), text
            result[atom.person] = isinstance(atom, Knight)
        return result

    def truth(self, text: str) -> bool:
        """The truth value that a word names."""
        assert text in ("true", "false"), text
        return text == "true"

    def all_roles(self, known: Known) -> list[Solution]:
        """All assignments with these roles."""
        return list(product(*([known[p]] if p in known else [False, True] for p in range(len(self.names)))))

    def always(self, statement: Statement, known: Known, value: bool) -> bool:
        """Whether these roles alone give a statement this value."""
        return {bool(statement.value(roles, True)) for roles in self.all_roles(known)} == {value}

    # One method for each kind of claim.

    def read_quoted(self, claim: Claim) -> None:
        speaker, content = self.puzzle.statements[claim.utterance]
        name = re.escape(self.names[speaker])
        indirect = re.fullmatch(rf"(?:{name} (?:says|claims|tells us) that|[Aa]ccording to {name},) (.*)", claim.text)
        direct = re.fullmatch(rf'{name} (?:says|claims|tells us), "(.*)"', claim.text)
        assert (indirect is None) != (direct is None), claim.text
        assert self.statement((indirect or direct)[1], speaker if direct else None) == content  # type: ignore[index]

    def read_known(self, claim: Claim) -> None:
        roles = self.roles(claim.text)
        assert roles == dict(claim.roles)
        assert roles.items() <= self.known.items(), claim.text

    def read_open(self, claim: Claim) -> None:
        names = re.split(r", and |, | and ", claim.text)
        assert names == [name for p, name in enumerate(self.names) if p not in self.known]

    def read_name(self, claim: Claim) -> None:
        assert claim.text in self.names

    def read_follows(self, claim: Claim) -> None:
        inferred = self.roles(claim.text)
        speaker, content = self.puzzle.statements[claim.utterance]
        possible = [roles for roles in self.all_roles(self.known) if roles[speaker] == bool(content.value(roles, True))]
        assert possible, "no roles fit, so that anything would follow"
        assert all(roles[p] == knight for roles in possible for p, knight in inferred.items()), claim.text
        self.known.update(inferred)

    def read_supposed(self, claim: Claim) -> None:
        ((person, knight),) = self.roles(claim.text).items()
        assert person not in self.known
        self.before.append((person, knight, dict(self.known)))
        self.known[person] = knight
        self.is_broken = False

    def read_tried(self, claim: Claim) -> None:
        assert self.is_broken or not self.tried, "no contradiction was shown"
        self.known = self.roles(claim.text)
        assert self.known == dict(claim.roles)
        assert self.known.keys() == set(range(len(self.names)))
        assert self.known not in self.tried, "tried before"
        self.tried.append(self.known)
        self.is_broken = False

    def read_retracted(self, claim: Claim) -> None:
        assert self.is_broken, "no contradiction was shown"
        person, knight, self.known = self.before.pop()
        assert self.roles(claim.text) == {person: not knight}
        self.known[person] = not knight
        self.is_broken = False

    def read_abandoned(self, claim: Claim) -> None:
        assert claim.text == ""
        _, _, self.known = self.before.pop()

    def read_by_role(self, claim: Claim) -> None:
        if claim.utterance < 0:
            self.read_verdicts(claim.text)
            return
        speaker, content = self.puzzle.statements[claim.utterance]
        if claim.statement is content:
            assert self.truth(claim.text) is claim.value is self.known[speaker]
        else:
            assert not self.known[speaker]
            people = len(self.names)
            assert self.statement(claim.text).table(people) ^ content.table(people) == (1 << (1 << people)) - 1

    def read_verdicts(self, text: str) -> None:
        values: Known = {}
        for names, word in re.findall(r"what (.+?) says? is (true|false)", text):
            values |= {self.names.index(name): word == "true" for name in re.split(r", and |, | and ", names)}
        assert values == {speaker: self.known[speaker] for speaker, _ in self.puzzle.statements}
        assert all(self.always(content, self.known, values[speaker]) for speaker, content in self.puzzle.statements)

    def read_by_value(self, claim: Claim) -> None:
        if claim.roles:
            assert self.roles(claim.text) == dict(claim.roles) == dict(claim.extra)
            return
        content = self.puzzle.statements[claim.utterance].statement
        assert self.always(content, self.known | dict(claim.extra), self.truth(claim.text)), claim

    def read_law(self, claim: Claim) -> None:
        match = re.fullmatch(r"an? (.+) never says anything (true|false)", claim.text)
        assert match
        assert self.puzzle.roles.index(match[1]) == (0 if match[2] == "false" else 1)

    def read_paradox(self, claim: Claim) -> None:
        speaker, content = self.puzzle.statements[claim.utterance]
        match = re.fullmatch(r"this would be false if (.+) and true if (.+)", claim.text)
        assert match
        assert (self.roles(match[1]), self.roles(match[2])) == ({speaker: True}, {speaker: False})
        for knight in (True, False):
            assert speaker not in self.known
            assert self.always(content, self.known | dict(claim.extra) | {speaker: knight}, not knight)


def read_all(puzzle: Puzzle, pieces: Iterable[Sentence]) -> ClaimReader:
    """Read sentences and confirm each."""
    reader = ClaimReader(puzzle)
    for sentence in pieces:
        reader.read(sentence)
    return reader


def confirm(proof: Trace, pieces: Iterable[Sentence]) -> None:
    """Read an explanation and confirm that it is true throughout, and complete."""
    reader = read_all(proof.puzzle, pieces)
    assert not reader.before
    assert not (reader.tried and reader.is_broken)
    assert reader.known == dict(enumerate(proof.solution))
