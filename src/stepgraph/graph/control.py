"""Control flow as the payload can say it.

The payload has branches, loops and two exits, `break` and `return`. What else leaves a block early is rewritten here:
`continue` moves what follows into a branch, a `raise` is a return or nothing, a `with` is its body. Then everything
goes that neither runs a step nor steers one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.graph.calls import Calls
from stepgraph.program.ir import (
    EMPTY,
    Block,
    Branch,
    Call,
    Choice,
    Exit,
    ExitKind,
    Join,
    Joined,
    Loop,
    Operation,
    Protected,
    Run,
    Scope,
    Series,
    Start,
    StepRun,
    blocks_of,
    with_blocks,
    works,
)


class _Context(Struct, frozen=True):
    """Where a block stands.

    `follows` tells whether leaving the function here skips anything, `caught` whether a raise is caught in it,
    `caught_around` whether that holds around the innermost `try`, `nested` whether the block is in a branch, loop or
    handler, and `ran` whether that ran steps before.
    """

    follows: bool = False
    caught: bool = False
    caught_around: bool = False
    nested: bool = False
    ran: bool = False


class _Rewritten(Struct, frozen=True):
    operations: tuple[Operation, ...]
    continues: bool = False


def structured(block: Block, calls: Calls) -> Block:
    """Return the body of a function without `continue`, `raise`, `with`, loop `else`, and what is no step."""
    return Block(_rewrite(_with_known_calls(block, calls).operations, _Context()).operations)


def _with_known_calls(block: Block, calls: Calls) -> Block:
    """Calls of functions without steps go; what they, or others, wait for is kept."""
    return Block(tuple(kept for operation in block.operations for kept in _kept(operation, calls)))


def _kept(operation: Operation, calls: Calls) -> Iterator[Operation]:
    match operation:
        case Run(activity=Call(function=function), place=place):
            over = calls.over_after(function)
            if calls.works(function):
                yield replace(operation, completes=over)
            elif over:
                yield Join(Joined("all", over), place)
        case Start(activity=Call(function=function)):
            if calls.works(function):
                yield operation
        case Run(activity=StepRun(body=body) as run) | Start(activity=StepRun(body=body) as run) if body.operations:
            yield replace(operation, activity=replace(run, body=structured(body, calls)))
        case Start(activity=Series(block=inner)):
            yield replace(operation, activity=Series(_with_known_calls(inner, calls)))
        case Join(group=group):
            yield replace(operation, group=calls.with_implied(group))
        case _:
            yield with_blocks(operation, lambda block: _with_known_calls(block, calls))


# Exits


def _rewrite(operations: tuple[Operation, ...], context: _Context) -> _Rewritten:
    """Rewrite a sequence from its end, so that at each operation it is known what follows."""
    rest: deque[Operation] = deque()
    runs_after = continues = False
    first = next((index for index, operation in enumerate(operations) if works(Block((operation,)))), len(operations))
    for index in range(len(operations) - 1, -1, -1):
        operation = operations[index]
        ran = context.ran or first < index
        if isinstance(operation, Exit):
            rest = deque(_exit(operation, replace(context, ran=ran)))
            runs_after, continues = False, operation.kind is ExitKind.CONTINUE
            continue
        here = replace(context, follows=context.follows or runs_after, ran=ran)
        rewritten = _operation(operation, here)
        if rewritten.continues and any(map(_matters, rest)):
            rest = deque(_with_rest(operation, rewritten.operations, tuple(rest)))
        else:
            rest.extendleft(reversed(rewritten.operations))
        continues = continues or rewritten.continues
        runs_after = runs_after or works(Block(rewritten.operations))
    return _Rewritten(tuple(rest), continues)


def _matters(operation: Operation) -> bool:
    """Whether an operation runs a step, steers one, or waits for one."""
    if isinstance(operation, Run | Start | Join | Exit):
        return True
    return any(_matters(inner) for block in blocks_of(operation) for inner in block.operations)


def _exit(operation: Exit, context: _Context) -> tuple[Operation, ...]:
    """What steers no step is kept too, without being drawn: where a path ends decides what is over on which."""
    match operation.kind:
        case ExitKind.BREAK | ExitKind.FINISHED:
            return (operation,)
        case ExitKind.RETURN:
            return (replace(operation, drawn=context.follows),)
        case ExitKind.RAISE:
            leaves = context.nested and context.ran and not context.caught
            return (replace(operation, drawn=leaves and context.follows),)
        case ExitKind.CONTINUE:
            return ()


def _with_rest(
    original: Operation, rewritten: tuple[Operation, ...], rest: tuple[Operation, ...]
) -> tuple[Operation, ...]:
    """Put what follows something that can continue where only the other ways reach it."""
    if _ends_in_continue(original):
        taken = rewritten[0].branches[0].block if rewritten and isinstance(rewritten[0], Choice) else EMPTY
        branches = (Branch(original.branches[0].condition, taken), Branch(None, Block(rest)))
        return (replace(original, branches=branches),)
    return (*rewritten, Choice((Branch("no continue", Block(rest)),), original.place))


def _ends_in_continue(operation: Operation) -> TypeGuard[Choice]:
    """`if TEST: ...; continue` without `elif` or `else`."""
    if not isinstance(operation, Choice) or operation.discriminant is not None or len(operation.branches) != 1:
        return False
    last = operation.branches[0].block.operations[-1:]
    return bool(last) and isinstance(last[0], Exit) and last[0].kind is ExitKind.CONTINUE


def _operation(operation: Operation, context: _Context) -> _Rewritten:
    match operation:
        case Choice():
            return _choice(operation, context)
        case Loop():
            return _loop(operation, context)
        case Protected():
            return _protected(operation, context)
        case Scope(is_pass=True):
            return _Rewritten(_rewrite(operation.block.operations, context).operations)
        case Scope(unprotected=True):
            return _rewrite(operation.block.operations, replace(context, caught=context.caught_around, nested=True))
        case Scope():
            return _rewrite(operation.block.operations, context)
        case _:
            return _Rewritten((operation,))


def _choice(operation: Choice, context: _Context) -> _Rewritten:
    inner = replace(context, nested=True, ran=False)
    ways = [_rewrite(branch.block.operations, inner) for branch in operation.branches]
    continues = any(way.continues for way in ways)
    if not any(way.operations for way in ways):
        return _Rewritten((), continues)
    branches = [replace(b, block=Block(way.operations)) for b, way in zip(operation.branches, ways, strict=True)]
    return _Rewritten((replace(operation, branches=tuple(branches)),), continues)


def _loop(operation: Loop, context: _Context) -> _Rewritten:
    runs = works(operation.body)
    breaks = _breaks(operation.body.operations)
    # Nothing in a loop without steps is skipped by leaving it; what is after it may be.
    ends = any(map(_matters, operation.otherwise.operations))
    follows = runs or ends or context.follows
    inner = _Context(follows=follows, caught=context.caught, nested=True)
    body = _rewrite(operation.body.operations, inner).operations
    if not runs and not ends:
        body = _without_breaks(body)
    loop: tuple[Operation, ...] = (replace(operation, body=Block(body), otherwise=EMPTY),) if body else ()
    if not breaks:
        otherwise = _rewrite(operation.otherwise.operations, context)
        return _Rewritten((*loop, *otherwise.operations), otherwise.continues)
    otherwise = _rewrite(operation.otherwise.operations, replace(context, nested=True, ran=False))
    after: tuple[Operation, ...] = ()
    if otherwise.operations:
        after = (Choice((Branch("no break", Block(otherwise.operations)),), operation.place),)
    return _Rewritten((*loop, *after), otherwise.continues)


def _breaks(operations: tuple[Operation, ...]) -> bool:
    """Whether a loop's body has a `break` of that loop; one in the `else` of a loop inside it is one."""
    for operation in operations:
        if isinstance(operation, Exit):
            if operation.kind is ExitKind.BREAK:
                return True
            continue
        inside = (operation.otherwise,) if isinstance(operation, Loop) else blocks_of(operation)
        if any(_breaks(block.operations) for block in inside):
            return True
    return False


