"""What a gold answer can be, and the record that a check starts from."""

from dataclasses import dataclass
from enum import StrEnum

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
YES_NO = {"yes": True, "no": False, "true": True, "false": False}


class AnswerType(StrEnum):
    """What a gold answer is."""

    CHOICE = "choice"
    """A letter, or the text of one of the options."""
    YES_NO = "yes_no"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FRACTION = "fraction"
    MIXED_NUMBER = "mixed_number"
    PERCENT = "percent"
    MONEY = "money"
    QUANTITY = "quantity"
    """A number with a unit of measure."""
    NUMBER_WORD = "number_word"
    EXPRESSION = "expression"
    """Mathematics that is not one number."""
    EQUATION = "equation"
    """Two sides around `=`, or another relation that is no interval."""
    TUPLE = "tuple"
    """Parts in brackets, in order: a point, a vector, an open or closed interval."""
    LIST = "list"
    """Numbers, expressions or points between commas without brackets, in order."""
    SET = "set"
    """Parts in any order: in braces, `x = 2 or x = 3`, or the two values of a plus-minus."""
    INTERVAL = "interval"
    """Ends that are open or closed: with infinity, a union, an inequality, or `[0, 5)`."""
    RANGE = "range"
    """Two ends: `1990-2000`, `5 to 7`."""
    RATIO = "ratio"
    MATRIX = "matrix"
    """Rows in brackets; one row or one column is a vector, which is also a tuple."""
    DATE = "date"
    TIME = "time"
    WORDS = "words"
    """Words between commas, in order."""
    TEXT = "text"


NUMERIC_TYPES = frozenset(
    {
        AnswerType.INTEGER,
        AnswerType.DECIMAL,
        AnswerType.FRACTION,
        AnswerType.MIXED_NUMBER,
        AnswerType.PERCENT,
        AnswerType.MONEY,
        AnswerType.QUANTITY,
        AnswerType.NUMBER_WORD,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """A reference answer, ready to be checked against; make it with `type_gold`, once a problem."""

    answer: str
    """As the source gives it."""
    answer_type: AnswerType
    options: tuple[str, ...] | None = None
    unit: str | None = None
    """Where the source gives it apart from the answer."""
