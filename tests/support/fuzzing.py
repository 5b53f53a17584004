r"""Mutated completions, each known to be right or wrong by its construction.

`python -m tests.support.fuzzing kk --n 200000 --seed 1` prints a report.

A completion is built in two steps. Its answer is right, or is spoilt in a way that leaves it wrong whatever follows (a
role swapped, a claim dropped, an answer denied). Then it is dressed (bold, other case, more space), which may not
change its verdict; or, if it is wrong, damaged (junk, tags and cuts anywhere), which cannot make it right.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from knk.logic.notation import encode
from knk.tasks import load
from knk.text.vocabulary import NAMES, ROLE_PAIRS, article, join_words, plural
from tests.support.attacks.kk import puzzle_of

Row = dict[str, Any]
Rng = random.Random


@dataclass(frozen=True)
class Case:
    """A completion for a row, whether it is right, and how it was built."""

    row: Row
    completion: str
    right: bool
    origin: str


@dataclass
class Report:
    """The verdicts on many cases; `slowest` is in seconds of processor time, which other processes do not lengthen."""

    task: str
    n: int = 0
    right: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    wrong_accepted: list[Case] = field(default_factory=list)
    rejected_cases: list[Case] = field(default_factory=list)
    slowest: float = 0.0
    seconds: float = 0.0

    @property
    def rejection_rate(self) -> float:
        """The share of right answers that were rejected."""
        return self.rejected.total() / max(1, self.right.total())

    def __str__(self) -> str:
        lines = [
            f"{self.task}: {self.n} completions in {self.seconds:.1f} s",
            f"the slowest: {1000 * self.slowest:.1f} ms of processor time",
            f"wrong, accepted: {len(self.wrong_accepted)} of {self.n - self.right.total()}",
            f"right, rejected: {self.rejected.total()} of {self.right.total()} ({self.rejection_rate:.2%})",
            *(f"  {origin}: {times} of {self.right[origin]}" for origin, times in self.rejected.most_common(20)),
            *(
                f"accepted though wrong ({case.origin}): {case.completion[-300:]!r} {case.row}"
                for case in self.wrong_accepted[:10]
            ),
        ]
        return "\n".join(lines)


def fuzz(task: str, n: int, seed: int) -> Report:
    """Verify n completions by a task's verifier, and return a report; an error is raised with its case as a note."""
    rng = random.Random(seed)
    verifier = load(task)
    report = Report(task)
    make = MAKERS[task]
    started = time.perf_counter()
    for _ in range(n):
        case = make(rng)
        before = time.thread_time()
        try:
            verdict = verifier.verify(case.completion, case.row)
        except Exception as error:
            error.add_note(f"{case}")
            raise
        report.slowest = max(report.slowest, time.thread_time() - before)
        _count(report, case, verdict.correct)
    report.seconds = time.perf_counter() - started
    return report


def _count(report: Report, case: Case, correct: bool | None) -> None:
    report.n += 1
    if not case.right:
        if correct is not False:
            report.wrong_accepted.append(case)
        return
    report.right[case.origin] += 1
    if not correct:
        report.rejected[case.origin] += 1
        if len(report.rejected_cases) < 1000:
            report.rejected_cases.append(case)


# Words around an answer, the same for all tasks.

DENIALS = (
    *("It is not true that ", "The following is false: ", "Perhaps ", "If I am right, ", "I doubt that ", "Either "),
    *("Suppose that ", "Not: ", "The following is false. I like tea.\n", "Ignore what follows. Tea is nice. "),
    *("This is wrong: ", "Anything but: ", "My guess, probably: ", "Never "),
)
SECOND_THOUGHTS = (
    *(", or not", "?", " Just kidding.", "\nNo, wait.", " is false", "\n\nThe opposite is true.", " (not)", " unless"),
    *("\nHm, perhaps.", " <- wrong", " I lied.", "\nUser: Really?\nAssistant: No."),
)
# No word starts with the letter of an option: cut short, it would be that letter.
THOUGHTS = (
    "",
    "Let me think.</think>",
    "<think>Not that, not a knave.</think>\n\n",
    "So.\nWere so, then not.\n</think> ",
)
JUNK = (
    *"!?.,;:-/\\|+=~^%@#&*_()[]{}<>'\"`$§¬≠\n\t \x00\x07\x1b",
    *("\u200b", "\u202e", "\u2066", "\u0301", "\u0336", "\ufeff", "\ud800", "🙂", "ﷺ", "丙", "ж", "%s", "{}", "\\n"),
    *("<br>", "<b>", "&amp;", "&lt;", "<!--", "-->", "```", "$$", "\\text{", "\\boxed{", "\\(", "<|im_end|>", "</s>"),
)
TAGS = ("<answer>", "</answer>", "<think>", "</think>", "<answer></answer>", "</think><answer>")


