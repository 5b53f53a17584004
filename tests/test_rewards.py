"""The rewards, called as TRL calls them."""

from typing import Any

import pytest

from knk import rewards, tasks
from knk.answers.verdict import Verdict
from knk.errors import BadRow
from knk.rewards import format_reward, length_reward
from knk.tasks import kk
from knk.tasks.messages import REASONING_FIELDS
from tests.tasks.test_messages import BROKEN

PUZZLE = "Ann,Bob 0:&(-0,-1)"
ANSWERS = {
    "right": "Ann lies.</think><answer>Ann: knave, Bob: knight</answer>",
    "wrong": "Ann lies.</think><answer>Ann: knight, Bob: knight</answer>",
    "incomplete": "Ann lies.</think><answer>Ann: knave</answer>",
    "no answer": "Ann lies.</think><answer>dunno</answer>",
    "no format": "Ann: knave, Bob: knight",
    "no thought": "</think><answer>Ann: knave, Bob: knight</answer>",
}


def columns(n: int) -> dict[str, Any]:
    """Return the keyword arguments that TRL passes besides the completions."""
    return {
        "prompts": ["?"] * n,
        "completion_ids": [[1, 2, 3]] * n,
        "puzzle": [PUZZLE] * n,
        "solution": [[False, True]] * n,
        "id": ["0"] * n,
        "trainer_state": None,
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kk_reward", [2, -0.5, -1, -1, -2, -2]),
        ("kk_correct", [1, 0, 0, 0, 1, 1]),
        ("kk_answered", [1, 1, 0, 0, 1, 1]),
        ("kk_partial", [1, 0, 0.5, 0, 1, 1]),
        ("format_reward", [1, 1, 1, 1, 0, 0]),
        ("length_reward", [0.003] * 6),
    ],
)
@pytest.mark.parametrize("chat", [False, True])
def test_completions_have_their_rewards(name: str, expected: list[float], chat: bool) -> None:
    texts = list(ANSWERS.values())
    completions = [[{"role": "assistant", "content": text}] for text in texts] if chat else texts
    assert getattr(rewards, name)(completions=completions, **columns(len(texts))) == expected


def test_an_undecided_completion_has_no_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kk, "verify_many", lambda texts, _: [Verdict(None, "timed out")] * len(texts))
    completions = ["thought</think><answer>something</answer>", "no format"]
    results = {kind: getattr(rewards, f"kk_{kind}")(completions=completions, **columns(2)) for kind in rewards.KINDS}
    assert results == {"reward": [None, -2], "correct": [None] * 2, "answered": [None] * 2, "partial": [None] * 2}


def test_several_rewards_of_one_batch_cost_one_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[list[str]] = []
    real = kk.verify_many

    def counted(texts: list[str], rows: list[dict[str, Any]]) -> list[Verdict]:
        batches.append(texts)
        return real(texts, rows)

    monkeypatch.setattr(kk, "verify_many", counted)
    for kind in rewards.KINDS:
        getattr(rewards, f"kk_{kind}")(completions=["one batch"], **columns(1))
    assert batches == [["one batch"]]
    answer = "Ann: knave, Bob: knight"
    assert rewards.kk_correct(completions=[answer], **columns(1)) == [1]
    # The same answer to another puzzle is another question.
    assert rewards.kk_correct(completions=[answer], **{**columns(1), "puzzle": ["Ann,Bob 0:+1 1:|(-0,+1)"]}) == [0]
    assert batches == [["one batch"], [answer], [answer]]


def test_an_undecided_completion_is_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([[Verdict(None, "failed")], [Verdict(True, "right")]])
    monkeypatch.setattr(kk, "verify_many", lambda *_: next(answers))
    assert rewards.kk_correct(completions=["asked twice"], **columns(1)) == [None]
    assert rewards.kk_correct(completions=["asked twice"], **columns(1)) == [1]


