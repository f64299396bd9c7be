"""The triggers of workflows, such as `env.ORDERS.create()`, in workflow classes and in the `fetch` of a Worker.

Only functions that may lead to a trigger, according to the names in their bodies, are interpreted. Each one runs with
unknown arguments, except that a parameter or attribute named `env` is the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.entry import OpenModule, open_interpreter
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.side_effects import ENVIRONMENT
from stepgraph.interpreter.objects.class_relations import derives_from_entrypoint
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.python.arguments import unpacked_arguments
from stepgraph.interpreter.replay.tracer import Tracer
from stepgraph.interpreter.static_values import static_arguments
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, LexicalScope, ProjectObject, free_parameters
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.ir.facts import WorkflowStarted
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.limits import FULL_SHARES, LimitExceededError
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.changes import WORKFLOW_STARTS
from stepgraph.syntax.unparsed_imports import may_imported_modules
from stepgraph.syntax.walk import all_nodes, statements, suites

_MENTIONS_METHOD: Final = re.compile(rb"\bcreate(?:_batch|Batch)?\b")
# The search uses a twentieth of the limits of a workflow, which is more than real projects need.
_SHARES: Final = 20 * FULL_SHARES
# Functions that the runtime calls. Other functions of these names have nothing to do with them.
_HANDLERS: Final = frozenset({"__init__", "fetch", "queue", "run", "scheduled"})


class _MentioningFunction(Struct, frozen=True):
    """A function of a module, or a method of one of its classes."""

    scope: LexicalScope
    """The scope of the module."""
    class_name: str | None
    name: str
    mentioned: frozenset[str]
    """The names and attributes in the function."""


def find_triggers(entry: OpenModule, bindings: frozenset[str]) -> tuple[WorkflowStarted, ...]:
    """Return the triggers of the workflows with these bindings in a module and its imports.

    Triggers in workflow classes are omitted, because the program of each class records them.
    """
    modules = tuple(_modules_with_triggers(entry))
    naming = {module for module in modules if any(module.mentions(binding.encode()) for binding in bindings)}
    if not naming:
        return ()
    interpreter, _ = open_interpreter(replace(entry, workflows=_SHARES))
    interpreter.tracer = WorkflowStartTracer(interpreter)
    interpreter.bindings = bindings
    interpreter.keeps_constants = True
    with suppress(LimitExceededError):  # the triggers that were found are worth reporting
        scopes = [interpreter.modules.scope_of(module) for module in modules]
        for function in _leading_to_triggers([each for scope in scopes for each in _functions_of(scope)]):
            if function.scope.module in naming:  # other functions only receive bindings as arguments
                _interpret(interpreter, function)
    return tuple(fact for fact in interpreter.facts if isinstance(fact, WorkflowStarted) and fact.binding in bindings)


def _modules_with_triggers(entry: OpenModule) -> Iterator[SourceModule]:
    """Yield the module, and its direct and indirect imports that mention a method that starts workflows."""
    yield entry.module
    importer = entry.importer
    visited = {entry.module.path}
    pending = [entry.module.path]
    while pending and importer is not None:
        path = pending.pop()
        for level, name in importer.search(path, may_imported_modules) or ():
            file = importer.find(path, level, name)
            if file is None or file.path is None or file.path in visited:
                continue
            visited.add(file.path)
            pending.append(file.path)
            module = importer.load(file) if importer.mentions(file.path, _MENTIONS_METHOD) else None
            if isinstance(module, SourceModule):
                yield module


def _functions_of(scope: LexicalScope) -> Iterator[_MentioningFunction]:
    """Yield the functions of a module outside of other functions, and the methods of its classes."""
    pending: list[tuple[cst.CSTNode, str | None]] = [(each, None) for each in statements(scope.module.tree)]
    while pending:
        statement, class_name = pending.pop()
        if isinstance(statement, cst.FunctionDef):
            yield _MentioningFunction(
                scope, class_name, statement.name.value, scope.module.once_for_code(statement, _mentioned)
            )
        elif class_name is None:
            owner = statement.name.value if isinstance(statement, cst.ClassDef) else None
            pending += [(inner, owner) for suite in suites(statement) for inner in statements(suite)]


def _mentioned(function: cst.FunctionDef) -> frozenset[str]:
    return frozenset(node.value for node in all_nodes(function, sketched=True) if isinstance(node, cst.Name))


def _leading_to_triggers(functions: list[_MentioningFunction]) -> list[_MentioningFunction]:
    """Return the functions that mention a method that starts workflows, or that mention such a function."""
    mentioning: dict[str, list[_MentioningFunction]] = {}
    for function in functions:
        for name in function.mentioned:
            mentioning.setdefault(name, []).append(function)
    leading: dict[int, None] = {}
    pending = list(WORKFLOW_STARTS)
    while pending:
        for function in mentioning.pop(pending.pop(), ()):
            if id(function) not in leading:
                leading[id(function)] = None
                pending += {function.name} - _HANDLERS
    return [function for function in functions if id(function) in leading]


def _interpret(interpreter: Interpreter, function: _MentioningFunction) -> None:
    """Call a function with unknown arguments. The changes are undone, so that no other function sees them."""
    scope = function.scope
    value = resolve_body_name(interpreter, scope, function.class_name or function.name)
    place = SourcePlace(scope.module, scope.module.tree)
    if function.class_name is None:
        interpreter.branch(lambda: _call(interpreter, value, place))
    elif isinstance(value, ClassValue) and not derives_from_entrypoint(value):
        interpreter.branch(
            lambda: _call_method(interpreter, value, function.name, SourcePlace(scope.module, value.node))
        )


def _call_method(interpreter: Interpreter, owner: ClassValue, name: str, place: SourcePlace) -> None:
    """Call a method of a new object, whose attribute `env` is the environment."""
    instance = ProjectObject(owner, interpreter.store.new({"env": ENVIRONMENT}))
    _call(interpreter, interpreter.attribute(instance, "__init__", place), place)
    if name != "__init__":
        _call(interpreter, interpreter.attribute(instance, name, place), place)


def _call(interpreter: Interpreter, function: Value | None, place: SourcePlace) -> None:
    if isinstance(function, FunctionValue):
        result = interpreter.call(function, _unknown_arguments(function, place), place)
        await_value(interpreter, result, place)


def _unknown_arguments(function: FunctionValue, place: SourcePlace) -> Arguments:
    """Return unknown arguments for all parameters except starred ones. An argument `env` is the environment."""
    arguments = [
        Argument(
            ENVIRONMENT if parameter.node.name.value == "env" else UNKNOWN,
            place,
            parameter.node.name.value if parameter.kind == "keyword" else None,
        )
        for parameter in free_parameters(function)
        if parameter.kind in ("positional", "keyword")
    ]
    return Arguments(tuple(arguments))


class WorkflowStartTracer(Tracer):
    """A tracer that only records calls that start instances of workflows."""

    __slots__ = ("interpreter",)

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter

    def on_workflow_start(self, binding: str, method: str, arguments: Arguments, place: SourcePlace) -> None:
        """Record the call."""
        observe_workflow_start(self.interpreter, binding, method, arguments, place)


def observe_workflow_start(
    interpreter: Interpreter, binding: str, method: str, arguments: Arguments, place: SourcePlace
) -> None:
    """Record a fact for a call of `create` or `create_batch` of the binding of a workflow."""
    from stepgraph.syntax.batch_loops import batch_loops

    function = interpreter.frame.function
    loops = {} if function is None else place.module.once_for_code(function, batch_loops)
    loop = loops.get(id(place.node))
    interpreter.observe(
        WorkflowStarted(
            binding,
            method != "create",
            static_arguments(unpacked_arguments(arguments, shows_hidden=True), shows_hidden=True),
            place,
            None if loop is None else SourcePlace(place.module, loop),
        )
    )
