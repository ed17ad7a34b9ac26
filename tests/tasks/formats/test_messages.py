"""What a model is told is the remedy that helps, and no language is read longer than it is told."""

from collections.abc import Iterator

import pytest

from tasks.formats import MAX_PROBLEMS, validate
from tasks.formats.plantuml_diagram import UML, check_uml

EMPTY = "Remove this empty line; a table is one block of rows."
TOLD = [
    ("csv", "\na,b\n1,2", EMPTY),
    ("csv", "a,b\n\n1,2", EMPTY),
    ("mixed", "=== csv ===\n\na,b\n1,2\n=== caption ===\nA cup is here.", f"In csv: {EMPTY}"),
    ("json", '[{"a":1},{"b":2}]', "This row lacks the key 'a' of the rows above; write null."),
    (
        "json",
        '[{"a":1},{"a":2,"b":3}]',
        "The key 'b' is not in the rows above; use theirs.",
    ),
    (
        "geometry",
        "Triangle(A,B,C)\nLength(AB)=Length(AC)",
        "'Length' in the value is no number, letter or unit; name a length by its points, such as"
        " AB.",
    ),
    (
        "geometry",
        "Triangle(A,B,C)\nLength(AB)=Sqrt(3)",
        "'Sqrt' in the value is no number, letter or unit; write sqrt.",
    ),
    ("geometry", "Segment(AB)\nSegment(BA)", "This repeats line 1; remove it."),
    (
        "geometry",
        "Triangle(A,B,C)\nMidpoint(A,AB)",
        "A in Midpoint is an end or a corner of AB; name another point.",
    ),
    (
        "chart_spec",
        '{"data":{"values":[{"a":1}]},"mark":"bar","encoding":{}}',
        'The chart shows no column; name them under "encoding".',
    ),
    (
        "chart_spec",
        '{"data":{"values":[{"a":1}]},"mark":"bar","encoding":{"x":{"field":"a"}},'
        '"transform":[{"calculate":"now()","as":"b"}]}',
        "Remove the key 'transform'; write the values as they stand.",
    ),
    (
        "latex",
        "\\[ $x$ \\]",
        "'$' stands in the formula of line 1; remove it, or write \\$ for the",
    ),
    ("latex", "\\genfrac{a}{b}", "End of input while parsing arguments of macro"),
]


@pytest.mark.parametrize(("format", "text", "message"), TOLD)
def test_the_remedy_is_told(format, text, message):
    assert validate(format, text)[0].message[: len(message)] == message


class Counted(list[tuple[int, str]]):
    """Lines that know how many of them were read."""

    num_read = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        for line in super().__iter__():
            self.num_read += 1
            yield line


def test_lines_that_no_language_knows_are_read_until_enough_is_wrong():
    lines = Counted((number, "x x x") for number in range(1, 5000))
    assert len(list(check_uml(lines, 1))) == MAX_PROBLEMS
    assert lines.num_read <= len(UML) * (MAX_PROBLEMS + 1)


def test_a_language_that_fits_is_read_to_its_end():
    lines = Counted((number, "A -> B : hi") for number in range(1, 5000))
    assert list(check_uml(lines, 1)) == []
    assert lines.num_read == 4999