def test_shares_and_verdicts_go_to_trl_and_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    metrics: dict[str, float] = {}
    extra: dict[str, list[Any]] = {}
    texts = [ANSWERS["right"], ANSWERS["wrong"], ANSWERS["no format"], ANSWERS["no answer"]]
    rewards.kk_reward(
        completions=texts, log_metric=metrics.__setitem__, log_extra=extra.__setitem__, **columns(len(texts))
    )
    assert metrics == {"kk/right": 0.5, "kk/answered": 0.75, "kk/format": 0.75, "kk/unknown": 0}
    assert extra == {"kk verdict": ["right: -Ann +Bob", "wrong: +Ann +Bob", "right: -Ann +Bob", "no answer"]}
    assert capsys.readouterr() == ("", "")


def test_the_error_for_a_missing_column_says_what_to_do() -> None:
    with pytest.raises(BadRow, match=r"no column 'solution': make it with 'knk task"):
        rewards.kk_reward(completions=["a"], prompts=["?"], puzzle=[PUZZLE])


def test_columns_of_different_lengths_are_errors() -> None:
    with pytest.raises(BadRow, match="expected 1 values of 'puzzle', one for each completion, got 2"):
        rewards.kk_reward(completions=["a"], **columns(2))


def test_every_task_has_its_rewards_by_dotted_path() -> None:
    names = [f"{task}_{kind}" for task in tasks.NAMES for kind in ("reward", "correct", "answered")]
    for name in [*names, "kk_partial", "mmlu_pro_partial"]:
        assert name in dir(rewards)
        assert getattr(rewards, name).__name__ == name
    for name in ("kk_rewards", "gsm8k_reward", "hendrycks_math_partial", "humaneval_plus_partial"):
        assert not hasattr(rewards, name)
        assert name not in dir(rewards)


def test_an_empty_batch_is_not_an_error() -> None:
    assert rewards.kk_reward(completions=[], puzzle=[], solution=[], log_metric=lambda *_: None) == []
    assert rewards.kk_reward(completions=[]) == []
    assert format_reward(completions=[]) == length_reward(completion_ids=[]) == []


def test_the_papers_scheme_never_rewards_a_worse_outcome_more() -> None:
    for name in tasks.NAMES:
        scheme = tasks.load(name).REWARD_SCHEME
        assert scheme.no_format < scheme.unreadable <= scheme.wrong < scheme.right


# Messages, as TRL and servers give them.

THOUGHT = "Were Ann a knight, she would lie."
RIGHT = "<answer>Ann: knave, Bob: knight</answer>"


@pytest.mark.parametrize("field", REASONING_FIELDS)
def test_a_thought_beside_the_content_has_the_format(field: str) -> None:
    message: dict[str, Any] = {"role": "assistant", field: THOUGHT, "content": RIGHT}
    parts = message | {"content": [{"type": "text", "text": RIGHT}]}
    cut_off = message | {"content": "", field: f"{THOUGHT} {RIGHT}"}
    completions = [[message], [parts], [cut_off]]
    assert rewards.kk_reward(completions=completions, **columns(3)) == [2, 2, -2]
    assert format_reward(completions=completions) == [1, 1, 0]


@pytest.mark.parametrize("shape", BROKEN)
@pytest.mark.parametrize("task", tasks.NAMES)
def test_a_completion_in_another_shape_has_no_format(shape: str, task: str) -> None:
    row = {name: [value] for name, value in ROWS[task].items()}
    for kind in ("reward", "correct", "answered"):
        assert getattr(rewards, f"{task}_{kind}")(completions=[BROKEN[shape]], **row) == [-2 if kind == "reward" else 0]
    assert format_reward(completions=[BROKEN[shape]]) == [0]


@pytest.mark.parametrize("shape", BROKEN)
def test_a_right_answer_earns_nothing_by_a_broken_shape(shape: str) -> None:
    completion: Any = BROKEN[shape]
    assert rewards.kk_reward(completions=[completion, ANSWERS["right"]], **columns(2)) == [-2, 2]


# Rows of several tasks in one run.