def _without_breaks(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Leave the breaks of a loop without steps undrawn, which steer none."""
    kept: list[Operation] = []
    for operation in operations:
        match operation:
            case Exit(kind=ExitKind.BREAK | ExitKind.FINISHED):
                kept.append(replace(operation, drawn=False))
            case Choice() | Protected():
                kept.append(with_blocks(operation, lambda block: Block(_without_breaks(block.operations))))
            case _:
                kept.append(operation)
    return tuple(kept)


def _protected(operation: Protected, context: _Context) -> _Rewritten:
    outside = replace(context, nested=True, ran=False)
    protected = replace(context, caught=context.caught or operation.catches, caught_around=context.caught)
    body = _rewrite(operation.body.operations, protected)
    handlers = [_rewrite(handler.block.operations, outside) for handler in operation.handlers]
    final = _rewrite(operation.final.operations, context)
    continues = body.continues or final.continues or any(handler.continues for handler in handlers)
    if not (body.operations or final.operations or any(handler.operations for handler in handlers)):
        return _Rewritten((), continues)
    rewritten = replace(
        operation,
        body=Block(body.operations),
        handlers=tuple(
            replace(h, block=Block(r.operations)) for h, r in zip(operation.handlers, handlers, strict=True)
        ),
        final=Block(final.operations),
    )
    return _Rewritten((rewritten,), continues)
