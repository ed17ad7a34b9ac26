"""Which rollouts are kept, how they are edited, and which rows they make."""

from typing import Literal

from pydantic import Field, model_validator

from schemas.recipe.base import Params

SelectionRule = Literal["shortest", "first", "longest", "second_longest", "median"]
LayoutName = Literal["think_summary_answer", "think_answer", "vision_r1"]
ConversationName = Literal[
    "r1_onevision", "vision_r1_llava_cot", "vision_r1_mulberry", "openvlthinker"
]


class TrimParams(Params):
    """Cut the reasoning at the first cue of reflection after which the answer still stands.

    Source: OpenVLThinker, arXiv 2503.17352, section 3.
    """

    cues: tuple[str, ...] = ("Wait,", "But wait,", "But the question")
    """Openings of sentences, matched as written."""


class ReplaceParams(Params):
    """Replace phrases that speak of a text by phrases that speak of the image.

    Source: Vision-R1, arXiv 2503.06749, section 3.3; its list is not published.
    """

    max_edited_words: int = Field(default=15, ge=0)
    """More edits than this reject the row. Source: VLAA-Thinking drops rows above 15 words."""


class FilterParams(Params):
    """Each filter rejects a problem whose edited rollout fails it; null or false turns it off."""

    leaks: bool = False
    """Mentions of a description, a caption or a given answer."""
    max_ungrounded: float | None = Field(default=None, ge=0, le=1)
    """Share of numbers and labels of the reasoning that neither formal text nor question has."""
    repetition: bool = False
    """Loops and repeated lines or phrases."""
    max_wording_faults: int | None = Field(default=None, ge=0)
    """Doubled words and stuck tokens: "displays displays", "tangentstouching"."""
    max_foreign: float | None = Field(default=None, ge=0, le=1)
    """Share of words in another script than the question's."""
    max_words: int | None = Field(default=None, gt=0)
    """Of the reasoning. Source: OpenVLThinker's variant of 500 words."""
    layout: bool = True
    """Exactly one thought and one answer, where the layout has them."""
    min_completion_tokens: int = Field(default=1, ge=0)
    max_total_tokens: int | None = Field(default=None, gt=0)
    """Of question, completion and images, for the trainer's cutoff."""
    tokenizer: str | None = None
    """Folder or Hub id of the target's tokenizer; default: an estimate of Qwen's."""


class GrpoParams(Params):
    """Which problems go to GRPO rather than SFT: those whose pass rate is within bounds."""

    min_pass_rate: float = Field(default=0.0, ge=0, le=1)
    max_pass_rate: float = Field(default=0.0, ge=0, le=1)
    """The default, 0, takes what no rollout solved; above it a solved problem goes to GRPO only."""
    min_verdicts: int = Field(default=1, ge=1)
    """Fewest rollouts with a verdict."""
    size: int | None = Field(default=None, gt=0)
    """Rows at most; default: all that fit."""

    @model_validator(mode="after")
    def _check_bounds(self) -> "GrpoParams":
        if self.min_pass_rate > self.max_pass_rate:
            raise ValueError(
                f"min_pass_rate {self.min_pass_rate} is above max_pass_rate {self.max_pass_rate}"
            )
        return self


class ConsistencyParams(Params):
    """Ask the judge model whether the reasoning agrees with the formal text, step by step.

    Source: quality assurance by a model, R1-Onevision, arXiv 2503.10615; its prompt is unpublished.
    """

    prompt: str = "judge.consistency"
    max_tokens: int = Field(default=1024, gt=0)


class CurateParams(Params):
    """Which rollout of a problem is kept, how it is edited, and what rejects it."""

    select: SelectionRule = "shortest"
    """Among the correct rollouts; ties go to the lowest rollout index."""
    trim: TrimParams | None = None
    replace: ReplaceParams | None = None
    filters: FilterParams = FilterParams()
    consistency: ConsistencyParams | None = None
    layout: LayoutName = "think_summary_answer"
    """How a completion is written."""
    conversations: ConversationName | None = None
    """Also write each SFT row as a conversation with one `<image>` mark for each image, in the
    released layout of a system: as `conversations` ([{from, value}]), of `openvlthinker` as
    `chat_messages` ([{role, content}])."""
    grpo: GrpoParams = GrpoParams()
    test_size: int = Field(default=0, ge=0)
    """Problems that are held out as the config `test`, whole groups of near-duplicates."""
