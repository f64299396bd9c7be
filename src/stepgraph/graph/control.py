"""Structuring of control flow: jumps are rewritten to the constructs of the payload, `break` and `return`.

After a `continue`, or a `raise` that a handler of the function catches, the rest of the block moves into the branches
that do not jump. A caught `raise` that leaves a loop inside the `try` also becomes a `break`. A `raise` that no handler
of the function catches becomes a `return`. A `with` becomes its body. Operations that neither run nor await steps, and
do not decide whether a step runs, are removed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.calls import CallSummaries, StartedTasks
from stepgraph.ir.exceptions import may_catch, must_catch
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Await,
    Call,
    Choice,
    ChoiceBranch,
    Handler,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    Run,
    Scope,
    Series,
    StartOperation,
    StepRun,
    TryOperation,
    operations_in,
)
from stepgraph.ir.walk import child_blocks_outside_loop, map_blocks, may_run_steps, tasks_started_in
from stepgraph.model.vocabulary import NO_BREAK, NO_CONTINUE, NO_EXCEPTION

Target: TypeAlias = int
"""The target of a jump without a payload node: `_ITERATION_END`, or the `id` of a `try` for the end of its body."""

_ITERATION_END: Final[Target] = 0


class _EnclosingTry(Struct, frozen=True):
    """A `try` statement whose body contains the current block."""

    target: Target
    handlers: Sequence[Handler]
    loops: int
    """The number of loops that enclose the `try`."""
    skips_steps: bool = False
    """Whether an exception from the block skips steps in the body of the `try`."""


class _Context(Struct, frozen=True):
    """The surroundings of a block in its function."""

    skips_steps: bool = False
    """Whether a return from the block skips steps."""
    tries: tuple[_EnclosingTry, ...] = ()
    """The enclosing `try` statements, outermost first."""
    loops: int = 0
    """The number of enclosing loops."""
    is_unrolled: bool = False
    """Whether the innermost loop around the block is unrolled."""
    is_run: bool = False
    """Whether the function is `run`, which nothing follows."""
    is_finally: bool = False
    """Whether a return from the block discards exceptions, after which callers continue."""
    runs_finally: bool = False
    """Whether a `continue` in the block first runs a `finally` that the graph shows."""
    is_limited: bool = False
    """Whether the block holds a lock or semaphore."""

    def before(self, *, steps_follow: bool) -> _Context:
        """Return the context of an operation. `steps_follow` states whether later operations in its block run steps."""
        if not steps_follow or (self.skips_steps and all(enclosing.skips_steps for enclosing in self.tries)):
            return self
        return replace(self, skips_steps=True, tries=tuple(replace(t, skips_steps=True) for t in self.tries))


class _TrailingChoice(Struct):
    """A choice at the end of a fragment. If some branches jump, later operations can move into the other branches."""

    operation: Choice
    branches: list[_Fragment]
    may_skip: bool
    """Whether control flow may bypass every branch."""


class _Fragment(Struct):
    """A rewritten part of a block."""

    operations: deque[Operation] = field(default_factory=deque)
    trailing_choice: _TrailingChoice | None = None
    """The choice after the operations, if any."""
    jumps: frozenset[Target] = frozenset()
    """The targets of the jumps in the fragment that have no payload node."""
    breaks: frozenset[Target] = frozenset()
    """The targets of exceptions that leave the innermost loop by a `break`. Outside the loop, they are `jumps`."""
    may_complete: bool = True
    """Whether the end of the fragment is reachable."""


def structure_control_flow(block: OperationBlock, calls: CallSummaries, *, is_run: bool = False) -> OperationBlock:
    """Return a function body with the control flow of the payload, and without operations unrelated to steps."""
    return _block(_with_resolved_calls(block, calls), _Context(is_run=is_run))[0]


def with_drawn_returns(block: OperationBlock, returns: frozenset[int]) -> OperationBlock:
    """Return a body in which the returns with these `id`s have a node."""
    operations = tuple(
        replace(operation, drawn=True)
        if isinstance(operation, Jump) and id(operation) in returns
        else map_blocks(operation, lambda inner: with_drawn_returns(inner, returns))
        for operation in block.operations
    )
    return OperationBlock(operations)


def _with_resolved_calls(
    block: OperationBlock, calls: CallSummaries, started: StartedTasks | None = None
) -> OperationBlock:
    """Return a block without calls of functions that run no steps.

    The remaining operations also complete those tasks of the block that are awaited in called functions. `started` are
    the tasks at the start of the block, to which the tasks that every path through the block starts are added.
    """
    started = StartedTasks(frozenset(tasks_started_in(block))) if started is None else started
    operations = [result for operation in block.operations for result in _resolved(operation, calls, started)]
    return OperationBlock(tuple(operations))


def _branch_with_resolved_calls(block: OperationBlock, calls: CallSummaries, started: StartedTasks) -> OperationBlock:
    with started.in_branch():
        return _with_resolved_calls(block, calls, started)


def _resolved(operation: Operation, calls: CallSummaries, started: StartedTasks) -> Iterator[Operation]:
    match operation:
        case Run(activity=Call(function=function), place=place):
            completed = calls.tasks_done_after_call(function)
            if calls.works(function):
                yield replace(operation, completed_tasks=completed)
            elif completed:
                yield Await(calls.group_of_call(function), place)
        case StartOperation(activity=Call(function=function)):
            started.certain.update(dict.fromkeys(operation.task_ids))
            if calls.works(function):
                yield operation
        case Run(activity=StepRun(body=body) as run) | StartOperation(activity=StepRun(body=body) as run) if (
            body.operations
        ):
            yield replace(operation, activity=replace(run, body=structure_control_flow(body, calls)))
        case StartOperation(activity=Series(block=inner)):
            yield replace(operation, activity=Series(_with_resolved_calls(inner, calls)))
        case Await(group=group):
            yield replace(operation, group=calls.with_tasks_of_callees(group, started.awaited(group)))
        case Scope(is_iteration=False):
            yield map_blocks(operation, lambda block: _with_resolved_calls(block, calls, started))
        case TryOperation(body=body, handlers=(), finalbody=finalbody):
            count = len(started.certain)
            body = _with_resolved_calls(body, calls, started)
            added = started.remove_after(count)
            with started.in_branch():
                finalbody = _with_resolved_calls(finalbody, calls, started)
            started.certain.update(dict.fromkeys(reversed(added)))
            yield replace(operation, body=body, finalbody=finalbody)
        case _:
            yield map_blocks(operation, lambda block: _branch_with_resolved_calls(block, calls, started))


# Rewriting


def _sequence(
    operations: tuple[Operation, ...], context: _Context, end: _Fragment | None = None, *, runs_steps: bool = False
) -> _Fragment:
    """Rewrite a sequence from its end, so that the context of each operation includes the operations after it.

    `end` is the fragment after the operations, which is changed in place, and `runs_steps` whether it runs steps. In a
    `try`, an exit that the graph shows counts as a step, because an exception that skips it decides about later steps.
    """
    fragment = _Fragment() if end is None else end
    runs_steps = runs_steps or (bool(context.tries) and _shows_exit(fragment))
    for operation in reversed(operations):
        rewritten = _operation(operation, context.before(steps_follow=runs_steps))
        runs_steps = (
            runs_steps
            or may_run_steps(OperationBlock((operation,)))
            or (bool(context.tries) and _shows_exit(rewritten))
        )
        fragment = _then(rewritten, fragment, operation)
    return fragment


def _shows_exit(fragment: _Fragment) -> bool:
    """Return whether a fragment has a `return`, or an uncaught `raise`, that the graph shows."""
    choice = fragment.trailing_choice
    return _may_leave_function(OperationBlock(tuple(fragment.operations))) or (
        choice is not None and any(map(_shows_exit, choice.branches))
    )


def _block(block: OperationBlock, context: _Context) -> tuple[OperationBlock, _Fragment]:
    fragment = _sequence(block.operations, context)
    return OperationBlock(_emitted(fragment)), fragment


def _emitted(fragment: _Fragment) -> tuple[Operation, ...]:
    if fragment.trailing_choice is None:
        return tuple(fragment.operations)
    blocks = [_emitted(branch) for branch in fragment.trailing_choice.branches]
    if not any(blocks):
        return tuple(fragment.operations)
    choice = fragment.trailing_choice.operation
    branches = (
        replace(branch, block=OperationBlock(block)) for branch, block in zip(choice.branches, blocks, strict=True)
    )
    return (*fragment.operations, replace(choice, branches=tuple(branches)))


def _then(first: _Fragment, second: _Fragment, origin: Operation) -> _Fragment:
    """Return the concatenation of two fragments. `origin` is the operation that `first` was rewritten from."""
    if first.jumps and _is_relevant(second):
        return _guarded(first, second, origin)
    if first.jumps:
        return first
    if first.trailing_choice is not None:
        first = replace(first, operations=deque(_emitted(first)), trailing_choice=None)
    second.operations.extendleft(reversed(first.operations))
    second.may_complete = second.may_complete and first.may_complete
    second.breaks |= first.breaks
    return second


def _is_relevant(fragment: _Fragment) -> bool:
    """Return whether a fragment runs a step, decides whether one runs, or awaits one."""
    return (
        bool(fragment.jumps)
        or fragment.trailing_choice is not None
        or any(map(_is_relevant_operation, fragment.operations))
    )


def _is_relevant_operation(operation: Operation) -> bool:
    return any(
        isinstance(inner, Run | StartOperation | Await | Jump) for inner in operations_in(OperationBlock((operation,)))
    )


def _guarded(first: _Fragment, second: _Fragment, origin: Operation) -> _Fragment:
    """Return the concatenation of two fragments, with `second` in a branch that the jumps of `first` bypass."""
    jumps, breaks = first.jumps | second.jumps, first.breaks | second.breaks
    choice = first.trailing_choice
    completing = [] if choice is None else [i for i, branch in enumerate(choice.branches) if branch.may_complete]
    if choice is None or len(completing) + choice.may_skip > 1:
        condition = NO_CONTINUE if _ITERATION_END in first.jumps else NO_EXCEPTION
        operations = _emitted(first)
        skipping = _jumps_in(operations)
        is_guard = not any(jump.kind is JumpKind.BREAK or jump.falls_through for jump in skipping)
        guard = Choice((ChoiceBranch(condition, EMPTY_BLOCK, skipping),), origin.place, is_guard=is_guard)
        return _Fragment(
            deque(operations), _TrailingChoice(guard, [second], may_skip=False), jumps, breaks, second.may_complete
        )
    if not completing and not choice.may_skip:
        return first
    if completing:
        index = completing[0]
        choice.branches[index] = _then(choice.branches[index], second, origin)
    else:
        choice.operation = replace(
            choice.operation, branches=(*choice.operation.branches, ChoiceBranch(None, EMPTY_BLOCK, is_added=True))
        )
        choice.branches.append(second)
        choice.may_skip = False
    return _Fragment(first.operations, choice, jumps, breaks, second.may_complete)


def _jumps_in(operations: Sequence[Operation]) -> tuple[Jump, ...]:
    """Return the jumps without nodes in operations, and those of exceptions that also leave loops in them."""
    jumps = [operation for operation in operations_in(OperationBlock(tuple(operations))) if isinstance(operation, Jump)]
    return tuple(
        jump
        for jump in jumps
        if jump.caught is not None or (not jump.drawn and jump.kind in (JumpKind.CONTINUE, JumpKind.RAISE))
    )


def _operation(operation: Operation, context: _Context) -> _Fragment:
    match operation:
        case Jump():
            return _jump(operation, context)
        case Choice():
            return _choice(operation, context)
        case LoopOperation():
            return _loop(operation, context)
        case TryOperation():
            return _try(operation, context)
        case Scope(is_iteration=True):
            block, fragment = _block(operation.block, replace(context, is_unrolled=True))
            may_complete = fragment.may_complete or _ITERATION_END in fragment.jumps
            return _Fragment(
                deque(block.operations),
                jumps=fragment.jumps - {_ITERATION_END},
                breaks=fragment.breaks,
                may_complete=may_complete,
            )
        case Scope(is_try_else=True):
            return _try_else(operation, context)
        case Scope():
            is_limited = context.is_limited or operation.limits_tasks
            block, fragment = _block(operation.block, replace(context, is_limited=is_limited))
            return replace(fragment, operations=deque(block.operations), trailing_choice=None)
        case Run() if context.is_limited:
            return _Fragment(deque((replace(operation, is_limited=True),)))
        case _:
            return _Fragment(deque((operation,)))


def _jump(operation: Jump, context: _Context) -> _Fragment:
    """Rewrite a jump. A jump that skips no step remains without a node, as liveness needs the ends of all paths."""
    match operation.kind:
        case JumpKind.BREAK | JumpKind.FINISHED:
            return _Fragment(deque((operation,)), may_complete=False)
        case JumpKind.RETURN:
            drawn = context.skips_steps or context.is_finally
            return _Fragment(deque((replace(operation, drawn=drawn),)), may_complete=False)
        case JumpKind.RAISE:
            return _raise(operation, context)
        case JumpKind.CONTINUE:
            runs_finally, ends_pass = context.runs_finally, not context.is_unrolled
            jump = replace(operation, drawn=False, runs_finally=runs_finally, ends_pass=ends_pass)
            return _Fragment(deque((jump,)), jumps=frozenset((_ITERATION_END,)), may_complete=False)


def _raise(operation: Jump, context: _Context) -> _Fragment:
    enclosing = next((try_ for try_ in reversed(context.tries) if may_catch(try_.handlers, operation.raised)), None)
    if enclosing is None:
        return _Fragment(deque((replace(operation, drawn=context.skips_steps),)), may_complete=False)
    target = frozenset((enclosing.target,))
    if context.loops == enclosing.loops:
        return _Fragment(deque((replace(operation, drawn=False),)), jumps=target, may_complete=False)
    is_caught = must_catch(enclosing.handlers, operation.raised)
    loop_exit = replace(operation, kind=JumpKind.BREAK, drawn=enclosing.skips_steps, caught=is_caught)
    return _Fragment(deque((loop_exit,)), breaks=target, may_complete=False)


def _choice(operation: Choice, context: _Context) -> _Fragment:
    branches = [_sequence(branch.block.operations, context) for branch in operation.branches]
    may_complete = operation.may_skip or any(branch.may_complete for branch in branches)
    return _Fragment(
        deque(), _TrailingChoice(operation, branches, operation.may_skip), *_targets(branches), may_complete
    )


def _targets(fragments: Sequence[_Fragment]) -> tuple[frozenset[Target], frozenset[Target]]:
    """Return the union of the `jumps` and the union of the `breaks` of fragments."""
    empty = frozenset[Target]()
    return empty.union(*(f.jumps for f in fragments)), empty.union(*(f.breaks for f in fragments))


def _loop(operation: LoopOperation, context: _Context) -> _Fragment:
    runs_steps = may_run_steps(operation.body)
    orelse = _sequence(operation.orelse.operations, context)
    matters = runs_steps or _affects_steps(OperationBlock(_emitted(orelse)))
    inner = context.before(steps_follow=matters)
    inner = replace(inner, loops=context.loops + 1, is_unrolled=False, runs_finally=False)
    body, fragment = _block(operation.body, inner)
    has_break = _has_break(body.operations)
    jumps = fragment.jumps - {_ITERATION_END} | fragment.breaks
    # The breaks of a loop without steps matter only if another exit of the loop skips steps after it.
    skips_steps = _may_skip_steps(jumps, context) or _may_leave_function(body)
    if not matters and not skips_steps:
        body = OperationBlock(_without_drawn_breaks(body.operations))
    loop = _Fragment(may_complete=has_break or not operation.infinite, jumps=jumps)
    if body.operations:
        loop.operations.append(replace(operation, body=body, orelse=EMPTY_BLOCK))
    if has_break and not _is_relevant(orelse):
        return loop
    if has_break:
        guard = Choice((ChoiceBranch(NO_BREAK, EMPTY_BLOCK),), operation.place, is_loop_else=True)
        orelse = _Fragment(deque(), _TrailingChoice(guard, [orelse], may_skip=True), orelse.jumps, orelse.breaks)
    return _then(loop, orelse, operation)


def _is_relevant_block(block: OperationBlock) -> bool:
    return any(map(_is_relevant_operation, block.operations))


def _may_skip_steps(jumps: frozenset[Target], context: _Context) -> bool:
    """Return whether one of the jumps skips steps after the current operation."""
    return any(enclosing.target in jumps and enclosing.skips_steps for enclosing in context.tries)


def _affects_steps(block: OperationBlock) -> bool:
    """Return whether a rewritten block runs or awaits steps, or has an exit that the graph shows."""
    return any(
        operation.drawn if isinstance(operation, Jump) else isinstance(operation, Run | StartOperation | Await)
        for operation in operations_in(block)
    )


def _may_leave_function(block: OperationBlock) -> bool:
    """Return whether a block has a `return`, or an uncaught `raise`, that the graph shows."""
    return any(
        isinstance(operation, Jump) and operation.drawn and operation.kind in (JumpKind.RETURN, JumpKind.RAISE)
        for operation in operations_in(block)
    )


def _has_break(operations: tuple[Operation, ...]) -> bool:
    """Return whether the body of a loop has a `break` of that loop, possibly in the `else` of a nested loop.

    The `break` of an exception does not count, because the code after the loop does not run.
    """
    for operation in operations:
        if isinstance(operation, Jump):
            if operation.kind is JumpKind.BREAK and operation.caught is None:
                return True
            continue
        if any(_has_break(block.operations) for block in child_blocks_outside_loop(operation)):
            return True
    return False


def _without_drawn_breaks(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Return the body of a loop without steps, hiding its breaks from the graph."""
    rewritten: list[Operation] = []
    for operation in operations:
        match operation:
            case Jump(kind=JumpKind.BREAK | JumpKind.FINISHED):
                rewritten.append(replace(operation, drawn=False))
            case Choice() | TryOperation():
                rewritten.append(
                    map_blocks(operation, lambda block: OperationBlock(_without_drawn_breaks(block.operations)))
                )
            case _:
                rewritten.append(operation)
    return tuple(rewritten)


