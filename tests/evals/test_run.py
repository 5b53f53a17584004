"""Benchmark runs: asked, scored, resumed, and refused a folder that holds something else."""

from collections import Counter
from pathlib import Path

import pytest

from knk.datasets.files import read as read_rows
<<<<<<< HEAD
from knk.datasets.files import write
from knk.datasets.split import split_of
from knk.errors import BadFolder, BadRow, BadSpec, ModelFailed
from knk.evals import intervals, results
from knk.evals import lm_eval as harness
from knk.evals.compare import (
    Scored,
    compare,
    scored,
    unlike,
)
from knk.evals.compare import read as read_scored
from knk.evals.grades import Mark, marks_in
from knk.evals.intervals import Estimate
from knk.evals.items import (
    BENCHMARKS,
    benchmark,
    identities,
    items,
)
from knk.evals.records import read, results_of, summaries
from knk.evals.run import (
    PAPER,
    Plan,
    Watcher,
    bench,
    write_as_lm_eval,
)
from knk.evals.scores import (
    by_group,
    deviation,
    memorisation,
    scores,
    solved,
    summary,
)
from knk.inference.engine import Answer, Batch, Failure, Notify, Request, Requests, Sink
from knk.inference.sampling import Sampling, derive_seed
from knk.logic.notation import decode
from knk.logic.solver import solve
from knk.proofs.difficulty import difficulty
from knk.tasks.kk import TEST_SET
from knk.tasks.source import Row
from tests.support.paths import ROOT
=======
from knk.errors import BadFolder, BadSpec, ModelFailed
from knk.evals.items import benchmark, items
from knk.evals.records import read_run, summaries
from knk.evals.run import PAPER_SAMPLING, BenchmarkObserver, BenchmarkPlan, run_benchmarks
from knk.inference.engine import Asks, Notice, Sink
from knk.inference.sampling import Sampling
from tests.support.benchmarks import TWO_SAMPLES, Oracle
>>>>>>> de776c0 (wip)

THREE_ITEMS = BenchmarkPlan(("knk",), TWO_SAMPLES, limit=3)
THREE_GRADED = BenchmarkPlan(("knk_grades",), TWO_SAMPLES, limit=3)


<<<<<<< HEAD
@dataclass(frozen=True)
class Oracle:
    """An engine that knows the answer, and gives it as often as it is told to; its other answers are of all sorts."""

    share: float = 1.0
    given_up: frozenset[str] = frozenset()
    model: str = "oracle"
    name: str = field(default="oracle", init=False)
    per_request: int = field(default=1, init=False)

    def identity(self) -> dict[str, Any]:
        return {"share": self.share}

    def effective_sampling(self, sampling: Sampling) -> Sampling:
        return sampling

    def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:  # noqa: ARG002 - it is sure of itself
        for request in filter(None, requests):
            for sample in request.samples:
                sink(Batch([self.answer(request, sample)]))

    def answer(self, request: Request, sample: int) -> Answer | Failure:
        if request.row["id"] in self.given_up:
            return Failure(request, sample, "it was too hard")
        drawn = derive_seed(7, request.row["id"], sample) / 2**31
        text = right(request.row) if drawn < self.share else wrong(request.row, int(drawn * 997))
        return Answer(request, sample, text, "stop", completion_tokens=len(text.split()))


def right(row: Row) -> str:
    answer = row.get("answer", "")
    if "options" in row or "problem" in row:
        answer = rf"\boxed{{{answer}}}"
    if "stub" in row:
        answer = f"```python\n{row['stub']}{row['canonical_solution']}\n```"
    return f"I see.</think> <answer>{answer}</answer>"


def wrong(row: Row, number: int) -> str:
    swapped = row.get("answer", "").replace("knight", "#").replace("knave", "knight").replace("#", "knave")
    return [
        "I give up.",
        f"Well.</think> <answer>{swapped}</answer>",
        r"It is \boxed{B}, I think.</think> <answer>\boxed{J}</answer> and more",
        f"{row.get('answer', '')}</think><answer></answer>",
    ][number % 4]


