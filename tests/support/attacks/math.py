r"""Completions for problems with a gold answer, each with the expected reason of its verdict, and its idea."""

from __future__ import annotations

from dataclasses import dataclass

from knk.answers.verdict import Reason


@dataclass(frozen=True)
class Attack:
    """A completion for a gold answer, the expected reason of its verdict, and its idea."""

    idea: str
    gold: str
    completion: str
    reason: Reason
    problem: str = ""


def boxed(content: str) -> str:
    """Return a box in answer tags, after some thinking."""
    return rf"So it is that.</think><answer>\boxed{{{content}}}</answer>"


def tagged(answer: str) -> str:
    """Return an answer in tags, after some thinking."""
    return f"So it is that.</think><answer>{answer}</answer>"


def _in_box(reason: Reason, gold: str, *attacks: tuple[str, str]) -> list[Attack]:
    return [Attack(idea, gold, boxed(content), reason) for idea, content in attacks]


_EXPAND = "Expand the product $(x+1)(x-2)$."
_FACTOR = r"Factor \[ab + 2a + 5b + 10.\]"
_DEEP = r"\sqrt{" * 20 + "5" + "}" * 20

_HEDGES = [
    *_in_box(
        "several answers",
        "5",
        ("two numbers joined by or", r"5 \text{ or } 6"),
        ("two numbers joined by a plain or", "5 or 6"),
        ("two numbers joined by and", r"5\text{ and }6"),
        ("two numbers with a comma", "5,6"),
        ("two numbers with a semicolon", "5; 6"),
        ("the right number last", "6, 5"),
        ("two signs at once", r"\pm 5"),
        ("two values by plus and minus", r"5 \pm 1"),
        ("plus and minus nothing", r"5 \pm 0"),
        ("all digits, as a list", "0,1,2,3,4,5,6,7,8,9"),
    ),
    *_in_box(
        "wrong",
        "5",
        ("a set with the right number", r"\{5,6\}"),
        ("a point with the right number", "(5,6)"),
        ("an interval round it", "[4,6]"),
        ("all numbers from it on", r"x \ge 5"),
        ("all numbers but it", r"x \ne 5"),
        ("a member of a set", r"x \in \{5, 6\}"),
        ("a matrix of it", r"\begin{pmatrix} 5 \end{pmatrix}"),
        ("an inequality that holds", "5 < 6"),
        ("a variable for any number", "x"),
        ("the empty set", r"\emptyset"),
        ("the number with a variable", "5x"),
        ("infinity", r"\infty"),
        ("a division by zero", r"\frac{5}{0}"),
        ("just below", "4.9999999"),
        ("just above, beyond what rounding sees", "5.0000001"),
        ("another base", "5_7"),
        ("a false equation that ends right", "2 + 2 = 5"),
        ("a false chain that ends right", "x = 4 = 5"),
        ("a true chain that ends wrong", "5 = 5 = 6"),
        ("the number and a far approximation", r"5 \approx 6"),
    ),
    Attack("two boxes", "5", tagged(r"\boxed{5} or \boxed{6}"), "several answers"),
    Attack("two boxes, the right one last", "5", tagged(r"\boxed{6}, no, \boxed{5}"), "several answers"),
    Attack("a box a line", "5", tagged("\n".join(rf"\boxed{{{digit}}}" for digit in range(10))), "several answers"),
    Attack("another kind of box", "5", tagged(r"\fbox{6} \boxed{5}"), "several answers"),
    Attack("two pairs of tags", "5", tagged(r"\boxed{5}") + r"<answer>\boxed{6}</answer>", "several answers"),
    Attack("a box that denies itself", "5", tagged(r"It is not \boxed{5}."), "retracted"),
    Attack("a box that is not equal", "5", tagged(r"$x \neq \boxed{5}$"), "retracted"),
    Attack("a box taken back", "5", tagged(r"$\boxed{5}$ is wrong."), "retracted"),
    Attack("words after the tags", "5", tagged(r"\boxed{5}") + " or is it 6?", "retracted"),
    Attack("a right box while thinking only", "5", r"It is \boxed{5}.</think><answer>6</answer>", "no answer"),
    Attack("thinking again", "5", tagged(r"\boxed{6}") + r"<think>\boxed{5}", "no answer"),
    Attack("a model-written turn", "5", tagged(r"\boxed{6}") + r" User: Well? Assistant: \boxed{5}", "retracted"),
]