def _try(operation: TryOperation, context: _Context) -> _Fragment:
    target = id(operation)
    enclosing = _EnclosingTry(target, operation.handlers, context.loops)
    finalbody, final_fragment = _block(operation.finalbody, replace(context, is_finally=not context.is_run))
    runs_finally = context.runs_finally or may_run_steps(finalbody) or _may_exit(finalbody)
    inside = replace(context, runs_finally=runs_finally)
    body, body_fragment, else_length = _try_body(operation.body, replace(inside, tries=(*context.tries, enclosing)))
    handlers = [_block(handler.block, inside) for handler in operation.handlers]
    fragments = [body_fragment, *(fragment for _, fragment in handlers)]
    jumps, breaks = _targets([*fragments, final_fragment])
    jumps -= {target}
    may_complete = final_fragment.may_complete and any(fragment.may_complete for fragment in fragments)
    decides = any(may_run_steps(block) or _may_exit(block) for block, _ in handlers)
    if not (decides or _is_relevant_block(body) or _is_relevant_block(finalbody)):
        return _Fragment(jumps=jumps, breaks=breaks, may_complete=may_complete)
    rewritten = replace(
        operation,
        body=body,
        handlers=tuple(replace(h, block=block) for h, (block, _) in zip(operation.handlers, handlers, strict=True)),
        finalbody=finalbody,
        else_length=else_length,
    )
    return _Fragment(deque((rewritten,)), jumps=jumps, breaks=breaks, may_complete=may_complete)


