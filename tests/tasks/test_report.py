import base64
import hashlib
import html
import json
import re
from dataclasses import fields, replace
from itertools import pairwise

import pytest

from tasks.funnel import FunnelStep
from tasks.report.checks import JudgeCounts, SourceChecks
from tasks.report.choice import Outcome
from tasks.report.curation import CurationCounts
from tasks.report.facts import ReportFacts
from tasks.report.formal import SampledText
from tasks.report.formats import FormatCounts
from tasks.report.page import MAX_PAGE_BYTES, write_report
from tasks.report.thumbnails import Thumbnail
from tests.report_pages import Page, make_rollout, make_sampled

HOSTILE = [
    "<script>alert(1)</script>",
    "</style><style>@import url(https://x.example)</style>",
    "</pre></details></article></main><iframe src=//x.example></iframe>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "[x](javascript:alert(1)) <a href=javascript:alert(1)>x</a>",
    "![beacon](https://x.example/?q=1)",
    "<!-- --><svg/onload=alert(1)>",
    "{{ 7 * 7 }} {% include 'page.css' %}",
    "\x1b]8;;https://x.example\x07click\x1b]8;;\x07\x1b[2J",
    "a\x00b\x08c\x7f \u202egpj.exe \ud800",
    "&lt;script&gt; &#x3c; ]]>",
]
FACTS = ReportFacts(
    num_problems=5,
    num_selected=3,
    num_grpo=1,
    lengths={("correct", 12): 9, ("incorrect", 40): 3},
    selected_lengths={12: 3},
    pass_rates={(3, 3): 3, (0, 3): 1, (0, 0): 1},
    answer_types={("integer", "correct"): 9, ("integer", "incorrect"): 3},
    checks={
        "toy": SourceChecks(
            policy="tolerance 0.01 relative",
            rules={("exact", "correct"): 9, ("numeric", "incorrect"): 3},
        )
    },
)
FUNNEL = [FunnelStep(label="rows to problems", num_in=6, num_out=5, reasons={"duplicate": 1})]
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "a"),
    *("h1", "h2", "h3", "h4", "h5", "p", "strong", "b", "span", "code", "pre", "div", "section"),
    *("dl", "dt", "dd", "ol", "ul", "li", "article", "details", "summary", "img"),
    *("table", "thead", "tbody", "tr", "th", "td", "fieldset", "legend", "input", "label"),
    *("svg", "rect", "line", "text", "figure", "figcaption", "iframe", "circle"),
}


def write(**changes):
    values = {
        "title": "toy",
        "funnel": FUNNEL,
        "identity": {"vlm": "toy-vlm", "select": "shortest"},
        "facts": FACTS,
        "sample": [make_sampled()],
    }
    return write_report(**values | changes)


def make_formal(text):
    """Put one text wherever a formal text can come from."""
    return SampledText(
        format=text,
        text=text,
        image_kind=text,
        routed_by=text,
        is_valid=False,
        problems=(text,) * 30,
        rounds=((text, (text,) * 30),) * 8,
        pseudo_cot=text,
        gold_shown=True,
        ocr_coverage=0.5,
    )


def write_hostile(text):
    """Put one text wherever data can come from."""
    rollout = make_rollout()
    texts = [f.name for f in fields(rollout) if isinstance(getattr(rollout, f.name), str)]
    rollouts = (replace(rollout, is_selected=True, **dict.fromkeys(texts, text), error=text),)
    problem = make_sampled(
        rollouts=rollouts,
        options=(text, text),
        unit=text,
        drop_detail=text,
        formal=make_formal(text),
    )
    names = [f.name for f in fields(problem) if isinstance(getattr(problem, f.name), str)]
    names.remove("outcome")
    hostile = replace(problem, **dict.fromkeys(names, text))
    rejected = replace(hostile, outcome=Outcome.REJECTED, drop_stage=text, drop_reason=text)
    refused = replace(rejected, outcome=Outcome.REFUSED, question=None)
    counts = {(text, "correct"): 1}
    checks = {text: SourceChecks(policy=text, rules=counts, judge=JudgeCounts(agrees=1))}
    return write(
        title=text,
        funnel=[FunnelStep(label=text, num_in=2, num_out=1, reasons={text: 1})],
        identity={text: text, "select": text},
        facts=replace(
            FACTS,
            checks=checks,
            answer_types=counts,
            formats={text: FormatCounts(num_texts=1, routes={text: 1})},
            curation=CurationCounts(
                num_rows=1,
                num_edited=1,
                edited=((text, (text, text)),),
                difficulties={text: {text: 1}},
                contaminated={text: {text: 1}},
            ),
        ),
        sample=[hostile, rejected, refused, *write_drawn(text)],
    )


