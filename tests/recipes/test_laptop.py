"""The laptop recipe: its problems and their verifier, what its arms learn, its criteria, and a whole small study."""

import importlib.util
import json
import os
import subprocess
import sys
from itertools import islice, product
from pathlib import Path
from random import Random
from typing import Any

import pytest

import knk
from knk.datasets.files import read, write
from knk.errors import BadFolder
from knk.evals import results
from recipes.laptop import claims as decided
from recipes.laptop.data import ARMS, MIXTURE, base_rows, rlvr_rows, warm_rows, write_budget
from recipes.laptop.domains import DOMAINS, SEARCHES, SKILLS, Problem, lesson, problems, proposal, reward, verify
from recipes.laptop.evaluate import FORCED, METRICS, TASKS, items, scores_of
from recipes.laptop.lineage import GATE, SCALES, STARTS, Lineage, Scale, Stage, stages
from recipes.laptop.puzzles import STYLES, told
from recipes.laptop.words import NAMES
from tests.support.paths import ROOT

has_trl = importlib.util.find_spec("trl") is not None
COL = Problem("col", "", "01d 02d 12d 03d 34d 04d")  # Ann, Bob and Cal differ, and so do Ann, Dan and Eve.
PAIR = Problem("pair", "", "01a 12d 23a 34d 02d 13d")
SAT = Problem("sat", "", "01io 02oi 12ii 03ii 34oo 04ii")


PROOF = (
    "Suppose that Eve_knave. E says Cal_knight E Eve_knave knave so Cal_knave. "
    "D says Eve_knave E Eve_knave knave so Dan_knight. "
    "C says Eve_knight or Dan_knight C Cal_knave knave D Dan_knight knight wrong. That is a contradiction. "
    "Suppose that Eve_knight. E says Cal_knight E Eve_knight knight so Cal_knight. "
    "D says Eve_knave E Eve_knight knight so Dan_knave. It all fits."
)
"""Of the puzzle Eve,Cal,Dan 0:+1 1:|(+0,+2) 2:-0."""


def answer(values: str, thought: str = "So.") -> str:
    said = ", ".join(f"{name}_{value}" for name, value in zip(NAMES, values.split(), strict=True))
    return f" {thought}</think>\n<answer>{said}</answer>"


# Problems and their verifier.


@pytest.mark.parametrize(
    ("problem", "values", "reason"),
    [
        (COL, "red blue green blue green", "right"),
        (COL, "red red green blue green", "wrong"),
        (COL, "red blue green blue blue", "wrong"),
        (PAIR, "in in out out in", "right"),
        (PAIR, "out out in in out", "right"),
        (PAIR, "in in out out out", "wrong"),
        (SAT, "in in in out out", "right"),
        (SAT, "out out in in in", "wrong"),  # Dan and Eve may not both be in.
        (COL, "red blue green in out", "unreadable"),
    ],
)
def test_an_answer_is_right_if_all_relations_hold(problem: Problem, values: str, reason: str) -> None:
    assert verify(answer(values), problem).reason == reason


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        ("", "no answer"),
        ("Ann_red, Bob_blue, Cal_green, Dan_blue, Eve_green", "no answer"),
        (" So.</think>\n<answer>unknown</answer>", "no answer"),
        (" So.</think>\n<answer>Ann_red, Bob_blue, Cal_green, Dan_blue</answer>", "unreadable"),
        (" So.</think>\n<answer>Bob_blue, Ann_red, Cal_green, Dan_blue, Eve_green</answer>", "unreadable"),
        (" So.</think>\n<answer>Ann_red or green, Bob_blue, Cal_green, Dan_blue, Eve_green</answer>", "unreadable"),
        (" So.</think>\n<answer>Ann_red, Bob_blue, Cal_green, Dan_blue, Eve_green, Eve_red</answer>", "unreadable"),
    ],
)
def test_incomplete_answers_have_a_reason(completion: str, reason: str) -> None:
    assert verify(completion, COL).reason == reason


