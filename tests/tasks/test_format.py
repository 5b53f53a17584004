"""The format of prompts and completions."""

import pytest

from knk.tasks.format import answer_of, completion_of, has_format, prompt_of

FORMATTED = "Ann lies.</think> <answer>Ann is a knave</answer>"


@pytest.mark.parametrize(
    "text",
    [
        FORMATTED,
        f"<think>{FORMATTED}",
        f"\n<think>\n{FORMATTED}\n",
        "a</think>b<answer>c</answer>",
        "so 1 < 2 and 2 > 1</think><answer>yes</answer>",
    ],
)
def test_completions_with_the_format(text: str) -> None:
    assert has_format(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<answer>2</answer>",
        "</think><answer>2</answer>",
        " \n</think><answer>2</answer>",
        "a</think><answer> </answer>",
        "a</think><answer>2</answer> and more",
        "a</think><answer>2",
        "a</think>2</answer>",
        "a</think></think><answer>2</answer>",
        "a<answer>2</answer></think>",
        "a</think><answer>2</answer><answer>2</answer>",
        "a<think>b</think><answer>2</answer>",
        "<think><think>a</think><answer>2</answer>",
        "a</think></answer>2<answer>",
        "a</think><answer>2</answer></answer>",
        "a<answer></think>2</answer>",
        "<think></think><answer>2</answer>",
        "a</THINK><answer>2</answer>",
    ],
)
def test_completions_without_the_format(text: str) -> None:
    assert not has_format(text)


@pytest.mark.parametrize(
    ("text", "answer", "tagged"),
    [
        ("a</think><answer>2</answer>", "2", True),
        ("a</think> so\n2 ", "so\n2", False),
        ("2", "2", False),
        ("<answer>1</answer></think><answer> 2\n</answer>", "2", True),
        ("a</think><answer>2", "2", True),
        ("a</think><answer>2</answer> <answer>2 </answer>", "2", True),
    ],
)
def test_the_answer_in_a_completion_is_found(text: str, answer: str, tagged: bool) -> None:
    assert (answer_of(text).text, answer_of(text).tagged, answer_of(text).problem) == (answer, tagged, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a</think>b<think>2", "no answer"),
        ("<answer>1</answer><answer>2</answer>", "several answers"),
        ("<answer>1<answer>2</answer>", "several answers"),
        ("</answer>2", "several answers"),
        ("<answer>1</answer>2</answer>", "several answers"),
        ("<answer>2</answer> or 3", "retracted"),
    ],
)
def test_no_answer_to_read(text: str, problem: str) -> None:
    assert answer_of(text).problem == problem


def test_only_the_paper_style_opens_the_thinking() -> None:
    paper = prompt_of("Who?", "Say who.", "paper")
    chat = prompt_of("Who?", "Say who.", "chat")
    assert isinstance(paper, str)
    assert paper.endswith("User: Who?\nSay who.\nAssistant: <think>\n")
    assert isinstance(chat, list)
    assert [message["role"] for message in chat] == ["user"]
    assert "Who?" in chat[0]["content"]
    with pytest.raises(ValueError, match="expected one of paper, chat"):
        prompt_of("Who?", "", "r1")


@pytest.mark.parametrize("opening", ["", "\n", " ", "\n\n", "<think>", "<think>\n", "\n<think>\n\n"])
def test_a_completion_continues_its_prompt(opening: str) -> None:
    text = f"{opening}{FORMATTED}\n"
    assert completion_of(text, "paper") == FORMATTED
    assert completion_of(text, "chat") == [{"role": "assistant", "content": f"<think>\n{FORMATTED}"}]
    with pytest.raises(ValueError, match="expected one of paper, chat"):
        completion_of(text, "r1")
