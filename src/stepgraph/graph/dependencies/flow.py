"""Control flow: how what is known goes along the paths of a body."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Final, TypeGuard

from msgspec.structs import replace

from stepgraph.graph.dependencies import background, foreground
from stepgraph.graph.dependencies.drawing import Operations
from stepgraph.graph.dependencies.history import History, joined
from stepgraph.graph.dependencies.reading import Reading, Ways
from stepgraph.limits import Limit
from stepgraph.program.ir import (
    Awaited,
    Block,
    Branch,
    Choice,
    Exit,
    ExitKind,
    Handler,
    Join,
    Loop,
    Operation,
    Pause,
    Protected,
    Run,
    Scope,
    Start,
    StepRun,
    handles_of,
)

# `finally` in `finally` multiplies the ways through them; past so many, what one runs may not have run after it.
MOST_DETOURS: Final = 500


def read_block(reading: Reading, block: Block) -> Block:
    """Return a block with the dependencies of its steps made explicit; what is known goes on to its end."""
    found: Operations = []
    operations = block.operations
    position = 0
    tried = plain = 0
    while position < len(operations) and reading.live:
        starts = _starts_at(reading, operations, position) if position >= plain else []
        if not _needs_others(starts):
            plain, starts = position + len(starts), []
        follows = operations[position + len(starts)] if position + len(starts) < len(operations) else None
        if starts and _closes(follows, starts):
            found += foreground.gather(reading, starts, follows)
            position += len(starts) + 1
            continue
        if starts and position >= tried:
            row = _row_of_starts(operations, position)
            tried = position + len(row)
            drawn = background.start_awaited_next(reading, row) if _awaits_one(operations[tried:][:1], row) else None
            if drawn is not None:
                found += drawn
                position = tried
                continue
        found += background.start_together(reading, starts) if starts else _operation(reading, operations[position])
        position += len(starts) or 1
    return Block(tuple(found))


def _row_of_starts(operations: Sequence[Operation], position: int) -> list[Start]:
    """Return the steps that are started there, one after another."""
    row = takewhile(_starts_step, map(operations.__getitem__, range(position, len(operations))))
    return [operation for operation in row if isinstance(operation, Start)]


def _starts_step(operation: Operation) -> bool:
    return isinstance(operation, Start) and isinstance(operation.activity, StepRun)


def _awaits_one(follows: Sequence[Operation], starts: Sequence[Start]) -> bool:
    """Whether what follows waits for one of some work at least, itself or as a loop over it."""
    match follows:
        case [Loop(occurs=True, body=Block(operations=(Join(each=True, group=group),)))]:
            members = group.members
        case [Join(each=False, group=group)] if _is_of_all(follows[0]):
            members = group.members
        case _:
            return False
    handles = {start.handle for start in starts}
    return bool(members) and all(isinstance(member, Awaited) and member.handle in handles for member in members)


def _starts_at(reading: Reading, operations: Sequence[Operation], position: int) -> list[Start]:
    """Return the steps that are started there and awaited together."""
    starts: list[Start] = []
    together: Join | None = None
    for operation in map(operations.__getitem__, range(position, len(operations))):
        if not isinstance(operation, Start) or not isinstance(operation.activity, StepRun):
            break
        join = _only_join(reading, operation)
        if starts and (join is None or join is not together):
            break
        if not starts and join is not None and _is_of_all(join):
            together = join
        starts.append(operation)
    return starts


def _needs_others(starts: Sequence[Start]) -> bool:
    return any(isinstance(start.activity, StepRun) and start.activity.dependencies for start in starts)


def _only_join(reading: Reading, operation: Start) -> Join | None:
    joins = reading.usage.joins.get(operation.handle, ())
    return joins[0] if len(joins) == 1 else None


def _is_of_all(join: Join) -> bool:
    """Whether an await is over when each of its members is, and none is a group of another kind."""
    group = join.group
    plain = all(isinstance(member, Awaited) and member.sure for member in group.members)
    return plain and group.certain and not join.each and group.kind in ("all", "all_settled")


def _closes(operation: Operation | None, starts: Sequence[Start]) -> TypeGuard[Join]:
    """Whether an await is one of just what was started before it."""
    if not isinstance(operation, Join) or not _is_of_all(operation):
        return False
    return handles_of(operation.group) == {start.handle for start in starts}


def _operation(reading: Reading, operation: Operation) -> Operations:
    match operation:
        case Run():
            return foreground.run(reading, operation)
        case Start():
            return background.start(reading, operation)
        case Join():
            return foreground.join(reading, operation)
        case Pause():
            background.begin_waiting(reading)
            return []
        case Choice():
            return [_choice(reading, operation)]
        case Loop():
            return [_loop(reading, operation)]
        case Protected():
            return [_protected(reading, operation)]
        case Scope():
            return [_scope(reading, operation)]
        case Exit(kind=kind):
            _exit(reading, kind)
    return [operation]


def _way(reading: Reading, block: Block, history: History) -> tuple[Block, History | None]:
    """Read a block from a history; return it with the history at its end, None where that is not reached."""
    reading.survey.budget.spend(Limit.PAIRS, len(history.past) + 1)
    reading.history, reading.live = history.copy(), True
    read = read_block(reading, block)
    return read, reading.history if reading.live else None


def _go_on(reading: Reading, *paths: History | None) -> None:
    """Go on where paths meet."""
    meeting = joined(paths)
    reading.live = meeting is not None
    if meeting is not None:
        reading.history = meeting


def _choice(reading: Reading, choice: Choice) -> Choice:
    before = reading.history
    branches: list[Branch] = []
    ends: list[History | None] = []
    for branch in choice.branches:
        block, end = _way(reading, branch.block, before)
        branches.append(replace(branch, block=block))
        ends.append(end)
    if choice.may_skip:
        ends.append(before)
    _go_on(reading, *ends)
    return replace(choice, branches=tuple(branches))


def _loop(reading: Reading, loop: Loop) -> Loop:
    """Read a body until what is known where it begins covers what is known where it begins again.

    Read anew in another pass of a loop around it, it begins with no less than before.
    """
    heads = reading.heads
    head = joined([reading.history, heads.get(id(loop))]) or reading.history
    while True:
        ways = Ways(ends_loop=True, ends_pass=True, heads=heads)
        begin = head.copy()
        begin.declared(step for step in loop.declares if step in reading.survey.needed)
        with reading.inside(ways):
            body, end = _way(reading, loop.body, begin)
        again = joined([head, end, *ways.left(ExitKind.CONTINUE)])
        if again is None or again.is_as(head):
            break
        head = again
    heads[id(loop)] = head
    finishes = ways.left(ExitKind.FINISHED)
    finished: History | None = head
    if finishes or loop.endless:
        finished = joined(finishes)
    elif loop.occurs:
        finished = joined([end, *ways.left(ExitKind.CONTINUE)])
    if finished is None:
        otherwise, end = loop.otherwise, None
    else:
        otherwise, end = _way(reading, loop.otherwise, finished)
    _go_on(reading, end, *ways.left(ExitKind.BREAK))
    return replace(loop, body=body, otherwise=otherwise)


def _scope(reading: Reading, scope: Scope) -> Scope:
    if not scope.is_pass:
        return replace(scope, block=read_block(reading, scope.block))
    ways = Ways(ends_pass=True, heads=reading.heads)
    with reading.inside(ways):
        block = read_block(reading, scope.block)
    _go_on(reading, reading.history if reading.live else None, *ways.left(ExitKind.CONTINUE))
    return replace(scope, block=block)


def _exit(reading: Reading, kind: ExitKind) -> None:
    """Leave for what an exit ends: the pass, the loop, the function, or a `try` with a `finally` on the way there."""
    for ways in reversed(reading.around):
        if ways.catches(kind):
            ways.exits.setdefault(kind, []).append(reading.history)
            break
    else:
        if kind is ExitKind.RETURN:
            reading.returns.append(reading.history)
    reading.live = False


def _protected(reading: Reading, protected: Protected) -> Protected:
    """Read a `try`. A path through an exception tells of what has run on it, not of what has not."""
    before = reading.history.copy()
    ways = Ways(passes_finally=bool(protected.final.operations), heads=reading.heads)
    with reading.inside(ways):
        body, end = _way(reading, protected.body, before)
        caught = before.copy()
        caught.exceptional = True
        for step in reading.survey.touched_in(protected.body):
            if step in reading.survey.needed:
                caught.begun(step, surely=False)
        if end is not None:
            caught.may_wait(end.waiting)
        handlers: list[Handler] = []
        ends: list[History] = []
        for handler in protected.handlers:
            block, handled = _way(reading, handler.block, caught)
            handlers.append(replace(handler, block=block))
            ends += [handled] if handled is not None else []
    final = _final(reading, protected.final, joined([end, *ends]), ways)
    return replace(protected, body=body, handlers=tuple(handlers), final=final)


def _final(reading: Reading, final: Block, after: History | None, ways: Ways) -> Block:
    """Read a `finally`: as it is drawn, for each way out of its `try`, then on each of the ways of its own."""
    left = {kind: joined(histories) for kind, histories in ways.exits.items()}
    entered = joined([after, *left.values()])
    if entered is None or not final.operations:
        _go_on(reading, after)
        return final
    block, end = _way(reading, final, entered)
    if not left:
        _go_on(reading, end)
        return block
    for kind, history in left.items():
        passed = _through(reading, final, history)
        if passed is not None:
            reading.history = passed
            _exit(reading, kind)
    _go_on(reading, _through(reading, final, after))
    return block


def _through(reading: Reading, final: Block, history: History | None) -> History | None:
    """Return what is known after a `finally` on one way through it. Nested in each other, not all ways are followed."""
    reading.detours += 1
    if history is None or reading.detours > MOST_DETOURS:
        return history
    return _way(reading, final, history)[1]
