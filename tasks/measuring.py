"""What each source row of finished tables cost, and what became of it: the sample of an estimate.

Comes in: the finished tables of a partition, and the kept replies. Goes out: requests and tokens by
role, a row for each source row. What tables do not tell (tokens of stopped rollouts, and of the
judge) is read from the replies themselves; those that were pruned count as nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from prompts import load_prompt
from schemas.recipe import ModelParams, Recipe
from schemas.records import Reply, Request, Status
from tasks.consistency import make_request
from tasks.curate import read_job
from tasks.judge import make_judge_request
from tasks.reason import make_requests, read_formalized
from tasks.replies import ReplyStore, outrun_key, reply_key
from tasks.shards import ShardJob, read_shard
from tasks.splitting import read_splits

YIELDS = ("sft", "grpo", "test")
"""Tables whose rows are what a run is for."""
Cost = npt.NDArray[np.int64]
"""(source rows; requests, prompt tokens, completion tokens)."""
NUM_COLUMNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Source rows that were run."""

    costs: Mapping[str, Cost]
    """By role of the models that are asked anything."""
    yields: Mapping[str, int]
    """Table to the source rows that ended there."""

    @property
    def num_rows(self) -> int:
        """Source rows."""
        return len(next(iter(self.costs.values())))


class _Kept:
    """What replies of one model cost; the same request costs once."""

    def __init__(self, replies: ReplyStore, model: ModelParams) -> None:
        self._replies, self._model = replies, model
        self._seen = set[str]()

    def find(self, request: Request) -> list[Reply] | None:
        """Return the replies that were paid for; None: they were counted before."""
        key = reply_key(self._model.name, self._model.revision, request)
        if key in self._seen:
            return None
        self._seen.add(key)
        found = [reply] if (reply := self._replies.get(key)) is not None else []
        number = 0
        while (reply := self._replies.get(outrun_key(key, number))) is not None:
            found.append(reply)
            number += 1
        return found


def measure(jobs: Sequence[ShardJob], recipe: Recipe, replies: ReplyStore) -> Measured:
    """Measure the finished tables of a partition.

    Args:
        jobs: the shards of the partition.
        recipe: as the run had it, its models and its race pinned.
        replies: of the data set.
    """
    formalizing = _Formalizing()
    reasoning = _Kept(replies, recipe.models.llm)
    judging = _Kept(replies, recipe.models.judge) if recipe.models.judge else None
    is_checked = judging is not None and recipe.curate.consistency is not None
    splits = read_splits(jobs, recipe.curate) if is_checked else pl.DataFrame()
    costs: dict[str, list[Cost]] = {}
    for job in jobs:
        ids = read_shard(job, "problems", ["problem_id"])["problem_id"].to_list()
        num_rejects = len(read_shard(job, "ingest_rejects", ["stage"]))
        places = {problem_id: place for place, problem_id in enumerate(ids)}
        found = {"vlm": formalizing.measure(job)} if recipe.formalize.enabled else {}
        found["llm"] = measure_rollouts(job, recipe, reasoning)
        if judging:
            found["judge"] = measure_verdicts(job, recipe, judging)
            found["judge"] += measure_opinions(job, recipe, splits, judging)
        for role, own in found.items():
            table = np.zeros((len(ids) + num_rejects, NUM_COLUMNS), dtype=np.int64)
            for problem_id, cost in own:
                table[places[problem_id]] += np.array(cost)
            costs.setdefault(role, []).append(table)
    return Measured(
        costs={role: np.concatenate(tables) for role, tables in costs.items()},
        yields={name: sum(len(read_shard(job, name, ["problem_id"])) for job in jobs)
                for name in YIELDS},
    )  # fmt: skip


Costs = list[tuple[str, tuple[int, int, int]]]
"""Problem id to requests, prompt tokens and completion tokens; a problem may be there often."""