def _tagged(rng: Rng, answer: str) -> str:
    return f"{rng.choice(THOUGHTS)}<answer>{answer}</answer>"


def _denied(rng: Rng, answer: str) -> tuple[str, str]:
    """Return a right answer with words that deny or doubt it, inside or outside the tags."""
    if rng.random() < 0.5:
        word = rng.choice(DENIALS)
        inside, outside = _tagged(rng, word + answer), f"{rng.choice(THOUGHTS)}{word}<answer>{answer}</answer>"
    else:
        word = rng.choice(SECOND_THOUGHTS)
        inside, outside = _tagged(rng, answer + word), _tagged(rng, answer) + word
    return rng.choice((inside, outside)), "denied"


def _misplaced(rng: Rng, answer: str, other: str) -> tuple[str, str]:
    """Return a right answer at a position where it does not count, or beside another answer."""
    first, last = rng.sample((answer, other), 2)
    return (
        rng.choice(
            (
                f"<answer>{first}</answer>\n<answer>{last}</answer>",
                f"Hm.</think><answer>{first}</answer><answer>{last}</answer>",
                f"{answer}</think><answer>{other}</answer>",
                f"<think>{answer}",
                f"<answer>{answer}</answer></think>{other}",
                f"</think><answer>{answer}</answer>{other}",
                f"</think><answer><answer>{answer}</answer>",
                f"</think></answer>{answer}<answer>",
                f"</think><answer>{other}\n{answer}</answer>",
            )
        ),
        "misplaced",
    )


def _damaged(rng: Rng, text: str) -> str:
    """Return a text with junk or tags added, or characters removed; no letter of the Latin alphabet is new."""
    for _ in range(rng.randint(0, 4)):
        at = rng.randint(0, len(text))
        kind = rng.random()
        if kind < 0.6:
            text = text[:at] + rng.choice(JUNK) * rng.choice((1, 1, 1, 2, 30)) + text[at:]
        elif kind < 0.75:
            text = text[:at] + rng.choice(TAGS) + text[at:]
        elif kind < 0.99:
            text = text[:at] + text[at + 1 :]
        else:
            text = text[:at] + rng.choice(JUNK) * 20_000 + text[at:]
    return text


def _spaced(rng: Rng, text: str) -> str:
    return "".join(char * rng.choice((1, 1, 1, 2)) if char in " \n" else char for char in text)


def _hidden(rng: Rng, text: str) -> str:
    return "".join(char + rng.choice(("", "", "", "", "\u200b", "\u2060", "\ufeff")) for char in text)


def _lead_in(rng: Rng, text: str) -> str:
    return f"{rng.choice(('The answer is:', 'Final answer:', 'So the answer is'))} {text}"


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalnum() else char for char in text)


def _each_line(mark: str) -> Callable[[str], str]:
    return lambda text: "\n".join(f"{mark}{line}{mark}" for line in text.split("\n"))


DRAWN: dict[str, Callable[[Rng, str], str]] = {"spaces": _spaced, "signs without width": _hidden, "lead-in": _lead_in}
DRESSINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "padded": "\n\n  {} \n".format,
    "bold": _each_line("**"),
    "italics": _each_line("*"),
    "fence": "```\n{}\n```".format,
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "spaces that do not break": lambda text: text.replace(" ", "\u00a0"),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "full-width": _full_width,
    "stop token": "{}<|im_end|>".format,
    "quotes": '"{}"'.format,
}


