"""Places related to another one: the call around an expression, the called expression, the code of a statement."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from stepgraph.model.span import Code
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import ancestors_of, statements_below


def decorated_function(place: SourcePlace) -> SourcePlace | None:
    """Return the function that an expression decorates, or None if the expression is not a decorator."""
    parents = place.module.parents
    decorator = parents.get(id(place.node))
    function = parents.get(id(decorator)) if isinstance(decorator, cst.Decorator) else None
    return SourcePlace(place.module, function) if isinstance(function, cst.FunctionDef) else None


def call_of_callee(place: SourcePlace) -> SourcePlace | None:
    """Return the call of the value of an expression, as `f(x)(y)` for `f(x)`, or None if the value is not called."""
    parent = place.module.parents.get(id(place.node))
    is_called = isinstance(parent, cst.Call) and parent.func is place.node
    return SourcePlace(place.module, parent) if parent is not None and is_called else None


def assigned_name(place: SourcePlace) -> str:
    """Return the name to which a statement assigns the value of an expression, or an empty string."""
    match place.module.parents.get(id(place.node)):
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            return name
        case _:
            return ""


def is_async_function(place: SourcePlace) -> bool:
    """Return whether a place is the definition of an async function."""
    return isinstance(place.node, cst.FunctionDef) and place.node.asynchronous is not None


def raised_types(function: SourcePlace) -> Iterator[str]:
    """Yield the source of each exception type that a function raises by name, outside of a `try` with handlers."""
    if not isinstance(function.node, cst.FunctionDef):
        return
    in_try: set[int] = set()
    for statement in statements_below(function.node.body):
        if isinstance(statement, cst.Try | cst.TryStar) and statement.handlers:
            in_try.update(map(id, statements_below(statement.body)))
        elif isinstance(statement, cst.Raise) and statement.exc is not None and id(statement) not in in_try:
            raised = statement.exc.func if isinstance(statement.exc, cst.Call) else statement.exc
            yield function.module.text(raised)


def callee_of(call: SourcePlace) -> SourcePlace:
    """Return the expression that a call calls, or the place itself for other nodes."""
    return SourcePlace(call.module, call.node.func) if isinstance(call.node, cst.Call) else call


def without_await(place: SourcePlace) -> SourcePlace:
    """Return the expression that an `await` awaits, or the place itself for other nodes."""
    node = place.node.expression if isinstance(place.node, cst.Await) else place.node
    return SourcePlace(place.module, node)


def call_of_argument(place: SourcePlace) -> SourcePlace | None:
    """Return the call that passes the expression at `place` as an argument, or None for other expressions."""
    parents = place.module.parents
    argument = parents.get(id(place.node))
    call = parents.get(id(argument)) if isinstance(argument, cst.Arg) else None
    return SourcePlace(place.module, call) if isinstance(call, cst.Call) else None


def keyword_of_argument(place: SourcePlace) -> SourcePlace:
    """Return the keyword of the argument whose value is at `place`, or the place itself for other expressions."""
    argument = place.module.parents.get(id(place.node))
    keyword = argument.keyword if isinstance(argument, cst.Arg) else None
    return place if keyword is None else SourcePlace(place.module, keyword)


def is_element(place: SourcePlace) -> bool:
    """Return whether an expression is an element of a list or tuple, or a value of a dictionary."""
    return isinstance(place.module.parents.get(id(place.node)), cst.Element | cst.DictElement)


def name_of_definition(definition: SourcePlace) -> SourcePlace | None:
    """Return the name of a `def` or parameter, or None for other nodes."""
    node = definition.node
    return SourcePlace(definition.module, node.name) if isinstance(node, cst.FunctionDef | cst.Param) else None


def last_field(place: SourcePlace) -> SourcePlace | None:
    """Return the expression of the field at the end of an f-string, or None for other expressions and formats."""
    match place.node:
        case cst.FormattedString(
            parts=[
                *_,
                cst.FormattedStringExpression(expression=expression, conversion=None, format_spec=None, equal=None),
            ]
        ):
            return SourcePlace(place.module, expression)
    return None


def is_parameter(place: SourcePlace) -> bool:
    """Return whether the node at `place` is a parameter of a function."""
    return isinstance(place.node, cst.Param)


def is_attribute(place: SourcePlace) -> bool:
    """Return whether the node at `place` is an attribute of an object."""
    return isinstance(place.node, cst.Attribute)


def code_of(place: SourcePlace) -> Code:
    """Return the code of a place: the statement around it or, in a decorator, the decorated function."""
    begin, end = _ends(place)
    line, first, last = place.span.line, place.module.span(begin).line, place.module.span(end).end_line
    shown = place.module.shown
    return Code(place.span.path, shown.content, shown.lines, line, min(line, first), max(line, last))


def _ends(place: SourcePlace) -> tuple[cst.CSTNode, cst.CSTNode]:
    """Return the nodes with which the code begins and ends. A function begins with its decorator."""
    inner: cst.CSTNode = place.node
    for ancestor in ancestors_of(place.module.parents, place.node):
        if isinstance(inner, cst.Decorator):
            return inner, ancestor
        if isinstance(ancestor, cst.SimpleStatementLine):
            return ancestor, ancestor
        if isinstance(ancestor, cst.BaseCompoundStatement | cst.BaseSuite):
            break  # the place is in the head of a compound statement, or a compound statement itself
        inner = ancestor
    return place.node, place.node
