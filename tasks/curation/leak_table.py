"""What gives away that the reasoner read about the image, or saw the answer: the table of leaks.

Words are written as `tasks.curation.phrase_index` reads them; Chinese in simplified and
traditional characters. `subject` is what the phrase speaks of: where the question itself holds one
of these words, its author speaks of it too, and the phrase is no leak.
"""

from dataclasses import dataclass
from enum import StrEnum


class LeakKind(StrEnum):
    """What a phrase gives away; each is a drop_reason after `leak_`."""

    DESCRIPTION = "description"
    """The image was read about: a description or caption."""
    TEXT = "text"
    """The image was read: "the text says"."""
    ANSWER = "answer"
    """The gold answer was shown: "the given answer"."""
    BLIND = "blind"
    """The reasoner says that it sees no image, or is a program."""
    REVISION = "revision"
    """Traces of a rewrite: "revised CoT", "no visualization needed"."""


@dataclass(frozen=True, slots=True)
class LeakPhrase:
    """One line of the table."""

    kind: LeakKind
    language: str
    """`en` or `zh`."""
    subject: str
    """Words separated by blanks; any of them in the question makes the phrase its own."""
    phrase: str


_DESCRIPTION, _TEXT, _ANSWER = LeakKind.DESCRIPTION, LeakKind.TEXT, LeakKind.ANSWER
_BLIND, _REVISION = LeakKind.BLIND, LeakKind.REVISION
_DETERMINER = "the|this|that|given|provided|your|their|user's"
_IMAGE = "image|picture|figure|diagram|chart|graph|table|photo|visual"
_SAYS = "says|said|states|stated|mentions|mentioned|describes|described|tells|told|specifies"
_OWN = "description descriptions describe describes described"
_CAPTION = "caption captions captioned"
_TEXT_SUBJECT = "text passage paragraph article sign label"
_GIVEN = "given|provided|stated|listed|supplied|known|expected|reference|gold|golden|standard"

LEAK_PHRASES: tuple[LeakPhrase, ...] = (
    LeakPhrase(
        _DESCRIPTION, "en", _OWN, f"{_DETERMINER} {_IMAGE}? detailed|textual|text? description"
    ),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"{_IMAGE}|text|textual description|descriptions"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"description {_SAYS}|provided|given"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, "according|based to|on description"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"described|description in|of the text|{_IMAGE}"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"{_IMAGE} is|was described as"),
    LeakPhrase(_DESCRIPTION, "en", _CAPTION, f"{_DETERMINER}|image caption|captions"),
    LeakPhrase(_DESCRIPTION, "en", _CAPTION, f"caption {_SAYS}"),
    LeakPhrase(_TEXT, "en", _TEXT_SUBJECT, f"the|this|provided|given text|passage {_SAYS}"),
    LeakPhrase(_TEXT, "en", _TEXT_SUBJECT, "according to the|this text|passage"),
    LeakPhrase(_TEXT, "en", _TEXT_SUBJECT, "mentioned|stated|described in the text|passage"),
    LeakPhrase(_TEXT, "en", "transcription transcript", "the transcription|transcript"),
    LeakPhrase(_TEXT, "en", "csv html json netlist", f"the|this csv|html|json|netlist {_SAYS}"),
    LeakPhrase(_ANSWER, "en", "", f"the|this correct|right|final? {_GIVEN} answer|solution"),
    LeakPhrase(_ANSWER, "en", "", "answer|solution is|was already? given|provided|stated as|to"),
    LeakPhrase(_ANSWER, "en", "", "answer|solution that|which? was given|provided|supplied"),
    LeakPhrase(_ANSWER, "en", "", "answer|solution provided|supplied is|was|says|states"),
    LeakPhrase(_ANSWER, "en", "", "the|correct answer|solution is|was already? provided"),
    LeakPhrase(_ANSWER, "en", "", "answer|solution key"),
    LeakPhrase(_ANSWER, "en", "", "the|match|matches ground truth"),
    LeakPhrase(_ANSWER, "en", "", "answer|solution should|must match"),
    LeakPhrase(_ANSWER, "en", "", "matches|match the given|provided answer|solution"),
    LeakPhrase(_ANSWER, "en", "", "we|i are|am|were|was told the|that answer"),
    LeakPhrase(_BLIND, "en", "ai robot assistant model", "as an|a ai|language model|assistant?"),
    LeakPhrase(_BLIND, "en", "", f"can't|cannot|couldn't see|view|access the|this|an {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"can not see|view|access the|this|an {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"don't|didn't have|get access to? the|this|an {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"without seeing the|this|an actual? {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"no|without access to the|this actual? {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"{_IMAGE} isn't|wasn't provided|available|visible|attached"),
    LeakPhrase(_BLIND, "en", "", f"{_IMAGE} is|was not provided|available|visible|attached"),
    LeakPhrase(_REVISION, "en", "", "revised|refined|rewritten cot|reasoning|version|response"),
    LeakPhrase(_REVISION, "en", "", "no visualization|visualisation needed|required|necessary"),
    LeakPhrase(_REVISION, "en", "", "chain of thought"),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "图片|图像|图中|文字|文本|圖片|圖像|圖中 的? 描述"),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "根据|按照|依据|结合|根據|依據|結合 这个? 描述"),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "给出|提供|给定|給出|給定 的 描述"),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "描述 中|里|说|提到|显示|指出|裡|說|顯示"),
    LeakPhrase(
        _DESCRIPTION,
        "zh",
        "说明 图注 字幕 說明 圖註",
        "说明文字|图注|字幕|說明文字|圖註 中|说|提到|說",
    ),
    LeakPhrase(_TEXT, "zh", "文本 文中 文字", "文本|文中|文字 中? 说|提到|指出|說"),
    LeakPhrase(_ANSWER, "zh", "", "给定|给出|提供|已知|給定|給出 的? 答案"),
    LeakPhrase(_ANSWER, "zh", "", "标准|参考|標準|參考 答案"),
    LeakPhrase(_ANSWER, "zh", "", "正确|正確 答案 已|已经|已經 给出|給出|提供"),
    LeakPhrase(_ANSWER, "zh", "", "答案 已经|已經|已? 给出|告诉|提供|給出|告訴"),
    LeakPhrase(_BLIND, "zh", "", "作为|作為 一个|一個|个? 人工智能|语言模型|AI|語言模型"),
    LeakPhrase(_BLIND, "zh", "", "看不到|无法看到|無法看到|看不見 这张|这个|這張|該? 图|圖"),
    LeakPhrase(_REVISION, "zh", "", "修改|修订|改写|修訂|改寫 后|後 的 推理|思考|版本"),
)
"""One phrase a line; the longest that fits is the one that is reported."""
