"""The sentences round the statements, as data: who is here, what the two kinds do, and the question at the end.

The tables are for writing and reading alike. In a wording, `{T}` and `{L}` are the role words of those who tell the
truth and of those who lie, `{aT}` the same with its article, `{Ts}` in the plural, `{CTs}` with a capital; `{A}` and
`{B}` are role words that leave open which is which (in writing, the first is the truth-teller's); `{names}` is the list
of people and `{n}` their number. In wordings that are only read, `[x]` is optional and `(x|y)` is a choice.
"""

from __future__ import annotations

from typing import Final

CLASSIC_RULE: Final = (
    "A very special island is inhabited only by {As} and {Bs}. {CTs} always tell the truth, and {Ls} always lie."
)
CLASSIC_MEETING: Final = ("You meet 1 inhabitant: {names}.", "You meet {digits} inhabitants: {names}.")
CLASSIC_QUESTION: Final = "So who is {aA} and who is {aB}?"

RULES: Final = (
    "On this island {aT} always tells the truth, and {aL} always lies.",
    "Everybody in this valley is either {aT}, who always tells the truth, or {aL}, who always lies.",
    "A small town is home to {Ts}, who only ever tell the truth, and {Ls}, who only ever lie.",
    "There are two kinds of people in this city: {Ts}, who always tell the truth, and {Ls}, who always lie.",
    "Remember the rule of this place: {Ts} never lie, and {Ls} never tell the truth.",
    "Every guest at the inn is {aA} or {aB}. {CTs} always tell the truth, and {Ls} always lie.",
    "In the harbour, whatever {aT} says is true, and whatever {aL} says is false.",
    "You know that {Ls} always lie and that {Ts} always tell the truth.",
    "Everything that {aT} says is true, and everything that {aL} says is false.",
    "The people of this village come in two kinds. {CTs} speak only the truth, while {Ls} speak only falsehoods.",
)
MEETINGS: Final = (
    ("You meet one person: {names}.", "You meet {n} people: {names}."),
    ("One person stands before you: {names}.", "Before you stand {names}."),
    ("One person is waiting for you: {names}.", "Waiting for you are {names}."),
    ("You come across one of them: {names}.", "You come across {n} of them: {names}."),
    ("You get talking to {names}.", "You get talking to {names}."),
    ("At the table sits {names}.", "At the table sit {names}."),
    ("Today you are with {names}.", "Today you are with {names}."),
    ("This is about one person: {names}.", "This is about {n} people: {names}."),
)
QUESTIONS: Final = (
    ("Which is it, {aA} or {aB}?", "Who is {aA}, and who is {aB}?"),
    ("Have you met {aA} or {aB}?", "Who among them is {aA}, and who is {aB}?"),
    ("Can you tell whether this is {aA} or {aB}?", "Can you tell who is {aA} and who is {aB}?"),
    ("Decide whether this is {aA} or {aB}.", "Decide for each of them: {aA} or {aB}?"),
    ("Work out whether you have met {aA} or {aB}.", "Work out who is {aA} and who is {aB}."),
    ("Say which it is: {aA} or {aB}.", "For each person, say which it is: {aA} or {aB}."),
    ("Is this {aA} or {aB}?", "Tell who is {aA} and who is {aB}."),
)
DIALOGUE_MEETINGS: Final = (
    ("Here is {names}.", "Here are {names}."),
    ("You overhear {names}.", "You overhear {names}."),
    ("One person is speaking: {names}.", "These people are speaking: {names}."),
)
DIALOGUE_RULES: Final = (
    "Everyone here is either {aT}, who always tells the truth, or {aL}, who always lies.",
    "As you know, {aT} always tells the truth, and {aL} always lies.",
    "Whoever lives here is {aT} (always truthful) or {aL} (always lying).",
)