def mark(item: str, sample: int, correct: bool | None, *groups: str, **more: Any) -> Mark:
    return Mark(item, sample, groups, correct, correct is not None, True, "right" if correct else "wrong", **more)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of two runs on the puzzles, one better than the other."""
    folder = tmp_path_factory.mktemp("bench")
    for name, share in (("base", 0.3), ("warmed", 0.6)):
        bench(folder / name, Oracle(share, model=name), Plan(("knk", "knk_perturbed"), TWO, limit=70), lm_eval=False)
    return folder / "base", folder / "warmed"


# The public test set.


def test_the_public_test_set_is_version_one_for_ever() -> None:
    rows = list(read_rows(TEST_SET))
    told = hashlib.sha256("\n".join(json.dumps(row, sort_keys=True) for row in rows).encode()).hexdigest()
    assert told == "f441a76611ee2cc12df92c3cbefc61d6f5dd38868e9dc228ffccaf8c2141da43"
    assert Counter((row["benchmark"], row["group"]) for row in rows) == {
        **{("knk", f"{people} people"): 90 for people in range(3, 9)},
        **{("knk_grades", f"grade {grade}"): 60 for grade in range(1, 6)},
        **{
            ("knk_perturbed", kind): 50
            for kind in (
                *("original", "leaf", "statement", "statement order", "rare names", "role words reversed", "wording"),
            )
        },
    }


def test_no_training_split_can_hold_the_test_sets_puzzles() -> None:
    rows = [row for row in read_rows(TEST_SET) if row["group"] not in ("leaf", "statement")]
    assert {split_of(decode(row["puzzle"]).key) for row in rows} == {"test"}


def test_the_test_set_is_right_and_graded() -> None:
    rows = list(read_rows(TEST_SET))
    for row in rows[::7]:
        puzzle = decode(row["puzzle"])
        assert list(solve(puzzle)) == row["solution"]
        assert difficulty(puzzle).grade == row["grade"]
        assert row["group"] in (f"{row['people']} people", f"grade {row['grade']}") or row["original"]


@pytest.mark.slow
def test_the_test_set_is_made_as_its_script_says(tmp_path: Path) -> None:
    made = tmp_path / "made.parquet"
    subprocess.run([sys.executable, "-m", "benchmarks.lm_eval.make_test_set", made], cwd=ROOT, check=True, timeout=900)
    assert list(read_rows(made)) == list(read_rows(TEST_SET))


@pytest.mark.parametrize("name", ["knk", "knk_grades", "knk_perturbed"])
def test_each_item_has_a_name_of_its_own_and_can_be_asked(name: str) -> None:
    rows = items(name)
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(len(row["id"]) == 32 for row in rows)
    assert all(str(benchmark(name).prompt(row)).endswith("<think>") for row in rows)
    task = benchmark(name).loaded_task()
    assert all(task.verify_many([right(row) for row in rows], rows))


def test_a_limit_is_spread_and_keeps_a_puzzle_with_its_changes() -> None:
    few, more = items("knk", limit=30), items("knk", limit=60)
    assert len({row["people"] for row in more if "people" in row} | {row["group"] for row in few}) > 3
    assert {row["id"] for row in few} < {row["id"] for row in more}
    changed = Counter(row["original"] for row in items("knk_perturbed", limit=21))
    assert set(changed.values()) == {7}


def test_what_was_trained_on_is_left_out(tmp_path: Path) -> None:
    rows = items("knk")
    write(tmp_path / "trained.jsonl", ({"id": row["identity"], "prompt": "?"} for row in rows[:10]))
    kept = items("knk", without=identities(tmp_path / "trained.jsonl"))
    assert [row["id"] for row in kept] == [row["id"] for row in rows[10:]]
    with pytest.raises(BadSpec, match="no items left"):
        items("knk", without={row["identity"] for row in rows})


def test_questions_that_ask_the_same_are_items_of_their_own(tmp_path: Path) -> None:
    question = {"question": "1 + 1?", "options": ["1", "2", "3"], "answer": "B", "category": "math", "question_id": 7}
    others = [
        question | {"question": f"{subject} {n}?", "category": subject, "question_id": n}
        for subject in ("physics", "history")
        for n in range(101)
    ]
    write(tmp_path / "mmlu.jsonl", [question, question, *others])
    rows = items("mmlu_pro", tmp_path / "mmlu.jsonl")
    assert [row["question"] for row in rows].count("1 + 1?") == 2
    assert len({row["id"] for row in rows}) == len(rows)


# Runs.


def test_a_run_keeps_every_answer_with_its_verdict(runs: tuple[Path, Path]) -> None:
=======
def test_a_run_stores_every_completion_with_its_verdict(runs: tuple[Path, Path]) -> None:
>>>>>>> de776c0 (wip)
    for folder in runs:
        run = read_run(folder)
        assert set(run.completions) == {"knk", "knk_perturbed"}
        texts = {(row["id"], row["sample"]): row["completion"] for row in read_rows(folder / "knk" / "answers.jsonl")}
        rows = {row["id"]: row for row in items("knk")}
<<<<<<< HEAD
        assert len(answers) == len(found.marks["knk"]) == 140
        task = benchmark("knk").loaded_task()
        for one in found.marks["knk"]:
            verdict = task.verify(answers[one.item, one.sample], rows[one.item])
            assert (one.correct, one.reason) == (verdict.correct, verdict.reason)
        assert found.parameters["temperature"] == 0.7
        assert (
            str(folder.parent)
            not in (folder / "bench.json").read_text() + (folder / "knk" / "inference.json").read_text()
        )
=======
        assert len(texts) == len(run.completions["knk"]) == 140
        for completion in run.completions["knk"]:
            verdict = benchmark("knk").task.verify(texts[completion.item, completion.sample], rows[completion.item])
            assert (completion.correct, completion.reason) == (verdict.correct, verdict.reason)
        assert run.parameters["temperature"] == 0.7
        records = (folder / "bench.json").read_text() + (folder / "knk" / "asked.json").read_text()
        assert str(folder.parent) not in records
>>>>>>> de776c0 (wip)


def test_a_killed_run_resumes_and_ends_with_the_same_files(tmp_path: Path) -> None:
    plan = BenchmarkPlan(("knk",), TWO_SAMPLES, limit=30)
    run_benchmarks(tmp_path / "whole", Oracle(0.5), plan, lm_eval=False)
    run_benchmarks(tmp_path / "cut", Oracle(0.5), plan, lm_eval=False)
    answers = tmp_path / "cut" / "knk" / "answers.jsonl"
    lines = answers.read_bytes().splitlines(keepends=True)
    answers.write_bytes(b"".join(lines[:25]) + lines[25][:40])
    (tmp_path / "cut" / "knk" / "verdicts.jsonl").unlink()
    run_benchmarks(tmp_path / "cut", Oracle(0.5), plan, lm_eval=False)
    for name in ("bench.json", "results.json", "knk/verdicts.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("engine", "plan", "message"),
    [
        (Oracle(0.9), THREE_ITEMS, "another share"),
        (Oracle(1.0), BenchmarkPlan(("knk",), TWO_SAMPLES, limit=4), "another items"),
        (Oracle(0.9), THREE_GRADED, "another share"),
        (Oracle(1.0), BenchmarkPlan(("knk_grades",), PAPER_SAMPLING, limit=3), "another n"),
    ],
)
def test_a_folder_refuses_another_model_other_items_and_other_sampling(
    engine: Oracle, plan: BenchmarkPlan, message: str, tmp_path: Path
) -> None:
    run_benchmarks(tmp_path, Oracle(1.0), THREE_ITEMS, lm_eval=False)
    with pytest.raises(BadFolder, match=message):
        run_benchmarks(tmp_path, engine, plan, lm_eval=False)


def test_a_folder_takes_further_benchmarks_of_the_same_model(tmp_path: Path) -> None:
    run_benchmarks(tmp_path, Oracle(1.0), THREE_ITEMS, lm_eval=False)
    run_benchmarks(tmp_path, Oracle(1.0), THREE_GRADED, lm_eval=False)
    assert set(read_run(tmp_path).completions) == {"knk", "knk_grades"}


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(BadFolder, match="not empty"):
        run_benchmarks(tmp_path, Oracle(), THREE_ITEMS, lm_eval=False)


def test_results_do_not_contain_a_models_path(tmp_path: Path) -> None:
    run = run_benchmarks(tmp_path, Oracle(model="/home/me/models/warmed"), THREE_ITEMS, lm_eval=False)
    assert (run.arm, run.model) == ("warmed", "warmed")
    assert "/home" not in (tmp_path / "bench.json").read_text() + (tmp_path / "results.json").read_text()


def test_a_folder_without_completions_is_free(tmp_path: Path) -> None:
    class Mistyped(Oracle):
        def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:  # noqa: ARG002 - it never asks
            raise ModelFailed("there is no folder 'nosuch'")

    with pytest.raises(ModelFailed):
        run_benchmarks(tmp_path, Mistyped(model="nosuch"), THREE_ITEMS, lm_eval=False)
    run = run_benchmarks(tmp_path, Oracle(), THREE_ITEMS, lm_eval=False)
    assert (run.model, len(run.completions["knk"])) == ("oracle", 6)
    with pytest.raises(BadFolder, match="another model"):
        run_benchmarks(tmp_path, Mistyped(model="nosuch"), THREE_ITEMS, lm_eval=False)


def test_failed_requests_are_not_counted_and_are_asked_again(tmp_path: Path) -> None:
    rows = items("knk", limit=6)
    plan = BenchmarkPlan(("knk",), TWO_SAMPLES, limit=6)
    run = run_benchmarks(tmp_path / "run", Oracle(1.0, frozenset({rows[0]["id"]})), plan, lm_eval=False)
    assert len(run.completions["knk"]) == 10
    assert summaries([run])[0].accuracy.n == 5
    assert len(run_benchmarks(tmp_path / "run", Oracle(1.0), plan, lm_eval=False).completions["knk"]) == 12
    with pytest.raises(ModelFailed, match="no completions for knk"):
        run_benchmarks(tmp_path / "none", Oracle(1.0, frozenset(row["id"] for row in rows)), plan, lm_eval=False)


def test_an_observer_sees_every_phase(tmp_path: Path) -> None:
    class Counting(BenchmarkObserver):
        def __init__(self) -> None:
            self.counts: Counter[str] = Counter()

        def phase_started(self, name: str, phase: str, total: int) -> None:  # noqa: ARG002 - counted together
            self.counts[f"to be {phase}"] += total

        def done(self, answers: int, tokens: int) -> None:  # noqa: ARG002 - completions are counted
            self.counts["asked"] += answers

        def scored(self, completions: int) -> None:
            self.counts["scored"] += completions

    observer = Counting()
    plan = BenchmarkPlan(("knk", "knk_grades"), TWO_SAMPLES, limit=5)
    run_benchmarks(tmp_path, Oracle(), plan, lm_eval=False, observer=observer)
    assert observer.counts == {"to be asked": 20, "to be scored": 20, "asked": 20, "scored": 20}


<<<<<<< HEAD
def test_a_run_that_is_broken_or_unfinished_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match="no finished run"):
        read(tmp_path)
    bench(tmp_path / "run", Oracle(), Plan(("knk",), TWO, limit=3), lm_eval=False)
    path = tmp_path / "run" / "knk" / "verdicts.jsonl"
    path.write_text('{"item": "a"}\n')
    with pytest.raises(BadFolder, match="not an answer's mark"):
        read(tmp_path / "run")
    path.unlink()
    with pytest.raises(BadFolder, match="is its run not done"):
        marks_in(tmp_path / "run" / "knk")
    (tmp_path / "run" / "bench.json").write_text('{"format": "other", "benchmarks": {}}')
    with pytest.raises(BadFolder, match="format"):
        read(tmp_path / "run")


# Scores.


def test_scores_are_means_over_samples_and_nothing_is_made_of_no_verdict() -> None:
    marks = [mark("a", 0, True), mark("a", 1, False), mark("b", 0, None), mark("b", 1, True), mark("c", 0, None)]
    assert scores(marks) == {"a": 0.5, "b": 1.0}
    assert solved(marks) == {"a": 1.0, "b": 1.0}
    assert summary("x", [marks]).undecided == 2


def test_the_deviation_is_over_samples() -> None:
    marks = [
        mark(item, sample, correct)
        for sample, told in enumerate(("110", "100", "111"))
        for item, correct in zip("abc", map(bool, map(int, told)), strict=True)
    ]
    assert deviation(marks) == pytest.approx(stdev([2 / 3, 1 / 3, 1]))
    assert deviation([mark("a", 0, True)]) is None


def test_memorisation_is_what_is_solved_as_it_is_and_not_when_changed() -> None:
    told = {"original": "1101", "leaf": "1000", "wording": "1101"}
    marks = [
        mark(f"{kind}{place}", 0, correct == "1", kind, original=str(place))
        for kind, found in told.items()
        for place, correct in enumerate(found)
    ]
    found = memorisation([marks])
    assert {kind: estimate.mean for kind, estimate in found.items()} == {"leaf": 0.5, "wording": 0.0}
    from knk.generation.perturb import memorisation as by_definition

    assert by_definition([c == "1" for c in told["original"]], [c == "1" for c in told["leaf"]]).score == 0.5


def test_groups_share_out_the_items() -> None:
    marks = [mark("a", 0, True, "x"), mark("b", 0, False, "y"), mark("c", 0, True, "x")]
    assert {one.name: one.accuracy.mean for one in by_group("T", [marks])} == {"T: x": 1.0, "T: y": 0.0}


def test_several_seeds_widen_the_interval() -> None:
    def run(shift: int) -> list[Mark]:
        return [mark(str(item), 0, (item * 7 + shift) % 10 < 5 + shift) for item in range(100)]

    one, three = summary("T", [run(0)]).accuracy, summary("T", [run(0), run(2), run(4)]).accuracy
    assert (one.seeds, three.seeds) == (1, 3)
    assert three.high - three.low > one.high - one.low


# Comparisons.


def test_a_difference_is_taken_item_by_item(runs: tuple[Path, Path]) -> None:
    base, warmed = map(read, runs)
    (one, other) = compare([scored(base)], [scored(warmed)])
    assert one.estimate == intervals.difference([scores(warmed.marks["knk"])], [scores(base.marks["knk"])])
    assert (one.name, other.name, one.told) == ("K&K", "K&K changed", "higher")
    assert compare([scored(warmed)], [scored(base)])[0].told == "lower"
    assert compare([scored(base)], [scored(base)])[0].told == "not resolved"
    grouped = [[scored(run, groups=True)] for run in (base, warmed)]
    assert any(found.name == "K&K: 5 people" for found in compare(*grouped))


def test_pairing_narrows_the_interval_and_keeps_to_shared_items() -> None:
    easy = {str(item): float(item % 2 == 0) for item in range(200)}
    better = {str(item): float(item % 2 == 0 or item % 20 == 1) for item in range(5, 200)}
    (found,) = compare([Scored("a", {"T": easy}, {})], [Scored("b", {"T": better}, {})])
    assert found.left_out == 5
    assert found.estimate.n == 195
    assert found.estimate.is_resolved
    assert found.estimate.high - found.estimate.low < (found.first.high - found.first.low) / 2


def test_what_cannot_be_compared_is_an_error(runs: tuple[Path, Path]) -> None:
    base, warmed = map(read, runs)
    ones, others = [scored(base)], [scored(warmed)]
    with pytest.raises(BadSpec, match="seed by seed"):
        compare(ones, others * 2)
    with pytest.raises(BadSpec, match="no benchmark in common"):
        compare(ones, [Scored("b", {}, {})])
    with pytest.raises(BadSpec, match="no item"):
        compare([Scored("a", {"K&K": {"a": 1.0}}, {})], others)
    with pytest.raises(BadSpec, match="there is no metric 'pass@1'"):
        scored(base, "pass@1")
    with pytest.raises(BadRow):
        results_of([[base, replace(base, marks={"knk": [mark("a", 0, True)], "knk_perturbed": []})]], "t")
    assert unlike(ones[0], scored(replace(warmed, style="chat", parameters={**warmed.parameters, "n": 4}))) == [
        "prompts (paper, chat)",
        "n (2, 4)",
    ]


def test_lm_evals_own_logs_are_compared_too(tmp_path: Path) -> None:
    for name, right in (("a", 3), ("b", 7)):
        rows = [
            {
                "doc_id": n,
                "doc_hash": f"h{n}",
                "metrics": ["exact_match", "f1"],
                "exact_match": float(n < right),
                "f1": 0.5,
            }
            for n in range(10)
        ]
        (tmp_path / name / "model").mkdir(parents=True)
        old, new = (tmp_path / name / "model" / f"samples_gsm8k_2026-01-0{day}T12-00-00.000000.jsonl" for day in (1, 2))
        write(old, [row | {"exact_match": 1.0} for row in rows])
        write(new, rows)
    (found,) = compare([read_scored(tmp_path / "a")], [read_scored(tmp_path / "b")])
    assert (found.name, found.first.mean, found.second.mean, found.told) == ("gsm8k", 0.3, 0.7, "higher")
    assert read_scored(tmp_path / "a", "f1").tables["gsm8k"]["0 h0"] == 0.5
    with pytest.raises(BadSpec, match="it has exact_match, f1"):
        read_scored(tmp_path / "a", "acc")
    new.write_text("{}\n")
    with pytest.raises(BadFolder, match="no log of lm-eval"):
        read_scored(tmp_path / "b")


# The command.


def test_the_command_prints_tables(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base, warmed = map(str, runs)
    assert main(["bench", "table", base, warmed, "--paper", "-o", str(tmp_path / "results.json")]) == 0
    told = capsys.readouterr().out
    mean = summaries([read(base)])[0].accuracy.mean
    assert f"base  {100 * mean:>10.1f}".split()[1] in told
    assert "43.8 ± 0.8" in told
    assert "memorisation score" in told
    assert results.read(tmp_path / "results.json").arms == ("base", "warmed")
    assert main(["bench", "compare", base, warmed, "--groups"]) == 0
    told = capsys.readouterr().out
    assert "higher" in told
    assert "K&K: 5 people" in told
    assert main(["bench", "compare", base, warmed, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["differences"][0]
    assert Estimate.from_dict(first["difference"]) == compare([read_scored(base)], [read_scored(warmed)])[0].estimate
    assert main(["bench", "compare", f"{base},{base}", f"{warmed},{warmed}"]) == 0
    assert "2 seeds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bench", "m"], "no folder to keep the answers"),
        (
            ["bench", "m", "-o", "x", "--tasks", "gsm8k", "--no-lm-eval"],
            "there is no benchmark 'gsm8k'; there are knk, ",
        ),
        (["bench", "m", "-o", "x", "--tasks", ",", "--no-lm-eval"], "no benchmark to run"),
        (["bench", "m", "-o", "x", "--data", "math500"], "--data is a benchmark and a file"),
        (
            ["bench", "m", "-o", "x", "--engine", "vllm", "--base-url", "http://h/v1"],
            "--base-url cannot be used with --engine",
        ),
        (["bench", "compare", "nowhere", "nowhere"], "holds no finished run"),
        (["bench", "table", "nowhere"], "holds no finished run"),
        (["bench", "tasks", "--data", "gsm8k=nowhere", "-o", "x"], "--data is a task and a file"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_two_arms_of_one_name_are_told_apart_or_refused(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "table", str(runs[0]), str(runs[0])]) == 2
    assert "two arms have one name" in capsys.readouterr().err


# lm-eval.


def test_the_task_files_are_where_they_are_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    assert main(["bench", "tasks"]) == 0
    folder = Path(capsys.readouterr().out.strip())
    files = {path.stem: path.read_text() for path in folder.glob("*.yaml")}
    assert set(files) == {
        *harness.GROUPS,
        *harness.OWN.values(),
        *(task for tasks in harness.TASKS.values() for task in tasks),
    }
    assert set(harness.TASKS) == set(BENCHMARKS)
    for name in harness.GROUPS:
        assert yaml.safe_load(files[name])["task"] == list(harness.TASKS[name])


@pytest.mark.slow
@needs_lm_eval
def test_lm_eval_gives_each_item_the_same_scores(tmp_path: Path) -> None:
    for n, share in ((4, 0.5), (1, 0.3)):
        sampling = replace(PAPER, n=n)
        plan = Plan(("knk", "knk_grades", "knk_perturbed"), sampling, limit=None if n == 4 else 40)
        watcher = _Listening()
        run = bench(tmp_path / str(n), Oracle(share), plan, watcher=watcher)
        assert watcher.notices == ["lm-eval scores the same answers"]
        (path,) = (tmp_path / str(n) / "lm_eval" / "oracle").glob("results_*.json")
        told = json.loads(path.read_text())
        for name, marks in run.marks.items():
            if n == 4:
                accuracy = summary(name, [marks]).accuracy.mean
                assert told["results"][name]["avg_at_k,samples"] == pytest.approx(accuracy)
        assert str(ROOT) not in path.read_text()
        samples = list((tmp_path / str(n) / "lm_eval" / "oracle").glob("samples_*.jsonl"))
        assert sum(1 for file in samples for _ in read_rows(file)) == sum(len(plan.items(name)) for name in run.marks)


@pytest.mark.slow
@needs_lm_eval
def test_puzzles_of_ones_own_are_scored_by_lm_eval_whatever_their_sizes(tmp_path: Path) -> None:
    from knk.datasets.stream import write as write_corpus
    from knk.generation.spec import Spec

    write_corpus(tmp_path / "mine.jsonl", Spec(people=9), 6)
    plan = Plan(("knk",), TWO, data={"knk": tmp_path / "mine.jsonl"})
    bench(tmp_path / "run", Oracle(0.5), plan)
    (samples,) = (tmp_path / "run" / "lm_eval" / "oracle").glob("samples_knk_own_*.jsonl")
    assert len(list(read_rows(samples))) == 6
    bench(tmp_path / "run", Oracle(0.5), Plan(("knk_perturbed",), TWO, limit=7))
    kept = sorted(path.name[:12] for path in (tmp_path / "run" / "lm_eval" / "oracle").glob("samples_*"))
    assert kept == ["samples_knk_", "samples_knk_"]
    bench(tmp_path / "run", Oracle(0.5), plan)
    assert len(list((tmp_path / "run" / "lm_eval" / "oracle").iterdir())) == 4


@pytest.mark.slow
@needs_lm_eval
def test_a_score_that_lm_eval_gives_otherwise_is_found(tmp_path: Path) -> None:
    plan = Plan(("knk",), TWO, limit=12)
    run = bench(tmp_path / "run", Oracle(0.5), plan, lm_eval=False)
    assert write_as_lm_eval(tmp_path / "run", run, plan) == []
    changed = [
        replace(one, correct=not one.correct) if place == 3 else one for place, one in enumerate(run.marks["knk"])
    ]
    lying = replace(run, marks={"knk": changed})
    assert write_as_lm_eval(tmp_path / "run", lying, plan) == [changed[3].item]


class _Listening(Watcher):
    def __init__(self) -> None:
        self.notices: list[str] = []

    def notify(self, message: str) -> None:
        self.notices.append(message)


@pytest.mark.slow
@needs_lm_eval
@needs_data
@pytest.mark.parametrize("name", list(FILES))
def test_the_reference_answers_are_right_by_lm_eval_and_here(name: str, tmp_path: Path) -> None:
    n = 1
    limit = 2000 if name == "mmlu_pro" else None
    plan = Plan((name,), replace(PAPER, n=n), data=FILES, limit=limit)
    watcher = _Listening()
    run = bench(tmp_path / "run", Oracle(1.0), plan, watcher=watcher)
    assert watcher.notices == ["lm-eval scores the same answers"]
    wanted = {"math500": 500, "humaneval_plus": 164, "mmlu_pro": 2000}[name]
    assert sum(one.correct is True for one in run.marks[name]) == len(run.marks[name]) == wanted
    (path,) = (tmp_path / "run" / "lm_eval" / "oracle").glob("results_*.json")
    assert json.loads(path.read_text())["results"][harness.TASKS[name][0]]["avg_at_k,samples"] == 1.0


@pytest.mark.slow
@needs_lm_eval
@needs_data
@pytest.mark.parametrize("name", ["math500", "mmlu_pro"])
def test_wrong_answers_are_wrong_by_lm_eval_and_here(name: str, tmp_path: Path) -> None:
    plan = Plan((name,), TWO, data=FILES, limit=300)
    watcher = _Listening()
    run = bench(tmp_path / "run", Oracle(0.4), plan, watcher=watcher)
    assert watcher.notices == ["lm-eval scores the same answers"]
    told = summaries([run])[0]
    assert 0.3 < told.accuracy.mean < 0.6  # A wrong letter is the right one now and then.
    assert told.metrics["accuracy as the paper reads"].mean >= told.accuracy.mean


@pytest.mark.slow
@needs_lm_eval
@needs_data
def test_lm_evals_own_tasks_read_local_files(tmp_path: Path) -> None:
    from itertools import islice

    names = harness.repoint(tmp_path, {"minerva_math500": FILES["math500"], "mmlu_pro": FILES["mmlu_pro"]})
    assert "minerva_math500_local" in names
    own = list(read_rows(FILES["math500"]))
    told = {
        harness.name_of(row): [
            f"{row['solution']}\nFinal Answer: The final answer is ${row['answer']}$. I hope it is correct."
        ]
        for row in own
    }
    found = harness.evaluate(["minerva_math500_local"], told, include=tmp_path)["results"]["minerva_math500_local"]
    assert (found["exact_match,none"], found["math_verify,none"]) == (1.0, 1.0)
    physics = list(islice((row for row in read_rows(FILES["mmlu_pro"]) if row["category"] == "physics"), 200))
    answers = {harness.name_of(row): [f"So the answer is ({row['answer']})."] for row in physics}
    found = harness.evaluate(["mmlu_pro_physics_local"], answers, include=tmp_path)["results"]["mmlu_pro_physics_local"]
    assert found["exact_match,custom-extract"] == 1.0


@pytest.mark.slow
@needs_lm_eval
def test_the_harness_asks_a_model_by_its_own_command(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    import os

    from tests.support.tiny_models import save_tiny_model

    save_tiny_model(tmp_path / "tiny", [str(row) for row in items("knk", limit=20)])
    command: list[str | Path] = [
        Path(sys.executable).with_name("lm_eval"),
        "run",
        "--model",
        "hf",
        "--model_args",
        f"pretrained={tmp_path / 'tiny'}",
    ]
    command += ["--include_path", harness.include_path(), "--tasks", "knk_people_3,knk_grade_5", "--limit", "2"]
    command += ["--gen_kwargs", "max_gen_toks=8", "--output_path", tmp_path / "out", "--log_samples", "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert ran.returncode == 0, ran.stderr[-3000:]
    (samples,) = (tmp_path / "out").rglob("samples_knk_people_3_*.jsonl")
    rows = list(read_rows(samples))
    assert len(rows) == 2
    for row in rows:
        (answers,) = row["filtered_resps"]
        assert len(answers) == 4
        assert harness.results(row["doc"], answers).items() <= row.items()


@pytest.mark.slow
@needs_lm_eval
def test_a_real_model_is_scored_alike(tmp_path: Path) -> None:
    from tests.support import smollm2

    if smollm2.ABSENT:
        pytest.skip(smollm2.REASON)
    from knk.inference.transformers import TransformersEngine

    smollm2.save_smollm2(tmp_path / "smollm2")
    write(tmp_path / "math.jsonl", MATHS)
    write(tmp_path / "mmlu.jsonl", QUESTIONS)
    data = {"math500": tmp_path / "math.jsonl", "mmlu_pro": tmp_path / "mmlu.jsonl"}
    names = ["knk", "math500", "mmlu_pro"]
    if with_code := FILES["humaneval_plus"].is_file() and find_spec("evalplus") is not None:
        names.append("humaneval_plus")
        data["humaneval_plus"] = FILES["humaneval_plus"]
    plan = Plan(tuple(names), replace(PAPER, n=2, max_tokens=48), "chat", data=data, limit=4)
    watcher = _Listening()
    engine = TransformersEngine(str(tmp_path / "smollm2"), 8)
    run = bench(tmp_path / "run", engine, plan, evalplus=with_code, watcher=watcher)
    said = ["lm-eval scores the same answers", *(["EvalPlus scores the programs of HumanEval+"] if with_code else [])]
    assert watcher.notices[-len(said) :] == said
    assert {name: len(marks) for name, marks in run.marks.items()} == dict.fromkeys(names, 8)
    texts = [row["completion"] for name in names for row in read_rows(tmp_path / "run" / name / "answers.jsonl")]
    assert len(set(texts)) > 4 * len(names)
    assert all(text.strip() for text in texts)


@pytest.mark.slow
@needs_lm_eval
@needs_data
def test_evalplus_scores_the_same_programs_alike(tmp_path: Path) -> None:
    if find_spec("evalplus") is None:
        pytest.skip("EvalPlus is not installed: make check-all does it")
    plan = Plan(("humaneval_plus",), TWO, data=FILES, limit=8)
    watcher = _Listening()
    run = bench(tmp_path / "run", Oracle(0.5), plan, evalplus=True, watcher=watcher)
    assert watcher.notices == ["lm-eval scores the same answers", "EvalPlus scores the programs of HumanEval+"]
    told = json.loads((tmp_path / "run" / "humaneval_plus" / "evalplus.json").read_text())
    assert told["differences"] == []
    ours = [one.correct for one in sorted(run.marks["humaneval_plus"], key=lambda one: (one.item, one.sample))]
    assert [one["base"] == one["plus"] == "pass" for one in told["samples"]] == ours
    assert 0 < sum(map(bool, ours)) < 16
=======
def test_a_plan_without_benchmarks_or_evalplus_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSpec, match="no benchmark to run"):
        run_benchmarks(tmp_path, Oracle(), BenchmarkPlan(()), lm_eval=False)
>>>>>>> de776c0 (wip)
    with pytest.raises(BadSpec, match="needs the file of its release"):
        run_benchmarks(tmp_path, Oracle(), BenchmarkPlan(("knk",)), lm_eval=False, evalplus=True)
    assert not list(tmp_path.iterdir())
