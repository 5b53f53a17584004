"""The callback that watches the health of a run while TRL's trainer runs."""

from __future__ import annotations

import sys
from typing import Any

from knk.training.health import MAX_WITHOUT_SIGNAL, Health, health_of


def health_callback(on_no_signal: str) -> Any:
    """Return a callback that warns on stderr in one line when something is wrong, and stops a run without signal.

    It counts on from what the trainer's state has, so a resumed run repeats no warning. It adds its counts to what
    callbacks after it log. All processes decide alike, because the metrics are gathered from all.

    Args:
        on_no_signal: `warn`, or `stop` to end the run after `MAX_WITHOUT_SIGNAL` steps in a row without signal.
    """
    from transformers import TrainerCallback

    class HealthCallback(TrainerCallback):  # type: ignore[misc,unused-ignore]
        health = Health()

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            self.health = health_of(state.log_history)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            # The last steps are logged even if their number is not a multiple of logging_steps.
            if state.global_step >= state.max_steps and args.logging_strategy != "no":
                control.should_log = True

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
            if "loss" not in logs:
                return
            self.health = self.health.after({**logs, "step": state.global_step})
            logs["health/steps_without_signal"] = self.health.steps_without_signal
            logs["health/findings"] = sum(finding.in_a_row > 0 for finding in self.health.findings.values())
            lines = list(self.health.warnings)
            if on_no_signal == "stop" and self.health.should_stop:
                control.should_training_stop = True
                control.should_save = args.save_strategy != "no"
                lines.append(f"step {state.global_step}: stopped, as the last {MAX_WITHOUT_SIGNAL} steps had no signal")
            if state.is_world_process_zero:
                _say(lines)

    return HealthCallback()


def _say(lines: list[str]) -> None:
    """Print lines on stderr above the progress bars."""
    from tqdm import tqdm

    for line in lines:
        tqdm.write(f"knk: {line}", file=sys.stderr)
