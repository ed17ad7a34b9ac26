"""The data set card: README.md with the Hub's YAML header, made from the manifest alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from huggingface_hub import DatasetCardData

from tasks.funnel import FunnelStep, add_funnels
from tasks.summary_table import SummaryTable

SIZES = [(10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M")]
ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"} | {c: f"\\{c}" for c in "`*_[]!#"}
)
MAX_PARTITIONS = 3
"""Partitions whose making the card shows; the manifest has all."""
JUDGED = {
    "settled": "settled",
    "left_open": "left open",
    "agrees": "agrees with the rule",
    "disagrees": "disagrees",
    "unparsed": "no verdict",
}
"""What is counted of the judge, as in the report, and its heading."""
DESCRIPTIONS = {
    "sft": "one verified rollout a problem, for supervised fine-tuning",
    "grpo": "problems by their pass rate, for reinforcement learning",
    "test": "held-out problems that share no image and no question with the others",
    "rejects": "every source row, problem and rollout that was dropped, with the reason",
}


def write_card(
    *,
    title: str,
    license: str | None,
    rows: Mapping[str, int],
    partitions: Mapping[str, Mapping[str, Any]],
    schemas: Mapping[str, pa.Schema],
    tables: Sequence[SummaryTable] = (),
) -> str:
    """Write the card of a published data set.

    Args:
        title: heading of the card.
        license: Hub license id, or None for `other`.
        rows: config to its number of rows; configs without rows are left out.
        partitions: partition to its facts, as in the published manifest.
        schemas: config to its published schema.
        tables: of formal texts and curation, as in the report.
    """
    configs = [name for name in schemas if rows.get(name)]
    title = " ".join(title.split())
    parts = [
        f"---\n{_write_header(title, license, rows, configs)}\n---",
        f"# {escape(title)}",
        "Verified multimodal chains of thought: images with questions and gold answers, reasoned"
        " over in text, checked against the gold answer. Made with Sightline.",
        "```python\nfrom datasets import load_dataset\n\n"
        f'dataset = load_dataset("PATH_OR_HUB_ID", "{configs[0] if configs else "sft"}")\n```',
        _write_configs(rows, configs),
        _write_funnel(partitions),
        *(_write_summary(table) for table in tables),
        _write_judge(partitions),
        _write_tokens(partitions),
        _write_partitions(partitions),
        *(_write_columns(name, schemas[name]) for name in configs),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Make text harmless in Markdown tables and HTML."""
    cleaned = "".join(c if c.isprintable() else " " for c in text)
    return cleaned.translate(ESCAPES)


def _write_header(
    title: str, license: str | None, rows: Mapping[str, int], configs: Sequence[str]
) -> str:
    largest = max((rows[name] for name in configs), default=0)
    size = next((label for bound, label in SIZES if largest < bound), "n>1M")
    header: dict[str, Any] = {
        "pretty_name": title,
        "license": license or "other",
        "task_categories": ["image-text-to-text", "visual-question-answering"],
        "tags": ["reasoning", "chain-of-thought", "multimodal", "sightline"],
        "size_categories": [size],
        "configs": [
            {"config_name": name, "data_files": [{"split": "train", "path": f"{name}/*.parquet"}]}
            | ({"default": True} if name == configs[0] else {})
            for name in configs
        ],
    }
    return DatasetCardData(**header).to_yaml().strip()


def _write_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _write_configs(rows: Mapping[str, int], configs: Sequence[str]) -> str:
    lines = [[f"`{name}`", f"{rows[name]:,}", DESCRIPTIONS[name]] for name in configs]
    return _write_table(["config", "rows", "what"], lines) if lines else "This data set is empty."


def _write_funnel(partitions: Mapping[str, Mapping[str, Any]]) -> str:
    funnels = [[FunnelStep(**step) for step in facts["funnel"]] for facts in partitions.values()]
    lines = [
        [step.label, f"{step.num_in:,}", f"{step.num_out:,}", write_reasons(step)]
        for step in add_funnels(funnels)
    ]
    return f"## Funnel\n\n{_write_table(['step', 'in', 'out', 'the rest'], lines)}"