_UNWORKED = [
    *_in_box(
        "no answer",
        "5",
        ("a sum of numbers", "2+3"),
        ("a product", r"2\cdot\frac{5}{2}"),
        ("a root of a square", r"\sqrt{25}"),
        ("a fraction of sums", r"\frac{2+3}{1}"),
        ("a power", r"5^{1}"),
        ("roots that cancel", r"\sqrt{5}\cdot\sqrt{5}"),
        ("roots that cancel when multiplied out", r"(\sqrt{6}-1)(\sqrt{6}+1)"),
        ("a big sum", r"\sum_{k=2}^{3} k"),
        ("a product sign", r"\prod_{k=5}^{5} k"),
        ("an integral", r"\int_0^5 1\,dx"),
        ("a limit", r"\lim_{x\to 5} x"),
        ("a binomial", r"\binom{5}{1}"),
        ("an absolute value", "|-5|"),
        ("a logarithm", r"\log_2 32"),
        ("a greatest common divisor", r"\gcd(10, 15)"),
        ("a rest", r"11 \bmod 6"),
        ("a rounding", r"\lfloor 5.5 \rfloor"),
        ("an operator by name", r"\operatorname{round}(5.1)"),
        ("a sine", r"5\sin 90^\circ"),
        ("a variable times nothing", "5 + 0x"),
        ("a variable that cancels", "5 + x - x"),
        ("nothing, huge", r"5 + 0\cdot 9^{999}"),
    ),
    *_in_box("no answer", "120", ("a factorial", "5!")),
    *_in_box("no answer", "1024", ("a power of two", "2^{10}")),
    *_in_box("no answer", r"\frac{\sqrt{3}}{3}", ("a tangent", r"\tan 30^\circ")),
    *_in_box(
        "no answer",
        r"2\sqrt{5}",
        ("a distance not worked out", r"\sqrt{4+16}"),
        ("a distance of squares", r"\sqrt{2^2+4^2}"),
        ("a root that is whole", r"\sqrt{4}\sqrt{5}"),
    ),
    *_in_box("no answer", "(2,3)", ("a point not worked out", r"(1+1, 3)")),
    *_in_box(
        "no answer",
        "x^2+x",
        ("variables that cancel", r"\frac{(x^2+x)y}{y}"),
        ("blown up", "+".join(["x^2-x^2+x-x"] * 9) + "+x^2+x"),
    ),
    *_in_box("no answer", "x^2", ("a power not worked out", "x^{1+1}")),
    Attack("the question again", "x^2-x-2", boxed("(x+1)(x-2)"), "no answer", _EXPAND),
    Attack("the question, the other way round", "x^2-x-2", boxed("(x-2)(1+x)"), "no answer", _EXPAND),
    Attack("the question, in other brackets", "x^2-x-2", boxed(r"\left[x+1\right]\cdot(x-2)"), "no answer", _EXPAND),
    Attack("the question again, to be factored", "(a+5)(b+2)", boxed("10+5b+ab+2a"), "no answer", _FACTOR),
    Attack("the root in question", r"2\sqrt{5}", boxed(r"\sqrt{20}"), "no answer", r"Simplify $\sqrt{20}$."),
]

