import pytest

from schemas.tables import GRPO, SFT, TABLES


@pytest.mark.parametrize("table", TABLES)
def test_every_column_says_what_it_is(table):
    for field in TABLES[table]:
        assert len(field.metadata[b"doc"]) > 5, field.name


def test_training_tables_have_the_columns_that_trl_takes():
    assert {"prompt", "completion"} <= set(SFT.names)
    assert {"prompt", "solution"} <= set(GRPO.names)
    for schema in (SFT, GRPO):
        message = schema.field("prompt").type.value_type
        assert [field.name for field in message] == ["role", "content"]


@pytest.mark.parametrize("table", TABLES)
def test_no_column_can_hold_a_pickle_or_an_extension_type(table):
    for field in TABLES[table]:
        assert "extension" not in str(field.type)
