"""What tests of the report's page share: sampled problems, and a reader of pages."""

from html.parser import HTMLParser
from typing import Any

from tasks.report.choice import Outcome
from tasks.report.formal import SampledText
from tasks.report.sample import SampledProblem, SampledRollout
from tasks.report.thumbnails import make_thumbnail
from tests.conftest import draw_image

VOID = {"meta", "img", "input", "br"}


def make_rollout(index: int = 0, **changes: Any) -> SampledRollout:
    """Make a correct rollout that was not selected."""
    values: dict[str, Any] = {
        "status": "ok",
        "reasoning": "It is seven.",
        "answer_text": "<answer>7</answer>",
        "answer": "7",
        "completion_tokens": 10,
        "is_correct": True,
        "rule": "exact",
        "is_selected": False,
        "drop_reason": None,
        "error": None,
    }
    return SampledRollout(index=index, **values | changes)


def make_sampled(**changes: Any) -> SampledProblem:
    """Make a solved problem with one image and one rollout."""
    thumbnail = make_thumbnail(draw_image(7), 10_000)
    assert thumbnail
    values: dict[str, Any] = {
        "outcome": Outcome.SOLVED,
        "problem_id": "0" * 32,
        "source": "toy",
        "source_id": "id-7",
        "source_row": 7,
        "question": "Which number?",
        "gold_answer": "7",
        "answer_type": "integer",
        "images": (thumbnail,),
        "num_images": 1,
        "formal": SampledText(format="caption", text="It shows 7.", is_valid=True),
        "rollouts": (make_rollout(is_selected=True),),
    }
    return SampledProblem(**values | changes)


class Page(HTMLParser):
    """The elements and texts of a page; fails where elements do not close in order."""

    def __init__(self, text: str) -> None:
        """Read a whole page."""
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.styles: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        assert len(attrs) == len(dict(attrs)), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        (self.styles if self._open[-1:] == ["style"] else self.texts).append(data)

    def handle_comment(self, data: str) -> None:
        """Refuse comments: the template has none, so one could only come from data."""
        raise AssertionError(data)

    def find(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All that a reader sees."""
        return "".join(self.texts)