ROWS: dict[str, dict[str, Any]] = {
    "kk": {"puzzle": PUZZLE, "solution": [False, True]},
    "hendrycks_math": {"problem": "What is 1 + 1?", "answer": "2"},
    "mmlu_pro": {"options": ["red", "green"], "answer": "B"},
    "humaneval_plus": {
        "stub": "def double(x):\n",
        "canonical_solution": "    return 2 * x\n",
        "entry_point": "double",
        "inputs": "[[1]]",
        "atol": 0,
    },
}
COMPLETIONS = {
    "kk": ANSWERS["right"],
    "hendrycks_math": r"One and one.</think><answer>\boxed{2}</answer>",
    "mmlu_pro": r"Grass.</think><answer>\boxed{B}</answer>",
    "humaneval_plus": "Twice.</think><answer>```python\ndef double(x):\n    return 2 * x\n```</answer>",
}


def mixed() -> dict[str, list[Any]]:
    """Return the columns of one row of each task, joined as `datasets` joins files."""
    names = dict.fromkeys(name for row in ROWS.values() for name in row)
    return {name: [ROWS[task].get(name) for task in tasks.NAMES] for name in names}


@pytest.mark.parametrize("task", tasks.NAMES)
def test_a_reward_is_none_for_the_rows_of_other_tasks(task: str) -> None:
    metrics: dict[str, float] = {}
    extra: dict[str, list[Any]] = {}
    completions = [COMPLETIONS[name] for name in tasks.NAMES]
    for kind, right in {"reward": 2, "correct": 1, "answered": 1}.items():
        values = getattr(rewards, f"{task}_{kind}")(
            completions=completions, log_metric=metrics.__setitem__, log_extra=extra.__setitem__, **mixed()
        )
        assert values == [right if name == task else None for name in tasks.NAMES]
    assert metrics == {f"{task}/right": 1, f"{task}/answered": 1, f"{task}/format": 1, f"{task}/unknown": 0}
    verdicts = extra[f"{task} verdict"]
    assert [verdict is not None for verdict in verdicts] == [name == task for name in tasks.NAMES]


def test_a_batch_without_rows_of_the_task_is_all_none_and_logs_no_shares() -> None:
    metrics: dict[str, float] = {}
    options = {name: [value] * 2 for name, value in ROWS["mmlu_pro"].items()}
    for absent in ({}, {"puzzle": [None] * 2, "solution": [None] * 2}):
        assert (
            rewards.kk_reward(completions=["a"] * 2, log_metric=metrics.__setitem__, **options, **absent) == [None] * 2
        )
    assert metrics == {}


def test_the_first_column_of_a_task_is_its_own() -> None:
    columns_of = {name: tasks.load(name).COLUMNS for name in tasks.NAMES}
    for task, own in columns_of.items():
        assert not any(own[0] in others for name, others in columns_of.items() if name != task)


@pytest.mark.parametrize(
    ("task", "broken"),
    [
        ("kk", {"puzzle": 3}),
        ("kk", {"puzzle": "Ann,Bob 0:&(-0"}),
        ("kk", {"puzzle": "Ann,Bob 0:+0"}),
        ("hendrycks_math", {"answer": 2}),
        ("hendrycks_math", {"answer": None}),
        ("mmlu_pro", {"options": "red"}),
        ("mmlu_pro", {"answer": ["B"]}),
        ("humaneval_plus", {"stub": 1}),
        ("humaneval_plus", {"inputs": [[1]]}),
    ],
)
def test_a_broken_row_of_the_task_is_an_error_that_shows_it(task: str, broken: dict[str, Any]) -> None:
    whole, other = ROWS[task], ROWS[task] | broken
    batch = {name: [whole[name], other[name]] for name in whole}
    message = f"^a row of the task {task} is broken: .*the row: .*{next(iter(broken))}"
    with pytest.raises(BadRow, match=message) as error:
        getattr(rewards, f"{task}_reward")(completions=["a", "b"], **batch)
    assert "\n" not in str(error.value)
