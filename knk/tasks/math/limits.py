r"""The limits of an answer: what it may contain, given the gold answer.

Operations that are still to be carried out, such as a sum or a logarithm, are no answer unless the gold answer has them
too. Anything that math-verify would misread, or take too long for, is unreadable.
"""

from __future__ import annotations

import re
from math import prod
from typing import Final

from knk.answers.verdict import Reason
from knk.tasks.math.boxes import has_box
from knk.tasks.math.forms import CLOSING, COMMAND_OR_CHARACTER, OPENING, commands_of, without_text
from knk.tasks.math.numbers import number_of

Problem = tuple[Reason, str]
"""Why an answer cannot be judged, and the details in a few words."""

_MAX_DEPTH: Final = 8
_MAX_DIGITS: Final = 30
_MAX_POWER: Final = 10_000
_MAX_POWER_OF_A_SUM: Final = 60

_PLAIN_COMMANDS: Final = frozenset(
    r"""\frac \sqrt \pi \cdot \times \div \text \circ \infty \cup \cap \in \pm \mp \{ \} \% \le \ge \ne \begin \end \\
    \emptyset \alpha \beta \gamma \delta \epsilon \varepsilon \zeta \eta \theta \iota \kappa \lambda \mu \nu \xi \rho
    \sigma \tau \upsilon \phi \varphi \chi \psi \omega \Gamma \Delta \Theta \Lambda \Sigma \Phi \Psi \Omega
    \setminus""".split()
)
_FAMILIES: Final = (
    frozenset(r"\sin \cos \tan \cot \sec \csc".split()),
    frozenset(r"\arcsin \arccos \arctan".split()),
    frozenset(r"\log \ln".split()),
)
"""Functions that an answer may have if the gold answer has one of the same family."""
_FUNCTIONS: Final = frozenset(
    r"""\sum \prod \int \iint \oint \lim \binom \dbinom \tbinom \choose \gcd \lcm \max \min \exp \mod \bmod \pmod \det
    \lfloor \rfloor \lceil \rceil \partial \prime \sup \inf \deg \operatorname \sinh \cosh \tanh \arg \overline
    \langle \rangle \prod \nabla \mid""".split()
).union(*_FAMILIES)
_OPERATIONS: Final = {"!": "a factorial", "|": "an absolute value"}
_GOLD_ONLY_SIGNS: Final = frozenset(":'\"?#@`&")
_ENVIRONMENTS: Final = frozenset(("pmatrix", "bmatrix", "matrix", "vmatrix"))
_SIDE_BY_SIDE: Final = re.compile(
    r"\d +\d|\d_|\d\(-?[\d.]+\)|\(-?[\d.]+\)[\d(\\]|(?<![\d.^_}])[\d.]+\\frac\{-?\d+\}\{-?\d+\}|\d\{|[-+]{2}"
    r"|\\frac\{[^{}]*\}\{[^{}]*\}(?:\{|\d|\(-?[\d.]+\)|\\frac\{-?\d+\}\{-?\d+\})"
)


def problem_of(text: str, gold: str) -> Problem | None:
    r"""Return why an answer cannot be judged, or None if it is within all limits.

    Args:
        text: the answer's plain form.
        gold: the gold answer's plain form.

    >>> problem_of(r"\sum", "6"), problem_of("x^{2}", "6")
    (('no answer', 'not worked out: \\sum'), None)
    """
    checks = (_unreadable_text, _unknown_command, _unknown_sign, _unknown_word, _malformed, _juxtaposed, _too_large)
    return next((problem for check in checks if (problem := check(text, gold))), None)


def _unreadable_text(text: str, _: str) -> Problem | None:
    if not text.isascii() or not text.isprintable():
        return "unreadable", "a character that no answer has"
    if has_box(text):
        return "unreadable", "a box in a box"
    return None


def _unknown_command(text: str, gold: str) -> Problem | None:
    known = commands_of(gold)
    known |= {command for family in _FAMILIES if family & known for command in family}
    for command in sorted(commands_of(text) - _PLAIN_COMMANDS - known):
        if command in _FUNCTIONS:
            return "no answer", f"not worked out: {command}"
        return "unreadable", f"unknown: {command}"
    if r"\text" in text and re.sub(r"\\text\{[^{}]*\}", "", text) and r"\text" not in gold:
        return "unreadable", "words"
    if "\\\\" in text and r"\begin" not in text:
        return "unreadable", "rows of no matrix"
    if set(re.findall(r"\\begin\{(\w*)", text)) - _ENVIRONMENTS:
        return "unreadable", "an unknown environment"
    return None


