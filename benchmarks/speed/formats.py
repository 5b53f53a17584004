"""Rates and ratios as text."""

from __future__ import annotations

from benchmarks.speed.results import Spread


def format_number(value: float) -> str:
    """Return a number with three digits.

    >>> format_number(34_620), format_number(98.04), format_number(1.07)
    ('34,600', '98', '1.07')
    """
    return f"{float(f'{value:.3g}'):,.10g}"


def format_rate(value: float) -> str:
    """Return units per second.

    >>> format_rate(3_441_000), format_rate(34_620), format_rate(1.07)
    ('3.44 million/s', '34,600/s', '1.07/s')
    """
    return f"{value / 1e6:.3g} million/s" if value >= 1e6 else f"{format_number(value)}/s"


def format_byte_rate(value: float) -> str:
    """Return bytes per second.

    >>> format_byte_rate(6_500_000)
    '6.5 MB/s'
    """
    return f"{format_number(value / 1e6)} MB/s"


def format_rate_spread(rate: Spread) -> str:
    """Return a rate with its minimum and maximum.

    >>> format_rate_spread(Spread(200, 100, 1070))
    '200/s [100/s, 1,070/s]'
    """
    return f"{format_rate(rate.median)} [{format_rate(rate.low)}, {format_rate(rate.high)}]"


def format_times(ratio: float) -> str:
    """Return a ratio.

    >>> format_times(98.04)
    '98 times'
    """
    return f"{format_number(ratio)} times"


def format_times_spread(ratio: Spread | None) -> str:
    """Return a ratio with its minimum and maximum, or "" for None.

    >>> format_times_spread(Spread(4, 2, 6.5))
    '4 [2, 6.5]'
    """
    return f"{format_number(ratio.median)} [{format_number(ratio.low)}, {format_number(ratio.high)}]" if ratio else ""


def format_share(share: float) -> str:
    """Return a share in percent.

    >>> format_share(0.00451)
    '0.45 %'
    """
    return f"{100 * share:.2g} %"


def format_share_spread(share: Spread | None) -> str:
    """Return a share in percent with its minimum and maximum, or "" for None.

    >>> format_share_spread(Spread(0.4, 0.2, 0.6))
    '40 % [20, 60]'
    """
    return f"{format_share(share.median)} [{100 * share.low:.2g}, {100 * share.high:.2g}]" if share else ""
