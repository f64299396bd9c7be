"""The abstract interpreter: dispatch by type of node and value, emission of IR, and branching.

The other modules of this package implement the semantics of Python, of libraries and of the SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import libcst as cst

from stepgraph.interpreter.frame import BranchCondition, PathResult
from stepgraph.interpreter.joining import ExclusiveTasks, join_values, on_path
from stepgraph.interpreter.path_joins import ExposedValues, PathChanges, join_paths
from stepgraph.interpreter.state import InterpreterState
from stepgraph.interpreter.task_runs import record_await
from stepgraph.interpreter.values.calls import Arguments, FunctionCoroutine, PreparedCall, StepCall, WaitCall
from stepgraph.interpreter.values.objects import Caveat
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.write_log import Changes
from stepgraph.ir.await_groups import tasks_done_after
from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Await,
    Call,
    Choice,
    ChoiceBranch,
    Operation,
    OperationBlock,
    Pause,
    Run,
    StartOperation,
    Suspension,
)
from stepgraph.ir.values import Value
from stepgraph.limits import Limit, LimitExceededError
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import statements

Kind = TypeVar("Kind")
Handler = TypeVar("Handler")


class HandlerTable(dict[Kind, Handler]):
    """The handlers of nodes or values, by type.

    A handler outside of the module with the table is named like an entry point, as `package.module:function`. Its
    module is imported at the first node or value of the type, because most workflows contain few types, and importing
    all modules takes longer than analyzing a small workflow.
    """

    __slots__ = ("_default", "names")

    def __init__(self, handlers: Mapping[Kind, Handler], names: Mapping[Kind, str], default: Handler) -> None:
        """Create a table of handlers and the names of further ones. `default` handles all other types."""
        super().__init__(handlers)
        self.names = names
        self._default = default

    def __missing__(self, kind: Kind) -> Handler:
        name = self.names.get(kind)
        if name is None:
            return self._default
        module, _, function = name.partition(":")
        handler: Handler = getattr(import_module(module), function)
        self[kind] = handler
        return handler


# Functions in dispatch tables, by the type of the node or value. Each accepts only its own type, which `dict` cannot
# express, hence `Any`.
Evaluator: TypeAlias = "Callable[[Interpreter, Any], Value]"
Executor: TypeAlias = "Callable[[Interpreter, Any], None]"
Caller: TypeAlias = "Callable[[Interpreter, Any, Arguments, SourcePlace], Value]"
AttributeReader: TypeAlias = "Callable[[Interpreter, Any, str, SourcePlace], Value]"


class EscapeReporter(Protocol):
    """A function that reports a value that leaves the analysis if it can run steps, and returns whether it can."""

    def __call__(
        self, interpreter: Interpreter, value: Value, place: SourcePlace, action: str, /, *, is_stored: bool
    ) -> bool:
        """Report the value. With `is_stored`, a function that may receive the step object later also counts."""


_WORK: Final = (Run, StartOperation, Await)
_AWAITABLES: Final = (StepCall, WaitCall, FunctionCoroutine, PreparedCall, WaitForCall, Task, Gathering)

LIMIT_ADVICE: Final = "Later steps are missing from the graph. Split the workflow, or simplify the code at this line."


class Interpreter(InterpreterState, eq=False, kw_only=True):
    """The abstract interpreter of one workflow, or of one search for workflow classes."""

    evaluators: HandlerTable[type[cst.CSTNode], Evaluator]
    executors: HandlerTable[type[cst.CSTNode], Executor]
    callers: HandlerTable[type[Value], Caller]
    attributes: Callable[[Interpreter, Value, str, SourcePlace], Value]
    """The function that evaluates an attribute of a value."""
    escapes: EscapeReporter
    """The function that reports a relevant value that leaves the analysis."""

    # Dispatch

    def evaluate(self, node: cst.BaseExpression) -> Value:
        """Evaluate an expression: emit its operations and return its value."""
        evaluator = self.evaluators[type(node)]
        budget = self.budget
        budget.evaluations -= 1
        budget.depth -= 1
        if budget.evaluations < 0 or budget.depth < 0:
            budget.check()
        value = evaluator(self, node)
        budget.depth += 1
        return value

    def execute(self, body: cst.BaseSuite) -> None:
        """Execute the reachable statements of a block."""
        self.execute_each(statements(body))

    def execute_each(self, body: Iterable[cst.CSTNode]) -> None:
        """Execute the reachable statements among `body`.

        If a limit is exceeded, this block and all enclosing blocks end, and a note is added.
        """
        budget, depth, inlined = self.budget, self.budget.depth, self.frame.inlined
        remaining = iter(body)
        for statement in remaining:
            if not self.is_reachable:
                break
            executor = self.executors[type(statement)]
            position = len(self.operations)
            try:
                budget.evaluations -= 1
                budget.depth = depth - 1
                if budget.evaluations < 0 or depth <= 0:
                    budget.check()
                executor(self, statement)
                if self.frame.suspension is not Suspension.NEVER:
                    self.emit_pauses(statement, position)
                if inlined is not None and inlined.may_have_ended:
                    # Imported here because few workflows have generators.
                    from stepgraph.interpreter.python.loops.generators import execute_unless_ended

                    execute_unless_ended(self, inlined, statement, [*remaining])
                    break
            except LimitExceededError as error:
                self.stop(error, self.place(statement))
                break
        budget.depth = depth

    def call(self, callee: Value, arguments: Arguments, place: SourcePlace) -> Value:
        """Call a value: emit the operations of the call and return its result."""
        return self.callers[type(callee)](self, callee, arguments, place)

    def attribute(self, owner: Value, name: str, place: SourcePlace) -> Value:
        """Evaluate `owner.name`, including the operations of a property."""
        return self.attributes(self, owner, name, place)

    def escape(self, value: Value, place: SourcePlace, action: str, *, is_stored: bool = False) -> bool:
        """Report a relevant value that leaves the analysis. Return whether it can run steps.

        `action` is the predicate of the message, such as `"is iterated over"`; the value is the subject.

        With `is_stored`, the value may return into the analysis, where a function in it may receive the step object.
        """
        return value.relevant and self.escapes(self, value, place, action, is_stored=is_stored)

    def escape_operand(self, value: Value, place: SourcePlace, action: str) -> None:
        """Report a relevant operand that leaves the analysis.

        An awaitable is not reported, because the operation raises a TypeError.
        """
        if value.relevant and not isinstance(value, _AWAITABLES):
            self.escape(value, place, action)

    # Emission of operations, notes and facts

    def emit(self, operation: Operation) -> None:
        """Append an operation to the current block. An `Await` also finishes the tasks that are done after it."""
        self.budget.spend(Limit.OPERATIONS)
        self.operations.append(operation)
        if isinstance(operation, _WORK):
            self.frame.emitted = True
            if not isinstance(operation, StartOperation) and not _is_call(operation):
                self.tracer.on_completion()
            if isinstance(operation, Await) and not operation.group.until_error:
                self._finish_tasks(operation)

    def _finish_tasks(self, await_: Await) -> None:
        """Record the end of the tasks that are done after an await."""
        if self.store.in_flight:
            hides_errors = await_.group.hides_errors  # takes linear time in the members
            for awaited in tasks_done_after(await_.group):
                self.store.finish_task(awaited, self.loop_depth, may_have_failed=hides_errors)
        if self.store.runs.sites and not await_.one_per_iteration:
            record_await(self.store, tasks_done_after(await_.group))

    def record_suspension(self, suspension: Suspension) -> None:
        """Record that the current statement suspends in an await that emits no operation.

        In the body of a step, this matters only if the body has started tasks.
        """
        if not self.in_step or self.frame.has_started_tasks:
            self.frame.suspension = self.frame.suspension.then(suspension)

    def emit_pauses(self, node: cst.CSTNode, position: int) -> None:
        """Emit the possible pauses of a statement whose operations begin at a position: before and after them."""
        pause = Pause(self.place(node), Suspension.MAYBE)
        if len(self.operations) > position:
            self.operations.insert(position, pause)
        if self.is_reachable:
            self.emit(pause)
        self.frame.suspension = Suspension.NEVER

    def note(self, code: str, place: SourcePlace, message: str, advice: str, *, incomplete: bool = True) -> None:
        """Add a note, once per code and place. `incomplete` means that steps may be missing from the graph."""
        self.notes.setdefault((code, id(place.node)), (place, message, advice, incomplete))

    def stop(self, error: LimitExceededError, place: SourcePlace) -> None:
        """End the analysis because a limit is exceeded. Add a note at the first exceeded limit."""
        self.budget.end()
        if not self.stopped:
            self.stopped = True
            self.note("limit-exceeded", place, f"the analysis stops here: {error.reason}.", LIMIT_ADVICE)

    def observe(self, fact: Fact) -> None:
        """Record a fact for the rules. Duplicates are ignored."""
        self.budget.spend(Limit.FACTS)
        self.facts.setdefault(fact)

    def report_caveat(self, caveat: Caveat) -> None:
        """Add a note that the function that runs may differ from the function that the graph shows."""
        self.note(caveat.code, caveat.place, caveat.message, caveat.advice)

    # Branches, scopes and frames

    def block_of(self, run: Callable[[], object]) -> OperationBlock:
        """Return the operations that `run` emits as a block. Changes of the store stay in effect.

        If these are only pauses, the block is empty, and the current statement as a whole may suspend.
        """
        outer, self.operations = self.operations, []
        operations = self.operations
        try:
            run()
        finally:
            self.operations = outer
        if not operations:
            return EMPTY_BLOCK
        if all(isinstance(operation, Pause) for operation in operations):
            self.frame.suspension = Suspension.MAYBE
            return EMPTY_BLOCK
        return OperationBlock(tuple(operations))

    def branch(
        self,
        run: Callable[[], object],
        condition: str | None = None,
        *,
        discriminant: str | None = None,
        cut_short: bool = False,
    ) -> PathResult:
        """Interpret one of several paths, roll it back, and return its result.

        With a `discriminant`, the condition is a pattern of a `match` on it.
        With `cut_short`, an exception may end the path early, so the result includes the overwritten values.
        """
        self.budget.spend(Limit.BRANCHES)
        checkpoint, since, before = self.store.checkpoint(), self.work.last_task_id, self.tracer.position
        outer_exposed = self.exposed
        if cut_short:
            self.exposed = ExposedValues()
        self.is_reachable = True
        self.frame.conditions.append(BranchCondition(condition, discriminant))
        self.branch_depth += 1
        block = self.block_of(run)
        self.frame.conditions.pop()
        self.branch_depth -= 1
        live, self.is_reachable = self.is_reachable, True
        overwritten = self.store.overwritten(checkpoint) if cut_short else []
        if cut_short:
            overwritten += [] if self.exposed is None else self.exposed.changes
            self.exposed = outer_exposed
        self.expose(checkpoint)
        position = self.tracer.position
        self.tracer.restore(before)
        return PathResult(block, self.store.rollback(checkpoint), live, tuple(overwritten), since, position)

    @contextmanager
    def collect_exposed(self, checkpoint: int) -> Iterator[list[Changes]]:
        """Collect the values written since `checkpoint` that an exception may expose to the exit code of a `with`."""
        outer, self.exposed = self.exposed, ExposedValues()
        exposed = self.exposed
        changes: list[Changes] = []
        try:
            yield changes
        finally:
            self.exposed = outer
            changes += [self.store.changes(checkpoint), *self.store.overwritten(checkpoint), *exposed.changes]
            if outer is not None:
                outer.add(exposed.changes)

    def expose(self, checkpoint: int) -> None:
        """Record the overwritten values that an exception may expose to enclosing code, before they are rolled back."""
        if self.exposed is not None:
            self.exposed.add(self.store.overwritten(checkpoint))

    def join_path_results(
        self,
        paths: Sequence[tuple[str | None, PathResult]],
        discriminant: str | None,
        place: SourcePlace,
        *,
        exclusive: bool = True,
    ) -> None:
        """Join the ends of several paths. The code after the paths is unreachable if no end is reachable.

        Paths are not `exclusive` if one may run after a part of another, as a handler runs after a part of its `try`.
        """
        ends = [PathChanges(condition, path.changes) for condition, path in paths if path.is_reachable]
        self.is_reachable = bool(ends)
        if not ends:
            return
        self.tracer.join_paths([path.position for _, path in paths if path.is_reachable])
        since = min((path.since for _, path in paths if path.since is not None), default=None)
        join_paths(self.store, ends, discriminant, place, since if exclusive else None)

    def count_cases(self, union: Union) -> None:
        """Count each case of a union as two evaluated expressions, because a read of its attribute takes as long."""
        self.budget.evaluations -= 2 * len(union.cases)

    def apply_to_cases(self, union: Union, act: Callable[[Value], Value]) -> Value:
        """Apply a function to each case of a union and join the results. Emit a choice if a case emits operations."""
        results: list[Value] = []
        since = self.work.last_task_id

        def apply(value: Value) -> None:
            results.append(act(value))

        paths = [(case.condition, self.branch(partial(apply, case.value), case.condition)) for case in union.cases]
        exhaustive = union.discriminant is not None
        self.join_branches(paths, union.discriminant, union.place, exhaustive=exhaustive)
        self.tracer.on_cases(union)
        values = [
            (case.condition, result if result is case.value else on_path(result, (), ExclusiveTasks(since)))
            for case, result in zip(union.cases, results, strict=True)
        ]
        return join_values(values, union.discriminant, union.place, ExclusiveTasks(0))

    def join_branches(
        self,
        paths: Sequence[tuple[str | None, PathResult]],
        discriminant: str | None,
        place: SourcePlace,
        *,
        exhaustive: bool = False,
    ) -> None:
        """Emit a choice of paths and join their ends.

        A choice that is not `exhaustive` and has no `else` also has an empty path.
        """
        blocks = [(condition, path.block) for condition, path in paths]
        self.emit_choice(blocks, discriminant, place, exhaustive=exhaustive)
        if not exhaustive and all(condition is not None for condition, _ in paths):
            paths = [*paths, (None, PathResult(EMPTY_BLOCK, {}, is_reachable=True))]
        self.join_path_results(paths, discriminant, place)

    def emit_choice(
        self,
        blocks: Sequence[tuple[str | None, OperationBlock]],
        discriminant: str | None,
        place: SourcePlace,
        *,
        exhaustive: bool = False,
    ) -> None:
        """Emit a choice, unless all its branches are empty."""
        if any(block.operations for _, block in blocks):
            branches = tuple(ChoiceBranch(condition, block) for condition, block in blocks)
            self.emit(Choice(branches, place, discriminant, exhaustive))


def _is_call(operation: Operation) -> bool:
    """Return whether an operation runs a function, whose own steps have been recorded as completed."""
    return isinstance(operation, Run) and isinstance(operation.activity, Call)
