"""Write the table of recipes/README.md, with the estimates of `knk plan`.

python scripts/recipe_table.py            # write the table
python scripts/recipe_table.py --check    # exit with 1 if it is not that of the code
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from knk.training.batches import division_of, format_settings
from knk.training.gpus import GIB, parse_gpus
from knk.training.plan import Plan, plan
from knk.training.recipe import load

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
PAGE = RECIPES / "README.md"
HEADER = ("situation", "GPUs", "command", "GiB of a GPU", "hours", "a step", "verified")
SAMPLED = ("", "vllm-colocate", "one-80gb-lora")
"""The profiles of RLVR that the tests run with a stand-in for vLLM."""


@dataclass(frozen=True)
class Situation:
    """A recipe with a profile, on the GPUs that they are for.

    Args:
        name: what it is for.
        gpus: the GPUs, as for `knk plan`.
        recipe: the recipe, below `recipes/`.
        profile: the profile in the `profiles` of the recipe's folder; empty if there is none.
    """

    name: str
    gpus: str
    recipe: str
    profile: str = ""

    @property
    def overlays(self) -> tuple[Path, ...]:
        """The files of the profile."""
        folder = (RECIPES / self.recipe).parent
        return (folder / f"profiles/{self.profile}.yaml",) if self.profile else ()

    def plan(self) -> Plan:
        """Return its plan; the data are taken as not made yet, so that it is the same on every machine."""
        loaded = load(RECIPES / self.recipe, self.overlays)
        return plan(loaded, *parse_gpus(self.gpus), rows=18_000 if loaded.trainer == "sft" else None)


SITUATIONS = (
    Situation("warm-up of Qwen2.5-3B, as in the paper", "6xH100", "warmup/paper.yaml"),
    Situation("warm-up of Qwen2.5-3B", "8xH100", "warmup/paper.yaml", "eight-80gb"),
    Situation("warm-up of Qwen2.5-3B", "4xH100", "warmup/paper.yaml", "four-80gb"),
    Situation("warm-up of Qwen2.5-3B", "1xH100", "warmup/paper.yaml", "one-80gb"),
    Situation("warm-up of Qwen2.5-3B with LoRA", "1xRTX4090", "warmup/paper.yaml", "one-24gb-lora"),
    Situation("warm-up of Qwen2.5-Math-1.5B", "6xH100", "warmup/qwen2.5-math-1.5b.yaml"),
    Situation("warm-up of Qwen2.5-14B", "6xH100", "warmup/qwen2.5-14b.yaml"),
    Situation("RLVR of Qwen2.5-3B, as in the paper, with a vLLM server", "6xH100", "rlvr/math.yaml"),
    Situation("RLVR of Qwen2.5-3B", "8xH100", "rlvr/math.yaml", "eight-80gb"),
    Situation("RLVR of Qwen2.5-3B", "5xH100", "rlvr/math.yaml", "vllm-colocate"),
    Situation("RLVR of Qwen2.5-3B", "4xH100", "rlvr/math.yaml", "four-80gb"),
    Situation("RLVR of Qwen2.5-3B with LoRA", "1xH100", "rlvr/math.yaml", "one-80gb-lora"),
    Situation("RLVR of Qwen2.5-1.5B", "1xH100", "rlvr/math.yaml", "one-80gb-1.5b"),
    Situation("RLVR of Qwen2.5-1.5B with LoRA", "1xRTX4090", "rlvr/math.yaml", "one-24gb-1.5b"),
    Situation("RLVR of Qwen2.5-3B without vLLM", "5xH100", "rlvr/math.yaml", "continuous-batching"),
)
"""The situations of the table; each fits its GPUs with the settings as they are in the files."""


def row_of(situation: Situation) -> list[str]:
    """Return the row of a situation.

    Raises:
        ValueError: it does not fit, or not with its own settings.
    """
    made = situation.plan()
    if not made.fits or made.changed:
        problem = "; ".join(made.problems) or f"needs {format_settings(made.changed)}"
        raise ValueError(f"{situation.recipe} with {situation.profile or 'no profile'} on {situation.gpus}: {problem}")
    recipe, division = made.recipe, division_of(made.recipe)
    options = "".join(f" --with recipes/{path.relative_to(RECIPES)}" for path in situation.overlays)
    command = f"`knk train recipes/{situation.recipe}{options}`"
    verified = ["parsed", "trained"]
    if recipe.settings.get("use_vllm") and situation.profile in SAMPLED:
        verified.append("sampled")
    batch = f"{division.batch} {'completions' if recipe.trainer == 'grpo' else 'examples'}"
    needed, hours = f"{made.needed / GIB:.1f} of {made.gpu.memory / GIB:.1f}", f"{made.seconds / 3600:.1f}"
    gpus = situation.gpus.replace("x", " x ", 1)
    return [situation.name, gpus, command, needed, hours, batch, ", ".join(verified)]


def table() -> str:
    """Return the table in Markdown."""
    rows = [list(HEADER), ["---"] * len(HEADER), *map(row_of, SITUATIONS)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def page(text: str) -> str:
    """Return the page with the table of the code.

    Args:
        text: the page.
    """
    written = f"<!-- plans -->\n{table()}\n<!-- end -->"
    return re.sub(r"<!-- plans -->\n.*?<!-- end -->", lambda _: written, text, flags=re.DOTALL)


def main() -> int:
    """Write the table, or check it."""
    text = PAGE.read_text(encoding="utf-8")
    written = page(text)
    if "--check" in sys.argv[1:]:
        return 0 if written == text else 1
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
