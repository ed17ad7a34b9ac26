"""`sightline serve-model`: a checkpoint folder as an OpenAI-protocol server."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from flows.commands.running import DONE, FAILED
from flows.display import show_fault
from flows.recipe_files import PROJECT_DIR
from schemas.errors import AccessError, ServerError
from tasks.embedded.options import ServerOptions, read_port


def add_serve_model(commands: Any) -> None:
    """Describe the command."""
    serve = commands.add_parser(
        "serve-model",
        help="serve the embedded model over the OpenAI protocol",
        description="Serve a Qwen2.5-VL or Qwen2 checkpoint folder over the OpenAI protocol on"
        " this machine; by default the small model that ships with Sightline.",
    )
    serve.set_defaults(run=run_serve_model)
    serve.add_argument("folder", nargs="?", type=Path, help="checkpoint folder (the small model)")
    serve.add_argument(
        "--port", type=read_port, default=8000, help="0 takes a free one (%(default)s)"
    )
    serve.add_argument("--host", default="127.0.0.1", help="address (%(default)s)")
    serve.add_argument("--name", help="name of the model in requests (the folder's)")


def run_serve_model(options: argparse.Namespace, console: Console) -> int:
    """Serve a checkpoint folder until it is stopped."""
    from tasks.embedded_server import STOPPED, serve

    folder = options.folder or PROJECT_DIR / "data/model"
    try:
        serve(folder, options.host, options.port, ServerOptions(name=options.name))
    except (AccessError, ServerError) as error:
        show_fault(console, str(error), None)
        return FAILED
    except KeyboardInterrupt:
        show_fault(console, STOPPED, None)
        return FAILED
    return DONE
