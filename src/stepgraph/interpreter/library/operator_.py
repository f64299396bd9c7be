"""Models of `operator.itemgetter`, `attrgetter` and `methodcaller`, and of the functions that they return."""

from __future__ import annotations

from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.python.subscripts import element_at
from stepgraph.interpreter.values.calls import Arguments, Partial
from stepgraph.interpreter.values.containers import Collection, Element, Mapping
from stepgraph.ir.values import Constant, External, Value


@models("operator.itemgetter", "operator.attrgetter", "operator.methodcaller")
def _getter(call: LibraryCall) -> Value:
    """Return a function that receives its argument after the arguments of this call."""
    return Partial(External(f"{call.name}.__call__"), call.arguments)


@models("operator.itemgetter.__call__")
def _get_items(call: LibraryCall) -> Value:
    owner = call.arguments.items[-1] if call.arguments.items else None
    if owner is None or not isinstance(owner.value, Collection | Mapping):
        return call.unmodeled()
    values = [element_at(owner.value, key.value, key.place, call.place) for key in call.arguments.items[:-1]]
    return _single_or_tuple(call, values)


@models("operator.attrgetter.__call__")
def _get_attributes(call: LibraryCall) -> Value:
    names = [argument.value for argument in call.arguments.items[:-1]]
    paths = [name.value for name in names if isinstance(name, Constant) and isinstance(name.value, str)]
    if not paths or len(paths) < len(names):
        return call.unmodeled()
    owner = call.arguments.items[-1].value
    return _single_or_tuple(call, [_attribute(call, owner, path) for path in paths])


def _attribute(call: LibraryCall, owner: Value, path: str) -> Value:
    for name in path.split("."):
        owner = call.interpreter.attribute(owner, name, call.place)
    return owner


def _single_or_tuple(call: LibraryCall, values: list[Value]) -> Value:
    if len(values) == 1:
        return values[0]
    elements = tuple(Element(value, call.place) for value in values)
    return make_result_collection(call.interpreter, "tuple", elements)


@models("operator.methodcaller.__call__")
def _call_method(call: LibraryCall) -> Value:
    positional = call.arguments.positional
    if len(positional) < 2 or not isinstance(positional[0].value, Constant):  # noqa: PLR2004 - the name and the owner
        return call.unmodeled()
    name, owner = positional[0].value.value, positional[-1]
    passed = tuple(argument for argument in call.arguments.items if argument not in (positional[0], owner))
    method = call.interpreter.attribute(owner.value, str(name), call.place)
    return call.interpreter.call(method, Arguments(passed), call.place)
