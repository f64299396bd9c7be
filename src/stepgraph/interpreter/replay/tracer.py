"""The hooks of a tracer, which the interpreter calls during evaluation, and the records of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import KeyUse
from stepgraph.ir.nodes import StepDefinition
from stepgraph.ir.replay_facts import FactInCall
from stepgraph.ir.static_values import NO_ARGUMENTS, StaticArguments
from stepgraph.ir.values import UNKNOWN, External, Nondeterministic, Resource, Value
from stepgraph.ir.walk import VisitedOperation
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    # Frames refer to the traces of this module.
    from stepgraph.interpreter.frame import PathResult

# The slot of a name or attribute. For a collection, the key is empty.
StateKey: TypeAlias = tuple[HeapCell, str]


class NondeterministicUse(Struct, frozen=True):
    """A use of a nondeterministic value in data that the engine stores."""

    nondeterministic: Nondeterministic
    place: SourcePlace


class StateChange(Struct, frozen=True):
    """A change of outer state by the body of a step."""

    target: str
    """The source of the changed name or attribute."""
    place: SourcePlace
    step: cst.CSTNode | None
    """The step whose body makes the change."""
    function: cst.CSTNode | None
    """The function that contains the change: the step's function, or a function that it calls."""
    calls: tuple[SourcePlace, ...]
    """The calls, in the body of the step, that lead to the change, innermost first."""
    is_global: bool
    """Whether the change is to a variable of a module, which may be a cache that other steps also use."""


class ReplayPosition(Struct, frozen=True):
    """The position of a point in the code, relative to the steps before it."""

    last_step: int = 0
    """The number of the last step, sleep or wait that must have completed, or 0 if none has."""
    state_changes: Mapping[StateKey, StateChange] = field(default_factory=dict)
    """The possible changes by steps so far."""


class TraceMark(Struct, frozen=True):
    """A point in the trace before a loop or a call, as the numbers of records so far."""

    last_step: int = 0
    nondeterministic_count: int = 0
    use_count: int = 0
    change_count: int = 0
    fact_count: int = 0
    state_read_count: int = 0
    binding_count: int = 0
    return_count: int = 0
    """The number of paths of the current function that have returned."""
    newest_serial: int = 0
    """The serial of the newest cell at this point."""


class CallTrace(Struct, frozen=True):
    """The trace of a call. Further calls with the same summary repeat the trace."""

    uses: tuple[NondeterministicUse, ...] = ()
    """The uses in the function of nondeterministic values that are older than the call."""
    state_changes: tuple[tuple[StateKey, StateChange | None], ...] = ()
    """The changes that steps make to outer state."""
    facts: tuple[FactInCall, ...] = ()
    """The first facts that depend on the calls of the function. Their `calls` end in the function."""
    creates_nondeterministic: bool = False
    """Whether the call creates nondeterministic values."""
    completes_step: bool = False
    """Whether a step, sleep or wait has completed at the end of the call, on each path through the function."""


def _ignore(value: Value) -> None:
    del value


_START: Final = ReplayPosition()
_MARK: Final = TraceMark()
_NO_TRACE: Final = CallTrace()
NO_CONTEXT: Final = nullcontext()
_NO_RECORD: Final = nullcontext(_ignore)


