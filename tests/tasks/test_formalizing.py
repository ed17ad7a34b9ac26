"""One problem's way to formal text: every step, and every way in which a step fails."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from schemas.recipe import FormalizeParams
from schemas.records import Reply, Request, Status
from schemas.tables import FORMAL_TEXTS
from tasks.formalizing import Formalizer
from tasks.formalizing.evidence import render_evidence
from tasks.formalizing.routing import read_kind
from tasks.grounding import Finding, Tools

PROBLEM = {
    "problem_id": "00" * 16,
    "images": [{"bytes": b"image", "path": "a.png"}],
    "image_sha256": ["ab" * 32],
    "question": "How tall is B?",
    "options": ["3", "5"],
    "gold_answer": "5",
    "source": "charts",
    "domain": None,
}


@dataclass
class Script:
    """A client that gives replies in order and keeps what it was asked."""

    replies: list[Reply]
    asked: list[Request] = field(default_factory=list)
    endpoint: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(model="toy-vlm"))

    async def sample(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies[len(self.asked) - 1]

    def text(self, index: int) -> str:
        return self.asked[index].messages[-1].text


def says(text: str, status: Status = Status.OK) -> Reply:
    return Reply(status=status, text=text, prompt_tokens=10, completion_tokens=2)


BARS = "A bar chart with two bars."
FAILS = Reply(status=Status.SERVER_ERROR, error="503: busy")


async def formalize(replies, tools=None, problem=PROBLEM, **params):
    client = Script(list(replies))
    formalizer = Formalizer(client, FormalizeParams(**params), tools or Tools())
    row, _ = await formalizer.formalize(problem)
    assert set(row) == set(FORMAL_TEXTS.names)
    assert len(client.asked) == len(client.replies), "every scripted reply is asked for"
    return row, client


async def test_a_plain_caption_is_one_request_that_holds_the_image_and_not_the_question():
    row, client = await formalize([says(BARS)])
    assert (row["text"], row["format"], row["routed_by"]) == (
        BARS,
        "caption",
        "recipe",
    )
    assert (row["is_valid"], row["status"], row["gold_shown"]) == (True, "ok", False)
    assert client.asked[0].messages[-1].images[0].media_type == "image/png"
    assert "How tall" not in client.text(0)


async def test_a_map_of_sources_routes_and_a_domain_goes_before_it():
    route = {"kinds": {"charts": "table", "physics": "circuit"}}
    row, _ = await formalize([says("a,b\n1,2")], route=route)
    assert (row["format"], row["image_kind"], row["routed_by"]) == ("csv", "table", "source")
    physics = PROBLEM | {"domain": "physics"}
    row, _ = await formalize([says("V1 1 0 5\nR1 1 0 1k")], route=route, problem=physics)
    assert (row["format"], row["image_kind"], row["routed_by"]) == ("spice", "circuit", "domain")


async def test_a_classifier_routes_what_no_map_names():
    route = {"classifier": "formalize.classify", "formats": {"table": "json"}}
    row, client = await formalize([says("Table."), says('[{"a": 1}]')], route=route)
    assert (row["format"], row["image_kind"], row["routed_by"]) == ("json", "table", "classifier")
    assert (row["prompt_tokens"], row["completion_tokens"]) == (20, 4), "of both requests"
    assert client.asked[0].messages[-1].images


async def test_an_unclear_classifier_leaves_the_recipe_s_format():
    route = {"classifier": "formalize.classify"}
    row, _ = await formalize([says("a table or a chart"), says(BARS)], route=route)
    assert (row["format"], row["image_kind"]) == ("caption", None)
    assert row["routed_by"] == "classifier_unclear"


async def test_a_classifier_that_fails_ends_the_row_and_says_where():
    row, _ = await formalize([FAILS], route={"classifier": "formalize.classify"})
    assert (row["status"], row["text"]) == ("server_error", None)
    assert row["error"] == "classify: 503: busy"


async def test_an_invalid_text_goes_back_with_what_is_wrong_and_both_are_kept():
    bad, good = "a,b\n1,2\n3,4,5", "a,b\n1,2"
    row, client = await formalize([says(bad), says(good)], format="csv", max_repairs=2)
    assert (row["text"], row["is_valid"], row["problems"]) == (good, True, [])
    assert [one["text"] for one in row["rounds"]] == [bad]
    assert "Line 3" in row["rounds"][0]["problems"][0]
    assert bad in client.text(1)
    assert row["rounds"][0]["problems"][0] in client.text(1)
    assert client.asked[1].messages[-1].images, "the model sees the image again"


async def test_repairs_are_bounded_and_an_invalid_text_is_kept_with_its_problems():
    bad = "a,b\n1,2,3"
    row, client = await formalize(
        [says(bad)] * 3, format="csv", max_repairs=2, temperature=0.7, top_p=0.9
    )
    assert (row["text"], row["is_valid"], row["status"]) == (bad, False, "ok")
    assert len(row["rounds"]) == 2
    assert row["problems"]
    assert [request.seed for request in client.asked] == [0, 0, 1], "each repair is a new draw"
    assert client.text(1) == client.text(2)


async def test_without_a_temperature_a_repair_that_is_not_taken_is_the_last():
    row, client = await formalize([says("a,b\n1,2,3")] * 2, format="csv", max_repairs=8)
    assert len(client.asked) == 2, "the same request has the same reply"
    assert row["rounds"][0]["problems"][0] == (
        "- This repair was not taken: it has no fewer problems."
    )


TABLE = "a,b\n1,2\n3,4,5\n7,8"
LOST = [
    ("<think>I should fix line 3", "", "it holds no text"),
    ("", "", "it holds no text"),
    ("I am sorry, I cannot fix it.", "I am sorry, I cannot fix it.", "it is a refusal"),
    ("a,b", "a,b", "it is far shorter"),
    ("a,b\n1,2,3\n3,4,5\n7,8", "a,b\n1,2,3\n3,4,5\n7,8", "it has no fewer problems"),
    (TABLE, TABLE, "it has no fewer problems"),
]


@pytest.mark.parametrize(("reply", "text", "fault"), LOST)
async def test_a_worse_repair_is_noted_and_leaves_the_text_as_it_was(reply, text, fault):
    row, _ = await formalize([says(TABLE), says(reply)], format="csv", max_repairs=1)
    assert (row["text"], row["is_valid"], row["status"]) == (TABLE, False, "ok")
    assert "Line 3" in row["problems"][0]
    (lost,) = row["rounds"]
    assert lost["text"] == text
    assert lost["problems"][0] == f"- This repair was not taken: {fault}."


async def test_a_repair_that_is_cut_off_does_not_replace_a_whole_text():
    cut = says("a,b\n1,2", Status.TRUNCATED)
    row, _ = await formalize([says(TABLE), cut], format="csv", max_repairs=1)
    assert (row["text"], row["status"]) == (TABLE, "ok")
    row, _ = await formalize([says(TABLE, Status.TRUNCATED), cut], format="csv", max_repairs=1)
    assert (row["text"], row["status"]) == ("a,b\n1,2", "truncated")


BETTER = [
    ("a,b\n1,2,3\n4\n5,6", "a,b\n1,2\n4\n5,6", "one problem less"),
    ("a,b\n1,2,3\n4,5", "a,b\n1,2\n4,5,6", "another problem"),
    ("a,b\n" + "1,2,3\n" * 30, "a,b\n1,2", "a loop counts once, and a valid text is taken"),
    ("I am sorry, I cannot read it.", "a,b\n1,2", "a table for a refusal"),
]


@pytest.mark.parametrize(("first", "better", "why"), BETTER)
async def test_a_better_repair_takes_the_place_of_the_text(first, better, why):
    row, _ = await formalize([says(first), says(better)], format="csv", max_repairs=1)
    assert row["text"] == better, why
    assert [one["text"] for one in row["rounds"]] == [first.strip()]
    assert not row["rounds"][0]["problems"][0].startswith("- This repair")


async def test_after_a_worse_repair_the_same_text_is_repaired_once_more():
    replies = [says(TABLE), says("<think>I should"), says("a,b\n1,2\n3,4\n7,8")]
    row, client = await formalize(replies, format="csv", max_repairs=3, temperature=0.5)
    assert (row["text"], row["is_valid"]) == ("a,b\n1,2\n3,4\n7,8", True)
    assert [one["text"] for one in row["rounds"]] == ["", TABLE]
    assert TABLE in client.text(2)


async def test_a_recipe_may_require_valid_texts():
    row, _ = await formalize([says("a,b\n1,2,3")], format="csv", require_valid=True)
    assert (row["status"], row["error"]) == ("invalid", row["problems"][0])


async def test_a_repair_that_fails_leaves_the_text_as_it_was():
    row, _ = await formalize([says("a,b\n1"), FAILS], format="csv", max_repairs=1)
    assert (row["text"], row["status"], row["rounds"]) == ("a,b\n1", "ok", [])


async def test_an_empty_text_is_no_text():
    row, _ = await formalize([says("  ")], max_repairs=1)
    assert (row["status"], row["text"], row["is_valid"]) == ("empty", None, None)


async def test_bridging_asks_for_a_pseudo_cot_and_makes_the_description_with_it():
    bridge = {"pseudo_cot": "formalize.pseudo_cot", "show_gold": True}
    replies = [says("Caption: bars. Reasoning: B is 5."), says("Two bars, A 3 and B 5.")]
    row, client = await formalize(replies, bridge=bridge, prompt="formalize.bridge")
    assert (row["text"], row["gold_shown"]) == ("Two bars, A 3 and B 5.", True)
    assert row["pseudo_cot"] == "Caption: bars. Reasoning: B is 5."
    assert "known to be: 5" in client.text(0)
    assert row["pseudo_cot"] in client.text(1)
    assert "known to be" not in client.text(1)


async def test_bridging_without_the_gold_answer_does_not_show_it():
    replies = [says("Caption: bars."), says("Two bars.")]
    row, client = await formalize(replies, bridge={}, prompt="formalize.bridge")
    assert not row["gold_shown"]
    assert "known to be" not in client.text(0)


async def test_what_tools_find_goes_into_the_prompt_and_into_the_coverage():
    async def read_text(image: bytes) -> list[Finding]:
        assert image == b"image"
        lines = [("item cost", 0), ("cup 12", 10)]
        return [Finding(label=text, box=(0, y, 50, y + 9), score=0.9) for text, y in lines]

    tools = Tools(read_text=read_text)
    row, client = await formalize([says("item,cost\ncup,13")], tools, format="csv", ocr=True)
    assert "0 10 50 19 cup 12" in client.text(0)
    assert row["ocr_coverage"] == 0.75


async def read_two_lines(image: bytes) -> list[Finding]:
    """A tool that finds other words in other images."""
    word = image.decode()
    lines = [(f"{word} one", 0.0), (f"{word} two", 500.4)]
    return [Finding(label=text, box=(0, y, 62.5, y + 90), score=0.9) for text, y in lines]


PAIR = PROBLEM | {
    "images": [{"bytes": b"left", "path": "a.png"}, {"bytes": b"right", "path": "b.png"}],
    "image_sha256": ["ab" * 32, "cd" * 32],
}


@pytest.mark.parametrize("format", ["csv", "ocr", "caption"])
async def test_places_run_to_1000_in_the_evidence_of_every_format(format):
    tools = Tools(read_text=read_two_lines, find_objects=read_two_lines)
    _, client = await formalize(
        [says("x")], tools, PROBLEM | {"images": PAIR["images"][:1]}, format=format
    )
    assert client.text(0).count("\n0 500 63 591 left two\n") == 2
    assert client.text(0).count("to 1000 at the right and bottom edge") >= 2
    assert "Image 1" not in client.text(0) and "pixel" not in client.text(0)


async def test_what_tools_find_in_several_images_stands_under_the_number_of_each():
    _, client = await formalize([says("x")], Tools(read_text=read_two_lines), PAIR, format="csv")
    told = client.text(0)
    assert "Image 1:\n0 0 63 90 left one\n0 500 63 591 left two\nImage 2:\n0 0 63 90 right" in told
    assert "Image 1:\nleft one\nleft two\nImage 2:\nright one\nright two" in told, "a table each"


def test_many_images_share_the_lines_of_a_prompt():
    line = Finding(label="x", box=(0, 0, 9, 9), score=1.0)
    told = render_evidence([[line] * 900, [line] * 900], [], "caption")
    assert told.count("0 0 9 9 x") == 400
    assert render_evidence([], [[], [line]], "caption").count("Image 2:\n0 0 9 9 x") == 1
    assert render_evidence([[]], [[]], "csv") == ""


def test_a_kind_is_read_only_where_one_is_named():
    assert read_kind("**Chart**.") == "chart"
    assert read_kind("<think>a table?</think> chart") == "chart"
    assert read_kind("a table or a chart") is None
    assert read_kind("none of these") is None
