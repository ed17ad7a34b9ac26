"""The contract of every table: the one place where a column is named and typed.

A column's nullability and one-line `doc` travel in the Parquet file, so a file documents itself,
and the data set card's column tables are made from here.
"""

import pyarrow as pa

HASH_DOC = "hash of the normalized image bytes and the question, 32 hexadecimal digits"


def column(name: str, kind: pa.DataType, doc: str, *, nullable: bool = False) -> pa.Field:
    """Make a field that carries its description."""
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc})


IMAGE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
REPAIRS = pa.list_(
    pa.struct([pa.field("text", pa.string()), pa.field("problems", pa.list_(pa.string()))])
)
MESSAGES = pa.list_(pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())]))

CONVERSATION = pa.list_(pa.struct([pa.field("from", pa.string()), pa.field("value", pa.string())]))

PROBLEM_ID = column("problem_id", pa.string(), HASH_DOC)
ROLLOUT_INDEX = column("rollout_index", pa.int32(), "which of the k attempts, from 0")
OPTIONS = column("options", pa.list_(pa.string()), "texts of the choices", nullable=True)
GOLD_ANSWER = column("gold_answer", pa.string(), "reference answer, as the source gives it")
UNIT = column("unit", pa.string(), "unit of the gold answer, where given apart", nullable=True)
ANSWER_TYPE = column("answer_type", pa.string(), "type of the gold answer, which routes its check")
SOURCE = column("source", pa.string(), "name of the source in the recipe")
SOURCE_ID = column("source_id", pa.string(), "id of the row in its source", nullable=True)
LICENSE = column("license", pa.string(), "license of the source", nullable=True)
DOMAIN = column("domain", pa.string(), "subject of the problem", nullable=True)
PASS_RATE = column("pass_rate", pa.float32(), "share of this problem's rollouts that are correct")
NUM_ROLLOUTS = column("num_rollouts", pa.int32(), "rollouts with a verdict for this problem")
IS_CENSORED = column(
    "is_censored",
    pa.bool_(),
    "longer rollouts were stopped when a shorter one was correct: `pass_rate` is of the rest only",
)

PROBLEMS = pa.schema(
    [
        PROBLEM_ID,
        SOURCE,
        SOURCE_ID,
        column("source_row", pa.int64(), "position of the row in its source, from 0"),
        column("question", pa.string(), "question text"),
        OPTIONS,
        GOLD_ANSWER,
        ANSWER_TYPE,
        UNIT,
        DOMAIN,
        LICENSE,
        column("images", pa.list_(IMAGE), "normalized images: bytes, and a name from their hash"),
        column("image_sha256", pa.list_(pa.string()), "of each normalized image"),
        column("original_sha256", pa.list_(pa.string()), "of each image as the source holds it"),
        column("image_size", pa.list_(pa.list_(pa.int32())), "[width, height] of each, in pixels"),
        column("image_hashes", pa.list_(pa.string()), "perceptual hash of each; null: one color"),
    ]
)

SCREENS = pa.schema(
    [
        PROBLEM_ID,
        column("group", pa.string(), "problems that share an image or a question have the same"),
        column("drop_reason", pa.string(), "`contaminated`; null: it may be used", nullable=True),
        column("detail", pa.string(), "which row of which benchmark it is", nullable=True),
        column("benchmark", pa.string(), "the benchmark that it is in", nullable=True),
        column("match", pa.string(), "what is alike: image, question or ngram", nullable=True),
    ]
)

FORMAL_TEXTS = pa.schema(
    [
        PROBLEM_ID,
        column("format", pa.string(), "format of the text: caption, csv, spice, ..."),
        column("text", pa.string(), "formal text of the image", nullable=True),
        column("producer", pa.string(), "model that wrote it"),
        column("image_kind", pa.string(), "what the image shows; null: not asked", nullable=True),
        column("routed_by", pa.string(), "what chose the format: domain, source, classifier, ..."),
        column("is_valid", pa.bool_(), "passed its format's checks; null: no text", nullable=True),
        column("problems", pa.list_(pa.string()), "what the checks still say against the text"),
        column("rounds", REPAIRS, "texts that were not kept, one a repair, with what was wrong"),
        column("pseudo_cot", pa.string(), "what bridging wrote before the text", nullable=True),
        column("gold_shown", pa.bool_(), "the gold answer was shown to the model that wrote it"),
        column("ocr_coverage", pa.float32(), "share of OCR's words in the text", nullable=True),
        column("status", pa.string(), "how the request ended"),
        column("error", pa.string(), "why there is no text", nullable=True),
        column("prompt_tokens", pa.int32(), "of all requests for it", nullable=True),
        column("completion_tokens", pa.int32(), "of all requests for it", nullable=True),
    ]
)

