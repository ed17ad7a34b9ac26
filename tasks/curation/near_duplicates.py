"""Near-duplicates: problems that share an image or a question, and the groups they form.

Links are found without comparing all pairs; what is linked, at whatever remove, is one group. A
group goes to one split as a whole (`splits`).
"""

import numpy as np
import polars as pl

from tasks.curation.banding import group_rows
from tasks.curation.image_hashes import MAX_DISTANCE, NUM_BITS, pair_images
from tasks.curation.question_pairs import QuestionRule, link_questions

LINKS = {
    "problem_id": pl.String,
    "other_id": pl.String,
    "kind": pl.String,
    "score": pl.Float64,
}


def find_links(
    problems: pl.DataFrame,
    rule: QuestionRule | None = None,
    max_distance: int = MAX_DISTANCE,
) -> pl.DataFrame:
    """Find the problems that share an image or a question.

    Args:
        problems: (problems; problem_id, question, image_hashes), any order; `image_hashes` are
            lists of `hash_image`, where a null links nothing.
        rule: When two questions count as one.
        max_distance: Bits in which the hashes of one image may differ.

    Returns:
        (links; problem_id, other_id, kind, score), sorted, problem_id < other_id. `kind` is
        `image` (score: 1 - bits that differ / 256) or `question` (score: edit ratio). Of what
        many share, each is linked to one.
    """
    ordered = problems.sort("problem_id")
    links = pl.concat([_link_images(ordered, max_distance), _link_questions(ordered, rule)])
    lower, upper = (
        pl.min_horizontal("problem_id", "other_id"),
        pl.max_horizontal("problem_id", "other_id"),
    )
    return links.with_columns(problem_id=lower, other_id=upper).sort(
        "problem_id", "other_id", "kind"
    )


def group_problems(problems: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Join linked problems into groups.

    Returns:
        (problems; problem_id, group), sorted by `problem_id`; `group` is its lowest problem_id, so
        it depends neither on the order of the rows nor on that of the links.
    """
    ids = problems["problem_id"].unique().sort()
    places = pl.DataFrame({"problem_id": ids, "place": np.arange(len(ids))})
    pairs = links.join(places, on="problem_id").join(
        places.rename({"problem_id": "other_id", "place": "other"}), on="other_id"
    )
    groups = group_rows(len(ids), pairs.select("place", "other").to_numpy().astype(np.int64))
    return pl.DataFrame({"problem_id": ids, "group": ids.gather(groups)})


def list_hashes(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """List the distinct image hashes of rows: (key, hash), one a row and image, without nulls."""
    return (
        rows.select(key, hash=pl.col("image_hashes").cast(pl.List(pl.String)))
        .explode("hash")
        .drop_nulls()
        .unique()
        .sort("hash", key)
    )


def score_distance(distance: np.ndarray) -> list[float]:
    """Turn distances in bits into scores of 0 to 1."""
    return (1 - distance / NUM_BITS).tolist()


def _link_images(problems: pl.DataFrame, max_distance: int) -> pl.DataFrame:
    images = list_hashes(problems, "problem_id")
    first = images.group_by("hash").agg(owner=pl.col("problem_id").min()).sort("hash")
    same = images.join(first, on="hash").filter(pl.col("owner") != pl.col("problem_id"))
    pairs, distances = pair_images(first["hash"].to_list(), max_distance=max_distance)
    near = pl.DataFrame(
        {
            "problem_id": first["owner"].gather(pairs[:, 0]),
            "other_id": first["owner"].gather(pairs[:, 1]),
            "kind": ["image"] * len(pairs),
            "score": score_distance(distances),
        },
        schema=LINKS,
    )
    equal = same.select(
        problem_id="owner", other_id="problem_id", kind=pl.lit("image"), score=pl.lit(1.0)
    )
    return pl.concat([equal, near]).filter(pl.col("problem_id") != pl.col("other_id"))


def _link_questions(problems: pl.DataFrame, rule: QuestionRule | None) -> pl.DataFrame:
    ids, questions = problems["problem_id"].to_list(), problems["question"].fill_null("").to_list()
    rows = [
        (ids[pair.first], ids[pair.second], "question", pair.ratio)
        for pair in link_questions(questions, rule or QuestionRule())
    ]
    return pl.DataFrame(rows, schema=LINKS, orient="row")