def test_two_answers_earn_no_reward() -> None:
    both = answer("red blue green blue green") + answer("red red red red red")
    assert not verify(both, COL)
    assert reward(["?"], [both], domain=["col"], question=[""], data=[COL.data]) == [-2.0]


def test_rewards_match_the_paper() -> None:
    texts = [
        answer("red blue green blue green"),
        answer("red red red red red"),
        " So.</think>\n<answer>?</answer>",
        "?",
    ]
    logged: dict[str, float] = {}
    columns = {"domain": ["col"] * 4, "question": [""] * 4, "data": [COL.data] * 4}
    assert reward(["?"] * 4, texts, **columns, log_metric=logged.__setitem__) == [2.0, -0.5, -1.0, -2.0]
    assert logged == {"right": 0.25, "answered": 0.5}


@pytest.mark.parametrize("domain", SEARCHES)
def test_a_search_problem_has_few_solutions_and_the_verifier_knows_them(domain: str) -> None:
    words = ("red", "green", "blue") if domain == "col" else ("in", "out")
    for problem in problems(domain, 20, 5):
        found = [values for values in product(words, repeat=5) if verify(answer(" ".join(values)), problem)]
        assert 1 <= len(found) <= {"col": 48, "pair": 4, "sat": 8}[domain]


@pytest.mark.parametrize("domain", [*SEARCHES, *SKILLS])
def test_lessons_answer_correctly_or_give_up(domain: str) -> None:
    random = Random(1)
    verdicts = [verify(lesson(problem, random), problem) for problem in problems(domain, 100, 2)]
    assert {verdict.reason for verdict in verdicts} <= ({"right", "no answer"} if domain in SEARCHES else {"right"})
    assert sum(map(bool, verdicts)) >= 15


def test_proposals_report_whether_the_candidate_fits() -> None:
    random, seen = Random(3), set()
    for problem in problems("pair", 60, 3):
        text, fits = proposal(problem, random)
        values = text.removeprefix("Suppose that ").removesuffix(".")
        assert bool(verify(f" So.</think>\n<answer>{values}</answer>", problem)) is fits
        seen.add(fits)
    assert seen == {True, False}


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_held_out_problem_is_in_the_training_data(domain: str) -> None:
    def marks(found: list[Problem]) -> set[object]:
        return {knk.decode(one.data).key if domain == "kk" else one.question for one in found}

    assert not marks(problems(domain, 300, 1)) & marks(problems(domain, 100, 2, held_out=True))


def test_the_same_seed_gives_the_same_problems_and_another_others() -> None:
    assert problems("col", 5, 1) == problems("col", 5, 1) != problems("col", 5, 2)
    assert problems("col", 5, 1)[0].question == (
        "Each is red or green or blue. B always goes without E come what may. B always goes without D come what may. "
        "A always goes without C come what may. A always goes without E come what may. "
        "A always goes without B come what may. Who is what?"
    )


# What is learned from.


@pytest.mark.parametrize("style", STYLES)
def test_every_style_answers_correctly(style: str) -> None:
    for problem in problems("kk", 20, 4):
        completion = told(problem.data, style, 1)
        assert verify(completion, problem), completion
        assert ("says" in completion) <= (style in ("proof", "shuffled"))


def test_a_proof_is_the_librarys_in_the_recipes_words() -> None:
    told_proof = told("Eve,Cal,Dan 0:+1 1:|(+0,+2) 2:-0", "proof", 0)
    assert told_proof == f" {PROOF}</think>\n<answer>Eve_knight, Cal_knight, Dan_knave</answer>"


