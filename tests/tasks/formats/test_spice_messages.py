"""What a model is told about values and models of a netlist, so that it can mend them."""

import pytest

from tasks.formats import validate

TOLD = [
    ("R1 1 0 10 k", "Write 10k without a space in 'r1'."),
    ("R1 1 0 10 kohm", "Write 10kohm without a space in 'r1'."),
    ("C1 1 0 10 uF", "Write 10uF without a space in 'c1'."),
    ("V2 1 0 12 V", "Write 12V without a space in 'v2'."),
    ("I1 1 0 2 mA", "Write 2mA without a space in 'i1'."),
    ("R1 1 0 4,7k", "Write a decimal point, no comma, in 'r1'."),
    ("R1 1 0 1k 2k 3k", "'2k' follows the value '1k' of 'r1'; write one value, such as 10k, and "),
    ("M1 1 0 2 3 NMOS", "There is no model 'NMOS' for 'm1'; add a line .model NMOS NMOS."),
    ("M1 1 0 2 3 X W=1u", "There is no model 'X' for 'm1'; add a line .model X NMOS."),
    ("M1 1 0 2 PMOS", "There is no model 'PMOS' for 'm1'; add a line .model PMOS PMOS."),
    ("Q1 1 2 0 BC547", "There is no model 'BC547' for 'q1'; add a line .model BC547 NPN."),
    ("Q1 1 2 0 BC547 2", "There is no model 'BC547' for 'q1'; add a line .model BC547 NPN."),
    ("Q1 1 2 0 4 BC557", "There is no model 'BC557' for 'q1'; add a line .model BC557 NPN."),
    ("D1 1 0 LED", "There is no model 'LED' for 'd1'; add a line .model LED D."),
    ("D1 1 0 LED off", "There is no model 'LED' for 'd1'; add a line .model LED D."),
]


@pytest.mark.parametrize(("line", "message"), TOLD)
def test_the_remedy_is_the_one_that_helps(line, message):
    problem = validate("spice", f"V1 1 0 5\n{line}\nR9 1 0 1k")[0]
    assert (problem.line, problem.message[: len(message)]) == (2, message)


@pytest.mark.parametrize("line", [line for line, told in TOLD if "without a space" in told])
def test_a_value_that_is_joined_as_told_is_valid(line):
    *head, number, unit = line.split()
    assert validate("spice", f"V1 1 0 5\n{' '.join([*head, number + unit])}\nR9 1 0 1k") == []