class _Formalizing:
    """Counts what formal texts cost; texts that were asked alike for one image cost once."""

    COLUMNS = (
        "problem_id", "routed_by", "rounds", "pseudo_cot", "text", "prompt_tokens",
        "completion_tokens",
    )  # fmt: skip

    def __init__(self) -> None:
        self._seen = set[tuple[Any, ...]]()

    def measure(self, job: ShardJob) -> Costs:
        """Return what each formal text of a shard cost."""
        texts = read_shard(job, "formal_texts", self.COLUMNS)
        images = read_shard(job, "problems", ["problem_id", "image_sha256"])
        found: Costs = []
        for row in texts.join(images, on="problem_id", how="left").iter_rows(named=True):
            asked = (*row["image_sha256"], row["text"], row["pseudo_cot"])
            if row["text"] is not None and asked in self._seen:
                continue
            self._seen.add(asked)
            tokens = row["prompt_tokens"] or 0, row["completion_tokens"] or 0
            found.append((row["problem_id"], (count_requests(row), *tokens)))
        return found


def count_requests(text: Mapping[str, Any]) -> int:
    """Count the requests that a row of FORMAL_TEXTS tells of: a last repair without text is not."""
    steps = [text["routed_by"].startswith("classifier"), text["pseudo_cot"] is not None]
    return 1 + len(text["rounds"]) + sum(steps)


def measure_rollouts(job: ShardJob, recipe: Recipe, kept: _Kept) -> Costs:
    """Return what each rollout of a shard cost, stopped ones as far as they came."""
    prompt = load_prompt(recipe.reason.prompt)
    columns = ["problem_id", "rollout_index", "status", "prompt_tokens", "completion_tokens"]
    rollouts = read_shard(job, "rollouts", columns).partition_by("problem_id", as_dict=True)
    found: Costs = []
    for problem in read_formalized(job, recipe.reason):
        requests = make_requests(problem, prompt, recipe.reason)
        own = rollouts.get((problem["problem_id"],))
        for row in own.iter_rows(named=True) if own is not None else ():
            replies = kept.find(requests[row["rollout_index"]])
            if replies is None or row["status"] == Status.OVER_BUDGET:
                continue
            cost = add_costs(replies)
            if not replies and row["status"] != Status.OUTRUN:
                cost = 1, row["prompt_tokens"] or 0, row["completion_tokens"] or 0
            found.append((problem["problem_id"], cost))
    return found


def measure_verdicts(job: ShardJob, recipe: Recipe, kept: _Kept) -> Costs:
    """Return what each judged verdict of a shard cost."""
    params = recipe.verify.judge
    prompt = load_prompt(params.prompt)
    verdicts = read_shard(job, "verdicts", ["problem_id", "rollout_index", "judge_text"])
    texts = read_shard(job, "rollouts", ["problem_id", "rollout_index", "answer_text"])
    columns = ["problem_id", "question", "options", "gold_answer", "unit"]
    asked = (
        verdicts.filter(pl.col("judge_text").is_not_null())
        .join(texts, on=["problem_id", "rollout_index"])
        .join(read_shard(job, "problems", columns), on="problem_id")
    )
    found: Costs = []
    for row in asked.iter_rows(named=True):
        replies = kept.find(make_judge_request(row, row["answer_text"], prompt, params))
        if replies is not None:
            found.append((row["problem_id"], add_costs(replies)))
    return found


def measure_opinions(job: ShardJob, recipe: Recipe, splits: pl.DataFrame, kept: _Kept) -> Costs:
    """Return what the judge's opinion of each reasoning of a shard cost."""
    params = recipe.curate.consistency
    if params is None:
        return []
    curating = read_job(job, splits, recipe.curate)
    curating.curate()
    prompt = load_prompt(params.prompt)
    asked = {
        problem_id: kept.find(make_request(statement, prompt, params))
        for problem_id, statement in curating.curator.statements.items()
    }
    return [(name, add_costs(replies)) for name, replies in asked.items() if replies is not None]


def add_costs(replies: Sequence[Reply]) -> tuple[int, int, int]:
    """Add up what replies cost."""
    read = sum(reply.prompt_tokens or 0 for reply in replies)
    return len(replies), read, sum(reply.completion_tokens or 0 for reply in replies)