_BOMBS = [
    *_in_box(
        "unreadable",
        "5",
        ("a tower of powers", "9^{9^{9^9}}"),
        ("powers of powers", "((9^{99})^{99})^{99}"),
        ("a huge power", "9^{99999999}"),
        ("a power that nobody can multiply out", "(x+1)^{999}"),
        ("a huge polynomial", "(x+y+z)^{99999}"),
        ("thousands of digits", "5" * 140),
        ("a long sum", "+".join(["1"] * 200)),
        ("deep nesting", _DEEP),
        ("deep brackets", "(" * 30 + "5" + ")" * 30),
        ("brackets that do not pair", "((5)"),
        ("full-width digits", "\uff15"),
        ("Arabic digits", "\u0665"),
        ("a space of no width", "5\u200b6"),
        ("a text that runs the other way", "\u202e5"),
        ("a control character", "5\x006"),
        ("code", r"\text{eval}(5)"),
        ("Python", "__import__"),
        ("a macro", r"\def\x{5}\x"),
        ("a file", r"\input{answers}"),
        ("a comment", "5 # 6"),
        ("words that deny", r"5 \text{ is wrong, it is 6}"),
        ("words between numbers", r"5 \text{ maybe } 6 \text{ no}"),
        ("a number in words", "five"),
        ("a box in a box and more", r"\boxed{5} + \boxed{6}"),
        ("numbers side by side, which math-verify adds", "2 3"),
        ("a product that math-verify takes for a mixed number", "2(3)"),
        ("groups that math-verify takes for a mixed number", "{2}{3}"),
        ("a fraction that math-verify takes for a mixed number", r"\frac{8}{2}1"),
        ("an arrow", r"6 \Rightarrow 5"),
        ("a ratio", "5:1"),
        ("a number in the way of programs", "5e0"),
        ("an equation of something else", "x + 5 = 5"),
        ("a null delimiter for a decimal point", r"5\left.0"),
    ),
    Attack("a box that does not close", "5", tagged(r"\boxed{5"), "unreadable"),
    Attack("a box without braces", "5", tagged(r"\boxed 5"), "unreadable"),
    Attack("an empty box", "5", boxed(""), "no answer"),
    Attack("a box of dollars", "5", boxed("$$"), "no answer"),
    Attack("a box of empty words", "5", boxed(r"\text{}"), "no answer"),
    Attack("no box", "5", tagged("5"), "no answer"),
    Attack("no box but a command like it", "5", tagged(r"\boxedtext{5}"), "no answer"),
    Attack("no answer", "5", "", "no answer"),
]

