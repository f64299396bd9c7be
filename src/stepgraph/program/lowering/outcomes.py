"""What was learned of code by reading it: of a stretch of it, and of a function."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.program.ir import Block, Function, Handle
from stepgraph.program.lowering.replay_state import Reached, VolatileUse
from stepgraph.program.lowering.state import Changes, SlotId
from stepgraph.program.values import Item, StepFunction, Value


class Outcome(Struct, frozen=True):
    """A stretch of the program, read and taken back: what it does, what it changed, and whether its end is reached.

    `passed` are values that it replaced again, which are what it leaves if it is cut short by an exception; work with a
    handle after `since` was started on it; its end comes after what it has `reached`, None for what it
    began with.
    """

    block: Block
    changes: Changes
    live: bool
    passed: tuple[Changes, ...] = ()
    since: Handle | None = None
    reached: Reached | None = None


class Summary(Struct, frozen=True):
    """What was learned of a function for one set of arguments, and when. `called` is as in `Frame`.

    What it `returns_true` is that its result may be true, which in an `__exit__` ends an error.
    `reads` are the slots from outside of it that it has read.
    """

    function: Function
    result: Value
    called: int
    declared: tuple[StepFunction, ...]
    awaits_result: bool
    starts_work: bool
    epoch: int
    reusable: bool
    uses: tuple[VolatileUse, ...] = ()
    yields: tuple[Item, ...] = ()
    returns_true: bool = True
    reads: frozenset[SlotId] = frozenset()