def _unknown_sign(text: str, gold: str) -> Problem | None:
    signs = set(text) - set(gold)
    for sign, operation in _OPERATIONS.items():
        if sign in signs:
            return "no answer", f"not worked out: {operation}"
    unknown = signs & _GOLD_ONLY_SIGNS - ({"&"} if r"\begin" in text else set())
    return ("unreadable", f"unknown: {min(unknown)}") if unknown else None


def _unknown_word(text: str, gold: str) -> Problem | None:
    words = re.findall(r"[A-Za-z]{3,}", _without_commands(text))
    # "abc" is a product if the gold answer has all three letters.
    letters = set(re.findall(r"[A-Za-z]", _without_commands(gold)))
    unknown = [word for word in words if not (set(word) <= letters or (word.isupper() and len(word) <= 4))]
    if unknown:
        return "unreadable", f"a word: {unknown[0][:20]}"
    if re.search(r"\d[eE][-+]?\d", text):
        return "unreadable", "a number with an exponent after e"
    return None


def _without_commands(text: str) -> str:
    return re.sub(r"\\(?:begin|end)\{\w*\}|\\[a-zA-Z]+", " ", without_text(text))


def _malformed(text: str, _: str) -> Problem | None:
    depth = deepest = 0
    previous = ""
    for match in COMMAND_OR_CHARACTER.finditer(text):
        token = match[0]
        if token == "{" and not (previous.startswith("\\") or previous in ("}", "]", "^", "_")):
            return "unreadable", "loose braces"
        depth += (token in OPENING) - (token in CLOSING)
        deepest = max(deepest, depth)
        previous = token
        if depth < 0:
            break
    if depth != 0:
        return "unreadable", "brackets that do not pair"
    return ("unreadable", "too deep") if deepest > _MAX_DEPTH else None


def _juxtaposed(text: str, gold: str) -> Problem | None:
    # math-verify reads any two numbers side by side as a mixed number, and adds them: 2(3) would be 5.
    if number_of(text):
        return None
    for match in _SIDE_BY_SIDE.finditer(text):
        if number_of(match[0]) is None and match[0] not in gold and r"\begin" not in text:
            return "unreadable", "numbers or signs side by side"
    return None


def _too_large(text: str, gold: str) -> Problem | None:
    longest = max((len(digits) for digits in re.findall(r"\d+", gold)), default=0)
    if any(len(digits) > max(_MAX_DIGITS, longest) for digits in re.findall(r"\d+", text)):
        return "unreadable", "too many digits"
    if _largest_power_of_a_sum(text) > max(_MAX_POWER_OF_A_SUM, _largest_power_of_a_sum(gold)):
        return "unreadable", "too large a power"
    if _tower_height(text) > max(1, _tower_height(gold)):
        return "unreadable", "too large a power"
    if _largest_product_of_powers(text) > max(_MAX_POWER, _largest_product_of_powers(gold)):
        return "unreadable", "too large a power"
    return None


def _largest_power_of_a_sum(text: str) -> int:
    return max((int(power) for power in re.findall(r"[)}\]]\^\{-?(\d{1,40})", text)), default=0)


def _largest_product_of_powers(text: str) -> int:
    """Return an upper bound: powers of brackets multiply, and one other power may be inside all of them."""
    powers = re.findall(r"(.)\^\{-?(\d{1,40})", text)
    of_brackets = [max(1, int(power)) for base_end, power in powers if base_end in ")}]"]
    return prod(of_brackets) * max((int(power) for base_end, power in powers if base_end not in ")}]"), default=1)


def _tower_height(text: str) -> int:
    """Return how many powers are nested, the exponent of one having the next."""
    highest = 0
    open_braces: list[bool] = []  # whether each opens a power
    for token in re.finditer(r"\^?\{|\}", text.replace(r"\{", "").replace(r"\}", "")):
        if token[0] == "}":
            del open_braces[-1:]
        else:
            open_braces.append(token[0][0] == "^")
            highest = max(highest, sum(open_braces))
    return highest
