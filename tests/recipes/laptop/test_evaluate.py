"""What is measured on completions: verdicts, right checks, and answers where a model gives up."""

import pytest
import yaml

import knk
from recipes.laptop import parity
from recipes.laptop.domains import SKILLS, Problem
from recipes.laptop.evaluate import MAX_TOKENS, TASKS, TEMPERATURE, TOP_P, checks_of, items, samples
from recipes.laptop.words import assignments, completion
from tests.support.laptop import FakeModel, candidates_of, expected_try

PAIR = Problem("pair", "<sides> A#B B~C C#D D#E A~D")
RIGHT = "try A=in B=out C=out D=in E=out A#B A=in in B=out out differ ok B~C B=out out C=out out same ok"
WRONG = "try A=in B=in C=in D=in E=in A#B A=in in B=in in same wrong fails"


def test_checks_are_right_only_to_the_last_word() -> None:
    problem = Problem("pair", "<sides> A#B B~C")
    right = f"{RIGHT} fits"
    words = right.split()
    for text, checks in [
        (right, "1"),
        (f"{WRONG} {right} </think> <answer> x </answer>", "11"),
        (f"{WRONG} {right.replace('same ok', 'same wrong')}", "10"),
        (f"{right.replace('fits', 'fails')} {WRONG}", "01"),
        (f"{WRONG.removesuffix(' fails')} {right}", "01"),
        (f"{right} ok", "0"),
        ("try A=in", "0"),
        ("try B=in A=in C=in D=in E=in", "0"),
        ("try A=red B=in C=in D=in E=in fails", "0"),
        ("try", "0"),
        ("try try", "00"),
        (f"look </think> {right}", ""),
        ("", ""),
        *((" ".join([*words[:index], *words[index + 1 :]]), "0") for index in range(1, len(words))),
    ]:
        assert checks_of(text, problem) == checks, text


@pytest.mark.parametrize("task", [task for task in TASKS if task not in SKILLS])
def test_the_checks_of_all_candidates_are_right(task: str) -> None:
    (problem,) = items(task, 1)
    candidates = candidates_of(problem.question, problem.people)[:30]
    text = " ".join(expected_try(problem.question, problem.people, values)[0] for values in candidates)
    assert checks_of(text, problem) == "1" * len(candidates)


def test_items_are_held_out_and_do_not_depend_on_their_number() -> None:
    for task in TASKS:
        assert items(task, 6)[:4] == items(task, 4)
        assert all(problem.is_held_out for problem in items(task, 4))
    assert {len(knk.decode(problem.data).names) for problem in items("kk4", 3)} == {4}


def test_samples_hold_what_was_measured() -> None:
    first, second, third = items("pair", 3)
    solution = assignments(first.people, first.solutions[0])
    right_try = first.write_try(first.solutions[0])[0]
    texts = {
        first.prompt: completion(right_try, solution),
        second.prompt: completion(WRONG.replace("A#B", "A~B"), solution + " A=in"),
        third.prompt: "try try try",
    }
    rows = list(samples(FakeModel(lambda prompt: texts[prompt]), ["pair"], 3))
    assert [(row["task"], row["item"], row["question"]) for row in rows] == [
        ("pair", index, problem.question) for index, problem in enumerate((first, second, third))
    ]
    columns = ("correct", "answered", "format", "reason", "correct_if_forced", "checks")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (True, True, True, "right", True, "1"),
        (False, False, True, "unreadable", False, "0"),
        (False, False, False, "no answer", False, "000"),
    ]
    assert [row["tokens"] for row in rows] == [
        len(texts[row_problem.prompt].split()) for row_problem in (first, second, third)
    ]


def test_a_model_that_gives_up_is_made_to_answer_after_the_same_thought() -> None:
    problems = items("pair", 2)
    solutions = [assignments(problem.people, problem.solutions[0]) for problem in problems]
    given_up = completion(WRONG, "unknown")
    texts = {
        problems[0].prompt: given_up,
        problems[1].prompt: completion("look", solutions[1]),
        f"{problems[0].prompt}{WRONG} </think> <answer>": f"{solutions[0]} </answer>",
    }
    model = FakeModel(lambda prompt: texts[prompt])
    first, second = samples(model, ["pair"], 2)
    assert (first["correct"], first["answered"], first["correct_if_forced"]) == (False, False, True)
    assert first["completion"] == given_up
    assert (second["correct"], second["correct_if_forced"]) == (True, True)
    assert [(len(prompts), forbidden) for prompts, forbidden in model.calls] == [(2, ()), (1, ("unknown",))]


def test_skills_have_no_checks() -> None:
    model = FakeModel(lambda _: completion("try", "unknown"))
    assert [row["checks"] for row in samples(model, SKILLS, 1)] == ["", ""]


def test_every_task_has_an_lm_eval_file_with_the_study_s_sampling() -> None:
    files = {path.stem: path.read_text(encoding="utf-8") for path in parity.TASK_FILES.glob("*.yaml")}
    assert set(files) == {f"laptop_{task}" for task in TASKS}
    for name, text in files.items():
        task = yaml.safe_load(text)
        assert set(task) == {"include", "task", "dataset_kwargs"}
        assert (task["task"], f"laptop_{task['dataset_kwargs']['task']}") == (name, name)
    base = (parity.TASK_FILES / "_base_yaml").read_text(encoding="utf-8").replace("!function ", "")
    sampling = yaml.safe_load(base)["generation_kwargs"]
    assert (sampling["temperature"], sampling["top_p"], sampling["max_gen_toks"]) == (TEMPERATURE, TOP_P, MAX_TOKENS)
