"""Whether a run can learn: what is wrong with the metrics that TRL logs, since which step, and what to do.

| warning | what it means | what to do |
|---|---|---|
| not finite | the loss or the gradient norm is infinite or NaN | stop: the weights may be lost; start again with a lower `learning_rate`, and bfloat16 instead of float16 |
| completions cut off | no completion ended by itself (`completions/clipped_ratio` is 1) | raise `max_completion_length`; train by SFT first, so that the model ends its answers |
| no rewards | every reward was None: nothing could be judged | check that the rows have the columns that the rewards need |
| groups equal | in each group all completions earned the same (`frac_reward_zero_std` is 1), so all advantages are 0 | rewards low: easier rows, or SFT first; rewards high: harder rows; more `num_generations` |
| zero gradient | the gradient norm is 0: no token counts, or nothing can change | SFT: raise `max_length`, look at `completion_only_loss`; otherwise look for frozen weights |
| importance weights low | the completions count less than half (`sampling/importance_sampling_ratio/mean` is below 0.5) | `vllm_importance_sampling_mode: token_truncate`, or `top_p: 1.0` |
| entropy low | for five steps, a tenth of the entropy at the start, or completions with less than 1 nat | lower `learning_rate`; raise `temperature` or `entropy_coef` |

A step has **no signal** if there were no rewards, if all groups were equal, or if the gradient was zero or not finite. One
such step is normal with hard rows. Ten in a row are not: with 100 completions a step, none of 1,000 completions was
different, so the share of completions that are is below 0.3% with 95% confidence (the rule of three).

Entropy falls in every run that learns, and the reward that can still be gained falls with it: over eleven models, reward
was `b - a exp(entropy)`, and most of the gain was made when 73% of the entropy was spent (https://arxiv.org/abs/2505.22617).
Hence a tenth of the start: what remains is little. The other bound needs no start. Entropy per token times mean length is
the entropy of a whole completion, and below 1 nat most completions of a group are the same.
"""  # noqa: E501 - rows of a table

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Final, TypeGuard

from knk.training.metrics import Entry

