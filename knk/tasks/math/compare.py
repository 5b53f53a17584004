"""Compares expressions with the gold answer by math-verify, in the worker processes of the MATH task.

Nothing else in the library imports this module: math-verify and sympy take a second to load, and may hang on an input.
Traps of math-verify 0.9 that this module avoids: its timeouts use alarms, which need the main thread and cancel the
caller's own; `verify` takes the gold answer first, and the order matters; `parse` picks among many candidates in a
text, and any of them counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import sympy
from latex2sympy2_extended import NormalizationConfig, latex2sympy, normalize_latex
from math_verify import parse, verify
from sympy.core.parameters import distribute

from knk.tasks.math.forms import plain, split_outside_brackets
from knk.tasks.math.numbers import is_near, number_of, rounds_to

# Units are removed before, since math-verify would read the s of 2s as one.
_SPELLING: Final = NormalizationConfig(
    basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none", equations=False
)
_DECIMAL_PLACES: Final = 12
_PRECISION: Final = 30
_SAMPLE_POINT: Final = sympy.Rational(1732, 1009)
_MIN_DIFFERENCE: Final = sympy.Rational(1, 10**5)
"""Larger than the error of a decimal that is rounded to six figures."""
_EXTRA_STEPS: Final = 10
"""Operations that an expression may have beyond three times those of the gold answer."""
_OPERATIONS: Final = (sympy.Sum, sympy.Product, sympy.Integral, sympy.Limit, sympy.Derivative)
_FORMULA: Final = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\$(.+?)\$|\\\((.+?)\\\)", re.DOTALL)
_RELATION: Final = re.compile(r"=|<|>|\\(?:le|ge|ne|to|quad|qquad|text|mbox|equiv)(?![a-zA-Z])|&|\\\\")
_MAX_FORMULA_LENGTH: Final = 200


def compare(job: dict[str, Any]) -> list[Any]:
    r"""Return whether an answer is the gold answer: a reason such as "right" or "wrong", and the details.

    Args:
        job: "gold" and "answer", plain forms; "equals" and "decimals", the plain forms of expressions that the answer
            is stated to equal, and of decimals that it is stated to be near; "problem", the problem's text.

    >>> compare({"gold": r"2\sqrt{5}", "answer": r"\sqrt{20}", "equals": [], "decimals": [], "problem": ""})
    ['right', '']
    >>> problem = r"Simplify $\sqrt{20}$."
    >>> compare({"gold": r"2\sqrt{5}", "answer": r"\sqrt{20}", "equals": [], "decimals": [], "problem": problem})
    ['no answer', "the question's own expression"]
    >>> compare({"gold": "6", "answer": "2+4", "equals": [], "decimals": [], "problem": ""})
    ['no answer', 'not worked out']
    """
    gold, answer = _read(job["gold"]), _read(job["answer"])
    if not answer:
        return ["unreadable", "no expression"]
    if not _is_same(gold, answer, job["answer"]):
        return ["wrong", ""]
    if not all(_is_same(gold, _read(other), other) for other in job["equals"]):
        return ["wrong", "an equation that does not hold"]
    if not all(_is_near(gold[0], decimal) for decimal in job["decimals"]):
        return ["wrong", "far from the decimal"]
    expression = answer[0]
    if isinstance(expression, str) or isinstance(gold[0], str):
        return ["right", ""]
    if not _is_open(gold[0]) and (_is_open(expression) or (_is_plain(gold[0]) and not _is_plain(expression))):
        return ["no answer", "not worked out"]
    if _is_too_complex(expression, gold[0]):
        return ["no answer", "not simplified"]
    if _is_restated(expression, gold[0], job["problem"]):
        return ["no answer", "the question's own expression"]
    return ["right", ""]


def is_sound(gold: str) -> bool:
    """Whether math-verify reads a gold answer, and finds it the same as itself.

    Args:
        gold: a plain form.
    """
    return _is_same(_read(gold), _read(gold), gold)


def contains_gold_answer(gold: str, text: str) -> bool:
    r"""Whether math-verify finds the gold answer anywhere in a text, as the paper asks it.

    Args:
        gold: the gold answer in LaTeX, without dollars.
        text: a completion with all its thinking.

    >>> contains_gold_answer("2", r"So it is $2$."), contains_gold_answer("2", r"So it is \\boxed{3}.")
    (True, False)
    """
    gold_parsed, text_parsed = (parse(latex, parsing_timeout=None) for latex in (f"${gold}$", text))
    return bool(verify(gold_parsed, text_parsed, timeout_seconds=None))


def work(job: dict[str, Any]) -> list[Any] | bool:
    """Do one job: compare an answer, search a whole completion, or check a gold answer alone."""
    if "completion" in job:
        return contains_gold_answer(job["gold"], job["completion"])
    return compare(job) if "answer" in job else is_sound(job["gold"])


@lru_cache(1 << 12)
def _read(text: str) -> list[Any]:
    """Return the expression that math-verify reads in a plain form, if any, and the form in its spelling.

    This is what math-verify's own `parse` does with one formula, except for i: `parse` reads it as a real variable in
    3i and as another one in 3 i, so that the two differ.
    """
    spelled = normalize_latex(text, _SPELLING)
    try:
        return [latex2sympy(spelled, is_real=True, convert_degrees=False, normalization_config=None), spelled]
    except Exception:  # noqa: BLE001 - it raises bare exceptions, and unforeseen ones
        return [spelled]


def _is_same(gold: list[Any], answer: list[Any], text: str) -> bool:
    if gold and answer and _differ(gold[0], answer[0]):
        return False
    if verify(gold, answer, float_rounding=_DECIMAL_PLACES, numeric_precision=_PRECISION, timeout_seconds=None):
        return True
    number = number_of(text)
    return bool(number and number.decimal_places and gold and _is_rounded(gold[0], text))


_SHAPES: Final = (sympy.MatrixBase, sympy.Interval, sympy.Union, sympy.Tuple)


def _differ(gold: Any, answer: Any) -> bool:
    """Whether two expressions certainly differ: this is cheap, while math-verify first tries to simplify."""
    if isinstance(gold, sympy.Expr) and isinstance(answer, _SHAPES):
        return not (isinstance(answer, sympy.Tuple) and len(answer) < 2)
    if not isinstance(gold, sympy.Expr) or not isinstance(answer, sympy.Expr):
        return False
    if gold.free_symbols != answer.free_symbols:
        return False
    if isinstance(gold, sympy.Symbol) or gold.has(*_OPERATIONS) or answer.has(*_OPERATIONS):
        return False
    values = {symbol: _SAMPLE_POINT + index for index, symbol in enumerate(sorted(gold.free_symbols, key=str))}
    gold_value, value = (expression.evalf(20, subs=values) for expression in (gold, answer))
    if not gold_value.is_number or not value.is_number or not gold_value.is_finite or not value.is_finite:
        return False
    return bool(abs(gold_value - value) > _MIN_DIFFERENCE * (1 + abs(gold_value)))


def _is_rounded(gold: Any, text: str) -> bool:
    """Whether a decimal is the gold number rounded, such as a root or a multiple of pi."""
    number, value = number_of(text), _value(gold)
    return bool(number and value is not None and rounds_to(value, number))


def _is_near(gold: Any, text: str) -> bool:
    number, value = number_of(text), _value(gold)
    return bool(number and value is not None and is_near(value, number))


def _value(gold: Any) -> Fraction | None:
    """Return the value of a real number, precise enough to compare decimals with it."""
    if not isinstance(gold, sympy.Expr) or gold.free_symbols:
        return None
    value = gold.evalf(_PRECISION)
    if not value.is_real or not value.is_finite:
        return None
    exact = sympy.Rational(str(value))
    return Fraction(int(exact.p), int(exact.q))


# Whether an answer is worked out.


def _is_open(expression: Any) -> bool:
    """Whether a part of an expression is a number still to be worked out, such as 2 + 4 or the root of 16."""
    return any(_is_open_here(part) for part in _parts(expression))


def _parts(expression: Any) -> Iterator[Any]:
    if isinstance(expression, sympy.MatrixBase):
        for element in expression:
            yield from _parts(element)
        return
    yield expression
    for argument in getattr(expression, "args", ()):
        yield from _parts(argument)


def _is_open_here(part: Any) -> bool:
    if not isinstance(part, (sympy.Add, sympy.Mul, sympy.Pow)):
        return False
    numbers = [argument for argument in part.args if argument.is_Number and abs(argument) != 1]
    if isinstance(part, (sympy.Add, sympy.Mul)) and (len(numbers) > 1 or 0 in numbers):
        return True
    if part.free_symbols or _is_simple(part):
        return False
    return bool(part.doit().is_Rational)


def _is_simple(part: Any) -> bool:
    """Whether an expression without variables is a number, or a quotient of two."""
    if part.is_Number or part.is_NumberSymbol or part.is_infinite:
        return True
    if isinstance(part, sympy.Pow):
        return bool(part.base.is_Number and part.exp == -1)
    return isinstance(part, sympy.Mul) and all(_is_simple(factor) for factor in part.args)


def _is_plain(expression: Any) -> bool:
    """Whether an expression is a rational number that is worked out, or a list of them."""
    if isinstance(expression, sympy.MatrixBase):
        return all(_is_plain(element) for element in expression)
    if isinstance(expression, sympy.Expr):
        return bool(not expression.free_symbols and _is_simple(expression) and not expression.atoms(sympy.NumberSymbol))
    arguments = getattr(expression, "args", ())
    return all(
        _is_plain(argument) for argument in arguments if not isinstance(argument, sympy.logic.boolalg.BooleanAtom)
    )


def _is_too_complex(expression: Any, gold: Any) -> bool:
    """Whether an expression has variables that cancel, or far more operations than the gold answer."""
    if not isinstance(expression, sympy.Expr) or not isinstance(gold, sympy.Expr) or isinstance(gold, sympy.Symbol):
        return False
    if isinstance(expression, sympy.Symbol):
        return False
    return bool(expression.free_symbols - gold.free_symbols or _steps(expression) > 3 * _steps(gold) + _EXTRA_STEPS)


def _steps(expression: Any) -> int:
    return sum(max(1, len(part.args) - 1) for part in _parts(expression) if getattr(part, "args", ()))


# Whether an answer restates the question.


def _is_restated(expression: Any, gold: Any, problem: str) -> bool:
    if not isinstance(expression, sympy.Expr) or isinstance(expression, sympy.Symbol) or expression.is_Number:
        return False
    form, ordered = _form(expression), _ordered(expression)
    if form == _form(gold):
        return False
    is_ordered_gold = ordered == _ordered(gold)
    return any(
        form == other_form or (ordered == other_ordered and not is_ordered_gold)
        for other_form, other_ordered in _formulas(problem)
    )


@lru_cache(1 << 9)
def _formulas(problem: str) -> tuple[tuple[str, Any], ...]:
    """Return the expressions in a problem: the form of each, and the expression in sympy's order."""
    sides = {plain(part) for formula in _FORMULA.findall(problem) for part in _RELATION.split("".join(formula))}
    texts = {text for side in sides for text in (side, *split_outside_brackets(side, ",;"))}
    formulas = [text for text in sorted(texts) if 2 < len(text) <= _MAX_FORMULA_LENGTH and number_of(text) is None]
    expressions = [reading[0] for reading in map(_read, formulas) if reading]
    return tuple(
        (_form(expression), _ordered(expression)) for expression in expressions if isinstance(expression, sympy.Expr)
    )


def _form(expression: Any) -> str:
    """Return the structure of an expression, regardless of the order of its terms and factors."""
    if isinstance(expression, sympy.Pow) and expression.base.is_Integer and expression.exp == -1 and expression.base:
        return str(sympy.Rational(1, expression.base))
    if not isinstance(expression, sympy.Expr) or not expression.args:
        return str(expression)
    parts = (
        sorted(_terms(expression)) if isinstance(expression, (sympy.Add, sympy.Mul)) else map(_form, expression.args)
    )
    return f"{type(expression).__name__}({','.join(parts)})"


def _terms(expression: Any) -> Iterator[str]:
    for argument in expression.args:
        if type(argument) is type(expression):
            yield from _terms(argument)
        elif not (isinstance(expression, sympy.Mul) and argument == 1):
            yield _form(argument)


def _ordered(expression: Any) -> Any:
    """Return an expression in sympy's order, evaluated as far as that does, but not expanded."""
    with distribute(False):
        return _rebuilt(expression)


def _rebuilt(expression: Any) -> Any:
    if not isinstance(expression, sympy.Expr) or not expression.args:
        return expression
    return expression.func(*map(_rebuilt, expression.args))
