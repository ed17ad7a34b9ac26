"""SPICE: a circuit as a netlist.

    * divider
    V1 in 0 12
    R1 in out 10k
    R2 out 0 {R}
    .probe V(out)

One element a line: a name whose first letter says what it is, its nodes, its value. Node 0 (or
gnd) is ground. `*` begins a comment, `+` goes on with the line above, case does not matter, and
the first line is a title if it is no element. Unknown or symbolic values stand in braces. An open
terminal of the drawing, on one element only, is named by `.probe V(node)`. No other file is read
and no program run: `.include`, `.lib` and `.control` are refused.

Source: ngspice manual, chapter 2 and following; elements are in `spice_elements`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from tasks.formats.problems import Problem, quote
from tasks.formats.spice_elements import MODEL_TYPES, Definitions, Element, read_element
from tasks.formats.spice_values import is_expression

GROUND = frozenset(("0", "gnd"))
MAX_SUBCIRCUIT_DEPTH = 5
COMMANDS = frozenset((
    "title", "end", "ends", "subckt", "model", "param", "params", "global", "tran", "ac", "dc",
    "op", "tf", "noise", "four", "print", "plot", "probe", "save", "options", "option", "ic",
    "nodeset", "temp", "meas", "measure", "func", "step", "sens", "pz", "disto", "backanno",
))  # fmt: skip
REFUSED = frozenset(("include", "inc", "lib", "control", "endc", "load", "wave", "exec", "csparam"))
_TOKEN = re.compile(r"\{[^{}]*\}|'[^']*'|\"[^\"]*\"|[()=,]|[^\s()=,{}'\"]+|[{}'\"]")
_COMMENT = re.compile(r"(?:;|\$\s|//).*$")
_OBSERVED = re.compile(r"\bv\s*\(\s*([^\s(),]+)\s*(?:,\s*([^\s(),]+)\s*)?\)", re.IGNORECASE)
_NODE = re.compile(r"[\w+\-#/.:~\[\]<>*!]+")
_ELEMENT_LIKE = re.compile(r"[a-z][a-z_]{0,3}[0-9]{1,3}[a-z]?", re.IGNORECASE)
TYPES = frozenset(each for group in MODEL_TYPES.values() for each in group)
_TWO_ENDED = frozenset("rclvid")


@dataclass(frozen=True, slots=True)
class Card:
    """A line with its continuations."""

    line: int
    tokens: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first token, in small letters."""
        return self.tokens[0].lower()


@dataclass(slots=True)
class Scope:
    """The top of a netlist, or a subcircuit."""

    line: int
    name: str = ""
    elements: dict[str, int] = field(default_factory=dict[str, int])
    nodes: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """Node to the lines of what is connected to it."""
    open_nodes: set[str] = field(default_factory=set[str])
    """Nodes that may have one connection."""
    references: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    """(line, element, element that it names)."""
    is_broken: bool = False
    """An element could not be read, so that its nodes are not known."""

    def observe(self, text: str) -> None:
        """Note the nodes whose voltage a text names: they may have one connection."""
        for found in _OBSERVED.finditer(text):
            self.open_nodes.update(node.lower() for node in found.groups() if node)


def check_spice(text: str) -> Iterator[Problem]:
    """Yield the problems of a netlist."""
    cards = list(_read_cards(text))
    known = _collect_definitions(cards)
    if cards and _is_title(cards[0], known):
        cards = cards[1:]
    cards, programs = _drop_programs(cards)
    yield from programs
    yield from _check_marks(cards)
    scopes = [Scope(1)]
    has_ground = False
    for index, card in enumerate(cards):
        if card.name == ".end":
            if index + 1 < len(cards):
                yield Problem(cards[index + 1].line, "Remove what follows .end, or move .end down.")
            break
        if card.name.startswith("."):
            yield from _obey(card, scopes)
        else:
            yield from _add_element(card, scopes[-1], known)
    for scope in reversed(scopes):
        has_ground = has_ground or not GROUND.isdisjoint(scope.nodes)
        if scope.name:
            yield Problem(scope.line, f"The subcircuit {quote(scope.name)} needs its .ends.")
    yield from _check_scope(scopes[0])
    if not scopes[0].elements:
        yield Problem(1, "There is no element; write one a line, such as R1 in out 10k.")
    elif not has_ground:
        line = min(scopes[0].elements.values())
        yield Problem(line, "No node is ground; name the reference node 0.")


def _read_cards(text: str) -> Iterator[Card]:
    """Yield lines with their continuations, without comments."""
    line, tokens = 0, list[str]()
    for number, raw in enumerate(text.split("\n"), start=1):
        plain = _COMMENT.sub("", raw[:5000]).strip()
        if not plain or plain.startswith("*"):
            continue
        if plain.startswith("+") and tokens:
            tokens += _TOKEN.findall(plain[1:])
            continue
        if tokens:
            yield Card(line, tuple(tokens))
        line, tokens = number, _TOKEN.findall(plain)
    if tokens:
        yield Card(line, tuple(tokens))


def _drop_programs(cards: list[Card]) -> tuple[list[Card], list[Problem]]:
    """Drop what stands between .control and .endc, which is refused as a whole."""
    kept: list[Card] = []
    problems: list[Problem] = []
    is_inside = False
    for card in cards:
        if card.name == ".control":
            is_inside = True
            problems.append(Problem(card.line, "Remove the program from .control to .endc."))
        elif not is_inside:
            kept.append(card)
        is_inside = is_inside and card.name != ".endc"
    return kept, problems


