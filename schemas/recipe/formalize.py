"""Image to formal text."""

from typing import Literal

from pydantic import Field

from schemas.recipe.base import Params, SampledParams

ImageKind = Literal[
    "table",
    "chart",
    "screen",
    "document",
    "circuit",
    "flowchart",
    "formula",
    "geometry",
    "natural",
    "text",
    "mixed",
]
"""What an image shows; it routes the image to a format."""
FormatName = Literal[
    "csv",
    "json",
    "chart_spec",
    "html",
    "spice",
    "mermaid",
    "plantuml",
    "latex",
    "geometry",
    "boxes",
    "caption",
    "ocr",
    "mixed",
]
"""How a formal text is written; `tasks/formats/` has a check for each."""
FORMAT_OF: dict[ImageKind, FormatName] = {
    "table": "csv",
    "chart": "chart_spec",
    "screen": "html",
    "document": "html",
    "circuit": "spice",
    "flowchart": "mermaid",
    "formula": "latex",
    "geometry": "geometry",
    "natural": "mixed",
    "text": "ocr",
    "mixed": "mixed",
}
"""Source: R1-Onevision, arXiv 2503.10615: a formal language for each kind of image."""


class RouteParams(Params):
    """How an image's kind, and by it the format of its formal text, is found."""

    kinds: dict[str, ImageKind] = Field(default_factory=dict)
    """Source name or domain to the kind of its images; a domain goes before a source."""
    formats: dict[ImageKind, FormatName] = Field(default_factory=dict)
    """Kind to format, where it is not the usual one."""
    classifier: str | None = None
    """Prompt that asks the model for the kind of an image that `kinds` does not name."""

    def get_format(self, kind: ImageKind) -> FormatName:
        """Return the format for a kind of image."""
        return self.formats.get(kind, FORMAT_OF[kind])


class BridgeParams(Params):
    """Two prompts before the formal text: a pseudo-CoT, then the description made with it.

    Source: modality bridging, Vision-R1, arXiv 2503.06749, section 3.3.
    """

    pseudo_cot: str = "formalize.pseudo_cot"
    """Prompt that asks for a caption and step-by-step reasoning."""
    show_gold: bool = False
    """Show the gold answer to the model that writes the pseudo-CoT; recorded as `gold_shown`."""
    max_tokens: int = Field(default=2048, gt=0)
    """Of the pseudo-CoT."""


class DetectorParams(Params):
    """An open-vocabulary object detector; needs the extra `detection` and, in practice, a GPU."""

    model: str = "IDEA-Research/grounding-dino-base"
    """Hub id or folder of a Grounding DINO checkpoint."""
    revision: str | None = None
    labels: tuple[str, ...] = Field(min_length=1)
    """What is looked for, in plain words."""
    min_score: float = Field(default=0.35, ge=0, le=1)
    """Boxes below this score are left out."""


class FormalizeParams(SampledParams):
    """Image to formal text."""

    enabled: bool = True
    """false: no formal text is written; the reasoner then has to see the image itself."""
    prompt: str | None = None
    """Prompt of every format; default: `formalize.<format>`."""
    format: FormatName = "caption"
    """Of images that no route names."""
    route: RouteParams = RouteParams()
    show_question: bool = False
    """Question-aware formal text: the model is told what will be asked."""
    max_repairs: int = Field(default=0, ge=0, le=8)
    """Times that an invalid text goes back to the model with what is wrong with it."""
    require_valid: bool = False
    """Reject a problem whose formal text stays invalid; else it is reasoned from all the same."""
    ocr: bool = False
    """Read each image with an OCR tool; its lines go into the prompt and into a coverage check."""
    detector: DetectorParams | None = None
    """Find objects with an open-vocabulary detector; its boxes go into the prompt."""
    bridge: BridgeParams | None = None

    def get_prompt(self, format: FormatName) -> str:
        """Return the name of the prompt that asks for a format."""
        return self.prompt or f"formalize.{format}"

    @property
    def formats(self) -> tuple[FormatName, ...]:
        """Every format that a problem can be routed to, sorted."""
        route = self.route
        kinds = FORMAT_OF if route.classifier else set(route.kinds.values())
        return tuple(sorted({self.format, *(route.get_format(kind) for kind in kinds)}))

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every prompt that may be asked, sorted."""
        names = {self.get_prompt(format) for format in self.formats}
        names |= {"formalize.repair"} if self.max_repairs else set()
        names |= {self.route.classifier} if self.route.classifier else set()
        names |= {"formalize.evidence"} if self.ocr or self.detector else set()
        names |= {self.bridge.pseudo_cot} if self.bridge else set()
        return tuple(sorted(names))
