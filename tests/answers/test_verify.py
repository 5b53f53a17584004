"""The judge of answers: a corpus of attacks and of awkward right answers, and properties over all puzzles."""

import json
import sys
from dataclasses import FrozenInstanceError
from typing import Any, get_args

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from knk.answers.locate import MAX_ANSWER
from knk.answers.verdict import Reason, Verdict
from knk.answers.verify import verify
from knk.errors import BadPuzzle, ManySolutions, NoSolution
from knk.logic.puzzle import Puzzle
from knk.logic.statements import (
    And,
    Knave,
    Knight,
    Not,
)
from knk.text.vocabulary import NAMES, ROLE_PAIRS, article, join_words, plural
from tests.support.growth import assert_linear
from tests.support.paths import ROOT

ATTACKS = ROOT / "tests" / "support" / "attacks" / "kk.jsonl"
LINES = [json.loads(line) for line in ATTACKS.read_text(encoding="utf-8").splitlines()]
CAST = {line["puzzle"]: line for line in LINES if "names" in line}
CASES = [line for line in LINES if "names" not in line]

Roles = tuple[bool, ...]
Asked = tuple[Puzzle, Roles]
ODD_NAMES = (
    "Mary-Jane",
    "Mary",
    "José",
    "O'Shea",
    "Jack",
    "Jackson",
    "Mary Lou",
    "Dr. Okoro",
    "Cliff",
    "May",
    "A",
    "Li",
)


def judged(completion: str, asked: Asked) -> Verdict:
    """The verdict where the solution is known."""
    puzzle, solution = asked
    return verify(completion, puzzle, solution=solution)


def in_tags(answer: str) -> str:
    """The answer as a model gives it that was told to think first."""
    return f"Let me think.</think>\n<answer>{answer}</answer>"


# The corpus.


@pytest.mark.parametrize("case", CASES, ids=[case["idea"] for case in CASES])
def test_corpus(case: dict[str, Any]) -> None:
    cast = CAST[case["puzzle"]]
    asked = Puzzle(tuple(cast["names"]), (), tuple(cast["roles"])), tuple(cast["solution"])
    completions = [case["completion"], *([in_tags(case["completion"])] if case["also_in_tags"] else [])]
    for completion in completions:
        verdict = judged(completion, asked)
        assert verdict.reason == case["reason"], completion
        assert verdict.correct is (case["reason"] == "right")


def test_the_corpus_covers_every_reason_and_has_no_duplicate_case() -> None:
    assert {case["reason"] for case in CASES} == set(get_args(Reason)) - {"timed out", "failed"}
    assert len({case["idea"] for case in CASES}) == len(CASES) >= 150


# The verdict.


TRIO = Puzzle(("Ann", "Bob", "Cid"), ((0, Knave(1)), (1, And(Knight(2), Knave(0))), (2, Knight(0))))


def test_the_puzzle_is_solved_if_no_solution_is_given() -> None:
    assert verify("Ann and Cid are knights, Bob is a knave", TRIO)
    assert not verify("Bob is a knight, the others are knaves", TRIO)


def test_a_puzzle_without_a_unique_solution_is_an_error() -> None:
    with pytest.raises(NoSolution):
        verify("Ann is a knight", Puzzle(("Ann",), ((0, Knave(0)),)))
    with pytest.raises(ManySolutions):
        verify("", Puzzle(("Ann",), ((0, Knight(0)),)))


def test_bad_arguments_are_errors() -> None:
    with pytest.raises(BadPuzzle, match="3 roles"):
        verify("Ann is a knight", TRIO, solution=[True])
    with pytest.raises(TypeError, match="bytes"):
        verify(b"Ann is a knight", TRIO)  # type: ignore[arg-type]


def test_a_verdict_is_a_value_with_a_one_line_form() -> None:
    verdict = verify("Ann is a knight.\nBob is a knight.", TRIO)
    assert verdict == Verdict(False, "incomplete", (("Ann", True), ("Bob", True)))
    assert str(verdict) == "incomplete: +Ann +Bob"
    assert str(verify("", TRIO)) == "no answer"
    with pytest.raises(FrozenInstanceError):
        verdict.correct = True  # type: ignore[misc]