NO_SIGNAL: Final = "no signal"
"""The name of the finding that counts the steps from which nothing could be learnt."""
MAX_WITHOUT_SIGNAL: Final = 10
"""The number of steps without signal in a row after which `on_no_signal: stop` ends a run."""
MIN_WEIGHT: Final = 0.5
"""The mean importance weight below which it is a finding."""
MIN_ENTROPY_SHARE: Final = 0.1
"""The share of the entropy at the start below which it is a finding."""
MIN_COMPLETION_ENTROPY: Final = 1.0
"""The entropy of a whole completion, in nats, below which it is a finding."""
_START: Final = 5
"""The number of logged steps whose mean is the entropy at the start."""
_REPEATS: Final = (10, 100, 1_000, 10_000)
"""The numbers of steps in a row after which a warning is repeated."""
_CLIPPED: Final = "completions/clipped_ratio"
_WEIGHT: Final = "sampling/importance_sampling_ratio/mean"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run, over its steps so far.

    Args:
        name: what is wrong.
        first_step: the step at which it was first so.
        steps: the number of steps at which it was so.
        in_a_row: for how many steps it has been so without a break, 0 if it is over.
        longest: the most steps in a row.
    """

    name: str
    first_step: int
    steps: int
    in_a_row: int
    longest: int


@dataclass(frozen=True)
class Health:
    """The health of a run up to a step.

    Args:
        step: the last logged step.
        entropies: the entropies of the first logged steps.
        findings: what was wrong, by name, in the order in which it occurred.
        warnings: the lines that are due after the last step.
    """

    step: int = 0
    entropies: tuple[float, ...] = ()
    findings: Mapping[str, Finding] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def after(self, entry: Entry) -> Health:
        """Return the health after one more logged entry; entries that are not about a training step change nothing.

        Args:
            entry: what the trainer logged.
        """
        step = entry.get("step")
        if "loss" not in entry or not isinstance(step, int) or step <= self.step:
            return replace(self, warnings=())
        steps = step - self.step
        names = _problems(entry, self)
        findings = {name: _ended(finding) for name, finding in self.findings.items()}
        findings |= {name: _continued(self.findings.get(name), name, self.step + 1, steps) for name in names}
        entropies = self.entropies
        if len(entropies) < _START and _is_finite(entry.get("entropy")):
            entropies = (*entropies, float(entry["entropy"]))
        after = Health(step, entropies, findings)
        lines = (_warning(self.findings.get(name), findings[name], entry, after) for name in names)
        return replace(after, warnings=tuple(f"step {step}: {line}" for line in lines if line))

    @property
    def start_entropy(self) -> float | None:
        """The mean entropy of the first steps, None until there are enough of them."""
        return sum(self.entropies) / _START if len(self.entropies) == _START else None

    @property
    def steps_without_signal(self) -> int:
        """The number of steps without signal since the last step with one."""
        return self.findings[NO_SIGNAL].in_a_row if NO_SIGNAL in self.findings else 0

    @property
    def never_had_signal(self) -> bool:
        """Whether steps were logged and none had a signal."""
        return self.step > 0 and NO_SIGNAL in self.findings and self.findings[NO_SIGNAL].steps == self.step

    @property
    def should_stop(self) -> bool:
        """Whether the run has been without signal for so long that `on_no_signal: stop` ends it."""
        return self.steps_without_signal >= MAX_WITHOUT_SIGNAL

    @property
    def verdict(self) -> str:
        """A line that says that the run never had a signal, why and what to do; empty if it had one."""
        if not self.never_had_signal:
            return ""
        return f"nothing was learnt, as none of {self.step} steps had a signal: {_no_signal_advice(self)}"

    def record(self) -> dict[str, Any]:
        """Return what a manifest says about the health of a run."""
        return {
            "had_signal": not self.never_had_signal,
            "verdict": self.verdict,
            "findings": [
                {"name": found.name, "first_step": found.first_step, "steps": found.steps, "longest": found.longest}
                for found in self.findings.values()
            ],
        }


def health_of(entries: Iterable[Entry]) -> Health:
    """Return the health of a run after all that was logged.

    Args:
        entries: what the trainer logged, in order.

    >>> health = health_of({"step": step, "loss": 0.0, "frac_reward_zero_std": 1.0} for step in (1, 2))
    >>> health.never_had_signal, health.findings["groups equal"].steps
    (True, 2)
    """
    return reduce(Health.after, entries, Health())


def advice_on(name: str, health: Health) -> str:
    """Return what to do about a finding.

    Args:
        name: the finding's name.
        health: the health that has it.
    """
    return _KINDS[name].advice(health)


@dataclass(frozen=True)
class _Kind:
    """A kind of finding.

    Args:
        holds: whether an entry, after a given health, shows it.
        message: what to say about an entry, with the health after it.
        advice: what to do, given the health.
        patience: the number of steps in a row after which it is worth a warning.
    """

    holds: Callable[[Entry, Health], bool]
    message: Callable[[Entry, Health], str]
    advice: Callable[[Health], str]
    patience: int = 1


def _problems(entry: Entry, health: Health) -> list[str]:
    """Return the names of what is wrong at a step; of the reasons why there is nothing to learn only the first."""
    names = [name for name, kind in _KINDS.items() if kind.holds(entry, health)]
    reasons = [name for name in names if name in _REASONS]
    return [name for name in names if name not in reasons[1:]]


def _has_no_signal(entry: Entry) -> bool:
    return _rewards_missing(entry) or _groups_equal(entry) or _gradient_zero(entry) or _not_finite(entry)


def _rewards_missing(entry: Entry) -> bool:
    """Whether all rewards were None; TRL logs the mean of none as None, and says that no group is equal."""
    return "reward" in entry and not _is_finite(entry["reward"])


def _groups_equal(entry: Entry) -> bool:
    return bool(entry.get("frac_reward_zero_std") == 1)


def _gradient_zero(entry: Entry) -> bool:
    return bool(entry.get("grad_norm") == 0)


def _not_finite(entry: Entry) -> bool:
    return any(name in entry and not _is_finite(entry[name]) for name in ("loss", "grad_norm"))


def _weights_low(entry: Entry) -> bool:
    return _is_finite(entry.get(_WEIGHT)) and entry[_WEIGHT] < MIN_WEIGHT


def _entropy_low(entry: Entry, health: Health) -> bool:
    """Whether the entropy in RLVR is low; SFT lowers it on purpose."""
    entropy, length = entry.get("entropy"), entry.get("completions/mean_length")
    if not _is_finite(entropy) or not _is_finite(length):
        return False
    start = health.start_entropy
    return bool(
        entropy * length < MIN_COMPLETION_ENTROPY or (start is not None and entropy < MIN_ENTROPY_SHARE * start)
    )


def _is_finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _ended(finding: Finding) -> Finding:
    return replace(finding, in_a_row=0)


def _continued(finding: Finding | None, name: str, first_step: int, steps: int) -> Finding:
    if finding is None:
        return Finding(name, first_step, steps, steps, steps)
    in_a_row = finding.in_a_row + steps
    return replace(finding, steps=finding.steps + steps, in_a_row=in_a_row, longest=max(finding.longest, in_a_row))


def _warning(before: Finding | None, now: Finding, entry: Entry, health: Health) -> str:
    """Return the line that is due about a finding, or an empty string: at first, and again when it has lasted."""
    kind = _KINDS[now.name]
    earlier, longest = (before.in_a_row, before.longest) if before else (0, 0)
    is_first = longest < kind.patience <= now.in_a_row
    is_repeat = any(max(earlier, kind.patience) < steps <= now.in_a_row for steps in _REPEATS)
    if now.name in _REASONS and _has_no_signal(entry):
        is_repeat = False  # Reasons alternate; that there is no signal is what lasts.
    if not is_first and not is_repeat:
        return ""
    lasted = f"for {now.in_a_row} steps, " if now.in_a_row > 1 else ""
    return f"{lasted}{kind.message(entry, health)}: {kind.advice(health)}"


def _no_signal_advice(health: Health) -> str:
    """Return the most frequent reason why there was no signal, and what to do about it."""
    reason = max((health.findings[name] for name in _REASONS if name in health.findings), key=lambda found: found.steps)
    return f"{reason.name} ({reason.steps} steps); {_KINDS[reason.name].advice(health)}"


def _do(advice: str) -> Callable[[Health], str]:
    """Return an advice that is the same for every run."""
    return lambda _health: advice


def _number(entry: Entry, name: str) -> str:
    value = entry.get(name)
    return f"{value:.3g}" if isinstance(value, (int, float)) else "unknown"


def _cut_off_message(entry: Entry, _health: Health) -> str:
    return f"all completions were cut off, the longest at {_number(entry, 'completions/max_length')} tokens"


def _not_finite_message(entry: Entry, _health: Health) -> str:
    values = f"loss {_number(entry, 'loss')}, gradient norm {_number(entry, 'grad_norm')}"
    return f"the loss or the gradient was not finite ({values})"


def _entropy_message(entry: Entry, health: Health) -> str:
    start = health.start_entropy
    at_first = "" if start is None else f", {start:.3g} at the start"
    return f"entropy was low ({_number(entry, 'entropy')} nats per token{at_first})"


_KINDS: Final = {
    "not finite": _Kind(
        lambda entry, _: _not_finite(entry),
        _not_finite_message,
        _do("stop, and start again with a lower learning_rate; use bfloat16, not float16"),
    ),
    "completions cut off": _Kind(
        lambda entry, _: entry.get(_CLIPPED) == 1,
        _cut_off_message,
        _do("raise max_completion_length, or train by SFT first so that the model ends its answers"),
    ),
    "no rewards": _Kind(
        lambda entry, _: _rewards_missing(entry),
        lambda _entry, _health: "all rewards were None",
        _do("check that the rows have the columns that the rewards need"),
    ),
    "groups equal": _Kind(
        lambda entry, _: _groups_equal(entry),
        lambda entry, _: f"all groups had equal rewards (mean {_number(entry, 'reward')})",
        _do("if rewards are low, take easier rows or train by SFT first; if they are high, take harder rows"),
    ),
    "zero gradient": _Kind(
        lambda entry, _: _gradient_zero(entry),
        lambda _entry, _health: "the gradient was zero",
        _do("check that completions are not cut off by max_length, and that the weights are not frozen"),
    ),
    "importance weights low": _Kind(
        lambda entry, _: _weights_low(entry),
        lambda entry, _: f"importance weights were low (mean {_number(entry, _WEIGHT)}), so answers hardly counted",
        _do("set vllm_importance_sampling_mode to token_truncate, or top_p to 1.0"),
    ),
    "entropy low": _Kind(
        _entropy_low,
        _entropy_message,
        _do("lower learning_rate, or raise temperature or entropy_coef"),
        patience=5,
    ),
    NO_SIGNAL: _Kind(
        lambda entry, _: _has_no_signal(entry),
        lambda _entry, _health: "there was nothing to learn from",
        _no_signal_advice,
        patience=MAX_WITHOUT_SIGNAL,
    ),
}
_REASONS: Final = ("not finite", "completions cut off", "no rewards", "groups equal", "zero gradient")
"""Why a step has nothing to learn from, the cause before the consequence."""
