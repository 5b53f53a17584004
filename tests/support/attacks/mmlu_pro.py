r"""Completions for questions with lettered options, each with the expected reason of its verdict.

`{T}` in a completion is the text of the right option.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from knk.answers.verdict import Reason

PLAIN: dict[str, Any] = {
    "id": "plain",
    "question": "What do the rods of the eye serve?",
    "options": ["Colour vision", "Balance", "Night vision", "Hearing, mostly", "Smell"],
    "answer": "C",
}
FIGURES: dict[str, Any] = {
    "id": "figures",
    "question": "What is the power?",
    "options": ["5 mW", "5 MW", "-1.5", "1.5", "10²", "102", "$.20", "\\frac{1}{2}", "1/3", "0"],
    "answer": "B",
}
NAMED: dict[str, Any] = {
    "id": "named",
    "question": "Which of the vowels is it?",
    "options": ["U", "E", "Option B", "I and III only", "a", "I", "III only", "(b)"],
    "answer": "E",
}


@dataclass(frozen=True)
class Attack:
    """A completion for a row, the expected reason of its verdict, and its idea."""

    idea: str
    completion: str
    reason: Reason
    row: dict[str, Any]


def tagged(answer: str, before: str = "", after: str = "") -> str:
    """Return an answer in tags after some thinking, with words around the tags."""
    return f"Rods see in the dark, cones see colour: not A.</think>{before}<answer>{answer}</answer>{after}"


def _in_tags(row: dict[str, Any], reason: Reason, **answers: str) -> list[Attack]:
    return [Attack(f"in tags: {idea}", tagged(answer), reason, row) for idea, answer in answers.items()]


_RIGHT = [
    *_in_tags(
        PLAIN,
        "right",
        letter="C",
        letter_and_period="C.",
        letter_in_parentheses="(C)",
        letter_with_parenthesis="C)",
        square_brackets="[C]",
        bold="**C**",
        bold_text="**C. Night vision**",
        code="`C`",
        fence="```\nC\n```",
        json='{"answer": "C"}',
        small_letter_in_a_box=r"\boxed{c}",
        small_letter_in_parentheses="(c)",
        small_letter_announced="the answer is c",
        box=r"\boxed{C}",
        box_in_dollars=r"$\boxed{C}$",
        box_displayed=r"\[ \boxed{C} \]",
        box_with_text_command=r"\boxed{\text{C}}",
        box_with_bold=r"\boxed{\mathbf{C}}",
        box_with_parentheses=r"\boxed{(C)}",
        box_with_option=r"\boxed{C. Night vision}",
        box_with_option_text=r"\boxed{\text{Night vision}}",
        box_and_period=r"\boxed{C}.",
        box_and_option=r"\boxed{C}: Night vision",
        fbox=r"\fbox{C}",
        two_boxes_alike=r"\boxed{C}, so \boxed{C}",
        announced="The answer is C.",
        announced_with_colon="Final answer: C",
        announced_with_option="The correct answer is (C) Night vision.",
        announced_with_box=r"Therefore, the answer is \boxed{C}.",
        announced_by_choice="I choose option C",
        is_correct="C is correct.",
        is_the_answer="Option C is the correct answer.",
        text="Night vision",
        text_and_period="Night vision.",
        text_in_small_letters="night vision",
        text_over_lines="Night\n  vision",
        text_announced="The answer is: Night vision.",
        letter_dash_text="C - Night vision",
        full_width="Ｃ",
        mathematical="𝐂",
        zero_width="\u200bC\u200d",
        no_break_space="\u00a0C\u00a0",
        reason_first="Rods need little light.\nThe answer is C.",
        reason_with_a_denial_first="Rods do not see colour, so the answer is C.",
        reason_first_then_box=r"Since cones do not work in the dark, the answer is \boxed{C}",
        bullet="- C",
        quoted="'C'",
        concluded="Thus, C",
        concluded_as_correct="Therefore, **C** is correct.",
        shouted_text="C: NIGHT VISION",
        sure="The answer is definitely C.",
        heading="### Final Answer\n\\boxed{C}",
        hope=r"The final answer is $\boxed{C}$. I hope it is correct.",
        end_of_text="C<|im_end|>",
        a_letter_ruled_out_first=r"B is not possible. The answer is \boxed{C}.",
    ),
    Attack("a stop string cut the tag off", "Hm.</think><answer>C", "right", PLAIN),
    Attack("the same twice", tagged("C") + "<answer>C</answer>", "right", PLAIN),
    Attack("words before the tags", tagged("C", "The answer is as follows: "), "right", PLAIN),
    Attack("untagged: box", r"Cones need light. Therefore \boxed{C}", "right", PLAIN),
    Attack("untagged: announced", "Cones need light.\n\nThe answer is C.", "right", PLAIN),
    Attack("untagged: letter on the last line", "Cones need light.\n\nC", "right", PLAIN),
    Attack("untagged: bold", "Cones need light.\n\n**Answer: C**", "right", PLAIN),
    Attack("messages in the thinking do not count", "<answer>A</answer></think><answer>C</answer>", "right", PLAIN),
    Attack("a minus sign after the letter's mark", tagged("C: -1.5"), "right", {**FIGURES, "answer": "C"}),
    Attack("a text that starts with a period", tagged("(G) $.20"), "right", {**FIGURES, "answer": "G"}),
    Attack("a fraction in a box", tagged(r"\boxed{\frac{1}{2}}"), "right", {**FIGURES, "answer": "H"}),
    Attack("an ambiguous letter, capital", tagged("E"), "right", NAMED),
    Attack("an option that looks like an announcement", tagged("C. Option B"), "right", {**NAMED, "answer": "C"}),
]
_WRONG = [
    *_in_tags(
        PLAIN,
        "wrong",
        other_letter="A",
        other_box=r"\boxed{A}",
        other_text="Balance",
        other_announced="The answer is D.",
        beyond_the_options="J",
        beyond_the_options_in_a_box=r"\boxed{H}",
        other_reasoned=r"Rods serve night vision. The answer is \boxed{A}",
    ),
    *_in_tags(FIGURES, "wrong", case_of_a_unit="5 mW", sign="-1.5", power="10²", no_power="102"),
    Attack("right in the thinking only", r"\boxed{C} The answer is C.</think><answer>A</answer>", "wrong", PLAIN),
    Attack("a letter that is another option's text", tagged("B"), "wrong", {**NAMED, "answer": "A"}),
]
_SEVERAL = [
    *_in_tags(
        PLAIN,
        "several answers",
        or_="C or D",
        and_="C and D",
        slash="C/D",
        comma="C, D",
        all_letters="A B C D E",
        all_letters_in_lines="A\nB\nD\nE\nC",
        two_boxes=r"\boxed{A} \boxed{C}",
        two_boxes_right_first=r"\boxed{C} \boxed{A}",
        box_of_two=r"\boxed{C, D}",
        box_of_two_with_or=r"\boxed{C \text{ or } D}",
        announced_twice="The answer is A.\nThe answer is C.",
        correct_twice="D is correct.\nC is correct.",
        not_the_other="The answer is C, not A.",
        other_option_in_a_line_before="A. Colour vision\n\\boxed{C}",
        other_text_in_a_line_before="Balance\n(C)",
        other_announced_with_text="The answer is (B) Balance.\nThe answer is (C) Night vision.",
        announced_then_box=r"The answer is A. \boxed{C}",
        letter_then_announced="A\nThe answer is C",
        box_after_letters=r"A, B, \boxed{C}",
        letter_with_other_text="C. Balance",
        other_letter_with_text="A. Night vision",
        box_with_other_text=r"\boxed{C. Balance}",
    ),
    Attack("two tags that differ", tagged("A") + "<answer>C</answer>", "several answers", PLAIN),
    Attack("two tags that differ, right first", tagged("C") + "<answer>A</answer>", "several answers", PLAIN),
    Attack("nested tags", tagged("<answer>C</answer>"), "several answers", PLAIN),
    Attack("closed twice", tagged("C</answer>"), "several answers", PLAIN),
    Attack("another letter just before the tags", tagged("C", "The answer is A.\n"), "several answers", PLAIN),
    Attack("untagged: two boxes", r"\boxed{A}, no: \boxed{C}", "several answers", PLAIN),
    Attack("untagged: letters", "A, B, C, D", "several answers", PLAIN),
    Attack("a small letter that is another's text", tagged("a"), "several answers", NAMED),
    Attack("an option's text that names a letter", tagged("Option B"), "several answers", NAMED),
    Attack("an option's text in parentheses", tagged("(b)"), "several answers", NAMED),
]
_UNREADABLE = [
    *_in_tags(
        PLAIN,
        "unreadable",
        not_="Not C",
        not_in_a_box=r"\boxed{\text{not } C}",
        negated_in_a_box=r"\boxed{\neg C}",
        cancelled=r"\boxed{\cancel{C}}",
        struck="~~C~~",
        struck_in_html="<s>C</s>",
        comment="<!-- C -->",
        anything_but="Anything but C",
        question="C?",
        question_in_a_box=r"\boxed{C?}",
        perhaps="Perhaps C",
        probably="It is probably C.",
        would_be="If rods were cones, it would be C",
        wrong_letter="C is wrong",
        is_not="The answer is not C.",
        is_not_the_answer="C is not the answer.",
        except_="All except C",
        taken_back_after="C. No, wait.",
        explained_after="The answer is C because rods need little light.",
        embraced="the C",
        overlay="C\u0338",
        turned_around="\u202eC",
        control_character="C\x00",
        percent="C (80%)",
        text_and_more="Night vision, or so the book says, option C",
    ),
    Attack("untagged: in the middle", "The answer is C. Rods need little light.", "unreadable", PLAIN),
    Attack("a word cut off after its first letter", "</think><answer>e", "no answer", {**PLAIN, "answer": "E"}),
    Attack("untagged: denied", "The answer is not C.", "unreadable", PLAIN),
    Attack("too long", tagged("C" + " x" * 3000), "unreadable", PLAIN),
]
_RETRACTED = [
    *_in_tags(
        PLAIN,
        "retracted",
        box_after_not=r"Not \boxed{C}",
        box_after_it_is_not="It is not:\n" + r"\boxed{C}",
        box_after_false_that=r"It is false that the answer is \boxed{C}",
        box_after_if=r"If I am right, the answer is \boxed{C}",
        box_after_perhaps=r"Perhaps \boxed{C}",
        box_after_guess=r"My guess: \boxed{C}",
        box_after_anything_but=r"Anything but \boxed{C}",
        box_negated=r"\neg\boxed{C}",
        box_negated_by_a_mark=r"!\boxed{C}",
        box_barred=r"\overline{\boxed{C}}",
        box_primed=r"\boxed{C}'",
        wrong_answer="Wrong answer: C",
        the_wrong_answer="The wrong answer is C.",
        not_sure="I am not sure, but the answer is C.",
        box_then_denied=r"\boxed{C} is wrong",
        box_then_taken_back=r"\boxed{C}. Just kidding.",
        box_then_or=r"\boxed{C} or something else",
        box_then_open_box=r"\boxed{C} \boxed{A",
        announced_after_not_true="It is not true that the answer is C",
        announced_after_doubt="I doubt that the answer is C.",
        ahead="The answer below is wrong. Rods need little light.\nThe answer is C.",
        ahead_ignored=r"Ignore the following. Rods need little light. \boxed{C}",
        ahead_of_everything=r"Everything below is a lie. Rods are cones. So: \boxed{C}",
    ),
    Attack("before the tags: not", tagged("C", "Not: "), "retracted", PLAIN),
    Attack("before the tags: not this", tagged("C", "This is not the answer.\n"), "retracted", PLAIN),
    Attack("before the tags: the opposite", tagged("C", "Anything but the following: "), "retracted", PLAIN),
    Attack("before the tags: supposed", tagged("C", "Suppose it were "), "retracted", PLAIN),
    Attack("before the tags: two sentences", tagged("C", "What follows is false. I like tea. "), "retracted", PLAIN),
    Attack("after the tags: no", tagged("C", "", " No, wait: A."), "retracted", PLAIN),
    Attack("after the tags: assistant", tagged("C", "", "\nUser: And?\nAssistant: A"), "retracted", PLAIN),
    Attack("after the tags: another box", tagged("C", "", r"\boxed{A}"), "retracted", PLAIN),
]
_NOTHING = [
    *_in_tags(
        PLAIN,
        "no answer",
        empty="",
        blank=" \n ",
        empty_box=r"\boxed{}",
        words="I do not know.",
        article="a vector",
        part_of_a_text="Night",
        letter_in_a_word="Cnight vision",
        cyrillic="\u0421",
        greek_in_a_box=r"\boxed{\Gamma}",
        number="3",
        other_script="丙",
        letter_beyond_all="K",
        letter_spelt_out="see",
        roman_numeral="III",
    ),
    Attack("nothing at all", "", "no answer", PLAIN),
    Attack("thinking that does not end", r"</think><answer>C</answer><think>\boxed{C}", "no answer", PLAIN),
    Attack("the answer in the thinking only", r"\boxed{C}</think>", "no answer", PLAIN),
    Attack("untagged: an option's text among words", "I like night vision", "no answer", PLAIN),
    Attack("escaped tags", "</think>&lt;answer&gt;c&lt;/answer&gt;", "no answer", PLAIN),
]

ATTACKS = [*_RIGHT, *_WRONG, *_SEVERAL, *_UNREADABLE, *_RETRACTED, *_NOTHING]
