"""Stands between a recipe and the replay server, and answers what a recording does not hold.

The recording has one text an image (the data set's own table) and completions of each question. A
recipe also asks for the kind of an image, for CSV, and for a pseudo-CoT: these are made from the
recorded table, so that they are as true as it is. A judge of the reasoning objects to calculations
that are wrong; a judge of answers cannot tell. All else is passed on as it is.

    python -m tests.replayed_formalizer --upstream http://127.0.0.1:8100 --port 8101
"""

import argparse
import csv
import io
import json
import re
from decimal import Decimal
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prompts import load_prompt

NUMBER = r"[0-9][0-9,]*(?:\.[0-9]+)?"
CALCULATION = re.compile(
    rf"(?<![-+*/(.,\d])(?<![-+*/] )(?P<left>{NUMBER}(?:\s*[-+*/]\s*{NUMBER})+)"
    rf"\s*=\s*(?P<right>-?{NUMBER})(?![.,]?\d|\s*[-+*/])"
)
SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00d7": "*", "\u00f7": "/", "$": None})


def make_app(upstream: str) -> Starlette:
    openings = {name: read_opening(f"formalize.{name}") for name in ("classify", "csv", "repair")}
    judging = {name: read_opening(f"judge.{name}") for name in ("answer", "consistency")}

    async def chat(request: Request) -> Response:
        body = await request.json()
        text = read_text(body)
        if text.startswith(judging["answer"]):
            return JSONResponse(make_reply("It is not for a rule.\nVerdict: cannot tell"))
        if text.startswith(judging["consistency"]):
            return JSONResponse(make_reply(judge_reasoning(text)))
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{upstream}/v1/chat/completions", json=body) as answer,
        ):
            data, code = await answer.read(), answer.status
        if code != 200 or not has_image(body):
            return Response(data, code, media_type=answer.content_type)
        reply = json.loads(data)
        said = reply["choices"][0]["message"]
        said["content"] = rewrite(said["content"], text, openings)
        return JSONResponse(reply)

    async def models(_: Request) -> JSONResponse:
        names = ("recorded-vlm", "recorded-llm")
        return JSONResponse(
            {"object": "list", "data": [{"id": n, "object": "model"} for n in names]}
        )

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/models", models),
            Route("/health", lambda _: Response("ok")),
        ]
    )


def rewrite(table: str, asked: str, openings: dict[str, str]) -> str:
    """Answer what was asked from the recorded table."""
    if asked.startswith(openings["classify"]):
        return "table"
    if asked.startswith((openings["csv"], openings["repair"])):
        return write_csv(table)
    if "Caption:" in asked:
        return f"Caption:\n{table}\nReasoning:\nI read the cells that the question asks for."
    return table


def judge_reasoning(asked: str) -> str:
    """Object to the first calculation of a reasoning that is wrong."""
    reasoning = asked.rpartition("<reasoning-")[2].rpartition("</reasoning-")[0]
    for found in CALCULATION.finditer(reasoning.translate(SIGNS)):
        left, told = found["left"].replace(",", ""), Decimal(found["right"].replace(",", ""))
        try:
            is_wrong = abs(calculate(left) - told) > Decimal("0.5").scaleb(int(told.as_tuple()[2]))
        except ArithmeticError:
            continue
        if is_wrong:
            return f"{found[0].strip()} is wrong.\nVerdict: inconsistent"
    return "Every calculation is right.\nVerdict: consistent"


def calculate(text: str) -> Decimal:
    """Calculate sums of products, from left to right."""
    total = Decimal(0)
    for sign, product in re.findall(rf"(^|[-+])\s*({NUMBER}(?:\s*[*/]\s*{NUMBER})*)", text):
        first, *rest = re.findall(rf"([*/]?)\s*({NUMBER})", product)
        value = Decimal(first[1])
        for operator, number in rest:
            value = value * Decimal(number) if operator == "*" else value / Decimal(number)
        total += -value if sign == "-" else value
    return total


def make_reply(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def write_csv(table: str) -> str:
    stream = io.StringIO()
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().split("\n")]
    width = max(len(row) for row in rows)
    rows = [row for row in rows if len(row) == width]  # A title line has one cell.
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def read_opening(name: str) -> str:
    """Return the first sentence of a prompt, by which a request for it is known."""
    values = dict.fromkeys(("question", "options", "pseudo_cot", "gold_answer", "unit", "mark"))
    told = load_prompt(name).render(
        **values, format="csv", formal_text="", problems="", answer_text="", reasoning=""
    )
    return told[-1].text.split("\n", 1)[0][:40]


def read_text(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def has_image(body: dict[str, Any]) -> bool:
    parts = [m["content"] for m in body["messages"] if not isinstance(m["content"], str)]
    return any(part["type"] == "image_url" for content in parts for part in content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--port", type=int, default=8101)
    options = parser.parse_args()
    uvicorn.run(make_app(options.upstream), host="127.0.0.1", port=options.port, log_level="error")
