"""The latent rate of searching on: how often a model's chains of thought reject what they tried and try again.

This counts words. A chain rejects a candidate where it has one of the phrases of `REJECTIONS`. It tries again where one
of `ATTEMPTS` follows, or the other role of somebody whom it has supposed to be a knight or a knave. Whether the
rejection is right, or the try a new one, is not seen; nor are symbols, most tables, and phrases that are not listed.
What stands in quotation marks is not counted. `docs/latent.md` has the measured errors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Any, Final

from knk.answers.locate import cut_after_answer
from knk.errors import BadFolder
from knk.evals import intervals
from knk.evals.intervals import Estimate
from knk.evals.items import benchmark
from knk.evals.metrics import any_correct, item_scores
from knk.evals.records import read_run
from knk.evals.scoring import ScoredCompletion, stored_completions
from knk.text.vocabulary import ROLE_PAIRS

# Where a sentence, a line or a clause starts. All repetitions are bounded, so that the search is linear.
_START: Final = r"(?<![^.!?:;,…\n>*])[ \t*#>•-]{0,8}"
_LET_US: Final = r"\blet(?:'s| us| me) (?:now |first |also |then |just )?"
REJECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "contradiction": r"\bcontradictions?\b|\bcontradictory\b|\bcontradict(?:s|ing) (?!each)|[⊥✗✘❌]",
        "impossible": r"\bimpossible\b|\bnot possible\b|n't possible\b",
        "cannot be": r"\bcan(?:'?t|not| not) be(?: right| true| correct| so| the case)?[ ]?[.,;:!\n]",
        "cannot say": r"\bcan(?:'?t|not| not) (?:have said|say)\b|\bno \w{1,30} can say\b",
        "does not work": r"\b(?:does not|doesn't|won't|didn't|did not) (?:work|fit|hold)\b|\bdead end\b|\bno good\b"
        r"|\b(?:case|assumption|attempt|option|this|that) fails\b",
        "wait": rf"(?:{_START}|\b(?:but|hmm|no|oh),? )(?:wait|hold on)\b(?! (?:for|until|time))",
        "no": r"(?<![^.!;:,…\n>*])[ \t*]{0,4}(?:no|nope)\b[,.!]",
        "mistake": r"\b(?:scratch that|take (?:that|it) back|oops|my mistake|i (?:made a mistake|misread|was wrong))\b"
        r"|\bthat(?:'s| is) (?:wrong|not right|incorrect|not correct)\b",
    }
)
"""Phrases that reject what was tried, as regular expressions, by name."""
ATTEMPTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "suppose": rf"\b(?:suppos|assum)(?:e|ing)\b|\bimagine\b|{_START}say \w{{1,30}} (?:is|was|were)\b",
        "if": rf"{_START}(?:and |but |now |so )?if \w{{1,30}}(?:'s| is| was| were| are)\b",
        "what if": rf"\bwhat if\b|{_START}could \w{{1,30}} be\b",
        "case": rf"{_START}(?:sub-?)?(?:case|option|scenario|possibility|attempt) \w"
        r"|\b(?:other|second|next|another|different) (?:case|option|scenario|possibility|way|approach|value)\b",
        "try": rf"{_LET_US}(?:try|test|go with|take)\b|{_START}(?:now )?try \w|\btry(?:ing)? again\b",
        "instead": rf"\binstead\b(?! of)|\balternatively\b|{_START}otherwise\b"
        r"|\bstart(?:ing)? over\b|\bgo(?:ing)? back\b",
        "redo": rf"{_LET_US}re-?(?:consider|check|calculate|compute|do|think|visit|examine|read|start|evaluate|try)\b",
    }
)
"""Phrases that begin a try, as regular expressions, by name."""
# "No contradiction", "that does not lead to a contradiction", "look for a contradiction": nothing is rejected.
_HEDGED: Final = r"(?:\bno|\bnot|n't|\bnever|\bwithout|\bfor) (?:\w{1,30} ){0,3}(?:contradict\w{0,8}|impossible)\b"
_ROLES: Final = "|".join(sorted({role for pair in ROLE_PAIRS for role in pair}, key=len, reverse=True))
_VALUE: Final = (
    r"\b(?P<name>[^\W\d_]\w{0,30})(?: is| was| were| be| being|'s| has to be| must be| as| =)?(?: an?)? "
    rf"(?P<role>{_ROLES})\b"
)
_QUOTED: Final = re.compile(r'"[^"\n]{0,300}"|“[^”\n]{0,300}”')


def _any_of(phrases: Mapping[str, str]) -> str:
    return "|".join(f"(?:{phrase})" for phrase in phrases.values())


_MARKS: Final = re.compile(
    rf"(?P<hedged>{_HEDGED})|(?P<rejection>{_any_of(REJECTIONS)})|(?P<attempt>{_any_of(ATTEMPTS)})", re.IGNORECASE
)
_VALUES: Final = re.compile(_VALUE, re.IGNORECASE)
_REACH: Final = 40
"""Characters between the beginning of a try and the value that it supposes."""


@dataclass(frozen=True)
class Search:
    """What the words of a chain of thought say about its search.

    Args:
        rejections: phrases that reject what was tried.
        tries: candidates: 1, and 1 more for each rejection, or run of rejections, that a new try follows.
    """

    rejections: int
    tries: int

    @property
    def rejects(self) -> bool:
        """Whether the chain rejects something."""
        return self.rejections > 0

    @property
    def tries_again(self) -> bool:
        """Whether the chain tries again after a rejection."""
        return self.tries > 1


def search_of(text: str) -> Search:
    """Return how often a chain of thought rejects what it tried, and how many tries it makes.

    Args:
        text: the chain, in English.

    >>> search_of("Suppose Ann is a knight. Then Bob lies, a contradiction. So Ann is a knave.")
    Search(rejections=1, tries=2)
    >>> search_of("Try x = 2. That does not work. Let's try x = 3 instead.")
    Search(rejections=1, tries=2)
    >>> search_of("Suppose Ann is a knight. There is no contradiction. Suppose Bob is a knave.")
    Search(rejections=0, tries=1)
    """
    rejections, tries, is_rejected = 0, 1, False
    attempt_at = -_REACH
    supposed: dict[str, str] = {}
    for match in _marks(_QUOTED.sub('"', text.replace("’", "'"))):
        is_attempt = match.lastgroup == "attempt"
        if match.lastgroup == "rejection":
            rejections += 1
            is_rejected = True
        elif is_attempt:
            attempt_at = match.start()
        elif match.lastgroup == "role":
            name, role = match["name"].lower(), match["role"].lower()
            is_attempt = supposed.get(name, role) != role
            if match.start() - attempt_at < _REACH:
                supposed[name] = role
        if is_attempt and is_rejected:
            tries += 1
            is_rejected = False
    return Search(rejections, tries)


def chain_of(completion: str) -> str:
    """Return what a completion writes before its answer, whose words are no try.

    Args:
        completion: what a model wrote.

    >>> chain_of("Bob lies.</think><answer>Bob is a knave</answer> Wait.")
    'Bob lies.</think>'
    """
    before, tag, after = cut_after_answer(completion).rpartition("<answer>")
    return before if tag else after


def _marks(text: str) -> list[re.Match[str]]:
    """Return the rejections, the attempts and the roles in a text, in order."""
    return sorted((match for pattern in (_MARKS, _VALUES) for match in pattern.finditer(text)), key=re.Match.start)


# Rates over a run.


@dataclass(frozen=True)
class LatentRate:
    """How often a model searches on in a benchmark, and what that goes with; every interval is over items.

    Args:
        name: the benchmark, as tables name it.
        samples: completions per item.
        pass_at_1: the share of right answers.
        pass_at_k: the share of items with a right answer among their samples; the same as `pass_at_1` for one sample.
        rejects: the share of chains that reject something.
        tries_again: the share of chains that try again after a rejection.
        tries: the tries per chain.
        cut_off: the share of chains that ended at the limit of tokens.
        accuracy_again: the share of right answers among chains that try again; None if there are none.
        accuracy_once: the same among the other chains.
    """

    name: str
    samples: int
    pass_at_1: Estimate
    pass_at_k: Estimate
    rejects: Estimate
    tries_again: Estimate
    tries: Estimate
    cut_off: Estimate
    accuracy_again: Estimate | None
    accuracy_once: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)


def latent_rates(folder: str | os.PathLike[str], only: str | None = None) -> list[LatentRate]:
    """Return the latent rate in each benchmark of a finished run.

    Args:
        folder: the folder of a `knk bench run`.
        only: the name of one benchmark; all of the run if not given.

    Raises:
        BadFolder: the folder does not hold a finished run, its completions are missing, or it lacks the benchmark.
        BadFile: a file of the run is broken.
        BadSpec: there is no such benchmark.
    """
    completions = read_run(folder).completions
    names = list(completions) if only is None else [benchmark(only).name]
    rates = []
    for name in names:
        if name not in completions:
            raise BadFolder(f"{folder} has no results of {name}: expected one of {', '.join(completions)}")
        searches = {
            (record["id"], record["sample"]): search_of(chain_of(record["completion"]))
            for record in stored_completions(Path(folder) / name)
        }
        if any((one.item, one.sample) not in searches for one in completions[name]):
            raise BadFolder(f"{Path(folder) / name} lacks completions: finish its run with the same 'knk bench run'")
        rates.append(latent_rate(benchmark(name).heading, completions[name], searches))
    return rates


def latent_rate(
    name: str, completions: Sequence[ScoredCompletion], searches: Mapping[tuple[str, int], Search]
) -> LatentRate:
    """Return the latent rate in the completions of one benchmark.

    Args:
        name: the benchmark, as tables name it.
        completions: the scored completions.
        searches: what the words of each say, by its item and the index of its sample.

    Raises:
        BadRow: there are no completions.
    """
    pairs = [(one, searches[one.item, one.sample]) for one in completions]
    again = [one for one, search in pairs if search.tries_again]
    once = [one for one, search in pairs if not search.tries_again]
    return LatentRate(
        name,
        1 + max((one.sample for one in completions), default=0),
        intervals.proportion([item_scores(completions)]),
        intervals.proportion([any_correct(completions)]),
        intervals.proportion([_item_means((one, search.rejects) for one, search in pairs)]),
        intervals.proportion([_item_means((one, search.tries_again) for one, search in pairs)]),
        intervals.average([_item_means((one, search.tries) for one, search in pairs)]),
        intervals.proportion([_item_means((one, one.finish_reason == "length") for one in completions)]),
        _accuracy(again),
        _accuracy(once),
    )


def _item_means(values: Iterable[tuple[ScoredCompletion, float]]) -> dict[str, float]:
    by_item: dict[str, list[float]] = {}
    for completion, value in values:
        by_item.setdefault(completion.item, []).append(float(value))
    return {item: fmean(samples) for item, samples in by_item.items()}


def _accuracy(completions: Sequence[ScoredCompletion]) -> Estimate | None:
    scores = item_scores(completions)
    return intervals.proportion([scores]) if scores else None
