"""The code that may raise exceptions which other code handles, and so decides which statements run.

The types of the handlers decide which operations count: a missing key concerns `except KeyError` and its base classes.
"""

from __future__ import annotations

import builtins
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain, islice, takewhile
from typing import Final, TypeAlias, TypeGuard

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of, last_name
from stepgraph.syntax.body_errors import caught_names, suppressed_names
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import LOG_METHODS, is_log_call
from stepgraph.syntax.step_methods import STEP_METHODS
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_of, children, expressions_below, statements_below

TryStatement: TypeAlias = cst.Try | cst.TryStar
HandlingStatement: TypeAlias = TryStatement | cst.With
CaughtTypes: TypeAlias = frozenset[type[BaseException]]
"""The built-in exception types of handlers. A base class stands for its subclasses."""

NO_TYPES: Final[CaughtTypes] = frozenset()
_ALL_TYPES: Final[CaughtTypes] = frozenset({BaseException})
_TRANSPARENT_MANAGERS: Final = frozenset(
    {"BoundedSemaphore", "Condition", "Lock", "Semaphore", "TaskGroup", "open", "timeout", "timeout_at"}
)
"""The functions and classes of context managers that end no exception in the block."""
_EXCEPTIONS: Final[dict[type[cst.CSTNode], tuple[type[Exception], ...]]] = {
    cst.Attribute: (AttributeError,),
    cst.AugAssign: (TypeError,),
    cst.BinaryOperation: (TypeError,),
    cst.Comparison: (TypeError,),
    cst.For: (TypeError,),
    cst.Import: (ImportError,),
    cst.ImportFrom: (ImportError,),
    cst.Subscript: (IndexError, KeyError, TypeError),
}
"""The exceptions of operations."""
_ORDINARY_FUNCTIONS: Final = frozenset(
    [
        *("abs", "all", "any", "bool", "dict", "enumerate", "isinstance", "len", "list", "print", "range", "repr"),
        *("reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
    ]
)
"""The functions that hardly raise exceptions."""
_ORDINARY_METHODS: Final = LOG_METHODS.union(
    ["add", "append", "copy", "endswith", "extend", "get", "isoformat", "items", "join", "keys", "lower", "lstrip"],
    ["replace", "rstrip", "setdefault", "split", "startswith", "strip", "title", "update", "upper", "values"],
)
"""The methods that hardly raise exceptions."""
_DIVISIONS: Final = (
    cst.Divide,
    cst.DivideAssign,
    cst.FloorDivide,
    cst.FloorDivideAssign,
    cst.Modulo,
    cst.ModuloAssign,
)


def may_end_exceptions(statement: cst.CSTNode, module: SourceModule) -> TypeGuard[HandlingStatement]:
    """Return whether code after a statement may run although its body has raised an exception."""
    match statement:
        case cst.With(items=items):
            return not all(_is_transparent(each.item, statement, module) for each in items)
        case _:
            return isinstance(statement, TryStatement)


def _is_transparent(manager: cst.BaseExpression, at: cst.CSTNode, module: SourceModule) -> bool:
    """Return whether a context manager, which may be the value of a local variable, ends no exception."""
    match manager:
        case cst.Call(func=function):
            return last_name(function) in _TRANSPARENT_MANAGERS
        case cst.Name(value=name):
            functions = (each for each in ancestors_of(module.parents, at) if isinstance(each, cst.FunctionDef))
            bindings = (bindings_of(each, module) for each in functions)
            binders = next((each.binders[name] for each in bindings if each.binds(name)), ())
            values = [each.value if isinstance(each, cst.Assign) else None for each in binders]
            return bool(values) and all(
                isinstance(each, cst.Call) and last_name(each.func) in _TRANSPARENT_MANAGERS for each in values
            )
        case _:
            return False


def caught_types(statement: HandlingStatement) -> CaughtTypes:
    """Return the built-in exceptions that a statement may end. Classes of the project end none of their bases."""
    if isinstance(statement, TryStatement):
        names = [caught_names(each) for each in statement.handlers]
    else:
        names = [*suppressed_names(statement)]
        names += [None] if len(names) < len(statement.items) else []
    if None in names or any(name.isupper() for each in names if each is not None for name in each):
        return _ALL_TYPES  # A constant may contain any types.
    types = (getattr(builtins, name, None) for each in names if each is not None for name in each)
    return frozenset(each for each in types if isinstance(each, type) and issubclass(each, BaseException))


def exceptions_in(statement: HandlingStatement, module: SourceModule) -> Iterator[cst.CSTNode]:
    """Yield the code in the body of a statement that may raise or end an exception."""
    caught = caught_types(statement)
    for inner in statements_below(statement.body):
        parts = raising_parts(inner, caught)
        if parts:
            yield from _tests_around(inner, statement, module)
        yield from parts


def raising_parts(statement: cst.CSTNode, caught: CaughtTypes) -> Sequence[cst.CSTNode]:
    """Return a simple statement or the parts of the head of another one if they may raise an exception.

    Steps and logs do not count.
    """
    match statement:
        case cst.With(items=items):
            return [each.item for each in items]
        case cst.If(test=head) | cst.While(test=head) | cst.Match(subject=head):
            return [head] if may_raise(expressions_below(head), caught) else []
        case cst.For(iter=head):
            return [head] if may_raise((statement, *expressions_below(head)), caught) else []
        case cst.Raise() | cst.Assert():
            return [statement]
        case cst.Expr(value=value) if is_log_call(value):
            return []
        case cst.BaseSmallStatement():
            return [statement] if may_raise(expressions_below(statement), caught) else []
        case _:
            return []


def may_raise(nodes: Iterable[cst.CSTNode], caught: CaughtTypes) -> bool:
    """Return whether code calls a function, except for a step, or has an operation with a handled exception."""
    nodes, types = [*nodes], tuple(caught)
    calls = [each for each in nodes if isinstance(each, cst.Call)]
    if calls and not any(map(_is_step_call, calls)):
        return True
    return bool(types) and any(issubclass(error, types) for each in nodes for error in _exceptions_of(each))


def raising_expressions(
    statement: cst.CSTNode, caught: CaughtTypes, steps: Container[int], enclosing: Container[int]
) -> Sequence[cst.CSTNode]:
    """Return the parts of a statement in a body with steps that may raise exceptions for which handlers are written.

    Nearly all code can raise errors of the language, so handlers of all errors do not count for these. `steps` are the
    identities of the steps and calls with a node in the payload, and `enclosing` those of the nodes around them.
    """
    heads: Sequence[cst.CSTNode]
    expected = frozenset(each for each in caught if not issubclass(Exception, each))
    match statement:
        case cst.Raise() | cst.Assert():
            return [statement]
        case cst.If() | cst.While() | cst.For() | cst.Match() if id(statement) in enclosing:
            return []  # The payload has a node with the head.
        case cst.If(test=head) | cst.While(test=head) | cst.Match(subject=head) | cst.For(iter=head):
            heads = [head]
        case cst.With(items=items):
            heads = [each.item for each in items if not is_suppression(each.item)]
        case cst.Import() | cst.ImportFrom():
            return raising_parts(statement, expected)
        case cst.Expr(value=value) if is_log_call(value):
            return []
        case cst.BaseSmallStatement():
            heads = children(statement)
        case _:
            return []
    search = _RaisingSearch(expected, steps, enclosing)
    return [*chain.from_iterable(map(search.expressions, heads))]


def is_suppression(manager: cst.BaseExpression) -> bool:
    """Return whether a context manager is `suppress(...)`, which raises nothing."""
    return isinstance(manager, cst.Call) and last_name(manager.func) == "suppress"


class _RaisingSearch(Struct, frozen=True):
    """Finds the outermost expressions that may raise an exception."""

    expected: CaughtTypes
    """The types of the handlers, except for those of all errors."""
    steps: Container[int]
    enclosing: Container[int]

    def expressions(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        if id(node) in self.steps or isinstance(node, cst.Lambda):
            return
        if isinstance(node, cst.Call) and any(map(_is_step_call, (node, *expressions_below(node.func)))):
            return
        inside = chain.from_iterable(map(self.expressions, children(node)))
        if isinstance(node, cst.BaseExpression) and self._raises(node):
            yield node
        elif isinstance(node, (*COMPREHENSIONS, cst.BooleanOperation, cst.IfExp)):
            yield from (node for _ in islice(inside, 1))
        else:
            yield from inside

    def _raises(self, node: cst.BaseExpression) -> bool:
        """Return whether an expression itself may raise an exception. A call that passes a step on does not count."""
        if any(issubclass(error, each) for error in _exceptions_of(node) for each in self.expected):
            return True
        if not isinstance(node, cst.Call) or _is_ordinary_call(node):
            return False
        if id(node) not in self.enclosing:
            return True
        return any(isinstance(each, cst.Await) and id(each) in self.enclosing for each in expressions_below(node))


def _is_ordinary_call(call: cst.Call) -> bool:
    """Return whether a call hardly raises an exception, such as `len(items)` and `items.append(item)`."""
    match call.func:
        case cst.Name(value=name):
            return name in _ORDINARY_FUNCTIONS
        case cst.Attribute(attr=cst.Name(value=name)):
            return name in _ORDINARY_METHODS
        case _:
            return False


def _exceptions_of(node: cst.CSTNode) -> Iterator[type[Exception]]:
    """Yield the exceptions of an operation. The members of a workflow and the results of steps have none."""
    match node:
        case cst.Attribute(value=cst.Name("self" | "cls")) | cst.Attribute(attr=cst.Name("do")):
            return
        case cst.BinaryOperation(operator=operator) | cst.AugAssign(operator=operator):
            yield from (ZeroDivisionError,) if isinstance(operator, _DIVISIONS) else ()
        case cst.AssignTarget(target=cst.Tuple() | cst.List()):
            yield from (TypeError, ValueError)
    yield from _EXCEPTIONS.get(type(node), ())


def _tests_around(statement: cst.CSTNode, block: cst.CSTNode, module: SourceModule) -> Iterator[cst.BaseExpression]:
    """Yield the conditions around a statement in a block."""
    for outer in takewhile(lambda each: each is not block, ancestors_of(module.parents, statement)):
        if isinstance(outer, cst.If):
            yield outer.test


def _is_step_call(node: cst.CSTNode) -> bool:
    match node:
        case cst.Call(func=cst.Attribute(attr=cst.Name(method))):
            return method in STEP_METHODS
        case _:
            return False
