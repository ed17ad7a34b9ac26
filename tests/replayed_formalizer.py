"""Stands between a recipe and the replay server, and answers what a recording does not hold.

The recording has one text an image (the data set's own table) and completions of each question. A
recipe also asks for the kind of an image, for CSV, and for a pseudo-CoT: these are made from the
recorded table, so that they are as true as it is. All else is passed on as it is.

    python -m tests.replayed_formalizer --upstream http://127.0.0.1:8100 --port 8101
"""

import argparse
import csv
import io
import json
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prompts import load_prompt


def make_app(upstream: str) -> Starlette:
    openings = {name: read_opening(f"formalize.{name}") for name in ("classify", "csv", "repair")}

    async def chat(request: Request) -> Response:
        body = await request.json()
        text = read_text(body)
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


def write_csv(table: str) -> str:
    stream = io.StringIO()
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().split("\n")]
    width = max(len(row) for row in rows)
    rows = [row for row in rows if len(row) == width]  # A title line has one cell.
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def read_opening(name: str) -> str:
    """Return the first sentence of a prompt, by which a request for it is known."""
    values = dict.fromkeys(("question", "options", "pseudo_cot", "gold_answer"))
    told = load_prompt(name).render(**values, format="csv", formal_text="", problems="")
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