class Tracer:
    """The tracer for a graph without a check. Its hooks do nothing.

    `ReplayTracer` overrides the hooks to follow differences between runs. No hook changes the graph: the values that
    hooks return differ only in their taint.
    """

    __slots__ = ()

    # Positions

    @property
    def position(self) -> ReplayPosition:
        """The position of the code being evaluated."""
        return _START

    def restore(self, position: ReplayPosition) -> None:
        """Continue the analysis at another position."""

    def join_paths(self, ends: Sequence[ReplayPosition | None]) -> None:
        """Continue the analysis at the point where several paths end. None marks the end of an empty path."""

    def on_completion(self) -> None:
        """Record that another step, sleep or wait has completed before the following code."""

    # Contexts of evaluation

    def step_body(self, step: cst.CSTNode) -> AbstractContextManager[None]:
        """Return a context for evaluating the body of a step."""
        del step
        return NO_CONTEXT

    def after_dependencies(self) -> AbstractContextManager[None]:
        """Return a context for evaluating the body of a step whose dependencies run first."""
        return NO_CONTEXT

    def function_body(self) -> AbstractContextManager[None]:
        """Return a context for evaluating the body of a function."""
        return NO_CONTEXT

    def task_body(self) -> AbstractContextManager[None]:
        """Return a context for evaluating the body of a task, which runs concurrently with the code after its start."""
        return NO_CONTEXT

    def callee(self, call: cst.Call) -> AbstractContextManager[None]:
        """Return a context for evaluating the callee of a call."""
        del call
        return NO_CONTEXT

    def arguments(self, call: cst.Call, callee: Value) -> AbstractContextManager[None]:
        """Return a context for evaluating the arguments of a call."""
        del call, callee
        return NO_CONTEXT

    def iterable(self, loop: cst.For) -> AbstractContextManager[None]:
        """Return a context for evaluating the iterable of a loop."""
        del loop
        return NO_CONTEXT

    def test(self, branch: cst.If) -> AbstractContextManager[None]:
        """Return a context for evaluating the test of an `if`."""
        del branch
        return NO_CONTEXT

    def assigned_value(self, node: cst.Assign) -> AbstractContextManager[Callable[[Value], None]]:
        """Return a context for evaluating an assigned value. Call its result with the value."""
        del node
        return _NO_RECORD

    def base(self) -> AbstractContextManager[None]:
        """Return a context for evaluating the base of an attribute or subscript."""
        return NO_CONTEXT

    def target(self) -> AbstractContextManager[None]:
        """Return a context for evaluating the target of a change."""
        return NO_CONTEXT

    # Expressions

    def on_read(self, node: cst.Name | cst.Attribute, owner: Value | None, value: Value) -> None:
        """Record that a name, or an attribute of `owner`, is read."""

    def on_element_read(self, node: cst.Subscript, value: Value) -> None:
        """Record that an element of a collection is read."""

    def on_lookup(self, owner: Value, place: SourcePlace) -> None:
        """Record that an element of a collection is looked up at an unknown key."""

    def on_method_call(self, call: cst.Call, method: Value) -> None:
        """Record that a bound method, or a union that may contain one, is about to be called."""

    def on_result(self, call: cst.Call, callee: Value, arguments: Arguments, result: Value) -> Value:
        """Return the result of a call, possibly tainted."""
        del call, callee, arguments
        return result

    def on_external_call(self, callee: External, arguments: Arguments, place: SourcePlace, result: Value) -> Value:
        """Return the result of a call of a function outside the project, possibly tainted."""
        del callee, arguments, place
        return result

    def on_operation(self, operands: Iterable[Value], result: Value = UNKNOWN) -> Value:
        """Return the result of an operation on values, possibly tainted."""
        del operands
        return result

    def on_sum(self, left: Value, right: Value, result: Value, place: SourcePlace) -> Value:
        """Return the result of an addition, possibly tainted."""
        del left, right, place
        return result

    def on_difference(self, left: Value, right: Value, result: Value) -> Value:
        """Return the result of a subtraction, possibly tainted."""
        del left, right
        return result

    def on_test(self, test: Value, test_place: SourcePlace, decision_place: SourcePlace, first_branch: int = 0) -> None:
        """Record that a value decides which of the branches from `first_branch` on runs."""

    def on_selection(self, tests: Sequence[Value], paths: Sequence[PathResult], start: TraceMark) -> None:
        """Record that tests have selected one of several paths from `start`, after the join of their changes."""

    def on_cases(self, union: Union) -> None:
        """Record the condition that selects a case of a union, after the choice between the cases was emitted."""

    def on_access(self, resource: Resource, place: SourcePlace) -> None:
        """Record that a call of a resource is awaited at `place`, or passed to a function that awaits it."""

    def on_event_key(self, use: KeyUse, event: Value, key: Value, owner: SourcePlace, place: SourcePlace) -> None:
        """Record that a key of a value, which may be an event, is used."""

    def on_workflow_start(self, binding: str, method: str, arguments: Arguments, place: SourcePlace) -> None:
        """Record a call of a method that starts instances of the workflow of a binding, such as `create`."""

    # Statements

    def on_binding(self, name: str) -> None:
        """Record that a name is bound in the current scope."""

    def on_assignment(self, target: cst.Name, value: Value, source: SourcePlace | None) -> None:
        """Record that a value is assigned to a name. `source` is the location of the assigned expression."""

    def on_attribute_change(self, target: cst.Attribute, owner: Value) -> None:
        """Record that an attribute of `owner` is assigned or deleted."""

    def on_attribute_assignment(
        self, target: cst.Attribute, owner: Value, value: Value, source: SourcePlace | None
    ) -> None:
        """Record that a value is assigned to an attribute of `owner`. `source` is the location of the expression."""

    def on_named_assignment(self, instance: ProjectObject, name: str | None) -> None:
        """Record that code sets an attribute of an object by its name, which is None if it is computed."""

    def on_field(self, instance: ProjectObject, name: str, argument: Argument) -> None:
        """Record that a generated initializer sets a field of a new object to an argument."""

    def on_element_change(self, target: cst.Subscript, owner: Value) -> None:
        """Record that an element of `owner` is assigned or deleted."""

    def on_augmented_assignment(self, node: cst.AugAssign, target: Value, value: Value) -> None:
        """Record that an augmented assignment, such as `target += value`, is evaluated."""

    def on_discard(self, value: Value) -> None:
        """Record that a statement discards the value of its expression."""

    def on_return(self, function: SourcePlace, value: Value, place: SourcePlace) -> None:
        """Record that a function or lambda returns a value."""

    def on_function(self, node: cst.FunctionDef | cst.Lambda) -> None:
        """Record that a `def` statement or a lambda creates a function."""

    # Steps

    def on_step_method(self, name: str, arguments: Arguments, place: SourcePlace) -> StaticArguments:
        """Record a call of a method of the step object. Return a snapshot of the unpacked arguments for the rules."""
        del name, arguments, place
        return NO_ARGUMENTS

    def on_declaration(self, step_arguments: StaticArguments, arguments: Arguments, place: SourcePlace) -> None:
        """Record a call of the decorator that `step.do(*step_arguments)` returned."""

    def on_step_call(self, step: StepDefinition, arguments: Arguments, place: SourcePlace) -> None:
        """Record a call of a declared step, with unpacked arguments."""

    # Loops, functions and the workflow

    def on_function_call(self, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None) -> None:
        """Record a call of a project function or lambda at `place`, which is None for a call by the engine."""

    def on_union_call(self, callees: Union, place: SourcePlace) -> None:
        """Record a call of one of several values at `place`, before it is interpreted for each of them."""

    def on_function_end(self, body: cst.BaseSuite) -> None:
        """Record that the body of a function with steps has been evaluated, before its frame is closed."""

    def on_iteration(self, target: cst.BaseExpression, iterable: Value) -> None:
        """Record that a loop assigns each element of a value to its target."""

    def mark(self) -> TraceMark:
        """Return the current position in the trace."""
        return _MARK

    def on_loop_end(self, start: TraceMark, *, repeats: bool) -> None:
        """Record the end of a loop that began at `start`. `repeats` means that its body may run again."""

    def trace_since(self, start: TraceMark, place: SourcePlace | None) -> CallTrace:
        """Return the trace of the call at `place` that began at `start`."""
        del start, place
        return _NO_TRACE

    def on_memoized_call(self, trace: CallTrace, scope: LexicalScope, place: SourcePlace | None) -> None:
        """Record a call at `place`, with its arguments in `scope`, that repeats the trace of an earlier call."""

    def on_entry(self, run: cst.CSTNode) -> None:
        """Record that the engine calls the `run` method of the workflow."""

    def on_end(self, operations: Sequence[VisitedOperation]) -> None:
        """Record that the evaluation of the workflow has ended with these operations."""


NO_TRACER: Final = Tracer()
