"""A prompt's tokens are the first tokens of the prompt with its completion, for tokenizers like Qwen's."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.files import read
from knk.datasets.rows import row_of
from knk.generation.generate import generate
from knk.tasks import NAMES, load
from knk.tasks.format import completion_of
from knk.teacher.export import ExportFormat, export_rows
from knk.teacher.sft import Policy, write_sft
from knk.text.styles import PROOF_STYLES
from tests.support.qwen_tokenizer import qwen_like_tokenizer
from tests.support.teacher_answers import write_answers

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers is not installed: make check-all does it"
)
PUZZLES = [dict(row_of(puzzle)) for puzzle in generate(people=(2, 6), n=5, seed=5)]
TASK_ROWS: dict[str, dict[str, Any]] = {
    "kk": PUZZLES[0],
    "hendrycks_math": {"problem": "What is 1 + 1?", "answer": "2"},
    "mmlu_pro": {"question": "Which?", "options": ["a", "b"], "answer": "A"},
    "humaneval_plus": {"stub": "def f():\n"},
}
OPENINGS = ("I see", "We", "(1)", "\n\nI see", " To see", "<think>\nLet me", "> quoted", "$x$", "1 + 1")


@cache
def tokenizer() -> Any:
    """Return the tokenizer, with the chat template of Qwen2.5 in short."""
    made = qwen_like_tokenizer()
    made.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
        "{{ message['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return made


def text_of_prompt(prompt: Any, completion: Any) -> tuple[str, str]:
    """Return a prompt as a model generates from it, and the prompt with its completion as SFT trains on them."""
    if isinstance(prompt, str):
        return prompt, prompt + completion
    template = tokenizer().apply_chat_template
    return template(prompt, tokenize=False, add_generation_prompt=True), template(prompt + completion, tokenize=False)


def assert_prefix(prompt: Any, completion: Any) -> None:
    texts = text_of_prompt(prompt, completion)
    prompt_ids, whole_ids = (tokenizer()(text)["input_ids"] for text in texts)
    assert whole_ids[: len(prompt_ids)] == prompt_ids, [text[len(texts[0]) - 8 : len(texts[0]) + 8] for text in texts]


def test_the_tokenizer_merges_as_qwens_does() -> None:
    def tokens(text: str) -> list[str]:
        return list(tokenizer().convert_ids_to_tokens(tokenizer()(text)["input_ids"]))

    assert tokens("k>\nI") == ["k", ">Ċ", "I"]
    assert tokens("k>I") == ["k", ">I"]
    assert tokens("k>\n\nI") == ["k", ">ĊĊ", "I"]
    assert tokenizer().decode(tokenizer()("<think>\n\nÉ 1.")["input_ids"]) == "<think>\n\nÉ 1."


@pytest.mark.parametrize("style", ["paper", "chat"])
@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_of_each_task_is_a_prefix(name: str, opening: str, style: str) -> None:
    completion = completion_of(f"{opening}.\n</think>\n<answer>2</answer>", style)
    assert_prefix(load(name).prompt(TASK_ROWS[name], style), completion)


@pytest.mark.parametrize("style", ["paper", "chat"])
@pytest.mark.parametrize("proof_style", PROOF_STYLES)
def test_a_prompt_of_each_export_is_a_prefix(proof_style: str, style: str) -> None:
    for row in export_rows(PUZZLES, ExportFormat("sft", style, proof_style)):
        assert_prefix(row["prompt"], row["completion"])


@pytest.mark.parametrize("style", ["paper", "chat"])
@pytest.mark.parametrize("answer_style", ["paper", "chat"])
def test_a_prompt_of_each_teachers_answer_is_a_prefix(answer_style: str, style: str, tmp_path: Path) -> None:
    write_sft(write_answers(tmp_path / "answers", style=answer_style), tmp_path / "rows", Policy(style=style))
    rows = [row for path in (tmp_path / "rows" / "train").glob("*.parquet") for row in read(path)]
    assert len(rows) == 24
    for row in rows:
        assert_prefix(row["prompt"], row["completion"])


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.parametrize("template", ["qwen2_5", "qwen3", "qwen3_instruct_2507", "qwen3_5_think"])
def test_chat_templates_of_qwen_keep_the_prefix(template: str) -> None:
    import trl

    own = tokenizer().chat_template
    tokenizer().chat_template = (Path(trl.__file__).parent / f"chat_templates/{template}.jinja").read_text()
    try:
        for row in export_rows(PUZZLES, ExportFormat("sft", "chat")):
            assert_prefix(row["prompt"], row["completion"])
    finally:
        tokenizer().chat_template = own
