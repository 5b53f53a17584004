"""Estimates as text, with the digits that decide."""

from __future__ import annotations

import math
from typing import Final

from knk.evals.intervals import Estimate

_MAX_DECIMALS: Final = 6
_LARGE: Final = 1e9
"""From here on numbers are written with an exponent."""


def percent(value: float, decimals: int = 0) -> str:
    """Return a share in percent.

    Args:
        value: the share.
        decimals: the number of decimals.

    >>> percent(0.25)
    '25%'
    """
    return f"{100 * value:.{decimals}f}%"


def signed(estimate: Estimate) -> str:
    """Return a difference with its interval.

    There are two digits of the interval's width, and more if a number would look like zero that is not.

    Args:
        estimate: the difference.

    >>> signed(Estimate(0.5, 0.41, 0.6, 100)).replace("\\xa0", " ")
    '+0.50 [+0.41, +0.60]'
    >>> signed(Estimate(0.02, 0.0004, 0.04, 100)).replace("\\xa0", " ")
    '+0.0200 [+0.0004, +0.0400]'
    """
    decimals = _decimals(estimate)
    mean, low, high = (
        _number(value, decimals, "+" if value else "") for value in (estimate.mean, estimate.low, estimate.high)
    )
    # The no-break space keeps an interval on one line.
    return f"{mean} [{low},\N{NO-BREAK SPACE}{high}]"


def in_words(estimate: Estimate, is_share: bool) -> tuple[str, str]:
    """Return an estimate and its interval, as two texts.

    Args:
        estimate: the estimate.
        is_share: whether to write it in percent, without the sign.

    >>> in_words(Estimate(0.5, 0.41, 0.6, 100), is_share=True)
    ('50.0', '41.0 to 60.0')
    >>> in_words(Estimate(7.5, 7.1, 7.9, 100), is_share=False)
    ('7.50', '7.10 to 7.90')
    """
    factor, decimals = (100, 1) if is_share else (1, _decimals(estimate))
    mean, low, high = (_number(factor * value, decimals) for value in (estimate.mean, estimate.low, estimate.high))
    return mean, f"{low} to {high}"


def _decimals(estimate: Estimate) -> int:
    """The decimals that show two digits of the interval's width, and no number but zero as zero."""
    values = (estimate.mean, estimate.low, estimate.high)
    width = estimate.high - estimate.low
    exact = 1 - math.floor(math.log10(width)) if 0 < width < math.inf else 2
    decimals = min(max(exact, 0), _MAX_DECIMALS)
    while decimals < _MAX_DECIMALS and any(_looks_like_zero(value, decimals) for value in values):
        decimals += 1
    return decimals


def _looks_like_zero(value: float, decimals: int) -> bool:
    return math.isfinite(value) and value != 0 and abs(value) < 0.5 * 10**-decimals


def _number(value: float, decimals: int, sign: str = "") -> str:
    if _looks_like_zero(value, decimals):
        return f"{value:{sign}.1e}" if decimals == _MAX_DECIMALS else f"{0:.{decimals}f}"
    if abs(value) >= _LARGE:
        return f"{value:{sign}.3g}"
    return f"{value + 0.0:{sign},.{decimals}f}"  # Adding 0 makes -0 positive.