def test_claims_use_the_puzzles_names_and_show_both_sides_of_a_contradiction() -> None:
    verdict = verify("ANN: knight, bob: knave, Cid: knight, Ann: knave", TRIO)
    assert verdict.claims == (("Ann", True), ("Bob", False), ("Cid", True), ("Ann", False))


# Properties.


@st.composite
def asked_puzzles(draw: st.DrawFn, fewest: int = 1) -> Asked:
    """People with names plain and odd, role words, and who is what."""
    name = st.sampled_from((*NAMES[:40], *ODD_NAMES))
    names = tuple(draw(st.lists(name, min_size=fewest, max_size=7, unique=True)))
    roles = draw(st.sampled_from([*ROLE_PAIRS, ("knave", "knight"), ("wise man", "wolf")]))
    solution = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    return Puzzle(names, (), roles), tuple(solution)


def role(puzzle: Puzzle, knight: bool, several: bool = False) -> str:
    """The word for a kind of people."""
    word = puzzle.roles[0 if knight else 1]
    return plural(word) if several else word


def claims(asked: Asked, between: str = " is {a} ") -> list[str]:
    """One claim a person."""
    puzzle, solution = asked
    words = [role(puzzle, knight) for knight in solution]
    return [name + between.format(a=article(word)) + word for name, word in zip(puzzle.names, words, strict=True)]


def groups(asked: Asked) -> list[tuple[bool, list[str]]]:
    """Who is of each kind that somebody is of."""
    puzzle, solution = asked
    kinds = [(kind, [n for n, k in zip(puzzle.names, solution, strict=True) if k is kind]) for kind in (True, False)]
    return [(kind, names) for kind, names in kinds if names]


def numbered(asked: Asked) -> str:
    """As the public data writes it."""
    return "\n".join(f"({number}) {claim}" for number, claim in enumerate(claims(asked), 1))


def negated(asked: Asked) -> str:
    """By what each is not."""
    puzzle, solution = asked
    words = [role(puzzle, not knight) for knight in solution]
    return " ".join(f"{n} is not {article(w)} {w}." for n, w in zip(puzzle.names, words, strict=True))


def lists(asked: Asked) -> str:
    """By kind, both kinds, one perhaps of nobody."""
    puzzle, _ = asked
    of = dict(groups(asked))
    return "\n".join(f"{role(puzzle, kind, True)}: {', '.join(of.get(kind, ['none']))}" for kind in (True, False))


def bulleted_lists(asked: Asked) -> str:
    """By kind, a person a line."""
    puzzle, _ = asked
    parts = ["\n- ".join([f"**{role(puzzle, kind, True)}**:", *names]) for kind, names in groups(asked)]
    return "\n\n".join(parts)


def subjects(asked: Asked) -> str:
    """By kind, as sentences."""
    puzzle, _ = asked
    parts = []
    for kind, names in groups(asked):
        verb = f"are {role(puzzle, kind, True)}" if len(names) > 1 else f"is the {role(puzzle, kind)}"
        parts.append(f"{join_words(names)} {verb}")
    return "; ".join(parts) + "."


def table(asked: Asked) -> str:
    """As a table in Markdown."""
    rows = [claim.replace(" @ ", " | ") for claim in claims(asked, " @ ")]
    return "\n".join(["| Person | Role |", "|:---|:---|", *(f"| {row} |" for row in rows)])


def as_json(asked: Asked) -> str:
    """As a JSON object."""
    puzzle, solution = asked
    return json.dumps({n: role(puzzle, k) for n, k in zip(puzzle.names, solution, strict=True)})


def rest(asked: Asked) -> str:
    """The first kind by name, the other as the rest."""
    puzzle, _ = asked
    kinds = groups(asked)
    kind, names = kinds[0]
    if len(kinds) == 1:
        return f"Everyone is {article(role(puzzle, kind))} {role(puzzle, kind)}."
    return f"{join_words(names)} are {role(puzzle, kind, True)}, and the rest are {role(puzzle, not kind, True)}."


def counted(asked: Asked) -> str:
    """By kind, with how many there are."""
    puzzle, _ = asked
    parts = []
    for kind, names in groups(asked):
        verb = "are" if len(names) > 1 else "is"
        parts.append(f"There {verb} {len(names)} {role(puzzle, kind, len(names) > 1)}: {', '.join(names)}.")
    return " ".join(parts)


