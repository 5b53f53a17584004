"""What `parse` reads and what it refuses, with which errors."""

import pytest

from knk.errors import BadText
from knk.logic.notation import encode, encode_statement
from knk.text.parse import parse, read_statement

READ = [
    ("Ann: Bob is lying", "Ann,Bob 0:-1"),
    ("Ann says Bob lies", "Ann,Bob 0:-1"),
    ("Ann says that Bob lies.", "Ann,Bob 0:-1"),
    ("ann says bob lies. bob says ann lies.", "ann,bob 0:-1 1:-0"),
    ("Ann: Bob always tells the truth. Bob: Ann isn't a knight.", "Ann,Bob 0:+1 1:~+0"),
    ("Ann: Bob never lies. Bob: Ann never tells the truth.", "Ann,Bob 0:+1 1:-0"),
    ("Ann: Bob doesn't lie. Bob: Ann does not tell the truth.", "Ann,Bob 0:~-1 1:~+0"),
    ("Ann: Bob does not always tell the truth.", "Ann,Bob 0:~+1"),
    ("Ann: Bob is telling the truth.", "Ann,Bob 0:+1"),
    ("Ann: Bob is not telling the truth.", "Ann,Bob 0:~+1"),
    ("Ann: Bob is no knight.", "Ann,Bob 0:~+1"),
    ("Ann: I'm no knave.", "Ann 0:~-0"),
    ("Ann: Bob's a knave.", "Ann,Bob 0:-1"),
    ("Ann: I always lie.", "Ann 0:-0"),
    ("Ann: I lie.", "Ann 0:-0"),
    ("Ann: Bob is a liar. Bob: Ann is a knight.", "Ann,Bob 0:-1 1:+0"),
    ("Ann: Bob is a truth-teller. Bob: Ann is a truth teller.", "Ann,Bob truth-teller/liar 0:+1 1:+0"),
    ("A: If B is a liar, then C is a truth-teller.", "A,B,C truth-teller/liar 0:>(-1,+2)"),
    ("A: I am a knight. B: A is a knave.", "A,B 0:+0 1:-0"),
    ('A: "I am a knave or B is a knight."', "A,B 0:|(-0,+1)"),
    ("A says B is a knave. B says A and C are of the same kind. C says nothing.", "A,B,C 0:-1 1:S(0,2)"),
    ('A says: "We are both knaves." B says nothing.', "A,B 0:&(-0,-1)"),
    ("Ann: We are both knaves. Bob: I'm a knight.", "Ann,Bob 0:&(-0,-1) 1:+1"),
    ("Ann: Both of us are knights. Bob: We are of different kinds.", "Ann,Bob 0:&(+0,+1) 1:D(0,1)"),
    ("Ann: both Bob and Cid are knights", "Ann,Bob,Cid 0:&(+1,+2)"),
    ("Ann: Bob and Cid are both knights.", "Ann,Bob,Cid 0:&(+1,+2)"),
    ("Ann: Bob, Cid, and Dan are all knaves.", "Ann,Bob,Cid,Dan 0:&(-1,-2,-3)"),
    ("Ann: Bob, Cid and I are knights.", "Ann,Bob,Cid 0:&(+1,+2,+0)"),
    ("Ann: Bob and Cid are not both knights.", "Ann,Bob,Cid 0:~&(+1,+2)"),
    ("Ann: Bob and Cid are not knights.", "Ann,Bob,Cid 0:&(~+1,~+2)"),
    ("Ann: Bob or Cid is a knave.", "Ann,Bob,Cid 0:|(-1,-2)"),
    ("Ann: Either Bob or Cid is a knave.", "Ann,Bob,Cid 0:|(-1,-2)"),
    ("Ann: Either Bob or Cid is a knave, but not both.", "Ann,Bob,Cid 0:^(-1,-2)"),
    ("Ann: Bob is a knight or Cid is a knave, or both.", "Ann,Bob,Cid 0:|(+1,-2)"),
    ('Ann: "Neither Bob nor I am a knight."', "Ann,Bob 0:&(~+1,~+0)"),
    ("Ann: Neither Bob nor Cid is a knave.", "Ann,Bob,Cid 0:&(~-1,~-2)"),
    ("Ann: Neither of us is a knight. Bob: Ann lies.", "Ann,Bob 0:&(~+0,~+1) 1:-0"),
    ("Ann: Neither of them is a knight. Bob: Cid lies. Cid: Bob lies.", "Ann,Bob,Cid 0:&(~+1,~+2) 1:-2 2:-1"),
    ("Ann: Both of them are knaves. Bob: Cid lies. Cid: Bob lies.", "Ann,Bob,Cid 0:&(-1,-2) 1:-2 2:-1"),
    ("Ann: They are both knights. Bob: Cid lies.", "Ann,Bob,Cid 0:&(+1,+2) 1:-2"),
    ("Ann: Bob and I are of the same kind. Bob: Exactly one of us is a knight.", "Ann,Bob 0:S(1,0) 1:K=1(0,1)"),
    ("Ann: Bob and I are the same type.", "Ann,Bob 0:S(1,0)"),
    ("Ann: Bob is the same as me.", "Ann,Bob 0:S(1,0)"),
    ("Ann: Bob is of the same kind as Cid.", "Ann,Bob,Cid 0:S(1,2)"),
    ("Ann: Bob is of a different kind from me.", "Ann,Bob 0:D(1,0)"),
    ("Ann: Bob and Cid are different.", "Ann,Bob,Cid 0:D(1,2)"),
    ("Ann: Bob and Cid are not of the same kind.", "Ann,Bob,Cid 0:~S(1,2)"),
    ("Ann: We are the same. Bob: Ann lies.", "Ann,Bob 0:S(0,1) 1:-0"),
    ("Ann: Either I am a knave or Bob is a knight.", "Ann,Bob 0:|(-0,+1)"),
    ("Ann: Either I am a knave or Bob is a knight, but not both.", "Ann,Bob 0:^(-0,+1)"),
    ("Ann: at least one of us is a knave; Bob: Ann lies", "Ann,Bob 0:V>=1(0,1) 1:-0"),
    (
        "Ann: none of us is a knight. Bob: Cid is a knave. Cid: all of us are knaves.",
        "Ann,Bob,Cid 0:K=0(0,1,2) 1:-2 2:&(-0,-1,-2)",
    ),
    ("Ann: All three of us are knaves. Bob: Cid lies.", "Ann,Bob,Cid 0:&(-0,-1,-2) 1:-2"),
    ("Ann: All of us are lying. Bob: Cid lies.", "Ann,Bob,Cid 0:&(-0,-1,-2) 1:-2"),
    ("Ann: Not all of us are knights. Bob: We are not both knights.", "Ann,Bob 0:~&(+0,+1) 1:~&(+0,+1)"),
    ("Ann: Everyone is a knave. Bob: Nobody is a knave.", "Ann,Bob 0:&(-0,-1) 1:V=0(0,1)"),
    ("Ann: Each of us is a knight. Bob: No one here is a knight.", "Ann,Bob 0:&(+0,+1) 1:K=0(0,1)"),
    ("Ann: Exactly two of us are knights. Bob: Cid lies.", "Ann,Bob,Cid 0:K=2(0,1,2) 1:-2"),
    ("Ann: Exactly two of Bob, Cid, and me are knights.", "Ann,Bob,Cid 0:K=2(1,2,0)"),
    ("Ann: At most one of the three is a knave. Bob: Cid lies.", "Ann,Bob,Cid 0:V<=1(0,1,2) 1:-2"),
    ("Ann: At least 2 of the three of us are knaves. Bob: Cid lies.", "Ann,Bob,Cid 0:V>=2(0,1,2) 1:-2"),
    ("Ann: More than one of us is a knave. Bob: fewer than two of us are knights.", "Ann,Bob 0:V>=2(0,1) 1:K<=1(0,1)"),
    (
        "Ann: No more than one of us is a knave. Bob: No fewer than two of us are knights.",
        "Ann,Bob 0:V<=1(0,1) 1:K>=2(0,1)",
    ),
    ("Ann: Only one of us is a knight. Bob: I am not a knave.", "Ann,Bob 0:K=1(0,1) 1:~-1"),
    ("Ann: Just one of us is lying. Bob: Ann lies.", "Ann,Bob 0:V=1(0,1) 1:-0"),
    (
        "Ann: There are exactly two knights among us. Bob: Cid lies. Cid: Bob lies.",
        "Ann,Bob,Cid 0:K=2(0,1,2) 1:-2 2:-1",
    ),
    ("Ann: There are exactly two knights. Bob: Cid lies. Cid: Bob lies.", "Ann,Bob,Cid 0:K=2(0,1,2) 1:-2 2:-1"),
    ("Ann: There is at least one knave among Bob and Cid.", "Ann,Bob,Cid 0:V>=1(1,2)"),
    ("Ann: There are no knights among Bob and Cid.", "Ann,Bob,Cid 0:K=0(1,2)"),
    ("Ann: There is an even number of knights among Ann, Bob and Cid.", "Ann,Bob,Cid 0:K%0(0,1,2)"),
    ("Ann: An even number of us are knights. Bob: An odd number of us are knaves.", "Ann,Bob 0:K%0(0,1) 1:V%1(0,1)"),
    (
        "Ann: The number of knights among us is odd. Bob: The number of knaves here is exactly one.",
        "Ann,Bob 0:K%1(0,1) 1:V=1(0,1)",
    ),
    ("Ann: The number of knaves among Bob alone is at most 1.", "Ann,Bob 0:V<=1(1)"),
    ("Ann: If Bob is a knave, Cid is a knight.", "Ann,Bob,Cid 0:>(-1,+2)"),
    ("Ann: If Bob is a knave then Cid is a knight and Dan is a knight.", "Ann,Bob,Cid,Dan 0:>(-1,&(+2,+3))"),
    ("Ann: If Bob is a knave and Cid is a knight, then Dan is a knight.", "Ann,Bob,Cid,Dan 0:>(&(-1,+2),+3)"),
    ("Ann: If Bob lies, then if Cid lies, then I lie.", "Ann,Bob,Cid 0:>(-1,>(-2,-0))"),
    ("Ann: Bob is a knight if Cid is a knight.", "Ann,Bob,Cid 0:>(+2,+1)"),
    ("Ann: Bob is a knight only if Cid is a knight.", "Ann,Bob,Cid 0:>(+1,+2)"),
    ("Ann: Bob is a knight, provided that Cid lies.", "Ann,Bob,Cid 0:>(-2,+1)"),
    ("Ann: Bob is a knight if and only if Cid is a knave.", "Ann,Bob,Cid 0:=(+1,-2)"),
    ("Ann: Bob is a knight exactly when Cid is a knave.", "Ann,Bob,Cid 0:=(+1,-2)"),
    ("Ann: Bob is a knight iff Cid is a knave.", "Ann,Bob,Cid 0:=(+1,-2)"),
    ("Ann: Bob is a knight just when Cid lies.", "Ann,Bob,Cid 0:=(+1,-2)"),
    ("Ann: (Bob is a knight or Cid is a knave) and Dan is a knave.", "Ann,Bob,Cid,Dan 0:&(|(+1,-2),-3)"),
    ("Ann: ((Bob is a knight))", "Ann,Bob 0:+1"),
    ("Ann: Bob is a knave, Cid is a knight, and Dan is a knave.", "Ann,Bob,Cid,Dan 0:&(-1,+2,-3)"),
    ("Ann: Bob is a knave and Cid is a knight and Dan is a knave.", "Ann,Bob,Cid,Dan 0:&(-1,+2,-3)"),
    ("Ann: Bob is a knave, Cid is a knight, or Dan is a knave.", "Ann,Bob,Cid,Dan 0:|(-1,+2,-3)"),
    ("Ann: Bob is a knight but Cid is a knave.", "Ann,Bob,Cid 0:&(+1,-2)"),
    ("Ann: Bob is a knight while Cid is a knave.", "Ann,Bob,Cid 0:&(+1,-2)"),
    ("Ann: It is not the case that Bob is a knight.", "Ann,Bob 0:~+1"),
    ("Ann: It's not true that Bob is a knight.", "Ann,Bob 0:~+1"),
    ("Ann: It isn't true that both Bob and Cid are knights.", "Ann,Bob,Cid 0:~&(+1,+2)"),
    ("Ann: It is false that (Bob is a knight and Cid is a knave).", "Ann,Bob,Cid 0:~&(+1,-2)"),
    ("Ann: It is true that Bob is a knight.", "Ann,Bob 0:+1"),
    ("Ann: It is not true that Bob is not a knave.", "Ann,Bob 0:~~-1"),
    (
        "Ann: Exactly one of these is true: Bob is a knave; Cid is a knight; Dan is a knave.",
        "Ann,Bob,Cid,Dan 0:^(-1,+2,-3)",
    ),
    (
        "Ann: At least one of the following statements is true: Bob is a knave, Cid is a knight.",
        "Ann,Bob,Cid 0:|(-1,+2)",
    ),
    ("Ann: All of these claims are true: Bob is a knave; I am a knight.", "Ann,Bob 0:&(-1,+0)"),
    ('"Bob is a knave," says Ann.', "Bob,Ann 1:-0"),
    ('"Bob is a knave," said Ann. "Ann is a knave. I am a knight," replied Bob.', "Bob,Ann 1:-0 0:-1 0:+0"),
    ('"Bob is a knave" - Ann.', "Bob,Ann 1:-0"),
    ('"Bob is a knave" — Ann. "Ann is a knave" — Bob.', "Bob,Ann 1:-0 0:-1"),
    ("Bob is a knave, says Ann.", "Bob,Ann 1:-0"),
    ("Bob is a knave, according to Ann.", "Bob,Ann 1:-0"),
    ("According to Ann, Bob is a knave.", "Ann,Bob 0:-1"),
    ('According to Ann: "Bob is a knave."', "Ann,Bob 0:-1"),
    ('In Ann\'s words: "Bob is a knave".', "Ann,Bob 0:-1"),
    ('As Ann put it, "Bob is a knave".', "Ann,Bob 0:-1"),
    ('In a statement by Ann: "Bob is a knave".', "Ann,Bob 0:-1"),
    ("Ann's claim is that Bob is a knave.", "Ann,Bob 0:-1"),
    ("Ann's statement: Bob is a knave.", "Ann,Bob 0:-1"),
    ("Ann told me that Bob is a knave. Bob tells you Ann is a knight.", "Ann,Bob 0:-1 1:+0"),
    ("Ann - Bob is a knave", "Ann,Bob 0:-1"),
    ("Ann says, “Bob isn’t a knight.” Bob says — “Ann’s a knave.”", "Ann,Bob 0:~+1 1:-0"),
    ("Ann said, 'Bob is a knave.' Bob said, 'Ann is a knight.'", "Ann,Bob 0:-1 1:+0"),
    ("«Bob is a knave», Ann declared.", "Bob,Ann 1:-0"),
    ("- **Ann**: Bob is a knave\n- **Bob**: Ann is a knave", "Ann,Bob 0:-1 1:-0"),
    ("1. Ann: Bob is a knave.\n2. Bob: Ann is a knave.", "Ann,Bob 0:-1 1:-0"),
    ("(1) Ann: Bob is a knave.\n(2) Bob: Ann lies.", "Ann,Bob 0:-1 1:-0"),
    ("Ann: Bob is a knave\nBob: Ann is a knight", "Ann,Bob 0:-1 1:+0"),
    ("Ann: Bob is a knave\n  and Cid is a knight\nBob: Cid lies", "Ann,Bob,Cid 0:&(-1,+2) 1:-2"),
    ("   Ann  :   Bob    is  a   knave   .", "Ann,Bob 0:-1"),
    ("ANN: BOB IS A KNAVE. BOB: ANN IS A KNIGHT.", "ANN,BOB 0:-1 1:+0"),
    ("Ann: Bob is a knave!", "Ann,Bob 0:-1"),
    ('Ann: "Bob is a knave. Cid is a knight."', "Ann,Bob,Cid 0:-1 0:+2"),
    ("Jack: Jackson is a knave. Jackson: Jack is a knight.", "Jack,Jackson 0:-1 1:+0"),
    ("Mary: Mary-Jane is a knave. Mary-Jane: Mary and O'Neil are knights.", "Mary,Mary-Jane,O'Neil 0:-1 1:&(+0,+2)"),
    ("José: O’Neil is lying. O’Neil: José is a knight.", "José,O’Neil 0:-1 1:+0"),
    ("Mary Jane: Mary is a knave. Mary: Mary Jane is a knight.", "Mary%20Jane,Mary 0:-1 1:+0"),
    (
        "Dr. Moss says that Mr. Spock is a knave. Mr. Spock says that Dr. Moss is a knight.",
        "Dr.%20Moss,Mr.%20Spock 0:-1 1:+0",
    ),
    ("There are two people, Ann and Bob. Ann: Bob is a knave.", "Ann,Bob 0:-1"),
    ("You meet Ann and Bob. Bob: Ann is a knave.", "Ann,Bob 1:-0"),
    ("You meet two inhabitants: Ann, and Bob. Bob says Ann is a knave.", "Ann,Bob 1:-0"),
    (
        "On the island of knights and knaves, you meet two inhabitants: Zoey and Mel. Zoey tells you that Mel "
        'is a knave. Mel says, "Neither Zoey nor I are knaves." Who is a knight and who is a knave?',
        "Zoey,Mel 0:-1 1:&(~-0,~-1)",
    ),
    (
        "A very special island is inhabited only by knights and knaves. Knights always tell the truth, and "
        "knaves always lie. You meet two inhabitants: Sally and Zippy. Sally claims that Zippy is a knave. "
        "Zippy says Sally is a knave. So who is a knight and who is a knave?",
        "Sally,Zippy 0:-1 1:-0",
    ),
    (
        'Three people, A, B and C, are standing in a garden. A says, "All of us are knaves." B says, "Exactly '
        'one of us is a knight." What are A, B, and C?',
        "A,B,C 0:&(-0,-1,-2) 1:K=1(0,1,2)",
    ),
    ("All knights tell the truth and all knaves lie. Ann: Bob is a knave.", "Ann,Bob 0:-1"),
    ("Knights always tell the truth. Knaves always lie. Ann: Bob is a knave.", "Ann,Bob 0:-1"),
    ("Every knight always tells the truth; every knave always lies. Ann: Bob is a knave.", "Ann,Bob 0:-1"),
    ("Knaves always tell the truth, and knights always lie. Ann: Bob is a knave.", "Ann,Bob knave/knight 0:+1"),
    (
        "Gods always tell the truth and devils always lie. You meet two people: Ann and Bob. Ann: Bob is a "
        "devil. Bob: We are both gods.",
        "Ann,Bob god/devil 0:-1 1:&(+0,+1)",
    ),
    (
        "A very special island is inhabited only by angels and devils. Angels always tell the truth, and "
        'devils always lie. You meet 2 inhabitants: Ann, and Bob. Ann said that Bob is a angel. Bob said, "if '
        '(Ann is a devil) then (Bob is a angel)." So who is a angel and who is a devil? (Format your answer '
        'like: "Ann is a angel/devil, and Bob is a angel/devil")',
        "Ann,Bob angel/devil 0:+1 1:>(-0,+1)",
    ),
    (
        "A very special island is inhabited only by heros and villains. Heros always tell the truth, and "
        'villains always lie. You meet 2 inhabitants: Ann, and Bob. "it is not the case that (Ann is a hero '
        'and Bob is a villain)," Ann claimed. Bob told you that (Ann is a hero) if and only if (Bob is a '
        "hero). So who is a hero and who is a villain?",
        "Ann,Bob hero/villain 0:~&(+0,-1) 1:=(+0,+1)",
    ),
    ("Ann: Bob is an angel. Bob: Ann is a demon.", "Ann,Bob angel/demon 0:+1 1:-0"),
    ("Ann: Bob is a saint. Bob: Ann is a sinner.", "Ann,Bob saint/sinner 0:+1 1:-0"),
    (
        "Each person is either a monk, who always tells the truth, or a thief, who always lies. Ann: Bob is a thief.",
        "Ann,Bob monk/thief 0:-1",
    ),
    ("Who is a knight and who is a knave? Ann: Bob is a knave.", "Ann,Bob 0:-1"),
]

