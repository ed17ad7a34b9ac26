import pytest

from tasks.curation.protection import find_protected, is_protected, mask_protected
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('the "the" the', "the | the"),
        ("`a` and $b$ and \\(c\\)", "| and | and |"),
        ("It costs $5 and $6; it's John's", "It costs $5 and $6; it's John's"),
        ('6" by 5"', '6" by 5"'),
        ("an open ` mark", "an open ` mark"),
        ("", ""),
    ],
)
def test_quotes_code_and_mathematics_are_masked(text, masked):
    assert mask_protected(text) == masked


def test_a_span_protects_all_that_overlaps_it():
    spans = find_protected('a "bc" d')
    assert spans == [(2, 6)]
    assert [is_protected(spans, *place) for place in ((0, 2), (1, 3), (3, 4), (5, 8), (6, 8))] == [
        False, True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(mask_protected, HOSTILE_TEXTS[name])