READ_ONLY: Final = (
    # What the two kinds do.
    "[(remember|recall|you know|as you know|as always|we know|it is known)] [that] [(all|the|every|each|any|a|an)] {Ts}"
    " [(always|only|only ever)] (tell|speak) the truth",
    "[(all|the)] {Ts} [(always|only|only ever)] (tell|speak) [only] the truth [(and|while|but|whereas)] [(all|the)]"
    " {Ls}"
    " (always lie|lie|only lie|only ever lie|never tell the truth|always tell lies|tell only lies|speak only lies)",
    "[(all|the)] {Ls} always lie [(and|while|but|whereas)] [(all|the)] {Ts} always (tell|speak) the truth",
    "[(all|the)] {Ls} (always lie|lie|only lie|never tell the truth)",
    "[(all|the)] {Ts} never lie",
    "(a|an|every|each|any) {T} (always tells the truth|tells the truth|never lies|always speaks the truth)",
    "(a|an|every|each|any) {L} (always lies|lies|never tells the truth)",
    "(a|an|every|each|any) {T} (always tells the truth|tells the truth|never lies|always speaks the truth)"
    " [(and|while|but|whereas)] (a|an|every|each|any) {L} (always lies|lies|never tells the truth)",
    # Who lives here.
    "(on|in|there is|you are on|you are visiting|you visit|we are on) (an|a certain|the|this) island"
    " [(where|on which|there|whose)] [there] [(live|are|lives)] [only] [(two kinds of people|two types of people)]"
    " {Ts} who always tell the truth and {Ls} who always lie",
    "[(on|in)] [(an|a certain|the|this)] [island] there are [only] [two] [(kinds|types)] [of] [(people|inhabitants)]"
    " {Ts} who always tell the truth and {Ls} who always lie",
    "(a|an|the|this) [very] [(special|certain|small|strange)] island is (inhabited|populated|peopled) [only] by"
    " {Ts} who always tell the truth and {Ls} who always lie",
    "(a|an|the|this) [very] [(special|certain|small|strange)] island is (inhabited|populated|peopled) [only] by"
    " {As} and {Bs}",
    "on [(an|the|this|a certain)] island (live|there are|there live) [only] {As} and {Bs}",
    "(everyone|everybody|each person|each of them|every inhabitant|every islander|each inhabitant)"
    " [(here|on the island|on this island)] is [either] (a|an) {A} or (a|an) {B}",
    "(everyone|everybody|each person|each of them|every inhabitant|every islander|each inhabitant)"
    " [(here|on the island|on this island)] is [either] (a|an) {T} who [always] tells the truth or (a|an) {L}"
    " who [always] lies",
    "(a|an|the|this) [very] [(special|certain|small|strange)] island is (inhabited|populated|peopled) by only {As} and"
    " {Bs}",
    "[(on|in)] [(the|an|this)] island of {As} and {Bs} (you meet|you met|you encounter|we meet|there are) [{n}]"
    " [(inhabitants|people|islanders)] {names}",
    # Whom the puzzle is about.
    "{n} [(inhabitants|people|islanders|persons|friends)] {names} are (standing|sitting|walking|talking|here|there)"
    " [(together|in a garden|in a room|outside|on an island|on the island)]",
    "[(there|you meet|you met|you encounter|you come across|we meet|we have|there are|consider|meet|here are|suppose)]"
    " [(today|now)] {n} [of the] [(inhabitants|people|islanders|persons|of them|natives|friends|residents)]"
    " [(named|called)] {names}",
    "(you meet|you met|you encounter|we meet|meet|there are|here are|consider|you come across|you see) {names}",
    "[the] (people|inhabitants|islanders|names|participants) [(are|here are)] {names}",
    "there is {n} (inhabitant|person|islander) {names}",
    # What is asked.
    "[(so|then|now)] who is (a|an|the) {A} and who is (a|an|the) {B}",
    "[(so|then|now)] who (are|is) [the] {As} and who (are|is) [the] {Bs}",
    "[(so|then|now)] who are [the] {As}",
    "[(so|then|now)] who is (what|who|which)",
    "(what|which) is (each|each of them|each person|everyone|everybody)",
    "what are they",
    "what (is|are) {names}",
    "(determine|decide|find|find out|work out|tell|figure out|can you tell|say) who is (a|an|the) {A} and who is"
    " (a|an|the) {B}",
    "(determine|decide|find|find out|work out|tell|figure out|can you tell|say) who is (what|who|which)",
    "(determine|decide|find|find out|work out|tell|figure out|can you tell|say) (whether|if) each"
    " (person|of them|one) is (a|an) {A} or (a|an) {B}",
    "[(here is|this is)] what they [(say|said|tell you|told you)]",
    "they [(each)] (say|said|speak|tell you|told you) [(this|the following|as follows)]",
    "(each|each of them|each person) [of them] (says|speaks|makes a statement|tells you something|says something)",
)
