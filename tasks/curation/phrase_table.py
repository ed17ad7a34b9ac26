"""What is said instead of each mention of a description: the table of phrase replacement.

Vision-R1 replaces words in its thoughts by a list that was never published; its released rows
("The image displays displays", "tangentstouching") tell that it was applied word by word, without
boundaries. These entries are whole phrases of ours, with the grammar of what they replace. Words
are written as `tasks.curation.phrase_index` reads them; the case of the first letter is kept.
"""

NOUN = "description|caption"
"""What the reasoner was given in place of the image."""
OF_IMAGE = "image|picture|figure|visual|detailed|given|provided|textual|text"

REPLACEMENTS: tuple[tuple[str, str], ...] = (
    # The verbs of saying go with their noun: an image shows.
    (
        f"the|this|that {OF_IMAGE}? {NOUN} says|states|mentions|indicates|tells|specifies|notes",
        "the image shows",
    ),
    (
        f"the|this|that {OF_IMAGE}? {NOUN} also says|states|mentions|indicates|specifies|notes",
        "the image also shows",
    ),
    (
        f"the|this|that {OF_IMAGE}? {NOUN} said|stated|mentioned|indicated|told|specified|noted",
        "the image showed",
    ),
    (
        f"the|this|that {OF_IMAGE}? {NOUN} does not say|state|mention|indicate|specify",
        "the image does not show",
    ),
    (
        f"the|this|that {OF_IMAGE}? {NOUN} doesn't say|state|mention|indicate|specify",
        "the image doesn't show",
    ),
    (
        f"does the {OF_IMAGE}? {NOUN} say|state|mention|indicate|specify",
        "does the image show",
    ),
    (f"the|this|that {OF_IMAGE}? {NOUN}", "the image"),
    (f"the|this {NOUN} of the|this image|picture|figure", "the image"),
    (f"a|an {OF_IMAGE}? {NOUN} of the|an image|picture|figure", "an image"),
    (f"image|picture {NOUN}", "image"),
    (f"as described in the|this {OF_IMAGE}? {NOUN}", "as shown in the image"),
    (f"as mentioned|stated|specified in the|this {OF_IMAGE}? {NOUN}", "as shown in the image"),
    (f"is mentioned|stated|specified in the|this {OF_IMAGE}? {NOUN}", "is shown in the image"),
    ("as described in the text", "as shown in the image"),
    ("the|this image|picture|figure|diagram mentions|states|says", "the image shows"),
    ("the|this image|picture|figure|diagram mentioned|stated|said", "the image showed"),
    ("the|this image|picture|figure|diagram is described as", "the image is"),
)
"""(phrase, what stands in its place), any order: the longest phrase that fits is taken."""

SHOWING = frozenset(
    f"{stem}{ending}"
    for stem in ("show", "display", "depict", "mention", "indicate", "state")
    for ending in ("s", "ed", "d", "")
) | {"says", "said"}
"""Verbs of which no two follow each other: "depicts shows"."""