FORMS = {
    "numbered": numbered,
    "sentence": lambda asked: join_words(claims(asked)) + ".",
    "colons": lambda asked: "\n".join(f"- {claim}" for claim in claims(asked, ": ")),
    "equals": lambda asked: ", ".join(claims(asked, " = ")),
    "arrows": lambda asked: "; ".join(claims(asked, " → ")),
    "dashes": lambda asked: "\n".join(claims(asked, " – ")),
    "bold": lambda asked: ", ".join(f"**{claim}**" for claim in claims(asked)),
    "box": lambda asked: "\\boxed{\\text{" + ", ".join(claims(asked, ": ")) + "}}",
    "led": lambda asked: "Therefore, the answer is:\n" + "\n".join(claims(asked)),
    "slashes": lambda asked: " / ".join(claims(asked)),
    "counted": counted,
    "negated": negated,
    "lists": lists,
    "bulleted lists": bulleted_lists,
    "subjects": subjects,
    "table": table,
    "JSON": as_json,
    "rest": rest,
}


@given(asked_puzzles(), st.data(), st.booleans(), st.sampled_from(sorted(FORMS)))
@settings(max_examples=400)
def test_every_form_is_right_if_and_only_if_its_claims_are(
    asked: Asked, data: st.DataObject, tags: bool, form: str
) -> None:
    puzzle, solution = asked
    claimed_roles = data.draw(st.one_of(st.just(solution), st.tuples(*[st.booleans() for _ in solution])))
    answer = FORMS[form]((puzzle, claimed_roles))
    verdict = judged(in_tags(answer) if tags else answer, asked)
    assert verdict.reason == ("right" if claimed_roles == solution else "wrong"), answer
    assert dict(verdict.claims) == dict(zip(puzzle.names, claimed_roles, strict=True))


PREFIXES = (
    "It is not true that ",
    "It is false that ",
    "Perhaps ",
    "I doubt that ",
    "If I am right, ",
    "Not: ",
    "Either ",
    "The following is wrong:\n",
    "Suppose:\n\n",
    "None of this holds. The opposite of the following does:\n",
)
SUFFIXES = (
    ", or not",
    "?",
    "\nNo, wait.",
    " is false.",
    ". I was lying.",
    "\n\nThe opposite is true.",
    " (not)",
    " unless",
)


@given(asked_puzzles(), st.booleans(), st.sampled_from(PREFIXES), st.sampled_from(sorted(FORMS)))
def test_an_answer_after_a_denial_or_hedge_is_never_right(asked: Asked, tags: bool, prefix: str, form: str) -> None:
    answer = FORMS[form](asked)
    assert not judged(in_tags(prefix + answer) if tags else prefix + answer, asked)


@given(asked_puzzles(), st.booleans(), st.sampled_from(SUFFIXES), st.sampled_from(sorted(FORMS)))
def test_an_answer_before_a_denial_or_hedge_is_never_right(asked: Asked, tags: bool, suffix: str, form: str) -> None:
    answer = FORMS[form](asked)
    assert not judged(in_tags(answer + suffix) if tags else answer + suffix, asked)
    assert not judged(in_tags(answer) + suffix, asked)


@given(asked_puzzles(), st.data())
def test_a_changed_claim_is_never_right(asked: Asked, data: st.DataObject) -> None:
    puzzle, solution = asked
    lines = claims(asked)
    at = data.draw(st.integers(0, len(lines) - 1))
    other = claims((puzzle, tuple(not knight for knight in solution)))[at]
    mutants = {
        "flipped": [*lines[:at], other, *lines[at + 1 :]],
        "dropped": [*lines[:at], *lines[at + 1 :]],
        "added": [*lines, f"Zebedee is {article(role(puzzle, True))} {role(puzzle, True)}"],
        "contradicted": data.draw(st.permutations([*lines, other])),
        "negated": [*lines[:at], lines[at].replace(" is a", " is not a"), *lines[at + 1 :]],
        "doubted": [*lines[:at], lines[at].replace(" is a", " might be a"), *lines[at + 1 :]],
        "asked": [*lines[:at], lines[at] + "?", *lines[at + 1 :]],
    }
    for how, mutant in mutants.items():
        for between in ("\n", ", ", "; "):
            answer = between.join(mutant)
            for completion in (answer, in_tags(answer)):
                verdict = judged(completion, asked)
                assert not verdict, (how, completion)
                if completion != answer and how in ("flipped", "negated"):
                    assert verdict.reason == "wrong"