def _try_body(body: OperationBlock, context: _Context) -> tuple[OperationBlock, _Fragment, int]:
    """Rewrite the body of a `try`. Return also the number of operations at its end that are the `else`."""
    *protected, last = body.operations or (None,)
    if not isinstance(last, Scope) or not last.is_try_else:
        return *_block(body, context), 0
    otherwise = _try_else(last, context)
    length = len(otherwise.operations)
    fragment = _sequence(tuple(protected), context, otherwise, runs_steps=may_run_steps(last.block))
    # After a jump in the protected part, branches contain the `else`, and the fragment is another one.
    return OperationBlock(_emitted(fragment)), fragment, length if fragment is otherwise else 0


def _try_else(scope: Scope, context: _Context) -> _Fragment:
    """Rewrite the `else` of a `try`, which ends the body but is not protected by the handlers."""
    fragment = _sequence(scope.block.operations, replace(context, tries=context.tries[:-1]))
    return replace(fragment, operations=deque(_emitted(fragment)), trailing_choice=None)


def _may_exit(block: OperationBlock) -> bool:
    """Return whether a block has a `break` or `return` that the graph shows.

    A `raise` does not count, because any code may raise.
    """
    return any(
        isinstance(operation, Jump) and operation.drawn and operation.kind is not JumpKind.RAISE
        for operation in operations_in(block)
    )