def _dressed(rng: Rng, answer: str) -> tuple[str, str]:
    """Return an answer in a form that means the same, and the name of the form."""
    # Commands do not work in full width, and an answer is not announced twice.
    fitting = [
        name
        for name in (*DRAWN, *DRESSINGS)
        if not (name == "full-width" and "\\" in answer) and not (name == "lead-in" and " is " in f" {answer} ")
    ]
    name = rng.choice(fitting)
    return (DRAWN[name](rng, answer) if name in DRAWN else DRESSINGS[name](answer)), name


# Knights and knaves.

_ODD_NAMES = ("Mary-Jane", "José", "O'Shea", "Jack", "Jackson", "Zoë", "Dr. Okoro", "May", "Li")
Claims = list[tuple[str, bool]]


def _people(rng: Rng) -> tuple[Row, Claims, tuple[str, str]]:
    """Return a puzzle as a row, the role of each person, and the role words."""
    names = rng.sample((*NAMES[:60], *_ODD_NAMES), rng.randint(2, 7))
    knights = [rng.random() < 0.5 for _ in names]
    knights[rng.randrange(len(names))] = True
    roles = rng.choice((("knight", "knave"), ("knight", "knave"), *ROLE_PAIRS))
    puzzle = puzzle_of(names, knights, roles)
    return {"puzzle": encode(puzzle)}, list(zip(names, knights, strict=True)), roles


def _line(name: str, knight: bool, roles: tuple[str, str], between: str) -> str:
    role = roles[0 if knight else 1]
    return name + between.format(article(role)) + role


def _lines(rng: Rng, claims: Claims, roles: tuple[str, str]) -> list[str]:
    between = rng.choice((" is {} ", " is {} ", ": ", " = ", " - ", " -> ", " is the ", " must be {} "))
    return [_line(name, knight, roles, between) for name, knight in claims]


def _by_person(rng: Rng, lines: Sequence[str]) -> str:
    form = rng.randrange(6)
    if form == 0:
        return "\n".join(f"({number}) {line}" for number, line in enumerate(lines, 1))
    if form == 1:
        return "\n".join(f"{number}. {line}." for number, line in enumerate(lines, 1))
    if form == 2:
        return "\n".join(f"- {line}" for line in lines)
    return rng.choice(("\n", ", ", "; ", ". ", " / ")).join(lines)


def _by_role(rng: Rng, claims: Claims, roles: tuple[str, str]) -> str:
    parts = []
    form = rng.choice(("list", "sentence", "counted"))
    for knight in (True, False):
        names = [name for name, claimed in claims if claimed is knight]
        word = roles[0 if knight else 1]
        several = plural(word) if len(names) != 1 else word
        if form == "list":
            parts.append(f"{plural(word)}: {', '.join(names) or 'none'}")
        elif names and form == "sentence":
            parts.append(f"{join_words(names)} {'are' if len(names) > 1 else 'is ' + article(word)} {several}")
        elif names:
            verb = "are" if len(names) > 1 else "is"
            parts.append(f"There {verb} {len(names)} {several}: {join_words(names)}")
    return rng.choice(("\n", ". ", "; ")).join(parts)


def _answer(rng: Rng, claims: Claims, roles: tuple[str, str]) -> str:
    if rng.random() < 0.3:
        return _by_role(rng, claims, roles)
    return _by_person(rng, _lines(rng, claims, roles))


def kk_case(rng: Rng) -> Case:
    """Return a completion for a puzzle."""
    row, truth, roles = _people(rng)
    if rng.random() < 0.3:
        claims = rng.sample(truth, len(truth)) if rng.random() < 0.3 else truth
        answer, origin = _dressed(rng, _answer(rng, claims, roles))
        if origin != "lead-in" and rng.random() < 0.2:
            origin, answer = f"{origin}, other case", rng.choice((answer.upper(), answer.lower()))
        elif origin not in ("fence", "stop token") and rng.random() < 0.2:
            origin, answer = f"{origin}, boxed", rf"\boxed{{{answer}}}"
        completion = _tagged(rng, answer) if rng.random() < 0.7 else rng.choice(THOUGHTS) + answer
        return Case(row, completion, True, origin)
    completion, origin = _spoilt(rng, truth, roles)
    return Case(row, completion, False, origin)


