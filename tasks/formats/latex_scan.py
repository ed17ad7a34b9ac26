r"""One pass over the tokens of LaTeX: names, scripts, `&`, and `\left` with `\right`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.formats.latex_names import (
    ALIGNED,
    DISPLAYED,
    ENVIRONMENTS,
    NEED_COLUMNS,
    REFUSED,
    TEXT_MACROS,
    get_known_macros,
)
from tasks.formats.problems import Problem, list_names, quote

MAX_DEPTH = 50
COMMON = ("align", "array", "cases", "equation", "gather", "matrix", "pmatrix", "tabular")
_TOKEN = re.compile(
    r"(?P<comment>%[^\n]*)"
    r"|(?P<begin>\\begin\s{0,3}\{[^{}\n]{0,40}\})|(?P<end>\\end\s{0,3}\{[^{}\n]{0,40}\})"
    r"|(?P<fence>\\(?:left|right)(?![A-Za-z]))"
    r"(?:\s{0,3}(?P<mark>\\[A-Za-z]+|\\.|[()\[\]|/.<>\u27e8\u27e9]))?"
    r"|(?P<macro>\\(?:[A-Za-z]+|.))|(?P<script>[\^_])|(?P<open>\{)|(?P<close>\})"
    r"|(?P<dollar>\$\$?)|(?P<amp>&)|(?P<blank>\s+)|(?P<other>.)"
)
_COLUMNS = re.compile(r"\s{0,20}(?:\[\s?[a-z]?\s?\]\s{0,20})?\{")
"""What follows the beginning of an environment that needs columns."""
FORMULAS = (DISPLAYED | ALIGNED | {"$", "$$", "\\(", "\\["}) - {"subequations", "tabular"}
"""What a formula or a part of one stands in, where no other formula may begin."""
_HAS_MARKS = re.compile(
    r"(?<!\\)\$|\\\(|\\\[|\\begin\{(?:" + "|".join(map(re.escape, sorted(DISPLAYED))) + r")\}"
)


@dataclass(slots=True)
class Level:
    """A group, an environment or a formula that is open."""

    opener: str
    is_math: bool
    line: int
    scripts: str = ""
    """Of the last symbol."""
    awaits_script: str = ""
    num_left: int = 0
    """`\\left`s without their `\\right`."""


class Scan:
    """One pass over the tokens of a text."""

    def __init__(self, text: str) -> None:
        self.text, self.end = text, len(text.rstrip())
        self.line = 1
        self.num_problems = 0
        self.is_broken = False
        """Braces or environments do not match; pylatexenc says where."""
        self.levels = [Level("", not _HAS_MARKS.search(text), 1)]
        self.is_text_next = False
        self.at = 0
        """Where the token that is read ends."""

    def run(self) -> Iterator[Problem]:
        """Yield what is wrong with names, scripts and delimiters."""
        for found in _TOKEN.finditer(self.text):
            kind, token = str(found.lastgroup), found.group()
            if kind == "mark":
                kind = "fence"
            self.at = found.end()
            for message in self._read(kind, token, bool(found["mark"])):
                self.num_problems += 1
                yield Problem(self.line, message)
            if self.is_broken or len(self.levels) > MAX_DEPTH:
                break
            self.line += token.count("\n")
        if len(self.levels) > MAX_DEPTH:
            self.num_problems += 1
            yield Problem(self.line, f"Groups are nested more than {MAX_DEPTH} deep.")
        for level in self.levels if not self.is_broken else ():
            yield from self._check_end(level)

    def _check_end(self, level: Level) -> Iterator[Problem]:
        """Yield what a level still waits for when it ends."""
        for message in self._list_ends(level):
            self.num_problems += 1
            yield Problem(self.line, message)

    def _list_ends(self, level: Level) -> Iterator[str]:
        if level.num_left:
            yield "\\left has no \\right; write \\right. if no bracket is shown."
        if level.awaits_script:
            yield f"Nothing follows {quote(level.awaits_script)}; write what is raised or lowered."

    def _read(self, kind: str, token: str, has_mark: bool) -> Iterator[str]:
        """Take in one token."""
        level = self.levels[-1]
        if kind in ("comment", "blank"):
            return
        is_text, self.is_text_next = self.is_text_next, False
        if kind == "script":
            yield from self._read_script(level, token)
        elif kind == "open":
            self._count_symbol(level)
            self._push("{", level.is_math and not is_text)
        elif kind == "close":
            yield from self._pop("{")
        elif kind == "dollar":
            yield from self._toggle(token)
        elif kind == "amp" and not any(each.opener in ALIGNED for each in self.levels):
            yield "Write \\& for the sign; & parts columns in align, cases or a matrix only."
        else:
            yield from self._read_name(kind, token, has_mark)

    def _read_name(self, kind: str, token: str, has_mark: bool) -> Iterator[str]:
        """Take in an environment, a delimiter, a macro or a symbol."""
        level = self.levels[-1]
        if kind == "begin":
            yield from self._begin(token.partition("{")[2][:-1])
        elif kind == "end":
            yield from self._pop(token.partition("{")[2][:-1])
        elif kind == "fence":
            yield from self._read_fence(level, token, has_mark)
        elif kind == "macro":
            yield from self._read_macro(level, token[1:])
        else:
            self._count_symbol(level)
            if token == "#":
                yield "Write \\# for the sign #."
            elif token == "\\" and self.at == self.end:
                yield "A backslash ends the text; write the macro whole, or remove it."

    def _count_symbol(self, level: Level) -> None:
        """A symbol is the script that is waited for, or a new base."""
        if not level.awaits_script:
            level.scripts = ""
        level.awaits_script = ""

    def _read_script(self, level: Level, token: str) -> Iterator[str]:
        if not level.is_math and all(each.opener not in ("{",) for each in self.levels):
            yield f"{quote(token)} stands outside of a formula; put the formula into $...$."
        elif level.awaits_script:
            before = quote(level.awaits_script)
            yield f"{quote(token)} follows {before}; put braces around a script."
        elif token in level.scripts:
            yield f"One symbol has two {quote(token)}; put braces around, as in {{x^2}}^3."
        level.awaits_script = token
        level.scripts += token

    def _read_fence(self, level: Level, token: str, has_mark: bool) -> Iterator[str]:
        self._count_symbol(level)
        name = token[:6].rstrip("(").split()[0]
        if not has_mark:
            yield f"{quote(name)} must be followed by a bracket or a point."
        if token.startswith("\\left"):
            level.num_left += 1
        elif level.num_left:
            level.num_left -= 1
        else:
            yield "\\right has no \\left in the same group; write \\left. if no bracket is shown."

    def _read_macro(self, level: Level, name: str) -> Iterator[str]:
        if name in ("(", "["):
            yield from self._begin_formula("\\" + name)
            return
        if name in (")", "]"):
            yield from self._pop("\\" + ("(" if name == ")" else "["))
            return
        self._count_symbol(level)
        self.is_text_next = name in TEXT_MACROS
        if name in REFUSED:
            yield f"Remove \\{name}: it {REFUSED[name]}."
        elif name.isalpha() and name not in get_known_macros():
            yield f"There is no macro {quote(chr(92) + name)}; write it with known ones."

    def _begin(self, name: str) -> Iterator[str]:
        if name == "document":
            yield "Remove the document around the formulas."
        elif name not in ENVIRONMENTS:
            yield f"The environment {quote(name)} is not known here; use {list_names(COMMON)}."
        elif name in NEED_COLUMNS and not _COLUMNS.match(self.text, self.at):
            yield f"Give {quote(name)} its columns in braces, such as {NEED_COLUMNS[name]}."
        self._count_symbol(self.levels[-1])
        self._push(name, name in DISPLAYED or self.levels[-1].is_math)

    def _push(self, opener: str, is_math: bool) -> None:
        self.levels.append(Level(opener, is_math, self.line))

    def _pop(self, opener: str) -> Iterator[str]:
        level = self.levels[-1]
        if len(self.levels) == 1 or level.opener != opener:
            self.is_broken = True
            return
        yield from self._list_ends(level)
        self.levels.pop()

    def _toggle(self, token: str) -> Iterator[str]:
        """Begin or end a formula at a dollar."""
        if self.levels[-1].opener == token:
            yield from self._pop(token)
        elif self.levels[-1].opener == "$":  # In $a$$b$ the two end one formula and begin another.
            yield from self._pop("$")
            self._push("$", True)
        else:
            yield from self._begin_formula(token)

    def _begin_formula(self, opener: str) -> Iterator[str]:
        level = self.levels[-1]
        if level.is_math and level.opener in FORMULAS:
            yield (
                f"{quote(opener)} stands in the formula of line {level.line}; remove it, "
                "or write \\$ for the sign $."
            )
        self._push(opener, True)