def test_controls_are_shuffled_or_filler() -> None:
    for problem in problems("kk", 10, 4):
        proof, shuffled, filler = (
            told(problem.data, style, 1).split("</think>")[0] for style in ("proof", "shuffled", "filler")
        )
        assert sorted(shuffled.split(". ")) != proof.split(". ")
        assert sorted(shuffled.replace(".", "").split()) == sorted(proof.replace(".", "").split())
        assert abs(len(filler.split()) - len(proof.split())) <= 2
        assert set(filler.split()) == {"Let", "me", "see."}


def test_rows_follow_the_documented_mixtures() -> None:
    assert sum(MIXTURE.values()) == pytest.approx(1)
    rows = list(islice(base_rows(1), 2000))
    share = sum("come what may" in row["prompt"] for row in rows) / len(rows)
    assert share == pytest.approx(sum(MIXTURE[domain] for domain in SEARCHES), abs=0.04)
    for arm in ARMS:
        warm = list(islice(warm_rows(arm, 0.2, 1), 500))
        puzzles = sum("knight or knave" in row["prompt"] for row in warm) / len(warm)
        assert puzzles == pytest.approx(MIXTURE["kk"] if arm == "continued" else 0.8 + 0.2 * MIXTURE["kk"], abs=0.06)


def test_all_arms_use_the_same_puzzles() -> None:
    prompts = [
        [row["prompt"] for row in islice(warm_rows(arm, 0.0, 1), 20)] for arm in ("warmed", "shuffled", "filler")
    ]
    assert prompts[0] == prompts[1] == prompts[2]


def test_rows_fill_a_budget(tmp_path: Path) -> None:
    count = write_budget(tmp_path / "rows.jsonl", base_rows(1), 2000, lambda text: len(text.split()))
    words = [len((row["prompt"] + row["completion"]).split()) for row in read(tmp_path / "rows.jsonl")]
    assert count == len(words)
    assert sum(words) >= 2000 > sum(words[:-1])


def test_rl_rows_exclude_held_out_problems() -> None:
    rows = list(rlvr_rows("col", 30, 1))
    assert len({row["question"] for row in rows}) == 30
    assert not any(Problem(row["domain"], row["question"], row["data"]).is_held_out for row in rows)


# Criteria.

SCALE = Scale(100, 10, 0.2, tuple(ARMS), "col", 10, 20, 10, 40, 2, 2)