REFUSED = [
    ("Ann: Bob may be a knight", "may be a knight"),
    ("Ann: Bob was born a knight", "was born a knight"),
    ("Ann: Bob might be a knave.", "might be a knave"),
    ("Ann: Bob is probably a knave.", "probably a knave"),
    ("Ann: Bob is definitely a knave.", "definitely a knave"),
    ("Ann: Bob will be a knave.", "will be a knave"),
    ("Ann: Bob has been a knave.", "has been a knave"),
    ("Ann: Bob is a knave or a knight.", "a knight"),
    ("Ann: Bob is a knave and tall.", "tall"),
    ("Ann: Bob is tall.", "tall"),
    ("Ann: Bob is the knave.", "the knave"),
    ("Ann: Bob is one of the knaves.", "one of the knaves"),
    ("Ann: Bob is truthful.", "truthful"),
    ("Ann: Bob is a knave maybe", "maybe"),
    ("Ann: Bob is not not a knight", "not a knight"),
    ("Ann: Bob could say that I am a knave.", "could say that I am a knave"),
    ("Ann: Bob would say that I am a knave.", "would say that I am a knave"),
    ("Ann: Bob says that Cid is a knave. Cid: Bob lies.", "says that Cid is a knave"),
    ("Ann claims Bob is a knave and Bob claims Ann is a knave.", "claims Ann is a knave"),
    ("Ann says that she is a knave.", "she is a knave"),
    ("Ann: He is a knave. Bob: Ann lies.", "He is a knave"),
    ("Ann: It is a knave. Bob: Ann lies.", "It is a knave"),
    ("Ann: Somebody is a knave. Bob: Ann lies.", "Somebody is a knave"),
    ("Ann: Some of us are knaves. Bob: Ann lies.", "Some of us are knaves"),
    ("Ann: Most of us are knaves. Bob: Ann lies.", "Most of us are knaves"),
    ("Ann: Half of us are knaves. Bob: Ann lies.", "Half of us are knaves"),
    ("Ann: One of us is a knight. Bob: Ann lies", "One of us is a knight"),
    ("Ann: Two of us are knights. Bob: Ann lies", "Two of us are knights"),
    ("Ann: Exactly three of us are knights. Bob: Ann lies.", "knights"),
    ("Ann: Exactly many of us are knights. Bob: Ann lies.", "many of us are knights"),
    ("Ann: Exactly two of us are not knights. Bob: Ann lies.", "Exactly two of us are not knights"),
    ("Ann: All of us are not knights. Bob: Ann lies.", "All of us are not knights"),
    ("Ann: Fewer than zero of us are knights. Bob: Ann lies.", "Fewer than zero of us are knights"),
    ("Ann: Both of us are knights. Bob: Cid lies.", "Both of us are knights"),
    ("Ann: We are both knaves. Bob: Cid lies.", "We are both knaves"),
    ("Ann: Neither of us is a knight. Bob: Cid lies.", "Neither of us is a knight"),
    ("Ann: We are of the same kind. Bob: Cid lies.", "of the same kind"),
    ("Ann: Neither of them is a knight. Bob: Cid lies. Dan: Bob lies.", "Neither of them is a knight"),
    ("Ann: Bob lies and neither of them is a knight. Cid: Bob lies.", "them is a knight"),
    ("Ann: Neither Bob or Cid is a knight.", "Neither Bob or Cid is a knight"),
    ("Ann: Neither Bob nor Cid is not a knight.", "Neither Bob nor Cid is not a knight"),
    ("Ann: Bob nor Cid is a knight.", "Cid is a knight"),
    ("Ann: Bob, Cid are knights.", "are knights"),
    ("Ann: Bob and Bob are knights.", "Bob and Bob are knights"),
    ("Ann: Bob is of the same kind as Bob.", "Bob is of the same kind as Bob"),
    ("Ann: Bob, Cid, and Dan are of the same kind.", "of the same kind"),
    ("Ann: Bob is of the same kind.", "of the same kind"),
    (
        "Ann: Bob is a knave and Cid is a knight or Bob is a knight.",
        "Bob is a knave and Cid is a knight or Bob is a knight",
    ),
    (
        "Ann: It is not the case that Bob is a knight and Ann is a knight.",
        "It is not the case that Bob is a knight and Ann is a knight",
    ),
    (
        "Ann: Bob is a knight if and only if Cid is a knight and Dan is a knight.",
        "Bob is a knight if and only if Cid is a knight and Dan is a",
    ),
    (
        "Ann: Bob is a knight if Cid is a knight if Dan is a knight.",
        "Bob is a knight if Cid is a knight if Dan is a knight",
    ),
    ("Ann: If Bob is a knight.", "."),
    ("Ann: If Bob is a knight Cid is a knave.", "Cid is a knave"),
    ("Ann: If Bob is a knight then.", "."),
    ("Ann: Either Bob is a knight.", "."),
    ("Ann: unless Bob lies, I lie", "unless Bob lies, I lie"),
    ("Ann: Bob is a knight unless Cid lies.", "unless Cid lies"),
    ("Ann: (Bob is a knight", ""),
    ("Ann: Bob is a knight)", ")"),
    ("Ann: Bob is a knight, Cid is a knave.", ", Cid is a knave"),
    ("Ann: Exactly one of these is true: Bob is a knave.", "."),
    ('Ann: "Bob is a knave', '"Bob is a knave'),
    ('Ann: ""', '""'),
    ("Ann:", ""),
    ("Ann says nothing but lies. Bob: Ann lies.", "nothing but lies"),
    ("Bob is a knave.", "Bob is a knave"),
    ('"Bob is a knave."', '"Bob is a knave'),
    ("Ann: Bob is a knave. Cid is a knight.", "Cid is a knight"),
    ("Ann and Bob are knights.", "Ann and Bob are knights"),
    ("Ann and Bob: Cid is a knight.", "Ann and Bob: Cid is a knight"),
    ("You meet 2 inhabitants: Ann and Bob. Ann: Cid is a knave.", "Cid is a knave"),
    ("You meet 2 inhabitants: Ann and Bob. Cid: Ann is a knave.", "Cid: Ann is a knave"),
    ("You meet 3 inhabitants: Ann and Bob. Ann: Bob is a knave.", "Ann and Bob"),
    ("You meet 2 inhabitants: Ann and Ann. Ann: Ann is a knave.", ""),
    ("You meet 2 inhabitants: Ann and Knight. Ann: Knight is a knave.", ""),
    ("You meet 2 inhabitants: Jack and Jackson. Jack: Jacks is a knave.", "Jacks is a knave"),
    ("You meet Ann and Bob. You meet Ann and Cid. Ann: Bob lies.", "Ann and Cid"),
    ("You meet Ann and Bob. They are tall. Ann: Bob lies.", "They are tall"),
    ("You meet Ann and Bob. Ann: Bob lies. The sun shines.", "The sun shines"),
    ("Angels and knights live here. Ann: Bob is an angel. Bob: Cid is a knight.", "Angels and knights live here"),
    ("Wizards always tell the truth. Ann: Bob is a wizard.", ""),
    ("A very special island is inhabited only by foos and bars. Ann: Bob is a foo.", "foos"),
    ("Every none knight always tells the truth; every knave always lies. Ann: Bob is a knave.", ""),
    ("Ann: The number of knights among Ann and Bob is no two.", "no two"),
    ("Ann: Bob is a knave. Bob shrugs.", "Bob shrugs"),
    ("Ann: Bob is a knave, she thinks.", "she thinks"),
    ("Ann: bob is lying", "bob is lying"),
    ("Ann: Bob lies?? Really", "Really"),
    ("Ann: Bob is a knave... Bob: Ann lies", "... Bob: Ann lies"),
    ("Ann: I know that Bob is a knave.", "know that Bob is a knave"),
    ("Ann: Bob and I", ""),
    ("Ann says.", "."),
    ("hello", "hello"),
]


