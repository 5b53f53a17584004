"""The section about an evaluation: its order, its figure, what is hostile in it, and its pictures."""

import re
from dataclasses import replace
from pathlib import Path
from xml.dom import minidom

from knk import report
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import ArmScore, Curve, Example, ExampleAnswer, Results, StudyClaim
from knk.report.evaluation import curves_svg, headline_svg
from knk.report.marks import STYLES
from tests.support import evaluations
from tests.support.evaluations import ARMS, CONDITIONS, HEADLINE, TASKS, TRAINED, estimate
from tests.support.reports import HOSTILE, read_page


def page_of(evaluation: Results, folder: Path) -> str:
    results.write(folder, evaluation)
    return report.page([folder])


def test_the_answer_comes_first_and_the_tables_last(tmp_path: Path) -> None:
    text = read_page(page_of(evaluations.study(), tmp_path)).text
    parts = ("Where at least 3", "What was trained on what", "Accuracy by task and condition", "Example", "Claims")
    places = [text.index(part) for part in (*parts, "during training", "Details", "All tasks and metrics: q = 0.03")]
    assert places == sorted(places)


def test_the_figure_has_a_chart_for_each_headline_task(tmp_path: Path) -> None:
    page = page_of(evaluations.study(), tmp_path)
    figure = page[page.index("Accuracy by task and condition") : page.index("<h3>Example")]
    assert re.findall(r"<figcaption>([^<]+)</figcaption>", figure) == list(HEADLINE)
    legend = read_page(figure[figure.index("<ul") : figure.index("</ul>") + 5]).text
    assert legend == "".join(ARMS)


def test_without_conditions_the_figure_is_one_chart_with_the_headline_first(tmp_path: Path) -> None:
    page = page_of(evaluations.small_study(), tmp_path)
    figure = page[page.index("Accuracy by task, with") : page.index("<h3>Example")]
    names = [name for name in re.findall(r">([^<>]+)</text>", figure) if name in TASKS]
    assert names == [*HEADLINE, *TASKS[:3], *TASKS[6:]]
    assert figure.count('role="img"') == 1
    assert "q = " not in figure.replace("share q", "")


def test_claims_are_grouped_by_condition(tmp_path: Path) -> None:
    text = read_page(page_of(evaluations.study(), tmp_path)).text
    claims = text[text.index("Claims") : text.index("during training")]
    places = [claims.index(part) for part in ("Every base checks", *CONDITIONS)]
    assert places == sorted(places)
    assert claims.count("Warm-up alone raises") == 3
    assert "0.000 " not in claims


def test_the_same_problem_is_beside_its_answers(tmp_path: Path) -> None:
    page = page_of(evaluations.study(), tmp_path)
    answers = re.findall(r'<div class="answers">(.*?)</pre></div></div>', page)
    assert len(answers) == 2
    assert '<span class="no">wrong: no answer</span>' in answers[0]
    assert '<span class="yes">right</span>' in answers[0]


def test_an_arm_has_the_same_mark_in_every_chart(tmp_path: Path) -> None:
    page = page_of(evaluations.study(), tmp_path)
    keys = re.findall(rf'(<svg class="key"(?:(?!</svg>).)*</svg>)(?:<b>)?{re.escape(TRAINED[0])}<', page)
    assert len(keys) == 1 + 1 + 1 + len(CONDITIONS)  # The training, the figure, the curves and the details.
    assert len(set(keys)) == 1


def test_more_arms_than_there_are_marks_are_in_the_tables(tmp_path: Path) -> None:
    arms = tuple(f"arm {index}" for index in range(STYLES + 3))
    scores = tuple(ArmScore(arm, "a task", "accuracy", estimate(0.5)) for arm in arms)
    text = read_page(page_of(Results("Many", arms, ("a task",), scores), tmp_path)).text
    assert "3 more arms are in the tables below" in text
    assert text.count(arms[-1]) == 1


def test_scores_of_conditions_that_are_not_listed_are_shown(tmp_path: Path) -> None:
    scores = (ArmScore("base", "a", "accuracy", estimate(0.5), "q = 1"), ArmScore("base", "a", "tries", estimate(0.5)))
    text = read_page(page_of(Results("Few", ("base",), ("a",), scores), tmp_path)).text
    assert "All tasks and metrics: q = 1" in text
    assert "All tasks and metrics: other scores" in text