@given(asked_puzzles(), st.sampled_from(sorted(FORMS)), st.sampled_from(sorted(FORMS)), st.booleans())
def test_answers_that_differ_are_never_right(asked: Asked, form: str, other: str, right_last: bool) -> None:
    puzzle, solution = asked
    opposite = puzzle, tuple(not knight for knight in solution)
    answers = [FORMS[other](opposite), FORMS[form](asked)]
    first, last = answers if right_last else answers[::-1]
    assert not judged(f"<answer>{first}</answer>\n<answer>{last}</answer>", asked)
    assert not judged(f"<answer>{first}</answer></think><answer>{last}</answer>", asked)
    assert not judged(f"<answer>{first}\n{last}</answer>", asked)


FRAGMENTS = (
    "Ann|Bob|Cid|Zed|is|are|not|a|the|only|both|all|of|them|neither|nor|knight|knaves|liar|lies|everyone|none|rest|others|"
    "so|answer|:|,|.|;|?|!|(1)|2.|\n|\n\n|-|->|=||||/|(|)|{|}|[|]|[]|\"|'|\\|\\\\|\\boxed{|\\text{|$|&|&amp;|<answer>|"
    "</answer>|<think>|</think>|<|>|```|```json|**|_|#|\u0301|\u200b|\u202e|\ud800|\x00|🙂|ﷺ|if|may|except|Assistant:"
).split("|")


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40), st.sampled_from(["", " "]))
@settings(max_examples=300)
@example(["<answer>"] * 100, "")
def test_random_combinations_of_answer_pieces_have_a_verdict(fragments: list[str], between: str) -> None:
    verdict = verify(between.join(fragments), TRIO)
    assert verdict.correct is (verdict.reason == "right")
    if verdict.correct:
        assert dict(verdict.claims) == {"Ann": True, "Bob": False, "Cid": True}


@given(st.text(st.characters(), max_size=200), asked_puzzles())
@settings(max_examples=200)
def test_any_text_has_a_verdict(text: str, asked: Asked) -> None:
    assume(len(asked[0].names) > 1)
    for completion in (text, in_tags(text), f"\\boxed{{{text}}}"):
        assert not judged(completion, asked)


@given(st.text(st.characters(categories=["L", "M"]), min_size=1, max_size=12), st.booleans(), st.booleans())
@settings(max_examples=200)
def test_any_name_can_be_answered_about(name: str, knight: bool, tags: bool) -> None:
    try:
        puzzle = Puzzle((name, "Zebedee"), (), ("knight", "knave"))
    except BadPuzzle:
        assume(False)
    answer = numbered((puzzle, (knight, True)))
    assert judged(in_tags(answer) if tags else answer, (puzzle, (knight, True)))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("There are two knights: Ann and Cid. Bob is a knave.", "right"),
        ("two knights (Ann and Cid) and one knave (Bob)", "right"),
        ("There are three knights: Ann and Cid. Bob is a knave.", "unreadable"),
        ("There are two knights: Ann and Ann. Bob is a knave. Cid is a knight.", "unreadable"),
        ("There are two knights: Ann and Cid. Bob is a knight.", "contradiction"),
        ("Ann: knight / Bob: knave / Cid: knight", "right"),
        ("Ann: knight / knave, Bob: knave, Cid: knight", "unreadable"),
        ("Ann / Cid: knight, Bob: knave", "unreadable"),
        ("All three are knights except Bob.", "right"),
        ("Both are knights except Bob.", "unreadable"),
        ("Both except Bob are knights.", "unreadable"),
        ("Ann is a knight && !Bob is a knave && Cid is a knight", "unreadable"),
        ("Yes! Ann is a knight! Bob is a knave! Cid is a knight!", "unreadable"),
        ("Ann is a knight! Bob is a knave! Cid is a knight!", "right"),
    ],
)
def test_counts_slashes_and_negation_marks_are_read(answer: str, reason: str) -> None:
    assert verify(in_tags(answer), TRIO).reason == reason