_NEAR_MISSES = [
    *_in_box("wrong", r"\frac{1}{3}", ("too few places", "0.3333"), ("rounded the wrong way", "0.3333334")),
    *_in_box("wrong", r"\frac{2}{1005}", ("six places but three figures", "0.001990")),
    *_in_box("wrong", ".0000672", ("rounded to six places", "0.000067")),
    *_in_box("wrong", "0", ("nearly nothing", "10^{-20}"), ("nothing to six places", "0.0000001")),
    *_in_box("wrong", r"2\sqrt{5}", ("a little more", r"2\sqrt{5}+10^{-20}"), ("two places", "4.47")),
    *_in_box("wrong", "2k", ("the factor alone", "2")),
    *_in_box("wrong", "2s", ("a variable taken for seconds", "2")),
    *_in_box("wrong", "4343_6", ("another base", "4343_7")),
    *_in_box("wrong", "(2,4)", ("the other order", "(4,2)"), ("an end taken in", "[2,4)"), ("one end only", "(2,5)")),
    *_in_box("wrong", "1,-2", ("one of two", "1"), ("one too many", "1,-2,3")),
    *_in_box("wrong", "x=5", ("another variable", "y=5")),
    *_in_box("wrong", "y = 2x + 3", ("a parallel", "y = 2x + 4"), ("an equation that always holds", "y = y")),
    *_in_box("wrong", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", ("lying", r"\begin{pmatrix} 1 & 2 \end{pmatrix}")),
    *_in_box("wrong", r"\text{(C)}", ("two letters", "A, C"), ("a letter in words", r"\text{C or D}")),
    *_in_box("unreadable", r"\text{east}", ("letters in another order, as a product", "seat")),
    *_in_box("wrong", r"\text{even}", ("denied", r"\text{not even}")),
    *_in_box("wrong", "LQSX", ("letters in another order", "XSQL")),
]

_RIGHT = [
    *_in_box(
        "right",
        "5",
        ("a label", "x = 5"),
        ("a function's value", "f(2) = 5"),
        ("a label in words", r"\text{Area} = 5"),
        ("a true equation", "2 + 3 = 5"),
        ("a unit", r"5\text{ cm}^2"),
        ("a bare unit", "5 square feet"),
        ("dollars round it", "$5$"),
        ("a price", r"\$5.00"),
        ("a percentage", r"5\%"),
        ("degrees", r"5^\circ"),
        ("a fraction that is whole", r"\frac{10}{2}"),
        ("a zero before it", "05"),
        ("a bold five", r"\mathbf{5}"),
        ("a box in a box", r"\boxed{5}"),
        ("the same twice", "5, 5"),
        ("a set of one", r"\{5\}"),
    ),
    *_in_box("right", r"\frac{3}{4}", ("a decimal", "0.75"), ("a slash", "3/4"), ("not reduced", r"\frac{6}{8}")),
    *_in_box("right", r"\frac{1}{3}", ("six places", "0.333333"), ("a minus twice", r"\frac{-1}{-3}")),
    *_in_box("right", r"1\frac{4}{5}", ("improper", r"\tfrac95"), ("a decimal", "1.8")),
    *_in_box("right", r"\$32,\!348", ("plain", "32348"), ("a comma", "32,348"), ("in braces", "32{,}348")),
    *_in_box("right", "-2", ("a long minus", "\u22122"), ("after an equals sign", "x=-2")),
    *_in_box("right", r"2\sqrt{5}", ("a root not simplified", r"\sqrt{20}"), ("near it", r"2\sqrt5 \approx 4.47")),
    *_in_box("right", r"2\sqrt{5}", ("a dot", r"2\cdot\sqrt5"), ("rounded", "4.472136")),
    *_in_box("right", r"\frac{\sqrt{3}}{3}", ("below the line", r"\frac{1}{\sqrt{3}}")),
    *_in_box("right", "x^2-x-2", ("another order", "-2 + x^2 - x"), ("factored, unasked", "(x+1)(x-2)")),
    *_in_box("right", "1,-2", ("another order", r"-2 \text{ and } 1"), ("labels", "x = 1, x = -2")),
    *_in_box("right", "y = 2x + 3", ("without the label", "3+2x"), ("on one side", "2x - y + 3 = 0")),
    *_in_box("right", r"x \in [-2,7]", ("the interval alone", "[-2, 7]")),
    *_in_box("right", r"3 \pm 2\sqrt{2}", ("both written out", r"3+2\sqrt{2}, 3-2\sqrt{2}")),
    *_in_box("right", r"\cot x", ("as a quotient", r"\frac{\cos x}{\sin x}")),
    *_in_box("right", "2^{10}", ("worked out further", "1024")),
    *_in_box("right", r"\text{(C)}", ("the letter alone", "C"), ("in words", r"\textbf{(C)}")),
    *_in_box("right", r"864 \mbox{ inches}^2", ("no unit", "864"), ("another name", r"864 \text{ in}^2")),
    Attack("two ways to write it", "0.5", tagged(r"\boxed{\frac12}, or \boxed{0.5}"), "right"),
    Attack("no thinking", "5", r"\boxed{5}", "right"),
    Attack("tags left open by a stop string", "5", r"Hm.</think><answer>\boxed{5}", "right"),
    Attack("wrong while thinking", "5", r"\boxed{6}? No.</think><answer>\boxed{5}</answer>", "right"),
]

ATTACKS = [*_HEDGES, *_UNWORKED, *_BOMBS, *_NEAR_MISSES, *_RIGHT]
