"""Control flow as the payload can say it.

The payload has branches, loops and two exits, `break` and `return`. What else leaves a block early is rewritten here.
After a `continue`, and after a `raise` that a handler of the function catches, the rest of the block moves to where
only the other ways reach it. A `raise` out of a loop that is in the `try` is a `break` too. Any other `raise` is a
return. A `with` is its body. Then everything goes that neither runs a step nor decides whether one runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.calls import Calls
from stepgraph.ir.exceptions import may_catch
from stepgraph.ir.nodes import (
    EMPTY,
    Await,
    AwaitGroup,
    Block,
    Branch,
    Call,
    Choice,
    Handler,
    Jump,
    JumpKind,
    Loop,
    Operation,
    Run,
    Scope,
    Series,
    Start,
    StepRun,
    Try,
    blocks_of,
    with_blocks,
    works,
)

Target: TypeAlias = int
"""Where a jump leads that the payload has no node for: the end of the pass of a loop, or of the body of a `try`."""

_PASS: Final[Target] = 0


class _Try(Struct, frozen=True):
    """A `try` around a block, in the same function."""

    target: Target
    handlers: Sequence[Handler]
    loops: int
    """The number of loops around it."""
    follows: bool = False
    """Whether anything in its body runs after the block."""


class _Context(Struct, frozen=True):
    """Where a block stands."""

    follows: bool = False
    """Whether leaving the function here skips anything."""
    tries: tuple[_Try, ...] = ()
    """The `try` statements whose bodies it is in, outermost first."""
    loops: int = 0
    """The number of loops around it."""

    def before(self, *, works: bool) -> _Context:
        """Return the context of an operation with others after it in its block."""
        if not works or (self.follows and all(tried.follows for tried in self.tries)):
            return self
        return replace(self, follows=True, tries=tuple(replace(tried, follows=True) for tried in self.tries))


class _Choice(Struct):
    """A choice at the end of a block, with ways that jump: what comes after it may move into the one that does not."""

    operation: Choice
    ways: list[_Part]
    may_skip: bool
    """Whether the program may go on without taking any of the ways."""


class _Part(Struct):
    """A part of a block, rewritten."""

    operations: deque[Operation] = field(default_factory=deque)
    last: _Choice | None = None
    """A choice behind the operations."""
    jumps: frozenset[Target] = frozenset()
    """Where its jumps lead that have no node."""
    breaks: frozenset[Target] = frozenset()
    """Where exceptions lead that leave the innermost loop by a `break`: they are jumps around that loop."""
    ends: bool = True
    """Whether a way leads to the end of the part."""


def structured(block: Block, calls: Calls) -> Block:
    """Return the body of a function without `continue`, `raise`, `with`, loop `else`, and what is no step."""
    return _block(_with_known_calls(block, calls), _Context())[0]


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
                yield Await(AwaitGroup("all", over), place)
        case Start(activity=Call(function=function)):
            if calls.works(function):
                yield operation
        case Run(activity=StepRun(body=body) as run) | Start(activity=StepRun(body=body) as run) if body.operations:
            yield replace(operation, activity=replace(run, body=structured(body, calls)))
        case Start(activity=Series(block=inner)):
            yield replace(operation, activity=Series(_with_known_calls(inner, calls)))
        case Await(group=group):
            yield replace(operation, group=calls.with_implied(group))
        case _:
            yield with_blocks(operation, lambda block: _with_known_calls(block, calls))


# Exits


def _sequence(operations: tuple[Operation, ...], context: _Context) -> _Part:
    """Rewrite a sequence from its end, so that at each operation it is known what follows."""
    part = _Part()
    runs = False
    for operation in reversed(operations):
        part = _then(_operation(operation, context.before(works=runs)), part, operation)
        runs = runs or works(Block((operation,)))
    return part


def _block(block: Block, context: _Context) -> tuple[Block, _Part]:
    part = _sequence(block.operations, context)
    return Block(_emitted(part)), part


def _emitted(part: _Part) -> tuple[Operation, ...]:
    if part.last is None:
        return tuple(part.operations)
    blocks = [_emitted(way) for way in part.last.ways]
    if not any(blocks):
        return tuple(part.operations)
    choice = part.last.operation
    branches = (replace(branch, block=Block(block)) for branch, block in zip(choice.branches, blocks, strict=True))
    return (*part.operations, replace(choice, branches=tuple(branches)))


def _then(first: _Part, rest: _Part, origin: Operation) -> _Part:
    """Return two parts after each other; `origin` is the operation that the first one comes from."""
    if first.jumps and _matters(rest):
        return _with_rest(first, rest, origin)
    if first.jumps:
        return first
    if first.last is not None:
        first = replace(first, operations=deque(_emitted(first)), last=None)
    rest.operations.extendleft(reversed(first.operations))
    rest.ends = rest.ends and first.ends
    rest.breaks |= first.breaks
    return rest


def _matters(part: _Part) -> bool:
    """Whether a part runs a step, decides whether one runs, or waits for one."""
    return bool(part.jumps) or part.last is not None or any(map(_operation_matters, part.operations))


def _operation_matters(operation: Operation) -> bool:
    if isinstance(operation, Run | Start | Await | Jump):
        return True
    return any(_operation_matters(inner) for block in blocks_of(operation) for inner in block.operations)


def _with_rest(first: _Part, rest: _Part, origin: Operation) -> _Part:
    """Put what follows a part with jumps where only the other ways reach it."""
    jumps, breaks = first.jumps | rest.jumps, first.breaks | rest.breaks
    last = first.last
    going_on = [] if last is None else [index for index, way in enumerate(last.ways) if way.ends]
    if last is None or len(going_on) + last.may_skip > 1:
        condition = "no continue" if _PASS in first.jumps else "no exception"
        skipped = Choice((Branch(condition, EMPTY),), origin.place)
        return _Part(deque(_emitted(first)), _Choice(skipped, [rest], may_skip=False), jumps, breaks, rest.ends)
    if not going_on and not last.may_skip:
        return first
    if going_on:
        index = going_on[0]
        last.ways[index] = _then(last.ways[index], rest, origin)
    else:
        last.operation = replace(last.operation, branches=(*last.operation.branches, Branch(None, EMPTY)))
        last.ways.append(rest)
        last.may_skip = False
    return _Part(first.operations, last, jumps, breaks, rest.ends)


def _operation(operation: Operation, context: _Context) -> _Part:
    match operation:
        case Jump():
            return _exit(operation, context)
        case Choice():
            return _choice(operation, context)
        case Loop():
            return _loop(operation, context)
        case Try():
            return _protected(operation, context)
        case Scope(is_pass=True):
            block, part = _block(operation.block, context)
            ends = part.ends or _PASS in part.jumps
            return _Part(deque(block.operations), jumps=part.jumps - {_PASS}, breaks=part.breaks, ends=ends)
        case Scope(unprotected=True):
            return _sequence(operation.block.operations, replace(context, tries=context.tries[:-1]))
        case Scope():
            block, part = _block(operation.block, context)
            return _Part(deque(block.operations), jumps=part.jumps, breaks=part.breaks, ends=part.ends)
        case _:
            return _Part(deque((operation,)))


def _exit(operation: Jump, context: _Context) -> _Part:
    """Keep an exit that skips no step, but do not draw it: liveness has to know where paths end."""
    match operation.kind:
        case JumpKind.BREAK | JumpKind.FINISHED:
            return _Part(deque((operation,)), ends=False)
        case JumpKind.RETURN:
            return _Part(deque((replace(operation, drawn=context.follows),)), ends=False)
        case JumpKind.RAISE:
            return _raise(operation, context)
        case JumpKind.CONTINUE:
            return _Part(jumps=frozenset((_PASS,)), ends=False)


def _raise(operation: Jump, context: _Context) -> _Part:
    caught = next((tried for tried in reversed(context.tries) if may_catch(tried.handlers, operation.raised)), None)
    if caught is None:
        return _Part(deque((replace(operation, drawn=context.follows),)), ends=False)
    target = frozenset((caught.target,))
    if context.loops == caught.loops:
        return _Part(deque((replace(operation, drawn=False),)), jumps=target, ends=False)
    leaving = replace(operation, kind=JumpKind.BREAK, drawn=caught.follows)
    return _Part(deque((leaving,)), breaks=target, ends=False)


def _choice(operation: Choice, context: _Context) -> _Part:
    ways = [_sequence(branch.block.operations, context) for branch in operation.branches]
    ends = operation.may_skip or any(way.ends for way in ways)
    return _Part(deque(), _Choice(operation, ways, operation.may_skip), *_targets(ways), ends)


def _targets(parts: Sequence[_Part]) -> tuple[frozenset[Target], frozenset[Target]]:
    """Return where the jumps of parts lead, and their breaks."""
    nowhere = frozenset[Target]()
    return nowhere.union(*(part.jumps for part in parts)), nowhere.union(*(part.breaks for part in parts))


def _loop(operation: Loop, context: _Context) -> _Part:
    runs = works(operation.body)
    inner = replace(context.before(works=runs or _decides(operation.orelse)), loops=context.loops + 1)
    body, part = _block(operation.body, inner)
    breaks = _breaks(body.operations)
    jumps = part.jumps - {_PASS} | part.breaks
    # Nothing in a loop without steps is skipped by leaving it; what is after it may be.
    if not runs and not _decides(operation.orelse) and not _is_followed(jumps, context):
        body = Block(_without_breaks(body.operations))
    loop = _Part(ends=breaks or not operation.infinite, jumps=jumps)
    if body.operations:
        loop.operations.append(replace(operation, body=body, orelse=EMPTY))
    orelse = _sequence(operation.orelse.operations, context)
    if not breaks:
        return _then(loop, orelse, operation)
    if not _matters(orelse):
        return loop
    unbroken = Choice((Branch("no break", EMPTY),), operation.place)
    after = _Choice(unbroken, [orelse], may_skip=True)
    return _Part(loop.operations, after, jumps | orelse.jumps, orelse.breaks)


def _decides(block: Block) -> bool:
    return any(map(_operation_matters, block.operations))


def _is_followed(jumps: frozenset[Target], context: _Context) -> bool:
    """Whether anything runs after an operation that an exception out of it skips."""
    return any(tried.target in jumps and tried.follows for tried in context.tries)


def _breaks(operations: tuple[Operation, ...]) -> bool:
    """Whether a loop's body has a `break` of that loop; one in the `else` of a loop inside it is one."""
    for operation in operations:
        if isinstance(operation, Jump):
            if operation.kind is JumpKind.BREAK:
                return True
            continue
        inside = (operation.orelse,) if isinstance(operation, Loop) else blocks_of(operation)
        if any(_breaks(block.operations) for block in inside):
            return True
    return False