@pytest.mark.parametrize(
    ("lead", "is_right"),
    [
        ("The following is false. I like tea.", False),
        ("Everything below is a lie. I like tea. It is hot.", False),
        ("Please swap the roles in the answer. I like tea.", False),
        ("By knight I mean knave. I like tea.", False),
        ("None of the following holds. I like tea.", False),
        ("Bob's claim is false. I like tea.", True),
        ("By this I mean that Bob lies. So all is clear.", True),
        ("If we swap the roles, Bob would tell the truth, which he does not. So that is settled.", True),
        ("The following is clear. I like tea.", True),
    ],
)
def test_an_earlier_denial_counts_if_it_is_about_the_answer(lead: str, is_right: bool) -> None:
    answer = "Ann and Cid are knights, and Bob is a knave."
    for completion in (f"{lead}\n<answer>{answer}</answer>", f"{lead}\n\n{answer}", rf"{lead} \boxed{{{answer}}}"):
        assert verify(completion, TRIO).correct is is_right, completion


# Size and speed.


MILLION = 1_000_000


PIECES = (
    *("x ", "<", "<answer>", "</think>", "<answer></answer></think>", "<eos>", " ", "\n", "-", "-=", "{", "\\"),
    *("\\boxed{", "\\boxed{}", "Ann,\n", "Ann,", "Ann is a knight\n", "knights: Ann\n", "&amp;", "a", "ﷺ", ". so"),
    "the answer is\n",
)


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_long_completions_take_linear_time(piece: str) -> None:
    def verify_long(size: int) -> None:
        completion = piece * (size // len(piece))
        assert not verify(completion, TRIO)
        assert not verify(f"{completion}\n<answer>{completion}", TRIO)

    assert_linear(verify_long, MILLION // 4)


def test_an_answer_after_long_reasoning_is_found() -> None:
    answer = "Ann and Cid are knights, and Bob is a knave."
    reasoning = "Hm, if Bob is a knight then so on.\n" * 30_000
    assert verify(f"{reasoning}\n{answer}", TRIO)
    assert verify(f"{reasoning}</think><answer>{answer}</answer>", TRIO)


def test_a_longer_answer_than_the_limit_is_not_read() -> None:
    answer = "Ann and Cid are knights, and Bob is a knave."
    assert verify(f"<answer>{answer}{' ' * MAX_ANSWER}</answer>", TRIO)
    assert verify(f"<answer>{answer}{' ' * 2 * MAX_ANSWER}</answer>", TRIO).reason == "unreadable"


def test_an_answer_about_five_hundred_people_gets_a_verdict() -> None:
    names = tuple(f"{a}{b.lower()}{c.lower()}x" for a in "BCDFGHJK" for b in "AEIOUYLN" for c in "BCDFGHJK")[:500]
    solution = tuple(hash((i, 7)) % 3 == 0 for i in range(500))
    assert judged(numbered((Puzzle(names, ()), solution)), (Puzzle(names, ()), solution))
    assert not judged(numbered((Puzzle(names, ()), (*solution[:-1], not solution[-1]))), (Puzzle(names, ()), solution))


def test_negations_in_the_puzzle_do_not_matter() -> None:
    puzzle = Puzzle(("Ann", "Bob"), ((0, Not(Knight(1))), (1, And(Knave(0), Knave(1)))))
    assert verify("Ann: knight. Bob: knave.", puzzle)


def test_verify_imports_no_heavy_library() -> None:
    import knk.answers.grammar
    import knk.answers.verify

    for module in (knk.answers.verify, knk.answers.grammar):
        assert {"numpy", "np", "sympy", "pysat"}.isdisjoint(vars(sys.modules[module.__name__]))


def test_an_unknown_person_is_named() -> None:
    puzzle = Puzzle(("Ann", "Bob"), ((0, Knave(1)), (1, And(Knave(0), Knave(1)))))
    verdict = verify("Ann is a knight, Bob is a knave, and Carl is a knave.", puzzle)
    assert (verdict.correct, str(verdict)) == (False, "unknown person: Carl")
