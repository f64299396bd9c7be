"""What is pending where: from its start until the await after which it is over.

A body is read as its paths run. At each point there is a set of the work that may be pending; paths that meet unite
their sets, loops are read until nothing is added. Work that is pending on some way out of the block that holds its
start and its awaits may last longer: no clock says when it is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.bit_sets import bit_set, bits
from stepgraph.program.exceptions import may_catch
from stepgraph.program.ir import (
    EMPTY,
    Awaited,
    Block,
    Choice,
    Exit,
    ExitKind,
    Handle,
    Handler,
    Join,
    Joined,
    Loop,
    Operation,
    Protected,
    Run,
    Start,
    handles_of,
    is_race,
    mentioned_in,
    over_with,
    started_in,
    works,
)

# `finally` in `finally` multiplies the ways through them; past so many, what they await is taken to be pending.
MOST_DETOURS: Final = 2_000

# The blocks around an operation, outermost first, each with the index of what leads there.
Path: TypeAlias = tuple[tuple[int, int], ...]


class Stretch(Struct, frozen=True):
    """Operations `first` to `last` of a block during which work that began in them is pending."""

    first: int
    last: int


class Pending(Struct, frozen=True):
    """What a body's awaits do.

    `stretches` are the groups of each block, by the block's `id`. `over` is the work that is over with a join, or with
    a loop that awaits it piece by piece, by its `id`; it is there, and maybe empty, for all that wait for anything.
    `lasting` is the work that may go on after its group. `raced` are the joins, by `id`, that are over with the first
    of their members, `homes` the blocks in which work is started, innermost last, and `loops` the bodies of loops.
    """

    stretches: dict[int, list[Stretch]]
    over: dict[int, frozenset[Handle]]
    lasting: frozenset[Handle]
    raced: frozenset[int]
    homes: dict[Handle, tuple[int, ...]]
    loops: frozenset[int]


def survey(body: Block, *, is_run: bool = False) -> Pending:
    """Return what is pending in the body of a function. After that `is_run` returns, nothing more begins."""
    reading = _Reading(body, is_run=is_run)
    reading.block(body, _State())
    lasting = reading.lasting
    begun: dict[int, dict[int, int]] = {}
    for handle in reading.started:
        block, first = _home(reading, handle)
        if (reading.after[block][-1] | reading.left.get(block, 0)) >> handle & 1:
            lasting |= 1 << handle
        starts = begun.setdefault(block, {})
        starts[first] = starts.get(first, 0) | 1 << handle
    return Pending(
        {block: _stretches(starts, reading.after[block]) for block, starts in begun.items()},
        {waiting: frozenset(bits(over)) for waiting, over in reading.over.items()},
        frozenset(bits(lasting)),
        frozenset(reading.raced),
        {handle: tuple(block for block, _ in path) for handle, path in reading.started.items()},
        frozenset(reading.bodies),
    )


def surely_over(body: Block, foreign: frozenset[Handle]) -> tuple[Awaited, ...]:
    """Return which work that others started is over at each normal end of a function: all its runs, or the last one."""
    pending = bit_set(foreign)
    last = pending & ~_left_pending(body, _State(pending))
    every = last & ~_left_pending(body, _State(pending, several=pending))
    return tuple(Awaited(handle, every=bool(every >> handle & 1)) for handle in bits(last))


def _left_pending(body: Block, state: _State) -> int:
    """Return what may be pending at the normal ends of a function; where it has none, that is all."""
    reading = _Reading(body, is_run=False)
    end = _met([reading.block(body, state), *reading.returns])
    return (state if end is None else end).pending


def _home(reading: _Reading, handle: Handle) -> tuple[int, int]:
    """Return the innermost block that holds the start of work and all that waits for it, and where it begins there."""
    start = reading.started[handle]
    depth = len(start)
    for path in reading.awaited.get(handle, ()):
        shared = (one[0] == other[0] for one, other in zip(start, path, strict=False))
        depth = min(depth, sum(1 for _ in takewhile(bool, shared)))
    block, first = start[depth - 1]
    return block, 0 if reading.before[block] >> handle & 1 else first


def _stretches(begun: Mapping[int, int], after: Sequence[int]) -> list[Stretch]:
    """Return the stretches of a block in order, those that overlap as one.

    `begun` is the work that begins at an operation, `after` what is pending after each.
    """
    found: list[Stretch] = []
    first, open_now = 0, 0
    for at, pending in enumerate(after):
        if not open_now:
            first = at
        open_now |= begun.get(at, 0)
        if open_now and (at == len(after) - 1 or not open_now & pending):
            found.append(Stretch(first, at))
            open_now = 0
        else:
            open_now &= pending
    return found


class _State(Struct, frozen=True):
    """What may be pending at a point, as bit sets of handles: of `several`, not only the run that was started last.

    `passed` are the joins of one member at a time that each path through the present pass of their loop has met, as a
    bit set of their numbers.
    """

    pending: int = 0
    several: int = 0
    passed: int = 0

    def without(self, handles: int) -> _State:
        """Return the state when some work is over."""
        return replace(self, pending=self.pending & ~handles, several=self.several & ~handles)


def _met(states: Iterable[_State | None]) -> _State | None:
    """Return the state where paths meet; None is a path that does not lead there."""
    meeting: _State | None = None
    for state in states:
        if meeting is None or state is None:
            meeting = meeting or state
        elif state is not meeting:
            meeting = _State(
                meeting.pending | state.pending, meeting.several | state.several, meeting.passed & state.passed
            )
    return meeting


class _Around(Struct):
    """Something that the present point is in: a block, a loop's body, or what a `try` protects.

    `depth` is the length of the path there, `exits` are the states in which a loop is left, `finishes` those in which
    its test ends it, `joins` those that wait for one member at each of its passes; `raised` is what may be pending when
    something in a `try` fails.
    """

    depth: int
    block: int | None = None
    loop: Loop | None = None
    protected: Protected | None = None
    handlers: tuple[Handler, ...] = ()
    exits: list[_State] = field(default_factory=list)
    finishes: list[_State] = field(default_factory=list)
    is_left_early: bool = False
    joins: dict[int, tuple[Join, Path]] = field(default_factory=dict)
    raised: _State | None = None


class _Reading:
    """One reading of a body. What it finds only ever grows, so that what is read repeatedly may be found repeatedly."""

    def __init__(self, body: Block, *, is_run: bool) -> None:
        self.is_run = is_run
        self.around: list[_Around] = []
        self.path: list[tuple[int, int]] = []
        self.started: dict[Handle, Path] = {}
        self.awaited: dict[Handle, dict[Path, None]] = {}
        self.before: dict[int, int] = {}
        self.after: dict[int, list[int]] = {}
        self.left: dict[int, int] = {}
        self.over: dict[int, int] = {}
        self.raced: set[int] = set()
        self.numbers: dict[int, int] = {}
        self.bodies: set[int] = set()
        self.heads: dict[tuple[int, bool], _State] = {}
        self.failing = False
        self.detours = 0
        own = {handle for operation in body.operations for handle in started_in(operation)}
        self.mentions = Counter(handle for handle in mentioned_in(body) if handle in own)
        self.local: dict[int, int] = {}
        self.lasting = 0
        self.returns: list[_State] = []

    def block(self, block: Block, state: _State) -> _State | None:
        """Return the state at the end of a block, None where its end is not reached."""
        key = id(block)
        self.before[key] = self.before.get(key, 0) | state.pending
        after = self.after.setdefault(key, [0] * len(block.operations))
        with self._inside(_Around(len(self.path), block=key)):
            for index, operation in enumerate(block.operations):
                self.path.append((key, index))
                end = self._operation(operation, state)
                self.path.pop()
                if end is None:
                    return None
                after[index] |= end.pending
                self._may_raise(end)
                state = end
        return state

    @contextmanager
    def _inside(self, around: _Around) -> Iterator[_Around]:
        self.around.append(around)
        yield around
        self.around.pop()

    def _may_raise(self, state: _State) -> None:
        """Note a state in which the innermost `try` may be left."""
        innermost = next((around for around in reversed(self.around) if around.protected is not None), None)
        if innermost is not None:
            innermost.raised = _met((innermost.raised, state))

    def _operation(self, operation: Operation, state: _State) -> _State | None:
        match operation:
            case Start(handle=handle):
                self.started.setdefault(handle, tuple(self.path))
                again = state.pending & 1 << handle
                return replace(state, pending=state.pending | 1 << handle, several=state.several | again)
            case Run(completes=completes) if completes:
                return self._completed(operation, state)
            case Join(each=True):
                return self._join_each(operation, state)
            case Join():
                return self._join(operation, state)
            case Exit():
                self._leave(operation, state)
                return None
            case Choice(branches=branches):
                ways = [self.block(branch.block, state) for branch in branches]
                return _met([*ways, state] if operation.may_skip else ways)
            case Loop():
                return self._loop(operation, state)
            case Protected():
                return self._protected(operation, state)
            case _:
                return state

    # Awaits

    def _join(self, join: Join, state: _State) -> _State:
        """What was awaited may have failed: then others of the members may go on."""
        if len(join.group.members) > 1 and join.group.kind != "all_settled":
            self._may_raise(state)
        waits = bit_set(handles_of(join.group)) & state.pending
        if not waits:
            return state
        self._note(waits, tuple(self.path))
        over = _over(over_with(join.group), state)
        raced = _races(join.group) & state.pending
        if raced and is_race(join.group):
            self.raced.add(id(join))
        if join.group.certain or raced:
            self._complete(id(join), over)
        self.lasting |= raced
        return state.without(over | raced)

    def _completed(self, call: Run, state: _State) -> _State:
        """A call that fails may have left some of it pending, but all was before."""
        self._note(bit_set(awaited.handle for awaited in call.completes) & state.pending, tuple(self.path))
        over = _over(call.completes, state)
        self._complete(id(call), over)
        return state.without(over)

    def _join_each(self, join: Join, state: _State) -> _State:
        loop = next((around for around in reversed(self.around) if around.loop is not None), None)
        if loop is None:
            return self._one_of(join, state)
        loop.joins[id(join)] = (join, tuple(self.path[: loop.depth]))
        return replace(state, passed=state.passed | 1 << self.numbers.setdefault(id(join), len(self.numbers)))

    def _one_of(self, join: Join, state: _State) -> _State:
        """An await of one member, outside of a loop over them: of what is taken as it is over, that is a race."""
        waits = bit_set(handles_of(join.group)) & state.pending
        self._note(waits, tuple(self.path))
        if not waits or not join.group.in_turn:
            return state
        self.raced.add(id(join))
        self.lasting |= waits
        self._complete(id(join), 0)
        return state.without(waits)

    def _note(self, handles: int, path: Path) -> None:
        for handle in bits(handles):
            self.awaited.setdefault(handle, {})[path] = None

    def _complete(self, waiting: int, over: int) -> None:
        self.over[waiting] = self.over.get(waiting, 0) | over

    # Exits

    def _leave(self, leaving: Exit, state: _State) -> None:
        """Follow an exit outwards: through each `finally`, to the end of its loop, to a handler, or to the caller."""
        left: list[int] = []
        whole, path = self.around, self.path
        for depth in range(len(whole) - 1, -1, -1):
            around = whole[depth]
            if around.block is not None:
                left.append(around.block)
            elif around.loop is not None:
                around.is_left_early |= leaving.kind is not ExitKind.FINISHED
                if leaving.kind is ExitKind.FINISHED:
                    around.finishes.append(state)
                    break
                if leaving.kind is ExitKind.BREAK:
                    around.exits.append(state)
                    break
            elif leaving.kind is ExitKind.RAISE and may_catch(around.handlers, leaving.raised):
                around.raised = _met((around.raised, state))
                break
            elif around.protected is not None and around.protected.final.operations:
                if works(around.protected.final):
                    self._note_left(left, state)
                    left = []
                self.around, self.path = whole[:depth], path[: around.depth]
                end = self._passed(around.protected.final, state)
                self.around, self.path = whole, path
                if end is None:
                    break
                state = end
        else:
            # After this function returns early, nothing that it shows begins; what goes on is not missed there.
            left = [] if self.is_run and (leaving.drawn or leaving.kind is ExitKind.RAISE) else left
            if leaving.kind is ExitKind.RETURN:
                self.returns.append(state)
        self._note_left(left, state)

    def _note_left(self, blocks: Sequence[int], state: _State) -> None:
        for block in blocks:
            self.left[block] = self.left.get(block, 0) | state.pending

    # Loops and exceptions

    def _loop(self, loop: Loop, state: _State) -> _State | None:
        self.bodies.add(id(loop.body))
        # Read again in another pass of a loop around it, it begins with no less than before: so nesting costs no power.
        key = id(loop.body), self.failing
        head = _met((self.heads.get(key), state)) or state
        while True:
            with self._inside(_Around(len(self.path), loop=loop)) as around:
                end = self.block(loop.body, replace(head, passed=state.passed))
            again = _met((head, end)) or head
            if (again.pending, again.several) == (head.pending, head.several):
                break
            head = again
        self.heads[key] = replace(head, passed=0)
        finished = None if loop.endless or around.finishes else (end if loop.occurs else head)
        if finished is not None:
            finished = replace(finished, passed=state.passed)
        for join, path in around.joins.values():
            everywhere = end is None or bool(end.passed >> self.numbers[id(join)] & 1)
            finished = self._each_joined(loop, join, path, finished, head, everywhere=everywhere)
        exits = (replace(left, passed=state.passed) for left in (*around.finishes, *around.exits))
        after = _met((finished, *exits))
        if not around.is_left_early or after is None:
            return after
        taken = [join.group for join, _ in around.joins.values() if join.group.in_turn]
        self.raced.update(id(join) for join, _ in around.joins.values() if join.group in taken)
        rest = bit_set(handle for group in taken for handle in handles_of(group)) & head.pending
        self.lasting |= rest
        return after.without(rest)

    def _each_joined(
        self, loop: Loop, join: Join, path: Path, finished: _State | None, head: _State, *, everywhere: bool
    ) -> _State | None:
        """A loop that waits for one member at each pass, on each path, has waited for all of them when it is over."""
        waits = bit_set(handles_of(join.group)) & head.pending
        if not waits:
            return finished
        self._note(waits, path)
        over = _over(over_with(join.group), head) if everywhere else 0
        self._complete(id(loop), over)
        return None if finished is None else finished.without(over)

    def _protected(self, protected: Protected, state: _State) -> _State | None:
        """A handler begins with all that may be pending where what it protects may fail."""
        outer = _Around(len(self.path), protected=protected)
        with self._inside(outer):
            inner = _Around(len(self.path), protected=replace(protected, final=EMPTY), handlers=protected.handlers)
            with self._inside(inner) as tried:
                tried.raised = None if protected.guards_await else state
                end = self.block(protected.body, state)
            # What only the body awaits is left behind when it fails, as the group that it is in says.
            caught = (tried.raised or state).without(self.only_in(protected.body))
            ways = [end, *(self.block(handler.block, caught) for handler in protected.handlers)]
        after = _met(ways)
        raised = _met((caught, outer.raised)) or caught
        if not protected.final.operations:
            self._may_raise(raised)
            return after
        end = None if after is None else self.block(protected.final, after)
        left = end if after == raised else self._passed(protected.final, raised)
        if left is not None:
            self._may_raise(left)
        return end

    def only_in(self, block: Block) -> int:
        """Return the work that is started and awaited in a block and nowhere else."""
        found = self.local.get(id(block))
        if found is None:
            inside = Counter(mentioned_in(block))
            found = bit_set(handle for handle, count in inside.items() if count == self.mentions[handle])
            self.local[id(block)] = found
        return found

    def _passed(self, final: Block, state: _State) -> _State | None:
        """Read a `finally` on the way of an exception or exit. Nested in each other, not each of them is followed."""
        self.detours += 1
        if self.detours > MOST_DETOURS:
            return state
        outer, self.failing = self.failing, True
        end = self.block(final, state)
        self.failing = outer
        return end


def _over(awaited: Iterable[Awaited], state: _State) -> int:
    """Return what is pending and over now: all runs, or the last one if there are no others."""
    found = 0
    for one in awaited:
        if one.sure and (one.every or not state.several >> one.handle & 1):
            found |= 1 << one.handle
    return found & state.pending


def _races(group: Joined) -> int:
    """Return the work in races, those inside a group too."""
    if is_race(group):
        return bit_set(handles_of(group))
    found = 0
    for member in group.members:
        if isinstance(member, Joined):
            found |= _races(member)
    return found
