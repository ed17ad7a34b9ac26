import yaml

from tasks.card import escape, write_card
from tasks.publish import CONFIGS, published_schema
from tasks.summary_table import SummaryTable

SCHEMAS = {config: published_schema(config, 1) for config in CONFIGS}
STEP = {"label": "source rows to problems", "num_in": 3, "num_out": 2, "reasons": {"bad|row": 1}}


def make_card(**changes) -> str:
    facts = {"funnel": [STEP], "identity": {"recipe": "toy", "vlm": "v"}}
    keys = {
        "title": "Toy",
        "license": "mit",
        "rows": {"sft": 2, "grpo": 0, "rejects": 1},
        "partitions": {"2026-11-20": facts, "2026-11-21": facts},
        "schemas": SCHEMAS,
    }
    return write_card(**(keys | changes))


def read_header(card: str) -> dict:
    return yaml.safe_load(card.removeprefix("---\n").split("\n---\n")[0])


def test_the_header_lists_the_configs_that_have_rows():
    header = read_header(make_card())
    assert [config["config_name"] for config in header["configs"]] == ["sft", "rejects"]
    assert header["configs"][0]["data_files"] == [{"split": "train", "path": "sft/*.parquet"}]
    assert header["license"] == "mit"
    assert header["size_categories"] == ["n<1K"]


def test_partitions_add_up_in_the_funnel():
    assert "| source rows to problems | 6 | 4 | bad&#124;row 2 |" in make_card()


def test_an_empty_data_set_has_a_card():
    card = make_card(rows={}, partitions={})
    assert read_header(card)["configs"] == []
    assert "This data set is empty." in card


def test_hostile_names_are_harmless():
    card = make_card(title="x\n---\n<script>|[a](javascript:b)")
    body = card.split("\n---\n", 1)[1]
    assert "<script>" not in body
    assert "[a](" not in body
    assert read_header(card)["pretty_name"].startswith("x")


def test_escape_leaves_plain_words_alone():
    assert escape("plain words, 1.5") == "plain words, 1.5"


def test_partitions_add_up_in_the_table_of_the_judge():
    counts = {"settled": 4, "left_open": 1, "agrees": 20, "disagrees": 2, "unparsed": 0}
    facts = {"funnel": [STEP], "identity": {}, "judge": {"charts|<b>": counts}}
    card = make_card(partitions={"one": facts, "two": facts})
    assert "| charts&#124;&lt;b&gt; | 8 | 2 | 40 | 4 | 0 |" in card
    assert "## Judge" not in make_card()


def test_tokens_of_partitions_add_up_and_a_missing_price_is_said():
    def make_facts(usd: float | None) -> dict:
        counts = {"rows": 4, "prompt_tokens": 1_000, "completion_tokens": 250}
        tokens = {"vlm": {"model": "v|m", **counts, "usd": None}}
        return {
            "funnel": [STEP],
            "identity": {},
            "tokens": tokens | {"llm": {"model": "l", **counts, "usd": usd}},
        }

    card = make_card(partitions={"one": make_facts(1.25), "two": make_facts(0.5)})
    assert "| vlm | `v&#124;m` | 8 | 2,000 | 500 | no price |" in card
    assert "| llm | `l` | 8 | 2,000 | 500 | 1.75 |" in card
    assert "no price" not in make_card()


def test_tables_of_the_report_are_in_the_card():
    table = SummaryTable(
        title="Formal text", caption="By <b>format.", head=("a", "b"), rows=(("x|y", "1"),)
    )
    card = make_card(tables=[table])
    assert "## Formal text\n\nBy &lt;b&gt;format.\n\n| a | b |\n| --- | --- |\n" in card
    assert "| x&#124;y | 1 |" in card
