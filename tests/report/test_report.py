"""The page: its sections, safe with hostile rows, and readable in a real browser."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from knk import report
from knk.cli import main
from knk.errors import BadFolder
from knk.evals import paper_figures as paper
from knk.evals import results
from tests.support import evaluations
from tests.support.reports import read_page, write_corpus, write_evaluation, write_run


def test_a_corpus_has_sizes_charts_and_samples(tmp_path: Path) -> None:
    page = report.page([write_corpus(tmp_path / "corpus")])
    text = read_page(page).text
    titles = ("Number of people", "Difficulty", "Length of questions", "Kinds of statements", "Samples")
    for expected in ("train", "test", *titles, "proof and answer"):
        assert expected in text
    assert "60" in text
    assert page.count("<svg") == 4


def test_a_run_has_curves_sessions_and_completions(tmp_path: Path) -> None:
    text = read_page(report.page([write_run(tmp_path / "run")])).text
    titles = ("Loss", "Reward", "Share of completions", "Length of completions")
    for expected in (*titles, "cut off", "killed", "learning_rate", "1,234", "with changes"):
        assert expected in text
    assert "alert(1)" in text  # As text, not as a script.
    assert "\\u202e" in text


def test_a_run_shows_whether_it_can_learn(tmp_path: Path) -> None:
    text = read_page(report.page([write_run(tmp_path / "run")])).text
    charts = "Groups without signal, Spread of rewards, Importance weights, Entropy, Gradient norm, Learning rate"
    held_out = "Held-out rows: loss, Held-out rows: reward, Held-out rows: share of completions"
    for title in (*charts.split(", "), *held_out.split(", "), "mean of those that ended"):
        assert title in text
    health = text[text.index("Health") : text.index("Groups without signal")]
    assert "groups equal432if rewards are low" in health  # First at step 4, at 3 steps, at most 2 in a row.
    assert "importance weights low1566set vllm_importance_sampling_mode" in health
    assert "nothing was learnt" not in text


def test_a_run_names_its_best_checkpoint(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", settings={"metric_for_best_model": "eval_reward"})
    assert "best eval_reward" not in read_page(report.page([write_run(tmp_path / "other")])).text
    entries = [{"step": step, "eval_reward": reward} for step, reward in ((5, -1.0), (10, 0.25), (15, 0.0))]
    (run / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    (run / "checkpoint-10").mkdir()
    assert "best eval_reward 0.25 at step 10: checkpoint-10" in read_page(report.page([run])).text


def test_a_run_without_signal_says_so_while_it_runs(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", status="running", steps=0)
    lines = [json.dumps({"step": step, "loss": 0.0, "grad_norm": 0.0}) for step in (1, 2, 3)]
    (folder / "metrics.jsonl").write_text("\n".join([*lines, '{"step": 4, "lo']), encoding="utf-8")
    text = read_page(report.page([folder])).text
    assert "nothing was learnt, as none of 3 steps had a signal: zero gradient (3 steps); check" in text
    assert "steps3seconds" in text  # The manifest of a running run may be older than its metrics.


def test_a_good_run_has_no_table_of_findings(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "metrics.jsonl").write_text('{"step": 1, "loss": 0.5, "grad_norm": 1.0}\n', encoding="utf-8")
    assert "Health" not in read_page(report.page([folder])).text


def test_an_evaluation_has_scores_claims_and_the_papers_results(tmp_path: Path) -> None:
    text = read_page(report.page([write_evaluation(tmp_path / "study")])).text
    assert "75.070.0 to 80.0" in text  # A score, and its interval in small print.
    claims = ("✓ holds", "✗ does not hold", "– open", "+0.50 [+0.40,\N{NO-BREAK SPACE}+0.60]", "few seeds")
    for expected in (*claims, "43.8 ± 0.8"):
        assert expected in text


def test_scores_on_the_papers_tasks_are_compared_with_the_paper(tmp_path: Path) -> None:
    text = read_page(report.page([write_evaluation(tmp_path / "mine", paper.TASKS)])).text
    assert text.index("Comparison with the paper") < text.index("Qwen2.5-Math-1.5B")


def test_study_results_precede_runs_and_several_paths_make_one_page(tmp_path: Path) -> None:
    write_run(write_evaluation(tmp_path / "study") / "seed-0" / "base")
    write_corpus(tmp_path / "corpus")
    page = report.page([tmp_path / "study", tmp_path / "corpus"], "All")
    text = read_page(page).text
    assert "<title>All</title>" in page
    assert text.index("A study") < text.index("Run seed-0/base") < text.rindex("Corpus corpus")
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) == anchors


@pytest.mark.parametrize("name", ["nothing", "empty", "text.txt"])
def test_other_paths_are_a_one_line_error(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("Hello")
    with pytest.raises(BadFolder):
        report.page([tmp_path / name])
    assert main(["report", str(tmp_path / name), "-o", str(tmp_path / "out.html")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out.html").exists()


def test_the_command_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, page = write_corpus(tmp_path / "corpus"), tmp_path / "out.html"
    assert main(["report", str(corpus), "-o", str(page), "--title", "Mine"]) == 0
    assert capsys.readouterr().out.strip().endswith("out.html")
    assert "<h1>Mine</h1>" in page.read_text(encoding="utf-8")


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEASURE = """<script>addEventListener("load", () => {
  document.querySelectorAll("details").forEach(node => node.open = true);
  const page = document.documentElement, all = selector => [...document.querySelectorAll(selector)];
  const beyond = (node, edge) => node.getBoundingClientRect().right > edge + 1;
  const wide = all("body *").filter(node => beyond(node, page.clientWidth) && !node.closest(".wide"));
  const cut = all(".wide").filter(node => node.scrollWidth > node.clientWidth + 1);
  const sticky = node => getComputedStyle(node.querySelector("td")).position === "sticky";
  parent.postMessage(JSON.stringify({over: page.scrollWidth - page.clientWidth, wide: wide.length, cut: cut.length,
    unhinted: cut.filter(node => getComputedStyle(node).backgroundImage === "none" || !sticky(node)).length,
    tables: all("table").length,
    charts: all("svg").filter(svg => svg.getBoundingClientRect().height > 50).length}), "*");
})</script>"""
FRAME = """<title></title><iframe src="page.html" style="border: 0; width: {width}px; height: 900px"></iframe>
<script>addEventListener("message", event => document.title = event.data)</script>"""


def measure(page: str, width: int, folder: Path) -> dict[str, int]:
    """What a browser measures of a page in a frame, as its own windows are never as narrow as a phone's."""
    (folder / "page.html").write_text(page.replace("</head>", f"{MEASURE}</head>"), encoding="utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    options = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
        "--disable-component-update --virtual-time-budget=3000 --window-size=1400,900"
    ).split()
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [str(CHROMIUM), *options, profile, "--dump-dom", (folder / "frame.html").as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    title = re.search(r"<title>(.+?)</title>", dom, re.DOTALL)
    assert title
    measured: dict[str, int] = json.loads(title[1].replace("&quot;", '"'))
    return measured


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
@pytest.mark.parametrize("width", [1280, 800, 390])
def test_a_browser_shows_everything(width: int, tmp_path: Path) -> None:
    write_run(write_evaluation(tmp_path / "study") / "seed-0" / "base")
    page = report.page([tmp_path / "study", write_run(tmp_path / "run"), write_corpus(tmp_path / "corpus")])
    measured = measure(page, width, tmp_path)
    assert (measured["over"], measured["wide"], measured["unhinted"]) == (0, 0, 0)
    assert measured["charts"] >= 10


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
@pytest.mark.parametrize("width", [1280, 800, 390])
def test_no_table_of_a_large_study_is_cut_off(width: int, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    results.write(tmp_path / "study", evaluations.study())
    measured = measure(report.page([tmp_path / "study"]), width, tmp_path)
    assert (measured["over"], measured["wide"], measured["cut"]) == (0, 0, 0)
    assert measured["tables"] > 10