def write_drawn(text):
    """Put a text into formal texts that are drawn."""
    drawn = {
        "csv": f'a,b\n"{text.replace(chr(34), chr(34) * 2)}",1',
        "json": json.dumps([{"a": text, "b": 1}]),
        "boxes": json.dumps([{"label": text, "box": [1, 2, 3, 4]}]),
        "html": f"<html><body><p>{html.escape(text)}</p></body></html>",
        "chart_spec": json.dumps(
            {
                "data": {"values": [{"a": text, "b": 1}]},
                "mark": "bar",
                "encoding": {"x": {"field": "a"}, "y": {"field": "b"}},
            }
        ),
        "geometry": "Triangle(A,B,C)\nLength(AB)=3",
    }
    return [make_sampled(formal=SampledText(format=f, text=t)) for f, t in drawn.items()]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_inert(text):
    page = Page(write_hostile(text))
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert tag == "a" or "href" not in attributes
    assert all(re.fullmatch(r"#[a-z]+", link["href"] or "") for link in page.find("a"))
    assert all((image["src"] or "").startswith("data:image/") for image in page.find("img"))
    for frame in page.find("iframe"):
        assert frame["sandbox"] == "" and "src" not in frame
        inner = Page(re.sub(r"^<!doctype[^>]*><meta[^>]*><meta[^>]*>", "", frame["srcdoc"] or ""))
        assert {tag for tag, _ in inner.elements} == {"p"}
    assert len(page.styles) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_read_as_they_were_written(text):
    shown = Page(write_hostile(text)).text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", shown)
    visible = re.sub(r"[^ -~]", "", text)
    assert visible in re.sub(r"[^ -~]", "", shown)


