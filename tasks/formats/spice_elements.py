"""Elements of SPICE: what follows the name of each, by its first letter.

Source: ngspice manual, chapters 3 to 11.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tasks.formats.problems import list_names, quote
from tasks.formats.spice_sources import find_source_problem
from tasks.formats.spice_values import find_rest_problem, find_value_problem, is_value

MODEL_TYPES: Mapping[str, tuple[str, ...]] = {
    "r": ("r", "res"),
    "c": ("c", "cap"),
    "l": ("l", "ind"),
    "d": ("d",),
    "q": ("npn", "pnp"),
    "j": ("njf", "pjf"),
    "m": ("nmos", "pmos", "vdmos"),
    "s": ("sw", "vswitch"),
    "w": ("csw", "iswitch"),
}
"""First letter of an element to the types of `.model` that it may name."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a netlist defines; names in small letters."""

    models: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name to type."""
    subcircuits: Mapping[str, int] = field(default_factory=dict[str, int])
    """Name to number of ports."""
    params: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Element:
    """An element that was read."""

    nodes: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()
    """Names of other elements: coupled inductors, controlling sources."""
    problem: str | None = None


Arguments = Sequence[str]
Read = Callable[[str, Arguments, Definitions], Element]


def read_element(name: str, arguments: Arguments, known: Definitions) -> Element:
    """Read what follows an element's name; tokens are in small letters but for values."""
    reader = READERS.get(name[0])
    if not reader:
        letters = list_names(letter.upper() for letter in READERS)
        return Element(problem=f"No element begins with {quote(name[0])}; use {letters}.")
    return reader(name, arguments, known)


def _take_nodes(name: str, arguments: Arguments, count: int, rest: str) -> Element:
    """Take the first `count` arguments as nodes; `rest` says what must follow."""
    nodes = tuple(argument.lower() for argument in arguments[:count])
    if len(arguments) <= count or "=" in nodes or "(" in nodes:
        return Element(problem=f"{quote(name)} needs {count} nodes and {rest}.")
    return Element(nodes)


def _read_passive(name: str, arguments: Arguments, known: Definitions) -> Element:
    """R, C, L: two nodes and a value, or a model."""
    element = _take_nodes(name, arguments, 2, "a value, such as 4.7k or {R} for a symbol")
    if element.problem:
        return element
    letter, value = name[0], arguments[2]
    at = 3
    if value.lower() == letter and arguments[3:4] == ["="]:
        value, at = "".join(arguments[4:5]), 5
    is_name = (
        known.models.get(value.lower()) in MODEL_TYPES[letter] or value.lower() in known.params
    )
    problem = None if is_name else find_value_problem(value, letter)
    problem = problem or find_rest_problem(name, value, arguments[at:], known.models)
    return Element(element.nodes, problem=problem)


def _read_source(name: str, arguments: Arguments, known: Definitions) -> Element:
    """V, I: two nodes; a value, DC and a value, AC and a size, or a waveform."""
    element = _take_nodes(name, arguments, 2, "a value, such as 12, AC 1 or SIN(0 1 1k)")
    if element.problem:
        return element
    return Element(element.nodes, problem=find_source_problem(name, arguments[2:], known.params))


def _read_controlled(name: str, arguments: Arguments, known: Definitions) -> Element:
    """E, G: four nodes and a gain; or two nodes and VALUE, POLY or TABLE."""
    if arguments[:1] == ["("]:  # E1 (out 0) (in 0) 10
        arguments = [argument for argument in arguments if argument not in ("(", ")", ",")]
    words = [argument.lower() for argument in arguments]
    if words[2:3] and words[2] in ("value", "vol", "cur", "poly", "table", "laplace"):
        return Element(tuple(words[:2]))
    element = _take_nodes(name, arguments, 4, "a gain: two of output, two of control")
    if element.problem:
        return element
    return Element(element.nodes, problem=_find_gain_problem(name, arguments[4:]))


def _find_gain_problem(name: str, gain: Arguments) -> str | None:
    return find_value_problem(gain[0]) or find_rest_problem(name, gain[0], gain[1:], ())


def _read_current_controlled(name: str, arguments: Arguments, known: Definitions) -> Element:
    """F, H: two nodes, the source whose current controls it, and a gain."""
    element = _take_nodes(name, arguments, 2, "the name of a voltage source and a gain")
    if element.problem or arguments[2].lower() == "poly":
        return element
    if len(arguments) < 4:
        return Element(element.nodes, problem=f"{quote(name)} needs a gain after its source.")
    source = arguments[2].lower()
    return Element(element.nodes, (source,), _find_gain_problem(name, arguments[3:]))


def _read_coupling(name: str, arguments: Arguments, known: Definitions) -> Element:
    """K: two inductors or more, and a coefficient of at most 1."""
    *inductors, value = arguments or ("",)
    if len(inductors) < 2 or not all(inductor.lower().startswith("l") for inductor in inductors):
        return Element(problem=f"{quote(name)} needs two inductors and a value: K1 L1 L2 0.9.")
    names = tuple(inductor.lower() for inductor in inductors)
    try:
        is_possible = 0 < float(value) <= 1
    except ValueError:
        is_possible = is_value(value)
    problem = None if is_possible else f"The coupling {quote(value)} must be above 0, at most 1."
    return Element((), names, problem)