@pytest.mark.parametrize(("text", "notation"), READ)
def test_a_text_is_read(text: str, notation: str) -> None:
    assert encode(parse(text)) == notation


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_a_text_is_refused_and_the_error_has_the_words(text: str, words: str) -> None:
    with pytest.raises(BadText) as refusal:
        parse(text)
    assert refusal.value.words == words
    if words:
        assert text[refusal.value.position :].startswith(words)


def test_the_lists_are_long_enough() -> None:
    assert len(READ) >= 120
    assert len(REFUSED) >= 60


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ann: Bob may be a knight.", "expected a verb such as 'is' or 'lies', got 'may be a knight' at character 9"),
        (
            "Ann: Bob is tall.",
            "expected a role, 'lying', 'telling the truth' or 'of the same kind as ...', got 'tall' at character 12",
        ),
        (
            "Ann: Somebody is a knave. Bob: Ann lies.",
            "expected a subject, such as a name, 'we' or 'exactly one of us', got 'Somebody is a knave' at character 5",
        ),
        ("Ann: Bob is a knave maybe", "expected the end of the statement, got 'maybe' at character 20"),
        ("Ann: If Bob is a knight Cid is a knave.", "expected 'then', got 'Cid is a knave' at character 24"),
        ("Ann: (Bob is a knight", "expected ')', got the end of the text"),
        (
            "Ann: Bob lies and Cid lies or I lie.",
            "ambiguous; add brackets to show what belongs together: 'Bob lies and Cid lies or I lie' at character 5",
        ),
        ("Ann: Both of us lie. Bob: Cid lies.", "'both' needs two people, not 3: 'Both of us lie' at character 5"),
        (
            "Ann: All of us are not knights. Bob: Ann lies.",
            "'all ... not' is ambiguous; use 'not all' or 'none': 'All of us are not knights' at character 5",
        ),
        ("Ann: Exactly three of Bob and me lie.", "the group has only 2 people: 'lie' at character 33"),
        (
            "The sun shines. Ann: Bob lies.",
            "expected a sentence that names its speaker, as in 'Ann says that ...', got 'The sun shines'"
            " at character 0",
        ),
        (
            "You meet 3 people: Ann and Bob. Ann: Bob lies.",
            "3 people are announced, but 2 are named: 'Ann and Bob' at character 19",
        ),
        ("", "expected a puzzle, got an empty text"),
        (
            "Wizards always tell the truth. Ann: Bob is a wizard.",
            "the text does not say who always lies: add a sentence such as "
            "'Elves always tell the truth, and goblins always lie'",
        ),
    ],
)
def test_errors_state_what_was_expected_and_what_was_read(text: str, message: str) -> None:
    with pytest.raises(BadText) as refusal:
        parse(text)
    assert str(refusal.value) == message