ROLLOUTS = pa.schema(
    [
        PROBLEM_ID,
        ROLLOUT_INDEX,
        column("status", pa.string(), "how the request ended"),
        column("reasoning", pa.string(), "chain of thought, without its tags", nullable=True),
        column("answer_text", pa.string(), "what follows the thought", nullable=True),
        column("finish_reason", pa.string(), "as the server said", nullable=True),
        column("prompt_tokens", pa.int32(), "as the server counted", nullable=True),
        column("completion_tokens", pa.int32(), "as the server counted", nullable=True),
        column("producer", pa.string(), "model that wrote it"),
        column("gold_shown", pa.bool_(), "the gold answer was shown to the model that wrote it"),
        column("error", pa.string(), "why there is no text", nullable=True),
    ]
)

VERDICTS = pa.schema(
    [
        PROBLEM_ID,
        ROLLOUT_INDEX,
        column("is_correct", pa.bool_(), "null: cannot tell", nullable=True),
        column("rule", pa.string(), "the rule that decided"),
        column("answer", pa.string(), "extracted final answer", nullable=True),
        column("extraction", pa.string(), "ok, missing, multiple, unclosed or empty"),
        column("policy", pa.string(), "what counts as equal in this source"),
        column("judge_text", pa.string(), "what the judge wrote; null: not asked", nullable=True),
        column(
            "judge_is_correct",
            pa.bool_(),
            "what the judge decided; null: not asked, or its text cannot be parsed",
            nullable=True,
        ),
    ]
)

SFT = pa.schema(
    [
        PROBLEM_ID,
        column("prompt", MESSAGES, "user turn: the question with its options"),
        column("completion", MESSAGES, "assistant turn: thought and answer"),
        ROLLOUT_INDEX,
        column("completion_tokens", pa.int32(), "of the selected rollout", nullable=True),
        PASS_RATE,
        IS_CENSORED,
        NUM_ROLLOUTS,
        GOLD_ANSWER,
        ANSWER_TYPE,
        SOURCE,
        SOURCE_ID,
        DOMAIN,
        LICENSE,
        column("producer", pa.string(), "model that wrote the reasoning"),
        column("formalizer", pa.string(), "model that wrote the formal text"),
        column("gold_shown", pa.bool_(), "a model saw the gold answer on the way to this row"),
        column("edits", pa.list_(pa.string()), "what curation cut or replaced, a text a step"),
        column(
            "consistency_text",
            pa.string(),
            "a judge of the reasoning; null: not asked",
            nullable=True,
        ),
        column(
            "conversations",
            CONVERSATION,
            "the row as turns of `from` and `value`, where the recipe's released layout has them",
            nullable=True,
        ),
        # Not `messages`: with a column of that name TRL would not take `prompt` and `completion`.
        column(
            "chat_messages",
            MESSAGES,
            "the row as turns of `role` and `content`, where the recipe's released layout has them",
            nullable=True,
        ),
    ]
)

GRPO = pa.schema(
    [
        PROBLEM_ID,
        column("prompt", MESSAGES, "user turn: the question with its options"),
        column("solution", pa.string(), "gold answer, under the name that TRL's rewards take"),
        OPTIONS,
        ANSWER_TYPE,
        UNIT,
        PASS_RATE,
        IS_CENSORED,
        NUM_ROLLOUTS,
        column("difficulty", pa.string(), "easy, medium, hard; null: censored", nullable=True),
        SOURCE,
        SOURCE_ID,
        DOMAIN,
        LICENSE,
    ]
)

TEST = GRPO
"""Held-out problems have the columns of GRPO rows."""

REJECTS = pa.schema(
    [
        column("stage", pa.string(), "stage that rejected the row"),
        column("problem_id", pa.string(), HASH_DOC + "; null before there is one", nullable=True),
        column("rollout_index", pa.int32(), "null: the whole problem", nullable=True),
        SOURCE,
        SOURCE_ID,
        column("source_row", pa.int64(), "position of the row in its source", nullable=True),
        column("drop_reason", pa.string(), "why, in one word that the funnel counts"),
        column("detail", pa.string(), "why, in a sentence", nullable=True),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "problems": PROBLEMS,
    "ingest_rejects": REJECTS,
    "screens": SCREENS,
    "formal_texts": FORMAL_TEXTS,
    "rollouts": ROLLOUTS,
    "verdicts": VERDICTS,
    "sft": SFT,
    "grpo": GRPO,
    "test": TEST,
    "rejects": REJECTS,
}
