"""What is said instead of each mention of a description: the table of phrase replacement.

Vision-R1 replaces words in its thoughts by a list that was never published; its released rows
("The image displays displays", "tangentstouching") tell that it was applied word by word, without
boundaries. These entries are whole phrases of ours, with the grammar of what they replace, in
English and in Chinese. Words are written as `tasks.curation.phrase_index` reads them; the case of
the first letter is kept. A caption may be seen in an image: only what it says is replaced.
"""

NOUN = "description|caption"
"""What the reasoner was given in place of the image."""
PICTURE = "image|picture|figure|diagram"
OF_IMAGE = f"{PICTURE}|visual|textual|text"

_GIVEN = f"detailed|given|provided? {OF_IMAGE}?"
_NOUN_OF_IMAGE = f"the|this {OF_IMAGE}? {NOUN}"
_SAYS = "says|states|mentions|indicates|tells|specifies|notes"
_SAID = "said|stated|mentioned|indicated|told|specified|noted"
_SAY = "say|state|mention|indicate|specify"

_ENGLISH: tuple[tuple[str, str], ...] = (
    # The verbs of saying go with their noun: an image shows.
    (f"the|this {_GIVEN} {NOUN} {_SAYS}", "the image shows"),
    (f"the|this {_GIVEN} {NOUN} {_SAID}", "the image showed"),
    (f"that {NOUN} {_SAYS}", "the image shows"),
    (f"the {OF_IMAGE}? description {_SAYS} that the image|picture|figure shows", "the image shows"),
    (f"{_NOUN_OF_IMAGE} also {_SAYS}", "the image also shows"),
    (f"{_NOUN_OF_IMAGE} clearly|explicitly {_SAYS}", "the image clearly shows"),
    (f"{_NOUN_OF_IMAGE} does not explicitly? {_SAY}", "the image does not show"),
    (f"{_NOUN_OF_IMAGE} doesn't explicitly? {_SAY}", "the image doesn't show"),
    (f"does the {OF_IMAGE}? {NOUN} {_SAY}", "does the image show"),
    (f"the|this image|detailed? {NOUN} of the|this {PICTURE} {_SAYS}", "the image shows"),
    (f"the|this image's|picture's|figure's|diagram's {NOUN} {_SAYS}", "the image shows"),
    # A caption that is none of these may be seen in the image.
    (f"according to the|this {_GIVEN} {NOUN}", "according to the image"),
    (f"based on the|this {_GIVEN} {NOUN}", "based on the image"),
    (f"as described|mentioned|stated|specified in {_NOUN_OF_IMAGE}", "as shown in the image"),
    (f"is mentioned|stated|specified in {_NOUN_OF_IMAGE}", "is shown in the image"),
    (f"the|this {_GIVEN} description", "the image"),
    (f"the|this {OF_IMAGE}|detailed? description of the|this {PICTURE}", "the image"),
    ("the|this image's|picture's|figure's|diagram's description", "the image"),
    (f"a|an {OF_IMAGE}|detailed? description of the|an image|picture|figure", "an image"),
    ("a|an image|picture description", "an image"),
    ("image|picture description", "image"),
    ("as described in the text", "as shown in the image"),
    (f"the|this {PICTURE} mentions|states|says", "the image shows"),
    (f"the|this {PICTURE} mentioned|stated|said", "the image showed"),
    (f"the|this {PICTURE} is described as", "the image is"),
)

_DESCRIBED_ZH = "图片|图像|图形|图? 的? 描述"
_SIMPLIFIED: tuple[tuple[str, str], ...] = (
    (f"根据|按照|依据|从 该? {_DESCRIBED_ZH} 来看?", "从图中看"),
    (f"根据|按照|依据|从|由 该? {_DESCRIBED_ZH} 中? 可知|得知", "从图中可知"),
    (f"根据|从 该? {_DESCRIBED_ZH} 中? 可以 看出|知道", "从图中可以看出"),
    (f"在|该? {_DESCRIBED_ZH} 中? 说|提到|指出|显示|表明|写道|给出", "图中显示"),
    (f"在 该? {_DESCRIBED_ZH} 中|里", "在图中"),
    ("图片|图像|图形 的 描述", "图片"),
)
_TRADITIONAL = str.maketrans("图据从说显该给写来里", "圖據從說顯該給寫來裡")

REPLACEMENTS: tuple[tuple[str, str], ...] = (
    *_ENGLISH,
    *_SIMPLIFIED,
    *((old.translate(_TRADITIONAL), new.translate(_TRADITIONAL)) for old, new in _SIMPLIFIED),
)
"""(phrase, what stands in its place), any order: the longest phrase that fits is taken."""

SUBJECTS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"description", "descriptions"}), "description"),
    (frozenset({"caption", "captions"}), "caption"),
    (frozenset({"text", "passage"}), "text"),
    (frozenset({"描述"}), "描述"),
)