def _read_subcircuit(name: str, arguments: Arguments, known: Definitions) -> Element:
    """X: nodes, then the name of a subcircuit, then parameters."""
    words = [argument.lower() for argument in arguments]
    if "=" in words:
        words = words[: max(0, words.index("=") - 1)]
    words = [word for word in words if word not in ("params:", "params")]
    if len(words) < 2:
        return Element(problem=f"{quote(name)} needs nodes and the name of a subcircuit.")
    *nodes, subcircuit = words
    if subcircuit not in known.subcircuits:
        problem = f"There is no subcircuit {quote(subcircuit)}; add .subckt {subcircuit} and .ends."
        return Element(tuple(nodes), problem=problem)
    ports = known.subcircuits[subcircuit]
    if ports == len(nodes):
        return Element(tuple(nodes))
    problem = f"{quote(name)} has {len(nodes)} nodes, but {quote(subcircuit)} has {ports} ports."
    return Element(tuple(nodes), problem=problem)


def _read_modelled(fewest: int, most: int) -> Read:
    """D, Q, J, M, S: nodes, then the name of a model."""

    def read(name: str, arguments: Arguments, known: Definitions) -> Element:
        element = _take_nodes(name, arguments, fewest, "the name of a model")
        if element.problem:
            return element
        for count in range(fewest, most + 1):
            model = arguments[count].lower() if count < len(arguments) else ""
            if model in known.models:
                nodes = tuple(argument.lower() for argument in arguments[:count])
                return Element(nodes, problem=_find_model_problem(name, model, known))
        model = _pick_model(arguments, fewest, most)
        return Element(element.nodes, problem=_say_unknown_model(name, model))

    return read


def _pick_model(arguments: Arguments, fewest: int, most: int) -> str:
    """Return what stands where the name of a model must be: behind as many nodes as there may be.

    `Q1 c b e BC547 2` names its model fourth, since 2 is a number; `M1 d g s b NMOS` fifth.
    """
    end = arguments.index("=") - 1 if "=" in arguments else len(arguments)
    named = [
        argument
        for argument in arguments[fewest : min(most + 1, end)]
        if argument.lower() != "off" and not is_value(argument)
    ]
    return named[-1] if named else arguments[fewest]


def _say_unknown_model(name: str, model: str) -> str:
    types = MODEL_TYPES[name[0]]
    kind = model if model.lower() in types else types[0]
    line = f".model {model} {kind.upper()}"
    return f"There is no model {quote(model)} for {quote(name)}; add a line {line}."


def _find_model_problem(name: str, model: str, known: Definitions) -> str | None:
    types = MODEL_TYPES[name[0]]
    if known.models[model] in types:
        return None
    wanted = list_names(each.upper() for each in types)
    return f"The model {quote(model)} of {quote(name)} must be of type {wanted}."


def _read_current_switch(name: str, arguments: Arguments, known: Definitions) -> Element:
    """W: two nodes, the controlling source, and a model."""
    element = _take_nodes(name, arguments, 3, "a model, the third being a voltage source")
    if element.problem:
        return element
    model = arguments[3].lower()
    problem = _say_unknown_model(name, model) if model not in known.models else None
    problem = problem or _find_model_problem(name, model, known)
    return Element(element.nodes[:2], (element.nodes[2],), problem)


def _read_line(name: str, arguments: Arguments, known: Definitions) -> Element:
    """T: four nodes and a characteristic impedance."""
    element = _take_nodes(name, arguments, 4, "an impedance, such as Z0=50 TD=1n")
    words = [argument.lower() for argument in arguments[4:]]
    if element.problem or "z0" in words or "zo" in words:
        return element
    return Element(element.nodes, problem=f"{quote(name)} needs an impedance such as Z0=50.")


def _read_behavior(name: str, arguments: Arguments, known: Definitions) -> Element:
    """B: two nodes and V=... or I=..."""
    element = _take_nodes(name, arguments, 2, "V={...} or I={...}")
    if element.problem or (arguments[2].lower() in ("v", "i") and arguments[3:4] == ["="]):
        return element
    return Element(element.nodes, problem=f"{quote(name)} needs V={{...}} or I={{...}}.")


READERS: Mapping[str, Read] = {
    "r": _read_passive,
    "c": _read_passive,
    "l": _read_passive,
    "v": _read_source,
    "i": _read_source,
    "d": _read_modelled(2, 2),
    "q": _read_modelled(3, 5),
    "j": _read_modelled(3, 3),
    "m": _read_modelled(3, 4),
    "e": _read_controlled,
    "g": _read_controlled,
    "f": _read_current_controlled,
    "h": _read_current_controlled,
    "k": _read_coupling,
    "x": _read_subcircuit,
    "s": _read_modelled(4, 4),
    "w": _read_current_switch,
    "t": _read_line,
    "b": _read_behavior,
}
