"""Puzzles whose proofs are explained."""

from knk.generation.generate import generate
from knk.logic.notation import decode
from tests.support.proofs import NESTED, WIDE

SAMPLES = [
    *(decode(line) for line in ("Ann,Bob 0:&(-0,-1)", "Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)", NESTED)),
    # A statement that is true in any case.
    decode("Ann,Bob 0:|(+1,-1) 0:-1"),
    # A person with several statements, one with none, and role words swapped.
    decode("Ann,Bob,Cid knave/knight 0:-1 0:S(0,2) 1:&(-0,-2) 1:+1"),
    decode(WIDE + "2:+0 3:+1 4:-3 5:+4 6:+5 7:-6 8:-7 9:+7"),
    # Two roles that follow from one statement, the second by means of the first.
    decode("Ann,Bob,Cid,Dan 0:&(+0,+2) 1:~>(+0,-3) 3:~&(-0,K=1(0,1,2,3)) 0:=(-3,+0)"),
    *generate(people=(2, 6), n=40, seed=21),
    *generate(preset="rich", people=(2, 6), n=60, seed=22, statements=(0, 2)),
]
