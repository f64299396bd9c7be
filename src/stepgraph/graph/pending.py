"""What is pending where: from its start until the await after which it is over on every path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from stepgraph.program.ir import (
    Block,
    Choice,
    Exit,
    ExitKind,
    Handle,
    Join,
    Loop,
    Operation,
    Protected,
    Start,
    blocks_of,
    handles_of,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Operations `first` to `last` of a block during which work that began in them is pending."""

    first: int
    last: int


@dataclass(slots=True)
class Pending:
    """The stretches of each block, by the block's `id`, and the work that is over on every path."""

    stretches: dict[int, list[Stretch]] = field(default_factory=dict)
    completed: set[Handle] = field(default_factory=set)


@dataclass(slots=True)
class _Survey:
    """One pass over a body with the set of what may be pending."""

    opened: dict[int, list[tuple[Handle, int, int]]] = field(default_factory=dict)
    started_in: dict[Handle, tuple[int, int, int]] = field(default_factory=dict)
    completed: set[Handle] = field(default_factory=set)
    breaks: list[set[Handle]] = field(default_factory=list)


def survey(body: Block) -> Pending:
    """Return what is pending in the body of a function."""
    passed = _Survey()
    _block(passed, body, set())
    stretches: dict[int, list[Stretch]] = {}
    for block, opened in passed.opened.items():
        stretches[block] = [Stretch(first, last) for _, first, last in opened]
    for handle, (block, index, end) in passed.started_in.items():
        if handle not in passed.completed:
            stretches.setdefault(block, []).append(Stretch(index, end))
    return Pending({block: _united(found) for block, found in stretches.items()}, passed.completed)


def _united(stretches: list[Stretch]) -> list[Stretch]:
    """Return stretches in order, those that overlap as one."""
    united: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda s: (s.first, s.last)):
        if united and stretch.first <= united[-1].last:
            united[-1] = Stretch(united[-1].first, max(united[-1].last, stretch.last))
        else:
            united.append(stretch)
    return united


def _block(passed: _Survey, block: Block, pending: set[Handle]) -> set[Handle] | None:
    """Return what may be pending at the end of a block, None where its end is not reached."""
    opened: dict[Handle, int] = {}
    for index, operation in enumerate(block.operations):
        if isinstance(operation, Start):
            passed.started_in[operation.handle] = (id(block), index, len(block.operations) - 1)
        after = _operation(passed, operation, pending)
        if after is None:
            return None
        if after is pending:
            continue
        for handle in sorted(after - pending):
            opened.setdefault(handle, index)
        for handle in sorted(pending - after):
            if handle in opened:
                passed.opened.setdefault(id(block), []).append((handle, opened.pop(handle), index))
                passed.completed.add(handle)
        pending = after
    return pending


def _operation(passed: _Survey, operation: Operation, pending: set[Handle]) -> set[Handle] | None:
    match operation:
        case Start(handle=handle):
            return pending | {handle}
        case Join():
            return pending - handles_of(operation.group) if operation.certain and not operation.each else pending
        case Exit(kind=ExitKind.BREAK | ExitKind.FINISHED):
            if passed.breaks:
                passed.breaks[-1] |= pending
            return None
        case Exit():
            return None
        case Choice(branches=branches):
            ways = [_block(passed, branch.block, pending) for branch in branches]
            if all(branch.condition is not None for branch in branches):
                ways.append(pending)
            return _any(ways)
        case Loop():
            return _loop(passed, operation, pending)
        case Protected():
            return _protected(passed, operation, pending)
        case _:
            return pending


def _loop(passed: _Survey, loop: Loop, pending: set[Handle]) -> set[Handle]:
    passed.breaks.append(set())
    end = _block(passed, loop.body, pending)
    left = passed.breaks.pop()
    after = pending | (end or set()) | left
    return after - _joined_by(loop)


def _joined_by(loop: Loop) -> set[Handle]:
    """Return what a loop that awaits one task at each pass has awaited when it is over, if it cannot leave early."""
    if not any(isinstance(operation, Join) and operation.each for operation in loop.body.operations):
        return set()
    if _leaves(loop.body.operations):
        return set()
    joins = (operation for operation in loop.body.operations if isinstance(operation, Join))
    return {handle for join in joins if join.each and join.certain for handle in handles_of(join.group)}


def _leaves(operations: Iterable[Operation]) -> bool:
    for operation in operations:
        match operation:
            case Exit():
                return True
            case Choice(branches=branches):
                if any(_leaves(branch.block.operations) for branch in branches):
                    return True
            case Protected():
                return True
    return False


def _protected(passed: _Survey, protected: Protected, pending: set[Handle]) -> set[Handle] | None:
    """A handler begins with all that may have been pending anywhere in what it protects."""
    end = _block(passed, protected.body, pending)
    anywhere = pending | _started(protected.body)
    ways = [end, *(_block(passed, handler.block, anywhere) for handler in protected.handlers)]
    if protected.catches and not protected.handlers:
        ways.append(anywhere)
    after = _any(ways)
    final = _block(passed, protected.final, anywhere if after is None else after)
    return None if after is None else final


def _started(block: Block) -> set[Handle]:
    found: set[Handle] = set()
    for operation in block.operations:
        if isinstance(operation, Start):
            found.add(operation.handle)
        for inner in blocks_of(operation):
            found |= _started(inner)
    return found


def _any(ways: Iterable[set[Handle] | None]) -> set[Handle] | None:
    reached = [way for way in ways if way is not None]
    return set().union(*reached) if reached else None