def put(path: Path, rates: dict[str, float], only: tuple[str, ...] = TASKS, everything: bool = True) -> None:
    """Samples of a model that is right so often; who gives up does so where it is wrong, half the time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for task in only:
        for must in (False, True) if everything and task in SEARCHES else (False,):
            for item in range(SCALE.items):
                right = item < round(rates.get(task, 0.2) * SCALE.items)
                rows.append({"task": task, "item": item, "forced": must, "correct": right, "format": True,
                             "answered": right or must or item % 2 == 0, "tokens": 10, "tries": 1})  # fmt: skip
    write(path, rows)


def study(folder: Path, rates: dict[str, dict[str, float]], gate: float = 1.0) -> results.Results:
    """The results of a study whose arms are right so often."""
    for seed in range(SCALE.seeds):
        lineage = Lineage(SCALE, folder / f"seed-{seed}", seed)
        for stage in stages(SCALE):
            put(lineage.samples(stage), rates.get(stage.arm, {}))
            run = lineage.folder / stage.name
            run.mkdir(parents=True)
            (run / "run.json").write_text(json.dumps({"seconds": 1.0, "hardware": {"processor": "x", "cores": 2}}))
            if stage.number is not None:
                write(
                    run / "metrics.jsonl", [{"step": n, "num_tokens": 100 * n, "step_time": 1.0} for n in range(1, 21)]
                )
                for step in (10, 20):
                    reached = {"col": rates.get(stage.arm, {}).get("col", 0.2) * step / 20}
                    put(lineage.samples(stage, step), reached, ("col",), everything=False)
        (lineage.folder / GATE).write_text(json.dumps(dict.fromkeys(SEARCHES, gate)))
    return decided.summary(SCALE, folder)


def holding(found: results.Results) -> dict[str, bool | None]:
    return {claim.text: claim.holds for claim in found.claims}


def test_gains_confirm_claims_and_losses_reject_them(tmp_path: Path) -> None:
    warmed = dict.fromkeys(("kk2", "kk3", *SEARCHES), 0.8)
    rl = warmed | {"col": 1.0}
    found = study(tmp_path, {"warmed": warmed, "warmed + RL": rl, "base + RL": {"col": 0.5, "mod": 0.0}})
    told = holding(found)
    assert told.pop("In the domains that RLVR did not train, base + RL is above base") is False
    assert told.pop("RLVR's own gain is larger from the warm start") is None  # 0.2 and 0.3, on 40 items.
    assert told.pop("On puzzles, RLVR on another domain keeps what the warm-up taught (or more)") is None
    assert told.pop("In the domains that RLVR did not train, warmed + RL is above warmed") is None
    reported = [told.pop("Answers given there"), told.pop("Suppositions made there")]
    assert reported == [None, None]
    assert set(told.values()) == {True}, told
    assert results.read(tmp_path) == found
    scores = found.score("warmed", "col"), found.score("warmed + RL", "col"), found.score("base", "col", FORCED)
    assert [score and round(score.mean, 3) for score in scores] == [0.8, 1.0, 0.2]


def test_equal_arms_leave_every_claim_open(tmp_path: Path) -> None:
    found = study(tmp_path, {})
    assert {claim.holds for claim in found.claims[1:-1]} == {None}
    assert found.claims[-1].holds is False  # Both are there at the same step.


def test_a_failed_gate_leaves_warm_up_undecided(tmp_path: Path) -> None:
    found = study(tmp_path, {"warmed": dict.fromkeys(SEARCHES, 0.9)}, gate=0.9)
    assert found.claims[0].holds is False
    assert not [claim for claim in found.claims if "taught nothing" in claim.text]
    assert "taught nothing" in " ".join(holding(study(tmp_path / "passed", {})))


def test_the_start_counts_as_the_first_measured_step(tmp_path: Path) -> None:
    found = study(tmp_path, {"warmed": {"col": 0.9}, "warmed + RL": {"col": 0.9}, "base + RL": {"col": 0.6}})
    assert "20 and 0, 20 and 0" in found.claims[-1].remark
    assert found.facts["to base + RL's last accuracy, from warmed"].startswith("0 steps, 0 tokens, 0 s")


def test_the_table_lists_all_arms_and_claims(tmp_path: Path) -> None:
    found = study(tmp_path, {})
    lines = decided.table(found).splitlines()
    assert [line.split("  ")[0] for line in lines[1 : len(found.arms) + 1]] == list(found.arms)
    assert len(lines) == len(found.arms) + 2 + len(found.claims)


def test_scores_are_read_by_task_metric_and_item(tmp_path: Path) -> None:
    put(tmp_path / "a.jsonl", {"col": 0.5})
    found = scores_of(tmp_path / "a.jsonl")
    assert set(found) == set(TASKS)
    assert set(found["col"]) == {*METRICS, FORCED}
    assert set(found["mod"]) == set(METRICS)
    assert sum(found["col"]["accuracy"].values()) == 20


def test_stages_run_after_those_they_start_from() -> None:
    for scale in SCALES.values():
        names = [stage.name for stage in stages(scale)]
        assert len(set(names)) == len(names)
        for place, stage in enumerate(stages(scale)):
            assert stage.start is None or stage.start in names[:place]
    assert Stage("warmed + RL", "warmed", 1).name == "warmed-rl-1"
    assert {stage.start for stage in stages(SCALES["study"]) if stage.number is not None} == set(STARTS)


def test_items_are_held_out_and_the_same_for_all_models() -> None:
    for task in TASKS:
        assert items(task, 6)[:4] == items(task, 4)
        assert all(problem.is_held_out for problem in items(task, 4))
    assert {len(knk.decode(problem.data).names) for problem in items("kk4", 3)} == {4}


# The whole.


def test_a_folder_of_another_study_is_refused(tmp_path: Path) -> None:
    from recipes.laptop.study import claim

    demo, tiny = (Lineage(SCALES[name], tmp_path / "seed-0", 0) for name in ("demo", "tiny"))
    claim(tmp_path, tiny)
    claim(tmp_path, tiny)
    with pytest.raises(BadFolder, match="another scale"):
        claim(tmp_path, demo)


@pytest.mark.slow
@pytest.mark.skipif(not has_trl, reason="TRL is not installed: make check-all does it")
def test_the_tokenizer_gives_back_what_it_was_given() -> None:
    from recipes.laptop.model import UNKNOWN, vocabulary, word_tokenizer

    tokenizer = word_tokenizer(vocabulary())
    for row in islice(warm_rows("warmed", 0.5, 8), 60):
        text = row["prompt"] + row["completion"]
        tokens = tokenizer(text)["input_ids"]
        assert tokenizer.decode(tokens) == text
        assert tokenizer.convert_tokens_to_ids(UNKNOWN) not in tokens


def studied(folder: Path, *arguments: str) -> str:
    """What the command prints, of a study at its least."""
    command = [sys.executable, "-m", "recipes.laptop.study", "tiny", "-o", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    log = folder / "log.txt"
    said = log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""
    assert done.returncode == 0, done.stderr[-3000:] + said
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not has_trl, reason="TRL is not installed: make check-all does it")
def test_the_study_runs_resumes_and_writes_a_report(tmp_path: Path) -> None:
    told = studied(tmp_path)
    steps_told = [line for line in told.splitlines() if line.startswith(("train ", "measure "))]
    assert steps_told[0].startswith("train base, seed 0: ")
    assert len(steps_told) == 8
    found = results.read(tmp_path)
    assert found.arms == ("base", "warmed", "base + RL", "warmed + RL")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "What the model wrote" in page
    kept = [path for path in tmp_path.glob("seed-0/**/*") if path.suffix in (".safetensors", ".jsonl")]
    before = {path: path.stat().st_mtime for path in kept}
    assert len(before) > 10
    studied(tmp_path)
    assert {path: path.stat().st_mtime for path in before} == before
    assert results.read(tmp_path) == found
    if importlib.util.find_spec("lm_eval") is not None:
        from recipes.laptop import parity

        assert parity.main(tmp_path) == 0
        for path in tmp_path.glob("seed-*/samples/base.jsonl"):
            rows = list(read(path))
            rows[0]["correct"] = not rows[0]["correct"]
            write(path, rows)
            assert parity.differences(path)[1] == [f"{rows[0]['task']} {rows[0]['item']}"]


def test_the_study_has_a_task_file_for_every_task() -> None:
    from recipes.laptop import parity

    assert {path.stem for path in parity.TASKS.glob("*.yaml")} == {f"laptop_{task}" for task in TASKS}


@pytest.mark.slow
@pytest.mark.skipif(not has_trl, reason="TRL is not installed: make check-all does it")
def test_another_model_takes_the_small_ones_place(tmp_path: Path) -> None:
    from tests.support.tiny_models import save_tiny_model

    save_tiny_model(
        tmp_path / "other", (row["prompt"] + row["completion"] for row in islice(base_rows(1), 50)), "Qwen2"
    )
    overlay = tmp_path / "larger.yaml"
    overlay.write_text("learning_rate: 1.0e-4\nper_device_train_batch_size: 10\n", encoding="utf-8")
    studied(tmp_path / "out", "--model", str(tmp_path / "other"), "--with", str(overlay))
    config = json.loads((tmp_path / "out/seed-0/warmed-rl-0/config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "qwen2"
    manifest = json.loads((tmp_path / "out/seed-0/warmed/run.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["learning_rate"] == 1e-4
    assert not (tmp_path / "out/seed-0/model").exists()
