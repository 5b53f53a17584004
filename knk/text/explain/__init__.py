"""Proofs as English: `explain`, from the steps of `knk.proofs.trace` to prose.

Prose is made of sentences, and a sentence of pieces: claims, each built in one function together with its meaning, and
connecting words, which claim nothing. So every claim can be read back and checked against the proof.

| module | what is in it |
|---|---|
| `prose` | `explain` and `sentences`: a proof in any of `knk.text.styles.PROOF_STYLES` |
| `brief` | the writer of textbook proofs |
| `long` | the writer that thinks aloud: tries, checks and goes back |
| `search` | the writer of searches: whole answers tried until one fits |
| `writer` | what the writers share: wordings filled with claims |
| `claims` | `Claim` and `Sentence`: what a text is made of |
| `builder` | claims put into English |
| `wordings` | the sentences themselves, as templates |
"""

from knk.text.explain.claims import Claim, Sentence
from knk.text.explain.prose import explain, sentences
from knk.text.styles import PROOF_STYLES as STYLES

__all__ = ["STYLES", "Claim", "Sentence", "explain", "sentences"]
