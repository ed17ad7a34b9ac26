"""Diagrams that are written in lines: rules that say which lines there are, and which blocks.

A rule is tried on the whole line, without the spaces around it; the first that fits counts. A rule
may open a block, end one, or say what is wrong with a line that is a known mistake.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasks.formats.problems import Problem, quote

MAX_LINE_CHARS = 2_000
MAX_BLOCKS_DEEP = 40
Line = tuple[int, str]
"""(number from 1, text without the spaces around it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of line."""

    pattern: re.Pattern[str]
    opens: str = ""
    """Name of the block that the line begins."""
    closes: tuple[str, ...] = ()
    """Names of the blocks that the line may end."""
    within: tuple[str, ...] = ()
    """Names of the blocks that the line must stand in, as `else` stands in `alt`."""
    is_content: bool = True
    """The line shows something; a title or a style alone makes no diagram."""
    problem: str = ""
    """What is wrong with every such line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The lines of one kind of diagram."""

    rules: tuple[Rule, ...]
    bodies: dict[str, tuple[Rule, ...]]
    """Rules inside of blocks that have their own; other blocks have those around them."""
    ends: dict[str, str]
    """Block to how its end is written."""
    hint: str
    """What a line may look like, for messages."""


def make_rule(
    pattern: str,
    *,
    opens: str = "",
    closes: tuple[str, ...] = (),
    within: tuple[str, ...] = (),
    is_content: bool = True,
    problem: str = "",
) -> Rule:
    """Make a rule of a pattern; case does not matter."""
    return Rule(
        pattern=re.compile(pattern, re.IGNORECASE),
        opens=opens,
        closes=closes,
        within=within,
        is_content=is_content,
        problem=problem,
    )


def check_lines(lines: Iterable[Line], language: Language, first_line: int) -> Iterator[Problem]:
    """Yield lines that no rule fits, blocks that do not match, and a diagram without content."""
    blocks: list[tuple[str, int]] = []
    has_content = has_problem = has_mismatch = False
    for number, text in lines:
        rule = _find_rule(text, _pick_rules(blocks, language))
        if not rule:
            has_problem = True
            yield Problem(number, f"{quote(text)} is no such line here; {language.hint}.")
            continue
        has_content = has_content or rule.is_content
        if message := _apply(rule, text, blocks, number):
            has_problem = True
            has_mismatch = has_mismatch or bool(rule.closes)
            yield Problem(number, message)
        if len(blocks) > MAX_BLOCKS_DEEP:
            yield Problem(number, f"Blocks are nested more than {MAX_BLOCKS_DEEP} deep.")
            return
    # An end that fits no block leaves one open, which is no second mistake.
    for name, number in () if has_mismatch else blocks:
        has_problem = True
        end = language.ends[name]
        yield Problem(number, f"The block {quote(name)} is never ended; write {end}.")
    if not has_content and not has_problem:
        yield Problem(first_line, f"The diagram is empty; {language.hint}.")


def _pick_rules(blocks: Sequence[tuple[str, int]], language: Language) -> tuple[Rule, ...]:
    for name, _ in reversed(blocks):
        if name in language.bodies:
            return language.bodies[name]
    return language.rules


def _find_rule(text: str, rules: tuple[Rule, ...]) -> Rule | None:
    if len(text) > MAX_LINE_CHARS:
        return None
    return next((rule for rule in rules if rule.pattern.fullmatch(text)), None)


def _apply(rule: Rule, text: str, blocks: list[tuple[str, int]], number: int) -> str | None:
    """Open and end blocks; return what is wrong."""
    inner = blocks[-1][0] if blocks else ""
    if rule.problem:
        return rule.problem
    if rule.within and inner not in rule.within:
        return f"{quote(text)} belongs in {' or '.join(map(quote, rule.within))}."
    if rule.closes:
        if inner not in rule.closes:
            open_block = f"{quote(inner)} of line {blocks[-1][1]}" if blocks else "nothing"
            return f"{quote(text)} ends no block that is open here; open is {open_block}."
        blocks.pop()
    if rule.opens:
        blocks.append((rule.opens, number))
    return None