def _spoilt(rng: Rng, truth: Claims, roles: tuple[str, str]) -> tuple[str, str]:
    """Return a completion that is wrong, and how it was origin so."""
    right, other = _answer(rng, truth, roles), _answer(rng, _other(rng, truth), roles)
    kind = rng.random()
    if kind < 0.15:
        return _denied(rng, right)
    if kind < 0.3:
        return _misplaced(rng, right, other)
    if kind < 0.4:
        return _tagged(rng, other), "another assignment"
    lines, origin = _spoilt_lines(rng, truth, roles)
    answer = rng.choice(("\n", ", ", "; ", ". ")).join(lines)
    answer = _tagged(rng, answer) if rng.random() < 0.7 else rng.choice(THOUGHTS) + answer
    if rng.random() < 0.6:
        answer, origin = _damaged(rng, answer), f"{origin}, damaged"
        if rng.random() < 0.2:
            answer = answer[: rng.randint(0, len(answer))]
    return answer, origin


def _other(rng: Rng, truth: Claims) -> Claims:
    flipped = rng.sample(range(len(truth)), rng.randint(1, len(truth)))
    return [(name, knight ^ (place in flipped)) for place, (name, knight) in enumerate(truth)]


_HEDGES = ("perhaps", "not", "possibly", "never", "hardly", "supposedly", "half", "maybe", "rarely", "no longer")


def _spoilt_lines(rng: Rng, truth: Claims, roles: tuple[str, str]) -> tuple[list[str], str]:
    """Return claims, one of them spoilt so that all together are wrong, however they are cut or dressed."""
    # Never the last, so that a cut that takes away what spoils it takes away somebody's role as well.
    at = rng.randrange(len(truth) - 1)
    name, knight = truth[at]
    lines = [_line(one, kind, roles, " is {} ") for one, kind in truth]
    opposite = _line(name, not knight, roles, " is {} ")
    match rng.randrange(8):
        case 0:
            return [_line(*claim, roles, ": ") for claim in _other(rng, truth)], "flipped"
        case 1:
            return [*lines[:at], opposite, *lines[at + 1 :]], "one flipped"
        case 2:
            return [*lines[:at], *lines[at + 1 :]], "one dropped"
        case 3:
            return [*lines[: at + 1], opposite, *lines[at + 1 :]], "one contradicted"
        case 4:
            lines[at] = lines[at].replace(" is ", f" is {rng.choice(_HEDGES)} ", 1)
            return lines, "one hedged"
        case 5:
            lines[at] = f"Zebedee{lines[at][len(name) :]}"
            return lines, "one renamed"
        case 6:
            lines[at] = _looking_alike(lines[at], len(name))
            return lines, "one look-alike"
        case _:
            lines[at] = f"{name} is {article(roles[0])} {roles[0]} {rng.choice(('or', 'and', '/'))} {roles[1]}"
            return lines, "one of both roles"


_ALIKE = str.maketrans("aeiopcyx", "аеіорсух")


def _looking_alike(line: str, start: int) -> str:
    """Return a claim with Cyrillic letters in its role."""
    head, _, role = line.rpartition(" ")
    changed = role.translate(_ALIKE)
    return f"{head} {changed if changed != role else role[:-1]}"


# Lettered options.

# No word starts with the letter of an option: cut short, it would be that letter.
_WORDS = (
    "kaolin kernite kunzite kyanite labradorite larimar lazurite limestone magnetite malachite marble monazite "
    "nephrite nickeline obsidian olivine onyx opal orpiment pearl peridot pyrite quartz realgar rhodonite "
    "rutile sapphire scheelite serpentine slate talc tanzanite topaz tourmaline uraninite variscite "
    "vesuvianite wollastonite wulfenite zircon"
).split()