def _write_summary(table: SummaryTable) -> str:
    rows = [[escape(cell) for cell in row] for row in table.rows]
    return f"## {table.title}\n\n{escape(table.caption)}\n\n{_write_table(table.head, rows)}"


def _write_judge(partitions: Mapping[str, Mapping[str, Any]]) -> str:
    """Say, for each source, what the judge settled and how far it agrees with the rules."""
    totals: dict[str, Counter[str]] = {}
    for facts in partitions.values():
        for source, counts in facts.get("judge", {}).items():
            totals.setdefault(source, Counter()).update(counts)
    if not totals:
        return ""
    lines = [
        [escape(source), *(f"{counts[key]:,}" for key in JUDGED)]
        for source, counts in sorted(totals.items())
    ]
    return (
        "## Judge\n\nWhere no rule could tell, a model settled the verdict or left it open. Where a"
        " rule had decided, it was asked as an audit and changed nothing.\n\n"
        + _write_table(["source", *JUDGED.values()], lines)
    )


def _write_tokens(partitions: Mapping[str, Mapping[str, Any]]) -> str:
    """Say how many tokens each model read and wrote for these rows, and their price."""
    totals: dict[tuple[str, str], Counter[str]] = {}
    unpriced = set[tuple[str, str]]()
    for facts in partitions.values():
        for role, own in facts.get("tokens", {}).items():
            key = role, str(own["model"])
            totals.setdefault(key, Counter()).update(
                {name: own[name] for name in ("rows", "prompt_tokens", "completion_tokens")}
            )
            if own["usd"] is None:
                unpriced.add(key)
            else:
                totals[key]["micro_usd"] += round(own["usd"] * 1e6)
    if not totals:
        return ""
    lines = [
        [
            role,
            f"`{escape(model)}`",
            *(f"{n:,}" for n in (own["rows"], own["prompt_tokens"], own["completion_tokens"])),
            "no price" if (role, model) in unpriced else f"{own['micro_usd'] / 1e6:,.2f}",
        ]
        for (role, model), own in totals.items()
    ]
    head = ["role", "model", "replies", "tokens in", "tokens out", "USD"]
    return (
        "## Tokens\n\nOf the replies that the rows were made from, dropped ones included. Rollouts"
        " that were stopped because a shorter one had won are not counted.\n\n"
        + _write_table(head, lines)
    )


def _write_partitions(partitions: Mapping[str, Mapping[str, Any]]) -> str:
    """Say what the newest partitions were made with, a column each."""
    newest = list(partitions)[-MAX_PARTITIONS:]
    identities = [partitions[name]["identity"] for name in newest]
    keys = dict.fromkeys(key for identity in identities for key in identity)
    lines = [
        [escape(key), *(f"`{identity.get(key, '')}`" for identity in identities)] for key in keys
    ]
    table = _write_table(["made with", *(f"partition {escape(name)}" for name in newest)], lines)
    left_out = len(partitions) - len(newest)
    note = f"\n\n{left_out:,} earlier partitions are in `sightline.json`." if left_out else ""
    return f"## Partitions\n\n{table}{note}"


def write_reasons(step: FunnelStep) -> str:
    """Write the reasons of a funnel step, commonest first."""
    ordered = sorted(step.reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{escape(reason)} {count:,}" for reason, count in ordered)


def _write_columns(name: str, schema: pa.Schema) -> str:
    lines = [
        [f"`{field.name}`", f"`{_name_type(field.type)}`", (field.metadata or {})[b"doc"].decode()]
        for field in schema
    ]
    return f"## Columns of {name}\n\n{_write_table(['column', 'type', 'meaning'], lines)}"


def _name_type(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        return "image" if kind.get_field_index("bytes") >= 0 else "message"
    if pa.types.is_list(kind):
        return f"list of {_name_type(kind.value_type)}"
    return str(kind)