def _without_breaks(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Leave the breaks of a loop without steps undrawn, which decide nothing."""
    kept: list[Operation] = []
    for operation in operations:
        match operation:
            case Jump(kind=JumpKind.BREAK | JumpKind.FINISHED):
                kept.append(replace(operation, drawn=False))
            case Choice() | Try():
                kept.append(with_blocks(operation, lambda block: Block(_without_breaks(block.operations))))
            case _:
                kept.append(operation)
    return tuple(kept)


def _protected(operation: Try, context: _Context) -> _Part:
    target = id(operation)
    tried = _Try(target, operation.handlers, context.loops)
    body, tried_part = _block(operation.body, replace(context, tries=(*context.tries, tried)))
    handlers = [_block(handler.block, context) for handler in operation.handlers]
    finalbody, final_part = _block(operation.finalbody, context)
    parts = [tried_part, *(part for _, part in handlers)]
    jumps, breaks = _targets([*parts, final_part])
    jumps -= {target}
    ends = final_part.ends and any(part.ends for part in parts)
    if not (_decides(body) or _decides(finalbody) or any(works(block) for block, _ in handlers)):
        return _Part(jumps=jumps, breaks=breaks, ends=ends)
    rewritten = replace(
        operation,
        body=body,
        handlers=tuple(replace(h, block=block) for h, (block, _) in zip(operation.handlers, handlers, strict=True)),
        finalbody=finalbody,
    )
    return _Part(deque((rewritten,)), jumps=jumps, breaks=breaks, ends=ends)