def test_an_argument_that_is_not_a_str_is_refused() -> None:
    with pytest.raises(BadText, match="expected a str, got int"):
        parse(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ("neither Bob nor I am a knave", "&(~-1,~-0)"),
        ("If I'm a knight, then Bob is a knave.", ">(+0,-1)"),
        ("exactly two of us are knights", "K=2(0,1,2)"),
        ("Cid lies", "-2"),
    ],
)
def test_a_single_clause_is_read(text: str, notation: str) -> None:
    assert encode_statement(read_statement(text, ["Ann", "Bob", "Cid"], speaker=0)) == notation


@pytest.mark.parametrize("text", ["I am a knight", "Dora lies", "Bob lies. Cid lies.", "Bob lies and", "", "they lie"])
def test_a_single_clause_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        read_statement(text, ["Ann", "Bob", "Cid"])


def test_the_opening_decides_what_role_words_mean() -> None:
    opening = "Liars always tell the truth, and truth-tellers always lie. You meet 2 people: Ann and Bob. "
    assert encode(parse(opening + "Ann: Bob is a liar.")) == "Ann,Bob liar/truth-teller 0:+1"


def test_silent_people_keep_their_order() -> None:
    assert parse("You meet 3 inhabitants: Cid, Ann, and Bob. Bob: Ann lies.").names == ("Cid", "Ann", "Bob")
