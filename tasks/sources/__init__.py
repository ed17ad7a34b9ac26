"""Where rows come from: a folder with metadata.jsonl, JSONL, Parquet, or a Hub data set.

Every source says how many rows it has and yields any range of them, so that a shard can be made
again on its own and memory does not grow with the source. Rows are raw values here; `problems`
decides what they are worth.
"""

from tasks.sources.opening import open_source
from tasks.sources.planning import PlannedSource, plan_sources, shard_rows
from tasks.sources.source import Source, SourceRow
from tasks.sources.spreading import spread_sources

__all__ = [
    "PlannedSource",
    "Source",
    "SourceRow",
    "open_source",
    "plan_sources",
    "shard_rows",
    "spread_sources",
]