def mmlu_case(rng: Rng) -> Case:
    """Return a completion for a question with lettered options."""
    size = rng.randint(3, 10)
    # No two texts share a word, so that no damage turns one into another.
    words = rng.sample(_WORDS, 2 * size)
    options = [rng.choice((f"{a} and {b}", f"{a} {b}", a)) for a, b in zip(words[::2], words[1::2], strict=True)]
    letters = "ABCDEFGHIJ"[:size]
    right, wrong = rng.sample(letters, 2)
    row = {"id": str(rng.getrandbits(32)), "question": "Which?", "options": options, "answer": right}
    text = dict(zip(letters, options, strict=True))
    if rng.random() < 0.3:
        answer, origin = _dressed(rng, _lettered(rng, right, text[right]))
        return Case(row, _tagged(rng, answer), True, origin)
    completion, origin = _spoilt_letter(rng, right, wrong, text)
    return Case(row, completion, False, origin)


def _lettered(rng: Rng, letter: str, text: str) -> str:
    """Return an answer that does not start with a capital that would be a letter if the rest were cut off."""
    form = rng.choice(
        (
            *("{x}", "({x})", "{x}.", "**{x}**", "{x}) {t}", "{x}. {t}", "({x}) {t}", "{x}: {t}", "the answer is {x}."),
            *("The answer is ({x}) {t}.", r"\boxed{{{x}}}", r"\boxed{{\text{{{x}}}}}", r"$\boxed{{{x}. {t}}}$", "{t}"),
            *(r"The answer is \boxed{{{x}}}.", "the correct option is {x}", r"\[\boxed{{{x}}}\]", r"\boxed{{{t}}}"),
        )
    )
    return form.format(x=letter, t=text)


def _spoilt_letter(rng: Rng, right: str, wrong: str, text: dict[str, str]) -> tuple[str, str]:
    answer, other = _lettered(rng, right, text[right]), _lettered(rng, wrong, text[wrong])
    kind = rng.random()
    if kind < 0.2:
        return _denied(rng, answer)
    if kind < 0.35:
        return _misplaced(rng, answer, other)
    if kind < 0.6:
        both = f"{right}{rng.choice((' or ', ' and ', '/', ', ', ' ', '; ', chr(10), ' but not '))}{wrong}"
        pair = rng.choice((both, both[::-1] if " " not in both else f"{wrong}, {right}"))
        form = rng.choice(("{}", r"\boxed{{{}}}", "The answer is {}.", "({})", "**{}**", "I choose {}"))
        return _tagged(rng, form.format(pair)), "two letters"
    if kind < 0.7:
        mixed = f"{wrong}. {text[right]}", f"{right}. {text[wrong]}", f"({wrong}) {text[right]}."
        return _tagged(rng, rng.choice(mixed)), "letter and text that differ"
    beyond = [letter for letter in "ABCDEFGHIJKLMNOP" if letter not in text]
    if kind < 0.75:
        return _tagged(rng, _lettered(rng, rng.choice(beyond), "obscure")), "beyond the options"
    completion = _tagged(rng, other) if rng.random() < 0.7 else rng.choice(THOUGHTS) + other
    if rng.random() < 0.8:
        completion = _damaged(rng, completion)
    if rng.random() < 0.2:
        completion = completion[: rng.randint(0, len(completion))]
    return completion, "another letter, damaged"


MAKERS: dict[str, Callable[[Rng], Case]] = {"kk": kk_case, "mmlu_pro": mmlu_case}


def main(arguments: Sequence[str]) -> int:
    """Fuzz one task and print a report; return 1 if a wrong answer was accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.fuzzing", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("task", choices=sorted(MAKERS))
    parser.add_argument("--n", type=int, default=200_000, help="how many completions")
    parser.add_argument("--seed", type=int, default=1)
    options_given = parser.parse_args(arguments)
    report = fuzz(options_given.task, options_given.n, options_given.seed)
    sys.stdout.buffer.write(f"{report}\n".encode("utf-8", "backslashreplace"))
    return 1 if report.wrong_accepted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