def test_a_table_has_the_tasks_that_were_measured(tmp_path: Path) -> None:
    scores = (ArmScore("base", "a", "accuracy", estimate(0.5)), ArmScore("base", "c", "memorisation", estimate(0.5)))
    page = page_of(Results("Few", ("base",), ("a", "b"), scores), tmp_path)
    own = page[: page.index("The paper's results".replace("'", "&#x27;"))]
    assert re.findall(r"<tr><th>arm</th>(.*?)</tr>", own) == ["<th class=n>a</th>", "<th class=n>c</th>"]


def test_hostile_results_are_shown_as_text(tmp_path: Path) -> None:
    page = page_of(hostile(), tmp_path)
    reader = read_page(page)
    assert reader.text.count("alert(1)") > 20
    assert "\\u202e" in reader.text


def test_strange_numbers_do_not_break_the_page(tmp_path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    values = (0.5, -3.0, 1e308, -1e308, 1e-320, inf, -inf, nan)
    strange = [Estimate(mean, low, high, n) for mean in values for low in values for high in values for n in (0, 9)]
    arms = tuple(f"arm {index}" for index in range(len(strange)))
    for metric in ("accuracy", "tries"):
        scores = tuple(ArmScore(arm, "a", metric, one, "q = 0") for arm, one in zip(arms, strange, strict=True))
        curves = tuple(Curve("arm 0", "a", metric, ((step, one),)) for step, one in enumerate((*strange, strange[0])))
        curves += (Curve("arm 1", "a", metric, ((10**400, strange[1]), (-(10**400), strange[1]))),)
        claims = tuple(StudyClaim("a", "b", one) for one in strange)
        read_page(page_of(Results("a", arms, ("a",), scores, curves, claims), tmp_path))
        # Some arms at a time, as an axis has the range of all that it shows.
        for start in range(0, len(arms), STYLES):
            picture = headline_svg(Results("a", arms[start : start + STYLES], ("a",), scores))
            assert not re.search(r'"-?(nan|inf)', picture)


def test_pictures_are_well_formed_and_have_colours_of_their_own() -> None:
    for evaluation in (evaluations.study(), evaluations.small_study(), hostile()):
        for picture in (headline_svg(evaluation), *([curves_svg(evaluation)] if evaluation.curves else [])):
            root = minidom.parseString(picture).documentElement
            assert root is not None
            assert root.tagName == "svg"
            assert not root.getElementsByTagName("script")
            assert "var(" not in picture
            assert "#0072b2" in picture


def test_a_picture_shows_every_arm_and_task_of_the_figure() -> None:
    picture = headline_svg(evaluations.study())
    texts = re.findall(r">([^<>]+)</text>", picture)
    assert {*ARMS, *HEADLINE, *CONDITIONS} <= set(texts)
    curves = re.findall(r">([^<>]+)</text>", curves_svg(evaluations.study()))
    assert {*TRAINED, *CONDITIONS} <= set(curves)
    assert not set(ARMS[:7]) & set(curves)


def test_results_without_scores_have_no_pictures(tmp_path: Path) -> None:
    empty = Results("Nothing", (), (), ())
    assert headline_svg(empty) == curves_svg(empty) == ""
    assert "Nothing" in read_page(page_of(empty, tmp_path)).text


def hostile() -> Results:
    """Results whose every text is hostile."""
    bad = HOSTILE + "\ufffe"
    text = StudyClaim(bad, bad, estimate(0.5), None, bad, bad)
    example = Example(bad, bad, (ExampleAnswer(bad, bad * 500, bad), ExampleAnswer("other", bad, "right")))
    scores = tuple(ArmScore(bad, bad, metric, estimate(0.5), bad) for metric in (bad, "accuracy"))
    points = ((0, estimate(0.5)), (10, estimate(0.6)))
    curves = (Curve(bad, bad, bad, points, bad), Curve("new", bad, "accuracy", points, bad))
    full = Results(bad, (bad,), (bad,), scores, curves, (text,), {bad: bad}, (bad,), (bad,), bad, (bad,), (example,))
    return replace(full, training={bad: bad, "unknown": bad})
