"""Prompt files and their loader: `<stage>.<name>.<role>.jinja`, one file a message."""

from prompts.loader import Prompt, load_prompt, render_options

__all__ = ["Prompt", "load_prompt", "render_options"]
