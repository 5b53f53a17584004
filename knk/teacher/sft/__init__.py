"""From a teacher's answers to rows for TRL's SFT trainer, filtered by a stated policy.

A folder of answers that `knk.teacher.teach` wrote becomes a folder of rows: `train/part-00000.parquet` and so on,
`dropped.jsonl` with every answer that was left out and the reason, and `manifest.json` with the policy, the counts,
statistics and hashes. Rows are sorted by the puzzles' keys, so the same answers give the same bytes in any order.

| column | contents |
|---|---|
| `prompt` | the teacher's prompt; a string or messages, depending on the style |
| `completion` | the teacher's answer, with the thinking and the closing tag that the server removed from it |
| `id` | the puzzle's key |
| `sample` | the index of the answer among those of the puzzle |
| `puzzle` | the puzzle in the one-line notation |
| `people` | the number of people |
| `correct` | whether the answer is correct, by `knk.verify` |
| `tokens` | tokens of the completion: by the tokenizer if one is given, else as the server counted; may be missing |

| module | contents |
|---|---|
| `policy` | `Policy`: which answers become rows |
| `verified` | stored answers, read, verified and put into a style |
| `report` | `Report`: counts and statistics |
| `write` | `write_sft`: writes the folder |
"""

from knk.teacher.sft.policy import Policy
from knk.teacher.sft.report import Report
from knk.teacher.sft.write import write_sft

__all__ = ["Policy", "Report", "write_sft"]