def test_the_page_allows_its_own_style_and_nothing_else():
    page = Page(write())
    (policy,) = [m["content"] for m in page.find("meta") if "http-equiv" in m]
    digest = base64.b64encode(hashlib.sha256(page.styles[0].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none';"
        " form-action 'none'"
    )
    assert "url(" not in page.styles[0] and "@import" not in page.styles[0]


def test_the_same_input_gives_the_same_bytes():
    assert write() == write()


@pytest.mark.parametrize("sign", ["<", "\U0001f600", "\x1b", "a"])
def test_a_page_of_endless_texts_stays_small(sign):
    text = sign * 300_000
    rollouts = tuple(
        make_rollout(i, reasoning=text, answer_text=text, answer=text, error=text)
        for i in range(64)
    )
    image = Thumbnail(url="data:image/png;base64," + "A" * 80_000, width=9, height=9)
    problem = make_sampled(
        question=text,
        options=(text,) * 500,
        gold_answer=text,
        formal=make_formal(text),
        images=(image,),
        rollouts=rollouts,
    )
    page = write(sample=[problem] * 24)
    assert len(page.encode()) <= MAX_PAGE_BYTES
    assert len(Page(page).find("article")) == 24


def test_a_sample_that_is_too_large_loses_its_last_problems():
    image = Thumbnail(url="data:image/png;base64," + "A" * 1_000_000, width=9, height=9)
    sample = [make_sampled(images=(image,), question=f"number {i}") for i in range(12)]
    page = write(sample=sample)
    assert len(page.encode()) <= MAX_PAGE_BYTES
    assert "number 0" in page
    assert "number 11" not in page


def test_an_empty_data_set_has_a_page():
    empty = [FunnelStep(label="rows to problems", num_in=0, num_out=0, reasons={})]
    page = Page(write(funnel=empty, identity={}, facts=ReportFacts(), sample=[]))
    assert "No problem came in." in page.text
    assert "There is nothing to show." in page.text
    assert not page.find("input")


def test_a_problem_without_images_or_texts_is_shown():
    bare = make_sampled(images=(), num_images=0, formal=None, rollouts=())
    page = Page(write(sample=[bare]))
    assert "No image can be shown." in page.text
    assert not page.find("img")


def test_a_problem_is_shown_with_everything():
    options = ("six", "seven")
    page = Page(write(sample=[make_sampled(options=options, unit="cm")]))
    for words in ("Which number?", "(B)", "seven", "unit: cm", "It shows 7.", "It is seven."):
        assert words in page.text
    assert "rule: exact" in page.text and "10 tokens" in page.text
    assert len(page.find("details")) == 1


def test_a_formal_text_is_told_with_its_route_its_faults_and_its_repairs():
    formal = SampledText(
        format="spice",
        text="R1 a 0 1k\nR2 b 0",
        image_kind="circuit",
        routed_by="classifier",
        is_valid=False,
        problems=("- Line 2: R2 has no value.",),
        rounds=(("R1 a", ("- Line 1: R1 has no value.",)),),
        pseudo_cot="We look at the circuit.",
        gold_shown=True,
        ocr_coverage=0.999,
    )
    page = Page(write(sample=[make_sampled(formal=formal)]))
    for words in (
        "invalid",
        "image: circuit",
        "routed by the classifier",
        "still wrong after 1 round",
        "has >99% of the words that OCR read",
        "its model was shown the gold answer",
        "1 other text, not kept",
        "Pseudo-CoT, 23 characters",
    ):
        assert words in page.text, words
    assert "Line 2: R2 has no value." in page.texts
    assert [s for s in page.texts if s.startswith(("R1 a 0", "R2 b"))] == [
        "R1 a 0 1k\n",
        "R2 b 0\n",
    ]
    assert not page.find("iframe") and len(page.find("details")) == 3


def test_a_formal_text_is_drawn_beside_its_image():
    table = SampledText(format="csv", text="item,cost\ncup,12", is_valid=True)
    page = Page(write(sample=[make_sampled(formal=table)]))
    assert "what was read in it" in page.text
    assert [a for a in page.find("table") if a.get("class") == "read"]
    boxes = SampledText(format="boxes", text='[{"label": "cup", "box": [1, 2, 30, 40]}]')
    page = Page(write(sample=[make_sampled(formal=boxes)]))
    assert [a for a in page.find("div") if a.get("class") == "picture covered"]


def test_a_reader_can_narrow_the_sample_to_outcomes_that_occur():
    page = Page(write(sample=[make_sampled(), make_sampled(outcome=Outcome.GRPO)]))
    assert [choice["id"] for choice in page.find("input")] == [
        "show-all",
        "show-solved",
        "show-grpo",
    ]


def test_the_page_can_be_heard():
    page = Page(write())
    assert page.find("html") == [{"lang": "en"}]
    assert all(image["alt"] for image in page.find("img"))
    assert all(s.get("aria-label") or s.get("aria-hidden") for s in page.find("svg"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {a[key] for _, a in page.elements for key in ("aria-labelledby", "for") if key in a}
    assert named <= set(ids)


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_texts_stand_out_from_their_ground(scheme):
    style = Page(write()).styles[0]
    block = style.split(":root {")[1 + scheme].split("}")[0]
    colors = dict(re.findall(r"--([\w-]+): (#\w{6})", block))
    pairs = [(ink, ground) for ink in ("ink", "muted", "accent") for ground in ("page", "card")]
    pairs += [("ink", "soft"), ("muted", "soft")]
    pairs += [(f"{name}-ink", f"{name}-soft") for name in ("good", "bad", "open")]
    for ink, ground in pairs:
        one, other = sorted((luminance(colors[ink]), luminance(colors[ground])))
        assert (other + 0.05) / (one + 0.05) >= 4.5, (ink, ground)


def test_rules_are_grouped_by_source_with_its_policy():
    sources = {
        name: SourceChecks(policy=f"policy of {name}", rules={("exact", "correct"): count})
        for name, count in (("charts", 7), ("maps", 3))
    }
    page = Page(write(facts=replace(FACTS, checks=sources)))
    assert [policy in page.text for policy in ("policy of charts", "policy of maps")] == [True] * 2
    assert "Judge and rules" not in page.text


def test_formal_texts_and_training_rows_have_tables():
    formats = {"csv": FormatCounts(num_texts=8, num_valid_first=6, num_valid=7)}
    curation = CurationCounts(num_rows=5, num_edited=1, edited=(("0" * 32, ("- a\n+ b",)),))
    page = Page(write(facts=replace(FACTS, formats=formats, curation=curation)))
    assert re.search(r"csv\s*8\s*75%\s*88%", page.text)
    assert "1 of the sft rows were edited" in page.text and "- a\n+ b" in page.texts
    assert "#curation" in {link["href"] for link in page.find("a")}
    assert "#curation" not in {link["href"] for link in Page(write()).find("a")}


def test_the_lead_says_where_problems_went():
    text = Page(write(facts=replace(FACTS, num_test=2))).text
    assert "1 go to reinforcement learning, by their pass rate. 2 are held out as a test." in text


def test_a_judge_has_a_table_of_its_own():
    judge = JudgeCounts(settled=43, left_open=9, agrees=80, disagrees=3, unparsed=1)
    sources = {"charts": SourceChecks(rules={("exact", "correct"): 136}, judge=judge)}
    page = Page(write(facts=replace(FACTS, checks=sources)))
    assert re.search(r"Judge and rules.*charts\s*43\s*9\s*80\s*3\s*1", page.text, re.DOTALL)
