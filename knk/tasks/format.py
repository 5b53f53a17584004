r"""The format of a prompt and of a completion, the same for every task.

There are two styles of prompt. `paper` is for base models: a conversation in plain text that ends in `<think>` and a
line break, so that the completion begins inside the thinking. Its words are those of DeepSeek-R1 (arXiv 2501.12948,
table 1), the same in training and evaluation. `chat` is a list of messages for a model with a chat template.

The line break belongs to the prompt, and no completion for SFT begins with white space, because of tokens: Qwen's
tokenizer, for one, makes a single token of `>` and the line breaks after it, and another of `>` and a letter. So the
tokens of a prompt are the first tokens of the prompt with its completion, and a model generates from where it was
trained.

A completion has the format if it thinks, then answers, and stops: `... </think> ... <answer> ... </answer>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from knk.answers.verdict import Reason
from knk.errors import BadRow
from knk.tasks.messages import Message
from knk.text.styles import PROMPT_STYLES

Prompt = str | list[Message]

_R1: Final = (
    "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. "
    "The assistant first thinks about the reasoning process in the mind and then provides the user with the answer. "
    "The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, "
    "i.e., <think> reasoning process here </think> <answer> answer here </answer>."
)
_CHAT: Final = "Think inside <think> </think> tags, then give the answer inside <answer> </answer> tags, and stop."
_OPENING: Final = "<think>\n"
_ASSISTANT: Final = f"\nAssistant: {_OPENING}"
_TAG: Final = re.compile(r"<(/?)(think|answer)>")


def prompt_of(question: str, instruction: str, style: str) -> Prompt:
    """Return the prompt that asks a question.

    Args:
        question: the question, as the dataset has it.
        instruction: how to write the answer, a sentence.
        style: "paper", a string that ends in `<think>` and a line break, or "chat", a list of messages.

    Raises:
        ValueError: the style is not one of `PROMPT_STYLES`.

    >>> prompt_of("What is 1 + 1?", "Put the answer into \\\\boxed{}.", "paper")[-70:]
    'User: What is 1 + 1?\\nPut the answer into \\\\boxed{}.\\nAssistant: <think>\\n'
    """
    if style == "paper":
        return f"{_R1}\nUser: {question}\n{instruction}{_ASSISTANT}"
    if style == "chat":
        return [{"role": "user", "content": f"{question}\n\n{instruction} {_CHAT}"}]
    raise ValueError(f"unknown prompt style {style!r}: expected one of {', '.join(PROMPT_STYLES)}")


def completion_of(text: str, style: str) -> str | list[Message]:
    r"""Return a completion for SFT, which continues a prompt of the same style.

    Args:
        text: the completion's text, with or without the opening `<think>`.
        style: "paper", a string that begins inside the thinking, or "chat", a message that opens it.

    Raises:
        ValueError: the style is not one of `PROMPT_STYLES`.

    >>> completion_of("<think>\n1 + 1.\n</think>\n<answer>2</answer>", "paper")
    '1 + 1.\n</think>\n<answer>2</answer>'
    """
    text = text.strip().removeprefix("<think>").lstrip()
    if style == "paper":
        return text
    if style == "chat":
        return [{"role": "assistant", "content": f"{_OPENING}{text}"}]
    raise ValueError(f"unknown prompt style {style!r}: expected one of {', '.join(PROMPT_STYLES)}")


def question_of(prompt: Prompt) -> str:
    """Return the question that a prompt asks, the inverse of `prompt_of`.

    Raises:
        BadRow: the prompt is not one that `prompt_of` made.

    >>> question_of(prompt_of("What is\\n1 + 1?", "Say it.", "paper"))
    'What is\\n1 + 1?'
    """
    if isinstance(prompt, str):
        _, user, rest = prompt.partition("\nUser: ")
        user_turn, assistant, _ = rest.rpartition(_ASSISTANT)
        question, separator, _ = user_turn.rpartition("\n")
        is_whole = bool(user and assistant and separator)
    else:
        content = prompt[-1].get("content") if prompt and isinstance(prompt[-1], dict) else None
        question, separator, _ = content.rpartition("\n\n") if isinstance(content, str) else ("", "", "")
        is_whole = bool(separator)
    if not is_whole:
        raise BadRow("a prompt is not one that this library writes")
    return question


def has_format(text: str) -> bool:
    """Whether a completion thinks, then answers, and stops.

    It has exactly one each of `</think>`, `<answer>` and `</answer>`, in this order, with text before the first and
    between the last two, and none after. It may open with one `<think>`, as it must where the prompt does not.

    Args:
        text: the completion, without the prompt.

    >>> has_format("1 and 1 make 2.</think> <answer>2</answer>"), has_format("<answer>2</answer>")
    (True, False)
    """
    text = text.strip().removeprefix("<think>")
    tags = list(_TAG.finditer(text))
    if [tag.group() for tag in tags] != ["</think>", "<answer>", "</answer>"]:
        return False
    think_end, answer_start, answer_end = tags
    return bool(
        text[: think_end.start()].strip()
        and text[answer_start.end() : answer_end.start()].strip()
        and answer_end.end() == len(text)
    )


@dataclass(frozen=True)
class Answer:
    """The answer in a completion.

    Args:
        text: the text in the answer tags, or all text after the thinking if there are none.
        tagged: whether there are tags.
        problem: why there is no answer to read, or None.
    """

    text: str
    tagged: bool
    problem: Reason | None = None


def answer_of(text: str) -> Answer:
    """Return a completion's answer: the text in its one pair of answer tags, or the text after the thinking.

    The text before the last `</think>` is thinking and never the answer, nor is the text after a `<think>` left open.
    Several pairs of tags are no answer unless they hold the same; nor is a pair with words after it. The last pair may
    be left open at the end, as a stop string leaves it.

    Args:
        text: the completion.

    >>> answer_of("So 2.</think>The answer: <answer> 2 </answer>")
    Answer(text='2', tagged=True, problem=None)
    >>> answer_of("<answer>1</answer> or <answer>2</answer>").problem
    'several answers'
    """
    after = text.rpartition("</think>")[2]
    if "<think>" in after:
        return Answer("", False, "no answer")
    if "<answer>" not in after and "</answer>" not in after:
        return Answer(after.strip(), False)
    _, *parts = after.split("<answer>")
    answers = [part.partition("</answer>") for part in parts]
    closings = after.count("</answer>")
    if not answers or closings > len(answers) or any("</answer>" in rest for _, _, rest in answers):
        return Answer("", True, "several answers")
    if any(not closing for _, closing, _ in answers[:-1]) or len({content.strip() for content, _, _ in answers}) > 1:
        return Answer("", True, "several answers")
    content, _, rest = answers[-1]
    return Answer(content.strip(), True, "retracted" if rest.strip() else None)
