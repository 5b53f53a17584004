r"""Mutated completions for generated gold answers, whose truth is known by exact arithmetic.

    python -m tests.support.fuzz_math 200000 --seed 1

An answer is a value: a number, a root, a multiple of pi, a point, a set, a complex number or a line. It is written in
one of many ways, unchanged or changed, and put into one of many completions. A completion may be right only if each of
its boxes has the gold value, and must be if it is written without tricks. Some completions then lose, gain or swap
characters: those may be right only if another reader of numbers also reads the gold number in the box.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from knk.answers.verdict import Verdict
from knk.tasks.hendrycks_math import verify_many

Value = tuple[Any, ...]
_BATCH_SIZE = 1000


@dataclass(frozen=True)
class Case:
    """A completion for a gold answer; `right` says whether it may be right, `plain` whether it then must be.

    For a scrambled completion `content` is what was in its box, and `right` says whether that had the gold value.
    """

    gold: str
    completion: str
    right: bool
    plain: bool
    content: str | None = None


@dataclass(frozen=True)
class Result:
    """The verdicts by reason, those against the truth or without a second opinion, and the slowest batch in seconds."""

    reasons: Counter[str]
    wrong_accepted: list[Case]
    right_rejected: list[tuple[Case, Verdict]]
    undecided: list[Case]
    slowest: float


# Values, and how they are written.


def some_value(rng: random.Random) -> Value:
    kinds = ["number"] * 34 + ["root", "pi", "pair", "set", "complex", "line"]
    kind = rng.choice(kinds)
    if kind == "number":
        return kind, _number(rng)
    if kind == "root":
        return kind, _number(rng) or Fraction(1), rng.choice([2, 3, 5, 6, 7, 10, 11, 13])
    if kind == "pi":
        return kind, _number(rng) or Fraction(1)
    if kind == "set":
        first = _number(rng)
        return kind, frozenset({first, first + rng.randint(1, 9)})
    return kind, _number(rng) or Fraction(1), _number(rng) or Fraction(1)


def _number(rng: random.Random) -> Fraction:
    whole = Fraction(rng.choice([rng.randint(-12, 12), rng.randint(-999, 999), rng.randint(0, 99999)]))
    return whole if rng.random() < 0.6 else whole / rng.choice([2, 3, 4, 5, 7, 8, 12, 100])


def changed(value: Value, rng: random.Random) -> Value:
    """Return another value of the same kind, a little off."""
    kind, first, *rest = value
    if kind == "set":
        low, high = sorted(first)
        return kind, rng.choice(
            [frozenset({low - 1, high}), frozenset({low, high + 1}), frozenset({low, high, high + 1})]
        )
    if rest and rng.random() < 0.5:
        if kind == "root":
            return kind, first, rest[0] + (4 if rest[0] == 10 else 8)  # 10 to 14, 2 to 10, and so on: free of squares
        if kind == "pair" and first != rest[0] and rng.random() < 0.5:
            return kind, rest[0], first
        return kind, first, rest[0] + rng.choice([1, 2, Fraction(1, 2)])
    steps = [Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(1, 10**7), -2 * first, first, 9 * first, Fraction(10)]
    return kind, first + rng.choice([step for step in steps if step and first + step]), *rest


def square_free(number: int) -> bool:
    return all(number % (root * root) for root in range(2, 12))


def written(value: Value, rng: random.Random) -> str:
    kind, first, *rest = value
    if kind == "number":
        return _written(first, rng)
    if kind == "root":
        return _times(first, rf"\sqrt{{{rest[0]}}}", rng)
    if kind == "pi":
        return _times(first, r"\pi", rng)
    if kind == "pair":
        return _spaced(rng, "(", _fraction(first), ",", _fraction(rest[0]), ")")
    if kind == "set":
        members = [_fraction(one) for one in first]
        rng.shuffle(members)
        return rng.choice([", ".join(members), r"\{" + ",".join(members) + r"\}"])
    if kind == "complex":
        return _sum([_fraction(first), _times(rest[0], "i", rng)], rng)
    return _sum([_fraction(first), _times(rest[0], "x", rng)], rng)


def _spaced(rng: random.Random, *pieces: str) -> str:
    return rng.choice(["", " ", r"\,"]).join(pieces)


def _sum(terms: list[str], rng: random.Random) -> str:
    rng.shuffle(terms)
    first, second = terms
    return f"{first} {second}" if second.startswith("-") else f"{first} + {second}"


def _times(factor: Fraction, unit: str, rng: random.Random) -> str:
    sign, factor = ("-" if factor < 0 else ""), abs(factor)
    if factor.denominator == 1:
        shown = "" if factor == 1 else f"{factor}"
        return sign + rng.choice([f"{shown}{unit}", f"{shown} {unit}", f"{factor}\\cdot {unit}"])
    above = unit if factor.numerator == 1 else f"{factor.numerator}{unit}"
    frac = rng.choice(["frac", "dfrac", "tfrac"])
    return sign + rng.choice(
        [
            rf"\{frac}{{{above}}}{{{factor.denominator}}}",
            rf"\{frac}{{{factor.numerator}}}{{{factor.denominator}}}{unit}",
            rf"\{frac}{{{factor.numerator}}}{{{factor.denominator}}} \cdot {unit}",
        ]
    )


def _fraction(number: Fraction) -> str:
    sign = "-" if number < 0 else ""
    if number.denominator == 1:
        return f"{number}"
    return rf"{sign}\frac{{{abs(number.numerator)}}}{{{number.denominator}}}"


def _written(number: Fraction, rng: random.Random) -> str:
    sign, size = ("-" if number < 0 else ""), abs(number)
    ways = [_fraction(number), f"{number}", rf"\left({_fraction(number)}\right)"]
    decimals = next((places for places in range(1, 12) if (size * 10**places).denominator == 1), None)
    if decimals is not None:
        ways += [f"{sign}{_decimal(size, decimals)}", f"{sign}{_decimal(size, decimals + 1)}"]
        ways += [f"{sign}{_decimal(size * 100, max(decimals - 2, 1))}\\%", f"{sign}\\${_decimal(size, decimals)}"]
    if size.denominator == 1:
        ways += [f"{sign}{int(size):,}", f"{sign}0{size}", rf"{sign}{size}\text{{ cm}}^2", rf"{sign}\${size}"]
        ways += [
            f"{sign}{int(size):,}".replace(",", r",\!"),
            rf"{sign}\frac{{{3 * size}}}{{3}}",
            rf"{sign}{size}^\circ",
        ]
    elif size > 1:
        whole, rest = divmod(size.numerator, size.denominator)
        ways += [
            rf"{sign}{whole}\frac{{{rest}}}{{{size.denominator}}}",
            rf"{sign}{whole} \tfrac{{{rest}}}{{{size.denominator}}}",
        ]
    ways += [rf"x = {_fraction(number)}", rf"\mathbf{{{number.numerator}}}" if size.denominator == 1 else f"{number} "]
    return rng.choice(ways)


def _decimal(number: Fraction, places: int) -> str:
    scaled = number * 10**places
    digits = f"{int(scaled):0{places + 1}d}" if scaled.denominator == 1 else f"{float(number):.{places}f}"
    return f"{digits[:-places]}.{digits[-places:]}"


# Completions.


def tagged(inside: str) -> str:
    """Return an answer in tags, after a thought."""
    return f"So.</think><answer>{inside}</answer>"


Wrapped = tuple[str, bool, bool]


def wrapped(right: str, wrong: str, rng: random.Random) -> Wrapped:
    """Return a completion, whether it may be right, and whether it must be; `wrong` is never the gold value."""
    box, other = rf"\boxed{{{right}}}", rf"\boxed{{{wrong}}}"
    return rng.choice(
        [
            (tagged(box), True, True),
            (tagged(f"${box}$"), True, True),
            (tagged(f"The answer is {box}."), True, True),
            (f"It is {box}.", True, True),
            (f"{other}? No.</think> <answer>\n{box}\n</answer>\n", True, True),
            (tagged(f"{box}, that is {box}"), True, True),
            (tagged(rf"\boxed{{\boxed{{{right}}}}}"), True, True),
            (tagged(other), False, False),
            (tagged(f"{box} or {other}"), False, False),
            (tagged(f"{other}{box}"), False, False),
            (tagged(rf"\boxed{{{right} \text{{ or }} {wrong}}}"), False, False),
            (tagged(rf"\boxed{{{right}; {wrong}}}"), False, False),
            (tagged(rf"\boxed{{{wrong} = {right}}}"), False, False),
            (tagged(rf"\boxed{{{right} \text{{ not }} {wrong}}}"), False, False),
            (tagged(rf"\boxed{{{right}\text{{ (or {wrong})}}}}"), False, False),
            (tagged(f"not {box}"), False, False),
            (tagged(f"{box} is wrong"), False, False),
            (tagged(box) + f"<answer>{other}</answer>", False, False),
            (tagged(box) + f" or {other}", False, False),
            (f"{box}</think><answer>{other}</answer>", False, False),
            (f"{box}</think><answer>{right}</answer>", False, False),
            (tagged(right), False, False),
            (tagged(rf"\boxed{{{right}"), False, False),
            (tagged(rf"\boxed{{{right} + 0 \cdot {wrong}}}"), False, False),
            (tagged(rf"\boxed{{{right} {wrong}}}"), False, False),
        ]
    )


_SCRAPS = [
    *"0123456789-+.,/{}()^_ =%$\\!|",
    *(r"\frac", r"\boxed{", r"\text{", r"\sqrt", r"\cdot ", "</think>", "<answer>"),
    *("\u200b", "\uff11", "\u2212"),
]


def scrambled(text: str, rng: random.Random) -> str:
    """Return the text with some characters lost, gained or swapped."""
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text) + 1)
        cut = rng.choice([0, 0, 1, 1, 2])
        text = text[:place] + rng.choice(["", rng.choice(_SCRAPS), text[place - 1 : place]]) + text[place + cut :]
    return text


def cases(count: int, seed: int) -> Iterator[Case]:
    rng = random.Random(seed)
    for _ in range(count):
        value = some_value(rng)
        other = changed(value, rng)
        gold = written(value, random.Random(0)) if value[0] != "number" else _gold(value[1], rng)
        if rng.random() < 0.4:
            written_value = rng.choice([value, other])
            content = written(written_value, rng)
            completion = scrambled(tagged(rf"$\boxed{{{content}}}$"), rng)
            yield Case(gold, completion, written_value == value, False, content)
            continue
        completion, right, plain = wrapped(written(value, rng), written(other, rng), rng)
        yield Case(gold, completion, right, plain)


def _gold(number: Fraction, rng: random.Random) -> str:
    return rng.choice(
        [_fraction(number), _fraction(number).replace("frac", "dfrac"), f"{_fraction(number)}\\text{{ cm}}"]
    )


# A second reader of numbers, for scrambled completions.


def may_be_right(case: Case) -> bool | None:
    """Whether the boxes of a scrambled completion have the gold value; None if the second reader cannot tell."""
    after = case.completion.rpartition("</think>")[2]
    contents = re.findall(r"\\(?:boxed|fbox)\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", after)
    if case.content is not None and {_bare(content) for content in contents} == {_bare(case.content)}:
        return case.right
    gold = _number_in(case.gold)
    if not contents or gold is None:
        return None
    values = [_number_in(content) for content in contents]
    if None in values:
        return None
    return all(value in (gold, gold * 100, gold / 100) if "%" in after else value == gold for value in values)


def _bare(content: str) -> str:
    return re.sub(r"\\,|[\s$]", "", content)


def _number_in(latex: str) -> Fraction | None:
    text = re.sub(
        r"\\text\{[ a-z]*\}(\^\{?2\}?)?|\\left|\\right|\\[,!; ]|\\\$|\$|\^\{?\\circ\}?|\\?%|\\displaystyle", "", latex
    )
    text = re.sub(r"\\mathbf\{(\d+)\}", r"\1", text).replace("\u2212", "-")
    text = re.sub(r"^[^=\d]*x[^=\d]*=", "", text)
    text = re.sub(r"(\d+)\s*\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}", r"(\1+\2/\3)", text)
    text = re.sub(r"\\[dt]?frac\s*\{([-+\d., ]+)\}\s*\{([-+\d., ]+)\}", r"((\1)/(\2))", text)
    text = re.sub(r"\\[dt]?frac\s*(\d)\s*(\d)", r"(\1/\2)", text)
    text = re.sub(r"(?<=\d)[, ](?=\d{3}(?!\d))", "", text).replace("{", "(").replace("}", ")").strip().rstrip(".,;")
    text = re.sub(r"(?<![\d.])0+(?=\d)", "", text)
    try:
        return _evaluated(ast.parse(text.strip(), mode="eval").body, text.strip())
    except (SyntaxError, ZeroDivisionError, KeyError, ValueError, RecursionError):
        return None


def _evaluated(node: ast.AST, text: str) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return Fraction((ast.get_source_segment(text, node) or "").replace("_", "x"))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _evaluated(node.operand, text)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        works: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
            ast.Add: Fraction.__add__,
            ast.Sub: Fraction.__sub__,
            ast.Mult: Fraction.__mul__,
            ast.Div: Fraction.__truediv__,
        }
        return works[type(node.op)](_evaluated(node.left, text), _evaluated(node.right, text))
    raise ValueError("no number")


# The run.


def run(count: int, seed: int) -> Result:
    """Verify that many completions, and collect the verdicts that are against the truth."""
    result = Result(Counter(), [], [], [], 0.0)
    batch: list[Case] = []
    slowest = 0.0
    for case in cases(count, seed):
        batch.append(case)
        if len(batch) == _BATCH_SIZE:
            slowest = max(slowest, _verify_batch(batch, result))
            batch = []
    slowest = max(slowest, _verify_batch(batch, result))
    return Result(result.reasons, result.wrong_accepted, result.right_rejected, result.undecided, slowest)


def _verify_batch(batch: list[Case], result: Result) -> float:
    start = time.monotonic()
    verdicts = verify_many(
        [case.completion for case in batch], [{"answer": case.gold, "problem": ""} for case in batch]
    )
    seconds = time.monotonic() - start
    for case, verdict in zip(batch, verdicts, strict=True):
        result.reasons[verdict.reason] += 1
        if case.content is not None:
            certain = may_be_right(case) if verdict else True
            if certain is False:
                result.wrong_accepted.append(case)
            elif certain is None:
                result.undecided.append(case)
        elif verdict and not case.right:
            result.wrong_accepted.append(case)
        elif case.plain and not verdict:
            result.right_rejected.append((case, verdict))
    return seconds


def main() -> None:
    """Run as a script, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=10)
    arguments = parser.parse_args()
    start = time.monotonic()
    result = run(arguments.count, arguments.seed)
    for name, cases_of_kind in (
        ("accepted though wrong", result.wrong_accepted),
        ("rejected though right", result.right_rejected),
        ("accepted without a second opinion", result.undecided),
    ):
        print(f"{name}: {len(cases_of_kind)}")  # noqa: T201 - a script
        for case in cases_of_kind[: arguments.show]:
            print("   ", case)  # noqa: T201
    print(dict(result.reasons))  # noqa: T201
    seconds = time.monotonic() - start
    print(f"{arguments.count} in {seconds:.0f} s, the slowest {_BATCH_SIZE} in {result.slowest:.1f} s")  # noqa: T201


if __name__ == "__main__":
    main()
