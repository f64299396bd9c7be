"""Whether a body suspends: only then do the tasks that were queued before it begin."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.ir.await_groups import TaskId, task_ids_of
from stepgraph.ir.dataflow import Domain, Leaf, solve
from stepgraph.ir.nodes import (
    Await,
    Call,
    Function,
    Operation,
    OperationBlock,
    PartialOrder,
    Pause,
    Run,
    Scope,
    StartOperation,
    Suspension,
    TryOperation,
    operations_in,
)

_LEAF_TYPES: Final[frozenset[type[Operation]]] = frozenset([Run, Pause, StartOperation, PartialOrder])
_SUSPENDING_TYPES: Final[frozenset[type[Operation]]] = frozenset([Run, Pause, Await, Scope, PartialOrder])
"""The types of the operations that may suspend by themselves."""


def suspension_of(body: OperationBlock, queued: frozenset[TaskId] = frozenset()) -> Suspension:
    """Return whether a body suspends before its normal exits. Paths that raise do not count.

    An await of one of the `queued` tasks suspends.
    """
    if _LEAF_TYPES.issuperset(map(type, body.operations)):
        return _suspension_of_sequence(body)
    if _SUSPENDING_TYPES.isdisjoint(map(type, operations_in(body))):
        return Suspension.NEVER
    exits = solve(body, _Suspended(may_be_false=True, queued=queued), _SuspensionDomain())
    ends = [end for end in (exits.end, exits.returns) if end is not None]
    if not any(end.may_be_false for end in ends):
        return Suspension.ALWAYS if ends else Suspension.MAYBE
    return Suspension.MAYBE if any(end.may_be_true for end in ends) else Suspension.NEVER


def may_raise_at_start(body: OperationBlock) -> bool:
    """Return whether an exception may leave a body before it suspends, as far as its operations show."""
    exits = solve(body, _Suspended(may_be_false=True), _RaiseDomain())
    return any(end is not None and end.may_be_false for end in (exits.raises, exits.failed))


def may_run_step_before_suspending(body: OperationBlock, queued: frozenset[TaskId]) -> bool:
    """Return whether a step may run in a body before the body suspends, so before the `queued` tasks begin."""
    domain = _FirstStepDomain()
    solve(body, _Suspended(may_be_false=True, queued=queued), domain)
    return domain.has_step


def _suspension_of_sequence(body: OperationBlock) -> Suspension:
    suspension = Suspension.NEVER
    for operation in body.operations:
        suspension = suspension.then(_suspension_of_leaf(operation))
    return suspension


class _Suspended(Struct, frozen=True):
    """Whether the paths to a point have suspended."""

    may_be_false: bool = False
    may_be_true: bool = False
    queued: frozenset[TaskId] = frozenset()
    """The tasks that have started on every path that has not suspended."""


class _SuspensionDomain(Domain[_Suspended]):
    """The paths that have suspended. An await of a task that is still queued suspends."""

    def transfer(self, operation: Leaf, state: _Suspended) -> _Suspended:
        if not state.may_be_false:
            return state
        if isinstance(operation, StartOperation):
            return _Suspended(state.may_be_false, state.may_be_true, state.queued | {operation.task_id})
        if isinstance(operation, Await):
            is_queued = not state.queued.isdisjoint(task_ids_of(operation.group))
            suspension = Suspension.ALWAYS if is_queued else Suspension.MAYBE
        else:
            suspension = _suspension_of_leaf(operation)
        if suspension is Suspension.NEVER:
            return state
        if suspension is Suspension.ALWAYS:
            return _Suspended(may_be_true=True)
        return _Suspended(may_be_false=True, may_be_true=True, queued=state.queued)

    def enter_scope(self, scope: Scope, state: _Suspended) -> _Suspended:
        """Treat the entry of a manager such as a lock as an await that may suspend."""
        if not (scope.may_suspend and state.may_be_false):
            return state
        return _Suspended(may_be_false=True, may_be_true=True, queued=state.queued)

    def join(self, first: _Suspended, second: _Suspended) -> _Suspended:
        queued = [state.queued for state in (first, second) if state.may_be_false]
        return _Suspended(
            first.may_be_false or second.may_be_false,
            first.may_be_true or second.may_be_true,
            frozenset.intersection(*queued) if queued else frozenset(),
        )


class _RaiseDomain(_SuspensionDomain):
    """The paths that have suspended, with the exceptions of calls."""

    def may_raise(
        self, operation: Leaf | TryOperation, before: _Suspended, after: _Suspended | None
    ) -> _Suspended | None:
        match operation:
            case Run(activity=Call(function=function)):
                return before if function.may_raise_at_start else _Suspended(may_be_true=True)
            case StartOperation() | Pause():
                return None
            case _:
                return super().may_raise(operation, before, after)


class _FirstStepDomain(_SuspensionDomain):
    """The paths that have suspended, with a record of the steps before that."""

    def __init__(self) -> None:
        self.has_step = False
        self._functions: set[Function] = set()

    def transfer(self, operation: Leaf, state: _Suspended) -> _Suspended:
        if state.may_be_false and not self.has_step:
            self.has_step = self._begins_step(operation)
        return super().transfer(operation, state)

    def _begins_step(self, operation: Leaf) -> bool:
        match operation:
            case Run(activity=Call(function=function)):
                if not function.may_run_steps or function in self._functions:
                    return False
                self._functions.add(function)
                if function.body.operations:
                    solve(function.body, _Suspended(may_be_false=True), self)
                    return self.has_step
                return True  # the function is being interpreted
            case StartOperation(eager=eager):
                return eager
            case _:
                return isinstance(operation, Run | PartialOrder)


def _suspension_of_leaf(operation: object) -> Suspension:
    match operation:
        case Pause(suspension=suspension):
            return suspension
        case Run(activity=Call(function=function)):
            return function.suspension
        case Run() | PartialOrder():
            return Suspension.ALWAYS
        case _:
            return Suspension.NEVER
