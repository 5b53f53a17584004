"""Values that model code returns: encoded, parsed and compared."""

import json
import math
import time
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knk.errors import BadOutput
from knk.sandbox.encoding import NotPlain, encode
from knk.sandbox.run import run
from knk.sandbox.values import number_of, parse_value, same
from tests.support.sandboxed import IDENTITY, returned_value

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([1 << 63, -(1 << 63) - 1, 10**400, -(10**400)]),
    st.floats(allow_nan=False),
    st.sampled_from([0.0, 1.0, -0.0, math.inf]),
    st.complex_numbers(allow_nan=False, max_magnitude=4),
    st.text(max_size=3),
    st.sampled_from(["", "a", "\ud800", "\n"]),
    st.binary(max_size=2),
)
hashable = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2).map(tuple), max_leaves=3)
values = st.recursive(
    st.one_of(scalars, st.sets(hashable, max_size=3), st.frozensets(hashable, max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(hashable, inner, max_size=3),
    ),
    max_leaves=6,
)


def encoded(value: Any) -> Any:
    """A value as this process reads it."""
    return parse_value(json.dumps(encode(value)))


@given(values, values)
def test_trees_are_the_same_if_and_only_if_the_values_are_equal(first: Any, second: Any) -> None:
    assert same(encoded(first), encoded(second)) == (first == second)


@given(values)
def test_a_value_equals_itself(value: Any) -> None:
    assert same(encoded(value), encoded(value))


@pytest.mark.parametrize(
    ("expected", "actual", "equal"),
    [
        (1, True, True),
        (True, 1.0, True),
        (2, 2.0, True),
        (0, None, False),
        (False, None, False),
        ([1], (1,), False),
        ([], (), False),
        ({1, 2}, {2.0, True}, True),
        ({1, 2}, [1, 2], False),
        ({1: "a", 2: "b"}, {2: "b", 1: "a"}, True),
        ({1: "a"}, {1: "b"}, False),
        ({1: "a"}, {"1": "a"}, False),
        ({"a": 1, "b": 1}, Counter("ab"), True),
        ({"a": [1]}, defaultdict(list, a=[1]), True),
        ({"a": 1}, OrderedDict(a=1), True),
        ("a", b"a", False),
        (b"a", bytearray(b"a"), True),
        (10**400, 1e308, False),
        (math.inf, math.inf, True),
        (math.nan, math.nan, False),
        (0.1 + 0.2, 0.3, False),
        (1 + 0j, 1, True),
        ({(1, (2, frozenset({3})))}, {(True, (2.0, frozenset({3})))}, True),
    ],
)
def test_equality_matches_python(expected: Any, actual: Any, equal: bool) -> None:
    assert same(encoded(expected), encoded(actual)) is equal


@pytest.mark.parametrize(
    ("expected", "actual", "equal"),
    [
        (0.3, 0.1 + 0.2, True),
        (1.0, 1 + 0.9e-6, True),
        (1.0, 1 + 1.2e-6, False),
        (1e9, 1e9 + 90, True),
        (1e9, 1e9 + 110, False),
        ([0.5, 1.5], [0.5, 1.5000001], True),
        ([0.5, 1.5], (0.5, 1.5), False),
        ([0.5], [0.5, 0.5], False),
        (0.5, "0.5", False),
        (0.5, [0.5], False),
        (0.5, None, False),
        (math.nan, math.nan, True),
        (0.5, math.nan, False),
        (math.nan, 0.5, False),
        (math.inf, 1e308, False),
        (0.5, math.inf, False),
        (1.0, 10**400, False),
    ],
)
def test_a_tolerance_applies_to_numbers(expected: Any, actual: Any, equal: bool) -> None:
    assert same(encoded(expected), encoded(actual), 1e-6) is equal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        '{"tuple": 1}',
        '{"tuple": [], "set": []}',
        '{"pickle": "gASV"}',
        '{"int": "10"}',
        '{"int": 10}',
        '{"float": "1e5"}',
        '{"bytes": "xx"}',
        '{"dict": [[1]]}',
        '{"dict": {"a": 1}}',
        '{"complex": [1]}',
        '{"complex": [{"complex": [1, 1]}, 1]}',
        "[" * 5000 + "]" * 5000,
        "[" * 200 + "]" * 200,
        "1" * 5000,
        "\xff",
    ],
)
def test_other_json_is_rejected(text: str) -> None:
    with pytest.raises(BadOutput):
        parse_value(text)


def cpu_seconds(n: int) -> float:
    """The processor time that a comparison of two sets of n numbers with equal hashes takes."""
    numbers = [number * (2**61 - 1) for number in range(n)]
    start = time.process_time()
    assert same({"set": numbers}, {"set": numbers[::-1]})
    return time.process_time() - start


def test_numbers_with_equal_hashes_do_not_slow_comparison_down() -> None:
    # By hash, eight times the numbers would take 64 times as long.
    assert min(cpu_seconds(16000) for _ in range(3)) < 24 * min(cpu_seconds(2000) for _ in range(3))


def test_other_types_are_not_encoded() -> None:
    for value in (object(), range(3), iter(()), len, ...):
        with pytest.raises(NotPlain):
            encode(value)


def test_values_are_returned_unchanged() -> None:
    inputs = ['[1, 2.5, null, true, [[]], {"a": 1}]', '["\\ud800\\n"]']
    results = [parse_value(output.text) for output in run(IDENTITY, inputs).outputs]
    assert results == [{"tuple": [1, 2.5, None, True, [[]], {"dict": [["a", 1]]}]}, {"tuple": ["\ud800\n"]}]
    assert number_of(returned_value("def f(): return 10**5000")) == 10**5000


def test_sets_of_str_have_the_same_order_in_every_process() -> None:
    code = "def f(): return list({str(n) for n in range(50)})"
    assert returned_value(code) == returned_value(code)
