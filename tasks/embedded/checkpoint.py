"""A checkpoint folder in memory: what reads prompts, and what continues them."""

from dataclasses import dataclass
from pathlib import Path

from schemas.errors import AccessError
from tasks.embedded.images import ImageSettings
from tasks.embedded.model import ServedModel
from tasks.embedded.options import ServerOptions
from tasks.embedded.processor import ChatProcessor

_MAX_REASON_CHARS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A loaded checkpoint, and what is fixed with it."""

    name: str
    """The model's name in the protocol."""
    processor: ChatProcessor
    model: ServedModel
    max_model_len: int
    """Longest prompt and completion together, in tokens."""

    @property
    def end_token_ids(self) -> frozenset[int]:
        """The tokens that end a completion."""
        return self.model.eos_token_ids | self.processor.eos_token_ids


def load_checkpoint(model_dir: Path, options: ServerOptions) -> Checkpoint:
    """Load a checkpoint folder.

    Raises:
        AccessError: The folder cannot be served.
    """
    try:
        model = ServedModel(model_dir, ImageSettings.from_folder(model_dir), dtype=options.dtype)
        max_model_len = min(options.max_model_len, model.max_positions)
        processor = ChatProcessor(
            model_dir, max_images=options.max_images, max_model_len=max_model_len
        )
    except ModuleNotFoundError:  # a fault of the installation, not of the folder
        raise
    # Readers of weights, configurations and tokenizers raise kinds of their own.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise AccessError(
            f"cannot serve the model in {model_dir.name!r}: {reason[:_MAX_REASON_CHARS]}"
        ) from error
    return Checkpoint(
        name=options.name or model_dir.resolve().name,
        processor=processor,
        model=model,
        max_model_len=max_model_len,
    )
