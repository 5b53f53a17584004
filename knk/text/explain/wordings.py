"""The sentences of explanations, as templates.

Between the slots there are connecting words alone: whatever claims something is a slot, so that every claim is built in
one function (see `knk.text.explain.builder`) and can be read back. A slot with a capital letter begins a sentence.

| slot | content |
|---|---|
| `says` | "Ann says that Bob is a knave" |
| `s` | a name |
| `srole` | "Ann is a knight": the speaker's role, known |
| `since` | "Bob is a knight and Cid is a knave": other roles, known |
| `so`, `must` | the roles that follow |
| `t`, `f` | "true" or "false": what the statement is, and what it is not |
| `is`, `should` | "true" or "false": what a statement is under the roles tried, and what its speaker's role requires |
| `denied` | the opposite of a false statement |
| `worked` | the roles that a statement is about |
| `were`, `now` | "Ann were a knight", "Ann is a knight": a role assumed within one sentence |
| `law` | "a knight never says anything false" |
| `paradox` | "this would be false if Ann were a knight and true if Ann were a knave" |
| `supposed` | the role supposed |
| `tried` | everybody's roles, tried together |
| `known` | all roles known so far |
| `open` | the names of people whose role is not known |
| `given` | all suppositions made and not dropped |
| `verdicts` | "what Ann and Bob say is true" |
"""

from __future__ import annotations

from typing import Final

Wordings = tuple[str, ...]

SAYS: Final[Wordings] = ("{s} says that {c}", "{s} claims that {c}", "according to {s}, {c}", "{s} tells us that {c}")
SAYS_OF_ONESELF: Final[Wordings] = ('{s} says, "{C}"', '{s} claims, "{C}"', '{s} tells us, "{C}"')

FOLLOWS: Final[dict[str, Wordings]] = {
    # The speaker's role is known.
    "role": (
        "{Says}. As {srole}, this is {t}, so {so}.",
        "{Says}. This is {t}, because {srole}; hence {so}.",
        "{Srole}, and {says}. So {so}.",
    ),
    "role since": (
        "{Says}. As {srole}, this is {t}; and since {since}, {so}.",
        "{Says}. This is {t}, because {srole}. Since {since}, it follows that {so}.",
        "{Srole}, and {says}. So this is {t}, and as {since}, {so}.",
    ),
    # The same statement, whose speaker's role is known since the sentence before.
    "again": ("That makes the statement {t}, and {so}.", "Then the statement is {t}, and {so}."),
    "again since": (
        "That makes the statement {t}, and since {since}, {so}.",
        "Then the statement is {t}; because {since}, {so}.",
    ),
    # The speaker's role follows from known roles of others.
    "value": (
        "{Says}. Since {since}, this is {t}, so {so}.",
        "{Says}. This is {t}, because {since}. Hence {so}.",
    ),
    "value always": ("{Says}. This is {t} whoever is what, so {so}.",),
    # The speaker's role follows because the other role is impossible.
    "trial": (
        "{Says}. If {were}, this would be {t}, but {law}. So {so}.",
        "{Says}. This would be {t} if {were}, but {law}. Hence {so}.",
    ),
    "trial since": (
        "{Says}. If {were}, this would be {t}, since {since}; but {law}. So {so}.",
        "{Says}. As {since}, this would be {t} if {were}; but {law}. Hence {so}.",
    ),
    # Somebody's role follows whatever the speaker's role is.
    "either": ("{Says}. Could it be that {now}? Then {paradox}; neither can be. So {so}.",),
    "either since": ("{Says}. Could it be that {now}? Then, since {since}, {paradox}; neither can be. So {so}.",),
}
CONTRADICTION: Final[dict[str, Wordings]] = {
    "role": ("But {says}. As {srole}, this is {t}; yet it is {f}, a contradiction.",),
    "role since": (
        "But {says}. As {srole}, this is {t}; yet since {since}, it is {f}, a contradiction.",
        "But {says}. This is {f}, because {since}, although {srole}. That is a contradiction.",
        "Yet {says}. Since {since}, this is {f}, which cannot be, as {srole}.",
    ),
    "either since": ("But {says}. Since {since}, {paradox}. Neither can be.",),
}
SUPPOSE: Final[Wordings] = ("Suppose that {supposed}.", "Assume that {supposed}.")
SUPPOSE_WITHIN: Final[Wordings] = ("Suppose further that {supposed}.", "Assume, in addition, that {supposed}.")
RETRACT: Final[Wordings] = ("So {so}.", "Hence {so}.", "Therefore {so}.")
RETRACT_WITHIN: Final[Wordings] = ("So, still supposing that {given}, {so}.", "Hence, as long as {given}, {so}.")
VERIFIED: Final[Wordings] = ("With these roles, {verdicts}, as it has to be.", "And this fits: {verdicts}.")

