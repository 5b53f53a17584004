"""The page of pictures: whole in one file, safe with hostile rows, true to its figures, readable in a real browser."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import knk
from knk import report
from knk.cli import main
from knk.datasets.files import write
from knk.datasets.rows import row_of
from knk.errors import BadFolder
from knk.evals import paper_figures as paper
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import (
    ArmScore,
    Curve,
    Results,
    StudyClaim,
)
from knk.report.charts import Line, Ratio, bars, histogram, intervals, lines, ratios
from knk.report.html import LONGEST, safe

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">\u202e'
VOID = {"meta", "br", "img", "line", "circle", "rect", "polyline", "polygon", "path"}


class Reader(HTMLParser):
    """Reads a page as a browser would: its tags have to pair, and what may not be there is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.wrong: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.wrong += [f"{tag} {name}" for name, _ in attrs if name.startswith("on") or name in ("src", "srcset")]
        self.wrong += [
            f"{tag} {value}" for name, value in attrs if name == "href" and not (value or "").startswith("#")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    """Read a page, and see that it is sound and needs nothing from elsewhere."""
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    assert not reader.wrong
    assert not {"script", "img", "iframe", "link", "object"} & set(reader.seen)
    assert "url(" not in page
    assert "@import" not in page
    return reader


def corpus(folder: Path, n: int = 30) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split, seed in (("train", 1), ("test", 2)):
        puzzles = knk.generate(people=3, n=n, seed=seed)
        write(folder / f"{split}.jsonl", (row_of(puzzle) for puzzle in puzzles))
    return folder


def run(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "format": "knk-run-1",
        "recipe": "mine.yaml",
        "trainer": "grpo",
        "status": "finished",
        "settings": {"learning_rate": 1e-6, "reward_funcs": ["knk.rewards.kk_reward"]},
        "data": [{"file": "rows.jsonl", "rows": 1234, "bytes": 5678, "sha256": "ab" * 32}],
        "seed": 7,
        "steps": 20,
        "seconds": 61.5,
        "versions": {"python": "3.11"},
        "git": {"revision": "c" * 40, "dirty": True},
        "hardware": {"processor": "A processor", "cores": 2, "gpus": []},
        "sessions": [
            {"started": "x", "seconds": 1.0, "from_step": 0, "to_step": 10, "outcome": "killed"},
            {"started": "y", "seconds": 1.0, "from_step": 10, "to_step": 20, "outcome": "finished"},
        ],
    }
    (folder / "run.json").write_text(json.dumps(manifest | changes), encoding="utf-8")
    entries = [
        {"step": step, "loss": 1 / step, "reward": -1 + step / 10, "rewards/kk_reward/mean": 0.0, "kk/right": step / 20,
         "completions/mean_length": 100.0 + step, "entropy": float("nan") if step == 3 else 1.0}
        for step in range(1, 21)
    ]  # fmt: skip
    (folder / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    (folder / "completions").mkdir(exist_ok=True)
    rows = [{"step": 1, "prompt": HOSTILE, "completion": HOSTILE, "kk_reward": -2.0, "advantage": 0.5}] * 12
    write(folder / "completions" / "completions_00001.parquet", rows)
    return folder


def evaluation(folder: Path, tasks: tuple[str, ...] = ("kk3", "col")) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    figures = {"base": 0.25, "warmed": 0.75}
    scores = [
        ArmScore(arm, task, metric, Estimate(mean, mean - 0.05, mean + 0.05, 300, 3))
        for arm, mean in figures.items()
        for task in tasks
        for metric in ("accuracy", "tokens")
    ]
    claims = (
        StudyClaim("It rises", "above 0", Estimate(0.5, 0.4, 0.6, 300), True),
        StudyClaim("It falls", "below 0", Estimate(0.1, -0.1, 0.3, 300), None, "few seeds"),
        StudyClaim("It stays", "not above 0", None, False),
    )
    points = tuple((step, Estimate(step / 100, step / 200, step / 50, 300)) for step in (0, 10, 20))
    curves = (Curve("warmed + RL", tasks[0], "accuracy", points),)
    results.write(
        folder, Results(f"A study {HOSTILE}", tuple(figures), tasks, tuple(scores), curves, claims, {"seeds": "3"})
    )
    return folder


def test_a_corpus_is_shown_with_sizes_grades_and_samples(tmp_path: Path) -> None:
    page = report.page([corpus(tmp_path / "corpus")])
    reader = read(page)
    for told in ("train", "test", "How many people", "How hard", "How long", "What is said", "Samples", "its proof"):
        assert told in reader.text
    assert "60" in reader.text
    assert page.count("<svg") == 4


def test_a_run_is_shown_with_curves_sessions_and_completions(tmp_path: Path) -> None:
    reader = read(report.page([run(tmp_path / "run")]))
    for told in (
        "Loss",
        "Reward",
        "Shares of completions",
        "Length of completions",
        "killed",
        "learning_rate",
        "1,234",
    ):
        assert told in reader.text
    assert "changed since" in reader.text
    assert "alert(1)" in reader.text  # Shown, and harmless.
    assert "\\u202e" in reader.text


def test_an_evaluation_is_shown_with_figures_claims_and_the_paper(tmp_path: Path) -> None:
    reader = read(report.page([evaluation(tmp_path / "study")]))
    assert "75.070.0 to 80.0" in reader.text  # A cell, and what is small in it.
    for mark in ("✓ holds", "✗ does not hold", "– open", "+0.500 [+0.400,\N{NO-BREAK SPACE}+0.600]", "few seeds"):
        assert mark in reader.text
    assert "43.8 ± 0.8" in reader.text


def test_ones_own_figures_stand_beside_the_papers(tmp_path: Path) -> None:
    page = report.page([evaluation(tmp_path / "mine", paper.TASKS)])
    text = read(page).text
    assert "Beside the paper" in text
    assert text.index("Beside the paper") < text.index("Qwen2.5-Math-1.5B")


def test_a_study_has_its_results_before_its_runs_and_several_paths_make_one_page(tmp_path: Path) -> None:
    run(evaluation(tmp_path / "study") / "seed-0" / "base")
    corpus(tmp_path / "corpus")
    page = report.page([tmp_path / "study", tmp_path / "corpus"], "All")
    text = read(page).text
    assert "<title>All</title>" in page
    assert text.index("A study") < text.index("Run seed-0/base") < text.rindex("Corpus corpus")
    marks = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) == marks


@pytest.mark.parametrize("what", ["nothing", "empty", "text.txt"])
def test_what_cannot_be_shown_is_refused_in_a_line(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("Hello")
    with pytest.raises(BadFolder):
        report.page([tmp_path / what])
    assert main(["report", str(tmp_path / what), "-o", str(tmp_path / "out.html")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out.html").exists()


def test_the_command_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(corpus(tmp_path / "corpus")), "-o", str(tmp_path / "out.html"), "--title", "Mine"]) == 0
    assert capsys.readouterr().out.strip().endswith("out.html")
    assert "<h1>Mine</h1>" in (tmp_path / "out.html").read_text(encoding="utf-8")


# Pictures.


def places(picture: str, tag: str, name: str) -> list[float]:
    return [float(found) for found in re.findall(rf'<{tag} [^>]*\b{name}="([-\d.]+)"', picture)]


def test_points_stand_where_their_figures_are() -> None:
    picture = lines("Loss", "step", "loss", [Line("loss", [(0, 1.0), (5, 0.5), (10, 0.0)])])
    across, up = places(picture, "circle", "cx"), places(picture, "circle", "cy")
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.11)
    assert up[0] < up[1] < up[2]
    assert (up[0] + up[2]) / 2 == pytest.approx(up[1], abs=0.11)


def test_what_is_no_number_is_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    picture = lines("Loss", "step", "loss", [Line("loss", [(0, 1.0), (1, nan), (2, inf), (3, 0.5)])])
    assert len(places(picture, "circle", "cx")) == 2
    assert lines("Loss", "step", "loss", [Line("loss", [(0, nan)])]) == ""
    assert lines("Loss", "step", "loss", []) == ""
    assert "nan" not in picture


def test_intervals_are_drawn_to_one_scale() -> None:
    rows = {"a": Estimate(0.2, 0.1, 0.3, 9), "b": Estimate(0.8, 0.6, 1.0, 9)}
    picture = intervals("Accuracy", "share", rows)
    ends = [
        (float(one), float(other))
        for one, other in re.findall(
            r'x1="([\d.]+)" x2="([\d.]+)" y1="[\d.]+" y2="[\d.]+" stroke="var\(--c0\)"', picture
        )
    ]
    assert (ends[1][1] - ends[1][0]) / (ends[0][1] - ends[0][0]) == pytest.approx(2, abs=0.01)


def test_bars_are_as_high_as_their_counts() -> None:
    heights = places(bars("Sizes", "people", {"2": 10, "3": 40}), "rect", "height")
    assert heights[1] / heights[0] == pytest.approx(4, abs=0.01)
    assert bars("Sizes", "people", {}) == ""


def test_ratios_are_bars_from_one_on_a_logarithmic_axis() -> None:
    drawn = [Ratio("a", 100, 90, 110, "100 times"), Ratio("b", 0.1, 0.1, 0.1, "10 %", 1), Ratio("c", 1, 1, 1, "1")]
    picture = ratios("Speed", "times", drawn)
    faster, slower, same = places(picture, "rect", "width")
    assert faster / slower == pytest.approx(2, abs=0.01)
    assert same == 0
    assert places(picture, "rect", "x")[0] == pytest.approx(places(picture, "rect", "x")[1] + slower, abs=0.11)
    assert "100 times" in picture
    assert ratios("Speed", "times", []) == ""


def test_a_histogram_counts_all() -> None:
    assert sum(histogram([0, 1, 5, 99, 100]).values()) == 5
    assert histogram([]) == {}


def test_long_texts_are_cut_and_say_so() -> None:
    assert safe("a" * (LONGEST + 5)).endswith("(5 characters more)")


# What the paper reports.


def test_the_papers_figures_are_there() -> None:
    of = {(one.model, one.arm): one.scores for one in (*paper.WARM_UP, *paper.RLVR)}
    assert [str(one) for one in of["Qwen2.5-3B", "warmed"]] == ["54 ± 1.4", "47.8 ± 3.7", "38.2 ± 0.4"]
    assert str(of["Qwen2.5-3B", "warmed + RL on MATH"][0]) == "64.5 ± 0.3"
    assert len(paper.CLAIMS) == 4
    warm = [one for one in paper.WARM_UP if one.arm == "warmed"]
    assert len(warm) == 8
    assert {one.model for one in paper.WARM_UP if one.arm == "base"} == {one.model for one in warm}


# In a browser.

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEASURE = """<script>addEventListener("load", () => {
  const page = document.documentElement;
  const wide = [...document.querySelectorAll("body *")].filter(
    one => one.getBoundingClientRect().right > page.clientWidth + 1 && !one.closest(".wide, details:not([open])"));
  document.title = JSON.stringify({over: page.scrollWidth - page.clientWidth, wide: wide.length,
    charts: [...document.querySelectorAll("svg")].filter(one => one.getBoundingClientRect().height > 50).length});
})</script>"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
@pytest.mark.parametrize("width", [1280, 500])
def test_nothing_is_cut_off_in_a_browser(width: int, tmp_path: Path) -> None:
    run(evaluation(tmp_path / "study") / "seed-0" / "base")
    page = report.page([tmp_path / "study", run(tmp_path / "run"), corpus(tmp_path / "corpus")])
    (tmp_path / "page.html").write_text(page.replace("</head>", f"{MEASURE}</head>"), encoding="utf-8")
    options = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
        f"--disable-component-update --virtual-time-budget=3000 --window-size={width},900"
    ).split()
    command = [
        str(CHROMIUM),
        *options,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        (tmp_path / "page.html").as_uri(),
    ]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = json.loads(re.search(r"<title>(.*?)</title>", told, re.DOTALL)[1].replace("&quot;", '"'))  # type: ignore[index]
    assert (found["over"], found["wide"]) == (0, 0)
    assert found["charts"] >= 10
