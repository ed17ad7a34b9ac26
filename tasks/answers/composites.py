"""Rules for answers of several parts: tuples, lists, sets, matrices, intervals, lists of words.

A check comes in; (is_correct, rule) goes out. Parts are compared as numbers where both are, else
as mathematics, else as words; a part that nobody can tell leaves the whole open.
"""

from collections.abc import Sequence
from functools import partial

from tasks.answers.equations import is_unsolved
from tasks.answers.intervals import parse_region, regions_match
from tasks.answers.judgement import Check, Judgement, list_tails
from tasks.answers.kinds import AnswerType
from tasks.answers.mathematics import (
    NEEDS_ALGEBRA,
    has_bound,
    has_prose,
    has_relation,
    is_comparable,
    settle,
)
from tasks.answers.matrices import list_vector, parse_matrix
from tasks.answers.normalization import normalize, to_key
from tasks.answers.number_words import write_digits
from tasks.answers.point_names import drop_point_name, is_misordered, sort_named
from tasks.answers.quantities import parse_quantity, quantities_match
from tasks.answers.sentences import HEDGE_WORD
from tasks.answers.sequences import Parts, match_parts, split_name, split_parts, strip_brackets

MAX_DEPTH = 3


def judge_sequence(check: Check) -> Judgement:
    """Compare a tuple, list or set, given alone or after a verb or `=`."""
    is_whole = "=" in check.text and _is_assignment(check.text)
    tails = [] if is_whole else list_tails(check.text, HEDGE_WORD)
    verdicts = [_match_sequence(check, check.wanted, part) for part in (check.text, *tails)]
    return _choose(verdicts, check.gold.answer_type.value)


def _is_assignment(text: str) -> bool:
    """Tell `y = 1, x = 2` and `(y, x) = (1, 2)`, of which no part stands without its name."""
    names = _list_names(split_parts(text))
    return (len(names) > 1 and all(names)) or is_misordered(text)


def judge_matrix(check: Check) -> Judgement:
    """Compare rows; a vector may be written as a tuple."""
    gold = parse_matrix(check.wanted)
    verdicts = [
        _match_matrix(check, gold, normalize(part)) if gold else None
        for part in (check.text, *list_tails(check.text, HEDGE_WORD))
    ]
    return _choose(verdicts, "matrix")


def judge_interval(check: Check) -> Judgement:
    """Compare unions of intervals, written as such or as inequalities."""
    gold = parse_region(check.wanted)
    for part in (check.text, *list_tails(check.text, HEDGE_WORD)):
        answer = parse_region(part)
        if gold is not None and answer is not None:
            return _choose([regions_match(gold, answer, partial(match_values, check))], "interval")
    if has_bound(check.text) and not has_prose(check.text):
        return settle(check.wanted, check.text, check.policy, check.compare)
    return False, "interval"


def judge_words(check: Check) -> Judgement:
    """Compare words between commas, `and` before the last one."""
    is_ordered = check.policy.ordered_lists
    gold = split_parts(check.wanted)
    verdicts = [
        match_parts(gold, split_parts(part), _words_match, is_ordered=is_ordered)
        for part in (check.text, *list_tails(check.text))
        if " or " not in part.lower()
    ]
    return True in verdicts, "words"


def match_values(check: Check, gold: str, answer: str, depth: int = 0) -> bool | None:
    """Match one part with another: as numbers, in brackets, as mathematics, as words."""
    if gold == answer:
        return True
    left, right = parse_quantity(write_digits(gold)), parse_quantity(write_digits(answer))
    if left is not None and right is not None:
        return quantities_match(left, right, check.policy)
    if _has_parts(gold) or _has_parts(answer):
        is_deep = depth >= MAX_DEPTH or not (_has_parts(gold) and _has_parts(answer))
        return False if is_deep else _match_sequence(check, gold, answer, depth + 1)
    if is_unsolved(gold) + is_unsolved(answer) == 1 and has_relation(gold) != has_relation(answer):
        return False
    if is_comparable(gold, answer):
        return settle(gold, answer, check.policy, check.compare)[0]
    return _words_match(gold, answer)


def _has_parts(text: str) -> bool:
    """Tell a point or a set from brackets that only group."""
    bracket, inside = strip_brackets(text)
    return bracket != "" and len(split_parts(inside)) > 1


def _words_match(gold: str, answer: str) -> bool:
    if len(gold) == len(answer) == 1:
        return gold == answer
    return to_key(write_digits(gold)) == to_key(write_digits(answer))


def _match_sequence(check: Check, wanted: str, text: str, depth: int = 0) -> bool | None:
    wanted, text = drop_point_name(wanted), drop_point_name(text)
    name, value = split_name(text)
    text = value if name and strip_brackets(value)[0] else text
    gold_bracket, gold_inside = strip_brackets(wanted)
    bracket, inside = strip_brackets(text)
    if gold_bracket and bracket and (bracket, text[-1]) != (gold_bracket, wanted[-1]):
        return False
    gold, answer = split_parts(gold_inside), split_parts(inside)
    is_set = gold_bracket == "{" or (depth == 0 and check.gold.answer_type is AnswerType.SET)
    names, given = _list_names(gold), _list_names(answer)
    if all(given) and not is_set and not any(names):
        answer = sort_named(answer)
    if " or " in inside.lower() and not is_set and not all(given):
        return False
    if len(gold) == 2 and gold_bracket in ("(", "[") and len(answer) != 2:
        return _match_region(check, wanted, text)
    is_named = len(set(names)) > 1 and all(names)
    match = partial(_match_named, check, depth)
    is_ordered = not (is_set or _is_free_list(check, gold_bracket))
    return match_parts(
        gold, answer, match, is_ordered=(is_ordered or is_named) and not (is_named and all(given))
    )


def _is_free_list(check: Check, bracket: str) -> bool:
    return not bracket and not check.policy.ordered_lists


def _match_named(check: Check, depth: int, gold: str, answer: str) -> bool | None:
    """Match two parts that may each have a name: `x = 5` and `5`, never `x = 5` and `y = 5`."""
    (left, wanted), (right, value) = split_name(gold), split_name(answer)
    if left and right and left != right:
        return False
    return match_values(check, wanted, value, depth)


def _match_region(check: Check, wanted: str, text: str) -> bool | None:
    """Match `(1, 2)` with `1 < x < 2`: the brackets may have meant the open interval."""
    gold, answer = parse_region(wanted), parse_region(text)
    if gold is None or answer is None or not answer.is_certain:
        return False
    return regions_match(gold, answer, partial(match_values, check))


def _match_matrix(check: Check, gold: tuple[Parts, ...], text: str) -> bool | None:
    _, value = split_name(text)
    answer, vector = parse_matrix(value), list_vector(gold)
    match = partial(match_values, check)
    if vector is not None:
        entries = list_vector(answer) if answer else split_parts(strip_brackets(value)[1])
        return match_parts(vector, entries, match, is_ordered=True) if entries else False
    if answer is None or len(answer) != len(gold):
        return False
    cells = [cell for row in gold for cell in row], [cell for row in answer for cell in row]
    is_same_shape = len(answer[0]) == len(gold[0])
    return is_same_shape and match_parts(*cells, match, is_ordered=True)


def _list_names(parts: Sequence[str]) -> list[str | None]:
    return [split_name(part)[0] for part in parts]


def _choose(verdicts: Sequence[bool | None], rule: str) -> Judgement:
    """Take the reading that fits; where none does but one is open, nobody can tell."""
    if True in verdicts:
        return True, rule
    return (None, NEEDS_ALGEBRA) if None in verdicts else (False, rule)