LONG_OPENING: Final[Wordings] = (
    "Okay, let me work through this carefully.",
    "Let me think about this step by step.",
    "Alright, let me see what I can find out here.",
    "Let me start by writing down who says what.",
    "First, let me go over what everybody says.",
)
LONG_HEARD: Final[Wordings] = ("{Says}.",)
LONG_AT_ONCE: Final[Wordings] = (
    "Is there anything that I can tell right away?",
    "Let me look for a statement that settles something by itself.",
    "Before I assume anything, let me see what follows directly.",
    "Let me first see how far I get without guessing.",
)
LONG_STUCK_AT_FIRST: Final[Wordings] = (
    "None of the statements settles anything by itself, so I will have to try something and see where it leads.",
    "Nothing follows directly from any one statement. I need to assume something and look for a contradiction.",
    "Hmm, no statement tells me anything on its own. Let me try out a case.",
)
LONG_STUCK: Final[Wordings] = (
    "Hmm, now nothing more follows directly. I need to try a case.",
    "I don't see anything else that follows directly. Let me try an assumption.",
    "That is as far as this goes. To get further I have to assume something.",
)
LONG_STUCK_WITHIN: Final[Wordings] = (
    "Hmm, that alone doesn't lead to a contradiction. I have to assume something more.",
    "Nothing more follows here, and nothing is wrong yet. Let me split this case further.",
)
LONG_FOLLOWS: Final[dict[str, Wordings]] = {
    "role": (
        "Okay, {says}. I know that {srole}, so that is {t}. That means {so}.",
        "{Srole}, and {says}. So that is {t}, and {must}.",
        "What about {s}? {Says}. Since {srole}, this is {t}, so {must}.",
        "Next, {says}. This has to be {t}, because {srole}. So {so}.",
        "Now I can use the fact that {srole}. {Says}, and that must be {t}. So {must}.",
    ),
    "role since": (
        "Okay, {says}. I know that {srole}, so that is {t}. And {since}, so {must}.",
        "{Srole}, and {says}. So that is {t}. Given that {since}, this means that {so}.",
        "Let me look at {s}. {Says}. It has to be {t}, because {srole}. Now {since}, so {must}.",
        "Next, {says}. As {srole}, this is {t}. I also know that {since}. Putting these together, {so}.",
    ),
    "denied": (
        "{Says}. But {srole}, so that is {t}. In other words, {denied}. So {must}.",
        "Hmm, {says}. That is {t}, since {srole}. So the truth is that {denied}. This means that {so}.",
    ),
    "denied since": (
        "{Says}. But {srole}, so that is {t}. In other words, {denied}. And {since}, so {must}.",
        "Hmm, {says}. That is {t}, since {srole}. So the truth is that {denied}. Since {since}, {must}.",
    ),
    "again": (
        "Then that statement is {t}, and so {must}.",
        "But then the statement I just looked at is {t}, which means that {so}.",
    ),
    "again since": (
        "Then that statement is {t}, and since {since}, {must}.",
        "But then the statement I just looked at is {t}. Given that {since}, {so}.",
    ),
    "value": (
        "Let me look at {s}. {Says}. I know that {since}. So this is {t}, and {must}.",
        "{Says}. Let me check that: {since}. So it is {t}, which means that {so}.",
        "Now, {says}. Is that so? Well, {since}. So it is {t}, and {must}.",
    ),
    "value always": ("{Says}. Wait, that is {t} whoever is what. So {must}.",),
    "trial": (
        "Here is something: {says}. If {were}, this would be {t}. But {law}. So {must}.",
        "Interesting: {says}. Could that be? If {were}, it would be {t}, but {law}. So {must}.",
        "{Says}. Hmm, could it be that {now}? Then this would be {t}, but {law}. So {must}.",
    ),
    "trial since": (
        "{Says}. I know that {since}. If {were}, this would be {t}, but {law}. So {must}.",
        "Now look at {s}. {Says}. Given that {since}, this would be {t} if {were}. But {law}, so {must}.",
    ),
    "either": (
        "This one is subtle: {says}. Could it be that {now}? Then {paradox}. Neither is possible, so {must}.",
        "{Says}. What if {now}? Then {paradox}. It doesn't work either way, so {must}.",
    ),
    "either since": (
        "This one is subtle: {says}. Could it be that {now}? Then, since {since}, {paradox}. Neither works, so {must}.",
        "{Says}. What if {now}? I know that {since}, so {paradox}. It doesn't work either way, so {must}.",
    ),
}
LONG_AGAIN: Final[Wordings] = (
    "Let me double-check that. If {were}, that statement would be {f}, but {srole}, so it can't be. Right, {so}.",
    "Let me make sure. Could it be that {now}? Then the statement would be {f}, but {srole}. No, {so}.",
)
LONG_CONTRADICTION: Final[dict[str, Wordings]] = {
    "role": (
        "But wait: {says}. As {srole}, that should be {t}, and yet it is {f}. That's a contradiction.",
        "Hold on. {Says}. That should be {t}, because {srole}. But it is {f}! This doesn't work.",
    ),
    "role since": (
        "But wait: {says}. As {srole}, that should be {t}. But {since}, so it is {f}. That's a contradiction.",
        "Hold on. {Says}. That should be {t}, because {srole}. But since {since}, it is {f}. This doesn't work.",
        "Let me check this against {s}. {Says}. Now {since}, so it is {f}. But {srole}, so it should be {t}. No good.",
        "Hmm, does this fit with {s}? {Says}. Given that {since}, this is {f}, while {srole}. No, that is impossible.",
    ),
    "either since": ("But wait: {says}. Since {since}, {paradox}. Neither is possible, so something is wrong.",),
}
LONG_SUPPOSE: Final[Wordings] = (
    "Let me assume that {supposed} and see what happens.",
    "Suppose {supposed}.",
    "What if {supposed}? Let me follow that.",
    "Let me try the case where {supposed}.",
    "Let's say that {supposed}, just to test it.",
)
LONG_SUPPOSE_WITHIN: Final[Wordings] = (
    "So, still assuming that {given}, suppose also that {supposed}.",
    "I keep the assumption that {given}, and on top of it I suppose that {supposed}.",
    "Within this case, what if {supposed}?",
)
LONG_TRY: Final[Wordings] = (
    "Maybe I should take {s}. Suppose that {supposed}.",
    "Let me try {s} first and say that {supposed}.",
    "What about {s}? Let me see what happens if {supposed}.",
)
LONG_TRY_FAILED: Final[Wordings] = (
    "Nothing goes wrong here so far, but that doesn't prove anything: it only might be so. Let me go back and try "
    "another case.",
    "Hmm, I don't see a contradiction, so this doesn't decide anything. Going back.",
    "This leads nowhere yet, and I can't conclude anything from an assumption that happens to work. Let me go back.",
)
LONG_TRY_FITTED: Final[Wordings] = (
    "That gives everybody a role without a contradiction, but it only shows what is possible, not what must be so. "
    "I have to rule out the other cases. Let me go back.",
    "So far this seems to fit, but that isn't enough: something else might fit as well. Let me go back and look for a "
    "case that fails.",
)
LONG_TRY_NOTHING: Final[Wordings] = (
    "Hmm, nothing follows from that right away. Let me try something else.",
    "That doesn't give me anything directly. Going back.",
)
LONG_RETRACT: Final[Wordings] = (
    "So the assumption was wrong, and {must}.",
    "That can't be, so I drop the assumption and conclude that {so}.",
    "Okay, going back to before I assumed that. This shows that {so}.",
    "So that case is out. Therefore {so}.",
)
LONG_RETRACT_WITHIN: Final[Wordings] = (
    "So that last assumption fails. Still assuming that {given}, {must}.",
    "Okay, one step back. As long as {given}, {must}.",
)
LONG_RECAP: Final[Wordings] = (
    "So far I know that {known}. Still open: {open}.",
    "Let me take stock: {known}. That leaves {open}.",
    "To recap, {known}. I don't know about {open} yet.",
)
LONG_RECAP_WITHIN: Final[Wordings] = (
    "So in this case, {known}.",
    "To keep track: if this case holds, {known}.",
)
LONG_FOUND: Final[Wordings] = (
    "Now everybody has a role: {known}. Let me verify this against every statement.",
    "So {known}. Let me check all the statements once more.",
    "That settles everybody: {known}. Before I answer, let me go through the statements again.",
)
LONG_VERIFY: Final[Wordings] = (
    "{Says}. {Worked}. So this is {t}, and {srole}. Good.",
    "{Says}. Here {worked}. That makes it {t}, as it should be, because {srole}.",
    "{Srole}, and {says}. {Worked}, so it is {t}. That fits.",
    "{Says}. Let me see: {worked}. So it is {t}. And {srole}, so that's right.",
)
LONG_CLOSING: Final[Wordings] = (
    "Everything checks out, so this is the answer.",
    "All the statements fit, so I'm confident in this.",
    "It all fits, and nothing else does.",
)
SEARCH_OPENING: Final[Wordings] = (
    "Let me try whole answers one after another, and check each against the statements.",
    "I will guess everybody's role and check the statements in turn, until a guess fits them all.",
    "Let me go through the possible answers until one fits everything.",
    "I can simply try the answers one by one, and stop as soon as every statement fits.",
)
SEARCH_TRY: Final[Wordings] = (
    "Let me start here: {tried}.",
    "First guess: {tried}.",
    "Suppose that {tried}.",
    "Let me first say that {tried}.",
)
SEARCH_TRY_AGAIN: Final[Wordings] = (
    "Next guess: {tried}.",
    "Let me try another one: {tried}.",
    "What if {tried}?",
    "Now suppose that {tried}.",
    "Another possibility: {tried}.",
    "So maybe {tried}.",
    "Instead, let me say that {tried}.",
)
SEARCH_CHECK: Final[dict[str, Wordings]] = {
    "holds": (
        "{Says}. {Worked}, so this is {is}, and {srole}. Good.",
        "{Says}. Here {worked}, so that is {is}, as it should be, because {srole}.",
        "{Srole}, and {says}. {Worked}, so it is {is}. That fits.",
    ),
    # The statement was told in an earlier try.
    "holds again": (
        "What {s} says is {is}, and {srole}. Good.",
        "{Srole}, and what {s} says is {is}. That fits.",
        "{Worked}, so what {s} says is {is}, as it should be, because {srole}.",
        "As {worked}, what {s} says is {is}, and {srole}. That fits.",
    ),
    "fails": (
        "But {says}. {Worked}, so this is {is}, although {srole}. That's a contradiction.",
        "{Says}. {Worked}, so that is {is}. But {srole}, so it should be {should}. This doesn't work.",
        "Hmm, {says}. As {srole}, that should be {should}. But {worked}, so it is {is}. No, that is impossible.",
    ),
    "fails again": (
        "But what {s} says is {is}, although {srole}. That's a contradiction.",
        "But {srole}, and what {s} says is {is}. That can't be.",
        "{Worked}, so what {s} says is {is}. But {srole}, so it should be {should}. This doesn't work.",
        "As {worked}, what {s} says is {is}, but it should be {should}, because {srole}. No.",
    ),
}
SEARCH_CLOSING: Final[Wordings] = (
    "Every statement fits, so {known}.",
    "Now everything fits: {known}.",
    "All the statements fit, so this is the answer: {known}.",
)
FILLER: Final[Wordings] = (
    "Let me think about this for a moment.",
    "Okay, I should go slowly here.",
    "Hmm.",
    "Let me see.",
    "There is a lot to keep in mind.",
    "I want to be careful and take one thing at a time.",
    "Let me go on.",
    "That is worth thinking about.",
    "Wait, let me think again.",
    "All right.",
    "I will keep going and see where this leads.",
    "It helps to stay calm and look at the whole.",
    "Let me take another look.",
    "So.",
    "Let me pause and take a breath.",
    "I have some time to think this over.",
)
"""Sentences without content; one of them is a single word, so that any length can be filled."""
