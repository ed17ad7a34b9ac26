r"""Words that lead to a conclusion, and words that make it none: the tables of `conclusions`.

English and Chinese, simplified and traditional. Matched in one sentence, on both sides of the
answer, in text whose full-width signs and quotes are folded.
"""

import re

_OPENER = r"(?<!okay )(?<!okay, )(?<!ok, )(?<!alright, )(?<!hmm, )"
"""What makes of `so` the opening of a thought rather than an inference."""

STATING = re.compile(
    r"=|\u2248|:|\\boxed\{"
    r"|\b(?:is|was|be|equals?|gives?|gets?|makes?|leaves?|yields?|becomes?|totals?|costs?|answer"
    r"|thus|hence|therefore|(?:it|that|which|there|answer)'s"
    r"|(?:comes?|amounts?|adds? up|sums?|equal|equates|rounds?|simplifies|reduces) to)\b"
    rf"|{_OPENER}\bso\b"
    "|是|为|為|等于|等於|得|选|選|共|所以|因此",
    re.IGNORECASE,
)
"""Words and signs that the answer follows at once, but for fillers."""

FILLERS = frozenset({
    "exactly", "about", "approximately", "around", "roughly", "just", "simply", "only", "indeed",
    "then", "therefore", "thus", "also", "still", "actually", "definitely", "clearly", "equal",
    "equals", "to", "the", "an", "a", "option", "choice", "answer", "letter", "correct", "final",
    "right", "boxed", "text", "textbf", "mathrm", "mathbf", "be", "is", "must", "should", "it",
    "到", "出", "项", "項", "选", "選", "是", "为", "為", "应", "應", "该", "該", "答", "案",
})  # fmt: skip
"""Words that may stand between the two."""

INFERRING = re.compile(
    rf"{_OPENER}\bso\b|\b(?:thus|hence|therefore|answer|conclude|altogether|total|in all)\b"
    "|所以|因此|答案|总共|總共|一共",
    re.IGNORECASE,
)
"""Words from which a few others may lead to the answer."""

FINAL = re.compile(r"\banswer\b|\\boxed\{|答案", re.IGNORECASE)
"""Conclusions so plain that a remark may follow: "the answer is 10. That makes sense."."""

DENIAL = re.compile(
    r"\b(?:not|never|neither|nor|cannot|no|without|wrong|incorrect|instead|except|excluding"
    r"|(?:rather|other) than)\b|n't\b|[不没沒非未无無错錯]",
    re.IGNORECASE,
)
"""Between cue and answer, or after it: the contrary is said."""

DOUBT = re.compile(
    r"\b(?:could|might|maybe|perhaps|possibl[ey]|probably|seems?|seemed|if|whether|suppos\w+"
    r"|assum\w+|guess\w*|unless|unsure|doubt\w*|consider\w*|either|asks?|asked|asking"
    r"|(?:options|choices|answers) are|let me (?!see)|let us (?!see)|let's (?!see)"
    r"|(?:i|we) (?:need|have|want|should|must) to)\b|\b(?-i:may)\b"
    "|可能|也许|也許|或许|或許|大概|如果|假如|假设|假設|若|是否|吗|嗎|呢|难道|難道|需要",
    re.IGNORECASE,
)
"""Anywhere in the sentence: a guess, a plan, a condition or a question."""

OBSERVING = re.compile(
    r"\b(?:given|(?<!let's )(?<!let me )(?<!let us )see|sees|saw|says?|said|shows?|shown|showing"
    r"|reads?|labell?ed|marked|lists?|listed|states?|stated|mentions?|mentioned|displays?|depicts?)\b"
    "|已知|给出|給出|看到|显示|顯示|标|標",
    re.IGNORECASE,
)
"""What the image or the problem gives, which is a premise unless something is inferred."""

SCENE = re.compile(
    r"\b(?:chart|figure|image|picture|diagram|graph|table|photo|problem|question|drawing|map)\b"
    "|图|圖|题|題|表",
    re.IGNORECASE,
)
"""A sentence about these describes, however it begins: "so the chart has 5 bars"."""

CLOSED_ANSWERS = frozenset({"yes", "no", "true", "false", "none"})
"""Answers that are also plain words of a sentence: they must end their clause."""
