"""The memorisation score."""

import pytest

from knk.errors import BadRow
from knk.evals.memorisation import memorisation, memorisation_by_change
from tests.support.benchmarks import scored


def test_the_score_is_accuracy_times_inconsistency() -> None:
    assert memorisation([True] * 4, [True] * 4).score == 0
    assert memorisation([True] * 4, [False] * 4).score == 1
    assert memorisation([False] * 4, [True] * 4) == memorisation([False] * 4, [False] * 4)
    result = memorisation([True, True, True, False], [True, False, False, True])
    assert (result.accuracy, result.consistency) == (3 / 4, 1 / 3)
    assert result.score == pytest.approx(1 / 2)


@pytest.mark.parametrize("solved", [[], [True]])
def test_unpaired_puzzles_are_refused(solved: list[bool]) -> None:
    with pytest.raises(BadRow):
        memorisation(solved, [])


def test_each_kind_of_change_has_the_score_of_its_pairs() -> None:
    verdicts = {"original": "1101", "leaf": "1000", "wording": "1101"}
    completions = [
        scored(f"{kind}{index}", 0, correct == "1", kind, original=str(index))
        for kind, row in verdicts.items()
        for index, correct in enumerate(row)
    ]
    scores = memorisation_by_change([completions])
    assert {kind: estimate.mean for kind, estimate in scores.items()} == {"leaf": 0.5, "wording": 0.0}
    solved, changed = ([correct == "1" for correct in verdicts[kind]] for kind in ("original", "leaf"))
    assert memorisation(solved, changed).score == 0.5
    assert memorisation_by_change([[scored("a", 0, True, "5 people")]]) == {}
