"""What gives away that the reasoner read about the image, or saw the answer: the table of leaks.

Words are written as `tasks.curation.phrase_index` reads them; Chinese in simplified and
traditional characters. `subject` is what the phrase speaks of: where the question itself holds one
of these words, its author speaks of it too, and the phrase is no leak. `HARMLESS_PHRASES` hold the
words of a leak and give nothing away.
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
_GAVE = "gave|provided|supplied|provides|stated|mentioned"
_FORMAT = "csv|html|json|xml|yaml|markdown|mermaid|plantuml|spice|netlist|svg|ocr"
_FORMAT_SUBJECT = _FORMAT.replace("|", " ")
_SHOWS = f"{_SAYS}|shows|showed|lists|contains|gives|indicates"
_DATA = (
    "data|code|text|table|file|format|output|result|results|snippet|source|netlist|object|objects|"
    "array|structure|content|diagram|representation"
)
_CHEMICAL = "solute solvent concentration acid saline molarity beaker flask particles"
_QUANTITY = (
    "fraction|decimal|percent|percentage|mixed|whole|ratio|range|list|number|single|simplified|"
    "reduced|positive|negative|integer|multiple|length|value|sum"
)

LEAK_PHRASES: tuple[LeakPhrase, ...] = (
    LeakPhrase(
        _DESCRIPTION, "en", _OWN, f"{_DETERMINER} {_IMAGE}? detailed|textual|text? description"
    ),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"{_IMAGE}|text|textual description|descriptions"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"description {_SAYS}|provided|given"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, "according|based to|on description"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"described|description in|of the text|{_IMAGE}"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"{_IMAGE} is|was described as"),
    LeakPhrase(_DESCRIPTION, "en", _OWN, f"the described {_IMAGE}|scene"),
    LeakPhrase(
        _DESCRIPTION, "en", _OWN, "descriptions say|state|mention|tell|specify|indicate|provided"
    ),
    LeakPhrase(_DESCRIPTION, "en", _OWN, "structured|formal|written description|descriptions"),
    LeakPhrase(_DESCRIPTION, "en", "alt text", "alt|alternative text"),
    LeakPhrase(_DESCRIPTION, "en", _CAPTION, f"{_DETERMINER}|image caption|captions"),
    LeakPhrase(_DESCRIPTION, "en", _CAPTION, f"{_IMAGE} is|was captioned"),
    LeakPhrase(_DESCRIPTION, "en", _CAPTION, f"caption {_SAYS}"),
    LeakPhrase(_TEXT, "en", _TEXT_SUBJECT, f"the|this|provided|given text|passage {_SAYS}"),
    LeakPhrase(_TEXT, "en", _TEXT_SUBJECT, "according to the|this text|passage"),
    LeakPhrase(_TEXT, "en", _TEXT_SUBJECT, "mentioned|stated|described in the text|passage"),
    LeakPhrase(_TEXT, "en", "transcription transcript", "the transcription|transcript"),
    LeakPhrase(_TEXT, "en", _FORMAT_SUBJECT, f"the|this {_FORMAT} {_SHOWS}"),
    LeakPhrase(_TEXT, "en", _FORMAT_SUBJECT, f"{_FORMAT} {_DATA}"),
    LeakPhrase(_TEXT, "en", _FORMAT_SUBJECT, f"in|from|of|to|per|by the|this {_FORMAT}"),
    LeakPhrase(_TEXT, "en", "structured formal", "structured data|text provided|given|shows|says"),
    LeakPhrase(_TEXT, "en", "structured formal", "the|provided|given structured|formal data|text"),
    LeakPhrase(_TEXT, "en", "bounding box boxes", "bounding box|boxes"),
    LeakPhrase(_TEXT, "en", "detected detection", "detected objects"),
    LeakPhrase(_TEXT, "en", "detected detection", "object detection results|output|data"),
    LeakPhrase(_ANSWER, "en", "", f"the|this correct|right|final? {_GIVEN} answer"),
    LeakPhrase(_ANSWER, "en", _CHEMICAL, f"the|this correct|right|final? {_GIVEN} solution"),
    LeakPhrase(_ANSWER, "en", "", "answer is|was already? given|provided|stated as|to"),
    LeakPhrase(_ANSWER, "en", _CHEMICAL, "solution is|was already? given|provided|stated as|to"),
    LeakPhrase(_ANSWER, "en", "", "answer given is|was|as|here|says|above"),
    LeakPhrase(_ANSWER, "en", "", "answer is|was supposed|meant|said|known to be"),
    LeakPhrase(_ANSWER, "en", "", f"answer they|you|user {_GAVE}|give|expect|want"),
    LeakPhrase(_ANSWER, "en", "", f"answer the user|prompt|problem|question {_GAVE}"),
    LeakPhrase(
        _ANSWER, "en", "", f"user|they|prompt|problem|question {_GAVE} the|an correct|final? answer"
    ),
    LeakPhrase(_ANSWER, "en", "", "user|prompt says|said|states|mentioned that? the answer"),
    LeakPhrase(_ANSWER, "en", "", f"the|this {_GIVEN} correct|right|final answer"),
    LeakPhrase(_ANSWER, "en", "", "problem|question says|states the correct|final? answer is|was"),
    LeakPhrase(_ANSWER, "en", "", "answer|solution that|which? was given|provided|supplied"),
    LeakPhrase(_ANSWER, "en", "", "answer|solution provided|supplied is|was|says|states"),
    LeakPhrase(_ANSWER, "en", "", "the|correct answer|solution is|was already? provided"),
    LeakPhrase(_ANSWER, "en", "", "answer|solution key"),
    LeakPhrase(_ANSWER, "en", "", "the|match|matches ground truth"),
    LeakPhrase(
        _ANSWER,
        "en",
        "",
        "matches|match|matching the given|provided|gold|expected|reference answer|solution",
    ),
    LeakPhrase(_ANSWER, "en", "", "matches|match|matching the answer given|provided"),
    LeakPhrase(_ANSWER, "en", "", "we|i are|am|were|was told the|that answer"),
    LeakPhrase(_BLIND, "en", "ai robot assistant model", "as an|a ai|language model|assistant?"),
    LeakPhrase(
        _BLIND,
        "en",
        "",
        f"can't|cannot|couldn't actually|directly? see|view|access the|this|an {_IMAGE}",
    ),
    LeakPhrase(_BLIND, "en", "", f"can not see|view|access the|this|an {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"don't|didn't have|get access to? the|this|an {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"without seeing the|this|an actual? {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"no|without access to the|this actual? {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"unable to see|view|access|open the|this|an|any {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", "can't|cannot|couldn't see|view|access images"),
    LeakPhrase(_BLIND, "en", "", f"without the|an actual? {_IMAGE} i"),
    LeakPhrase(_BLIND, "en", "", f"i don't have the|an actual? {_IMAGE}"),
    LeakPhrase(_BLIND, "en", "", f"{_IMAGE} isn't|wasn't provided|available|visible|attached"),
    LeakPhrase(
        _BLIND, "en", "", "no image|picture|figure|diagram is|was provided|given|attached|available"
    ),
    LeakPhrase(_BLIND, "en", "", f"{_IMAGE} is|was not provided|available|visible|attached"),
    LeakPhrase(_REVISION, "en", "", "revised|refined|rewritten cot|reasoning|version|response"),
    LeakPhrase(_REVISION, "en", "", "no visualization|visualisation needed|required|necessary"),
    LeakPhrase(_REVISION, "en", "", "chain of thought"),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "图片|图像|图中|文字|文本|圖片|圖像|圖中 的? 描述"),
    LeakPhrase(
        _DESCRIPTION,
        "zh",
        "描述",
        "根据|按照|依据|结合|由|从|根據|依據|結合|從 这个|该|上述|以上|這個|該|所? 描述",
    ),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "所 给|提供|示|給 的? 描述"),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "图|图片|图像|圖|圖片|圖像 的 文字|文本 描述"),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "给出|提供|给定|給出|給定 的 描述"),
    LeakPhrase(_DESCRIPTION, "zh", "描述", "描述 中|里|说|提到|显示|指出|裡|說|顯示"),
    LeakPhrase(
        _DESCRIPTION,
        "zh",
        "说明 图注 字幕 說明 圖註",
        "说明文字|图注|字幕|說明文字|圖註 中|说|提到|說",
    ),
    LeakPhrase(_TEXT, "zh", "文本 文中 文字", "文本|文中|文字 中? 说|提到|指出|說"),
    LeakPhrase(
        _TEXT, "zh", _FORMAT_SUBJECT, f"{_FORMAT} 数据|代码|文件|文本|格式|中|显示|數據|顯示"
    ),
    LeakPhrase(_ANSWER, "zh", "", "给定|给出|提供|已知|給定|給出 的? 答案"),
    LeakPhrase(_ANSWER, "zh", "", "标准|参考|標準|參考 答案"),
    LeakPhrase(_ANSWER, "zh", "", "答案 是|为|為? 已|已经|已經 给出|给定|告诉|提供|給出|告訴"),
    LeakPhrase(
        _ANSWER, "zh", "", "题目|题中|用户|提示|題目|題中|用戶 给|所给|提供|給|所給 的? 答案"
    ),
    LeakPhrase(_ANSWER, "zh", "", "答案 给出|告诉|提供|給出|告訴"),
    LeakPhrase(_BLIND, "zh", "", "作为|作為 一个|一個|个? 人工智能|语言模型|AI|語言模型"),
    LeakPhrase(_BLIND, "zh", "", "看不到|无法看到|無法看到|看不見 这张|这个|這張|該? 图|圖"),
    LeakPhrase(
        _BLIND,
        "zh",
        "",
        "无法|不能|没法|無法|沒法 直接? 查看|看到|看见|访问|看見|訪問 "
        "这张|该|原|這張|該? 图片|图像|圖片|圖像",
    ),
    LeakPhrase(_REVISION, "zh", "", "修改|修订|改写|修訂|改寫 后|後 的 推理|思考|版本"),
)
"""One phrase a line; the longest that fits is the one that is reported."""

HARMLESS_PHRASES: tuple[str, ...] = (
    f"the|this correct|right|final? {_GIVEN} answer choice|choices|option|options|format",
    f"the|this {_GIVEN} solution set|sets|choice|choices|option|options",
    "the|this caption is? at|below|under|underneath|above|on the|it",
    f"the|correct? answer|solution is|was? given|provided|stated as a|an|the? {_QUANTITY}",
    "the|correct? answer|solution is|was? given|provided to one|two|three|the|1|2|3",
    "the|correct? answer|solution is|was provided|given by option|choice",
    f"answer is|was supposed|meant|said|known to be a|an|the? {_QUANTITY}",
    "answer is|was supposed|meant|said|known to be in|rounded|given|expressed|written|less|greater",
    "problem|question says|states the correct|final? answer is|was to|in|rounded|expressed|given",
    "product|item|job|course|event|problem|service|role|word|dish|plant|animal description",
    "题目|题干|问题|选项|題目|題幹|問題|選項 的? 描述 中|里|说|提到|显示|指出|裡|說|顯示?",
    "用|以 文字|图像|图片|文本|圖像|圖片 来|來? 描述",
    "给定|给出|提供|标准|参考|給定|給出|標準|參考 的? 答案 选项|選項",
    "题目|题中|题|題目|題中 给|所给|提供|给出|給|所給|給出 的? 答案 选项|選項",
)
"""Phrases that hold a leak's words and are none: the longest that fits wins, leak or not."""
