"""The tokens behind a partition's tables: what the card tells of costs.

From the tables alone, so the same in every run. Rollouts that were stopped are no part of it; what
runs really took, with those, is in `run-figures.json` and in the report.
"""

from collections.abc import Sequence

from tasks.shards import ShardJob, read_shard

ASKED = {"vlm": "formal_texts", "llm": "rollouts"}
"""Role to the table that its replies make."""


def count_tokens(jobs: Sequence[ShardJob]) -> dict[str, dict[str, int]]:
    """Return, for each role, the rows that a server counted tokens for, and those tokens."""
    found: dict[str, dict[str, int]] = {}
    for role, table in ASKED.items():
        totals = {"rows": 0, "prompt_tokens": 0, "completion_tokens": 0}
        for job in jobs:
            tokens = read_shard(job, table, ["prompt_tokens", "completion_tokens"])
            totals["rows"] += int(tokens["completion_tokens"].count())
            for column in tokens.columns:
                totals[column] += int(tokens[column].sum())
        found[role] = totals
    return found