def _collect_definitions(cards: list[Card]) -> Definitions:
    """Read what is defined anywhere, since a netlist may use a name before it defines it."""
    models: dict[str, str] = {}
    subcircuits: dict[str, int] = {}
    params: set[str] = set()
    for card in cards:
        words = [token.lower() for token in card.tokens]
        if card.name == ".model" and len(words) >= 3:
            models[words[1]] = words[2]
        elif card.name == ".subckt" and len(words) >= 2:
            subcircuits[words[1]] = len(_list_ports(words))
        elif card.name in (".param", ".params"):
            params.update(word for word, mark in pairwise(words) if mark == "=")
    return Definitions(models, subcircuits, frozenset(params))


def _list_ports(words: list[str]) -> list[str]:
    ports = words[2:]
    if "=" in ports:
        ports = ports[: max(0, ports.index("=") - 1)]
    return [port for port in ports if port not in ("params:", "params")]


def _is_title(card: Card, known: Definitions) -> bool:
    """Say whether the first line is a title: it neither is nor resembles an element."""
    if card.name.startswith("."):
        return False
    if _ELEMENT_LIKE.fullmatch(card.name) and len(card.tokens) >= 3:
        return False
    return len(card.name) > 6 or bool(read_element(card.name, list(card.tokens[1:]), known).problem)


def _check_marks(cards: list[Card]) -> Iterator[Problem]:
    """Yield lines whose brackets do not match."""
    for card in cards:
        depth = 0
        for token in card.tokens:
            depth += (token == "(") - (token == ")")
            if token in "{}'\"" or depth < 0:
                break
        else:
            if not depth:
                continue
        yield Problem(
            card.line, f"Brackets or quotes do not match in {quote(' '.join(card.tokens))}."
        )


def _obey(card: Card, scopes: list[Scope]) -> Iterator[Problem]:
    """Follow a line that begins with a point."""
    command = card.name[1:]
    words = [token.lower() for token in card.tokens[1:]]
    if command in REFUSED:
        yield Problem(card.line, f"Remove .{command}; write models and subcircuits in the netlist.")
    elif command not in COMMANDS:
        yield Problem(card.line, f"There is no command {quote(card.name)} in SPICE.")
    elif command == "subckt":
        yield from _begin_subcircuit(card, scopes)
    elif command == "ends" and len(scopes) == 1:
        yield Problem(card.line, ".ends ends no subcircuit; remove it.")
    elif command == "ends":
        yield from _check_scope(scopes.pop())
    elif command == "model" and (len(words) < 2 or words[1] not in TYPES):
        kinds = ", ".join(sorted(TYPES)).upper()
        yield Problem(card.line, f"Write .model, a name and a type ({kinds}).")
    elif command == "global":
        scopes[0].open_nodes.update(words)
    elif command in ("probe", "print", "plot", "save"):
        scopes[-1].observe(" ".join(card.tokens))


def _begin_subcircuit(card: Card, scopes: list[Scope]) -> Iterator[Problem]:
    words = [token.lower() for token in card.tokens]
    ports = _list_ports(words)
    if not ports:
        yield Problem(card.line, ".subckt needs a name and its ports.")
    if len(scopes) > MAX_SUBCIRCUIT_DEPTH:
        yield Problem(card.line, f"Subcircuits are nested more than {MAX_SUBCIRCUIT_DEPTH} deep.")
        return
    scope = Scope(card.line, words[1] if len(words) > 1 else "?")
    for port in ports:
        if port in scope.nodes:
            yield Problem(card.line, f"The port {quote(port)} stands twice.")
        scope.nodes[port] = [card.line]
    scopes.append(scope)


def _add_element(card: Card, scope: Scope, known: Definitions) -> Iterator[Problem]:
    """Read an element into its scope."""
    element = read_element(card.name, list(card.tokens[1:]), known)
    shown = quote(card.tokens[0])
    if len(card.name) == 1:
        yield Problem(card.line, f"{shown} needs a name of its own, such as {card.name.upper()}1.")
    first = scope.elements.setdefault(card.name, card.line)
    if first != card.line:
        yield Problem(card.line, f"The name {shown} is taken by line {first}; number them.")
    if problem := element.problem or _find_node_problem(card.name, element):
        scope.is_broken = True
        yield Problem(card.line, problem)
    for node in element.nodes:
        scope.nodes.setdefault(node, []).append(card.line)
    for token in card.tokens:
        if is_expression(token):
            scope.observe(token)
    scope.references += [(card.line, card.name, other) for other in element.refers_to]


def _find_node_problem(name: str, element: Element) -> str | None:
    wrong = next((node for node in element.nodes if not _NODE.fullmatch(node)), None)
    if wrong is not None:
        return f"{quote(wrong)} in {quote(name)} is no node; use names such as 1, out or n_2."
    if name[0] in _TWO_ENDED and len(set(element.nodes)) == 1:
        return f"Both ends of {quote(name)} are on node {quote(element.nodes[0])}."
    return None


def _check_scope(scope: Scope) -> Iterator[Problem]:
    """Yield nodes that hang on one element, and names of elements that do not exist."""
    if scope.is_broken:
        return
    for node, lines in scope.nodes.items():
        if len(lines) == 1 and node not in GROUND and node not in scope.open_nodes:
            yield Problem(
                lines[0],
                f"The node {quote(node)} has only one connection; correct its name, "
                f"or write .probe V({node}) if it is an open terminal.",
            )
    for line, name, other in scope.references:
        if other not in scope.elements:
            yield Problem(line, f"{quote(name)} refers to {quote(other)}, which does not exist.")
        elif name[0] in "fhw" and other[0] != "v":
            yield Problem(line, f"{quote(name)} must name a voltage source, not {quote(other)}.")
