"""Terms: the remaining work of an instance, as in small-step semantics.

A term is a part of a graph in execution. Between two log entries, a run can continue in several ways. `TermExits`
returns all exits from a term without another step. `Clocks` returns the terms after all work that must end by a clock
has ended, `Beginnings` those after a step has begun, and `Endings` those after a step has ended.

One law holds for all four: every real order of execution is accepted. The graph does not say which exceptions a handler
catches, where a task is awaited, or whether a wait times out, so any choice is possible. Where a precise answer would
take too long, the answer includes more: work in the background may begin or not, so a larger background replaces
several smaller ones.

Equal terms are one object (`term_pool.py`), so results can be stored for each. Lists of terms are sorted by their
numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.execution.log import Outcome
from stepgraph.execution.parts import (
    CallPart,
    Clock,
    ExitKind,
    GroupKind,
    GroupPart,
    LoopPart,
    Part,
    SequencePart,
    StepPart,
    Traits,
    TryPart,
)

NEW: Final = -1
"""The end of a step that has just begun, and the entry that began its pass of a loop."""
ANY_TIME: Final = -2
"""The end of a step that may be over or not."""
END_BITS: Final = 2
"""The shift of ends in bit sets, because `NEW` and `ANY_TIME` are negative."""

Stage: TypeAlias = Literal["body", "orelse", "handler", "final"]
"""The block of a `try` that runs."""


class TooAmbiguousError(Exception):
    """The search for the paths of an instance exceeds its limit."""


class Term(Struct, frozen=True, eq=False):
    """A part in execution. Terms are compared by identity."""

    number: int
    """The number of the term in the order of creation."""
    traits: Traits
    running: int
    """The ends of running steps, as a bit set shifted by two."""


class Fresh(Term, frozen=True, eq=False):
    """A part that has not begun."""

    part: Part


class Running(Term, frozen=True, eq=False):
    """A running step, with its nested steps."""

    part: StepPart
    end: int
    """The index of the log entry before which the step ends, or `ANY_TIME` or `NEW`.

    The index is the number of entries if the step ends after the last entry, and one more if it does not end. Steps
    that end between the same entries are equal unless something else distinguishes them.
    """
    nested: Term
    retried: bool
    """Whether the step has several attempts, each of which runs the steps in it."""
    outcome: Outcome
    """How it ends, or `open` if the log does not determine it."""


class Failed(Term, frozen=True, eq=False):
    """A step that has failed for good."""

    clock: Clock


class CalledBody(Term, frozen=True, eq=False):
    """The body of a called function, or of a workflow as a node."""

    part: CallPart
    current: Term


class SequenceRest(Term, frozen=True, eq=False):
    """A sequence: the current part, and the parts after it from an index on."""

    current: Term
    part: SequencePart
    index: int


class Either(Term, frozen=True, eq=False):
    """Alternative branches that may be in progress; exactly one runs."""

    branches: tuple[Term, ...]


class Member(Struct, frozen=True, cache_hash=True):
    """Unfinished work of a group."""

    ats: tuple[int, ...]
    """The position of its part in the group, or several if equal members have become interchangeable."""
    term: Term


class Members(Term, frozen=True, eq=False):
    """A group with its unfinished members."""

    part: GroupPart
    members: tuple[Member, ...]
    furthest: int
    """The last position that has begun. Members at earlier positions have not left the group by a jump."""
    any_finished: bool


class Pass(Term, frozen=True, eq=False):
    """A pass of a loop, after which others may follow."""

    part: LoopPart
    current: Term
    count: int
    """The number of passes in which a step has begun, or 1 if the number of passes of the loop is not constant."""


class LivePass(Struct, frozen=True):
    """A pass of a loop whose passes overlap."""

    began: int | None
    """The entry that began the pass, or None if several passes have become equal."""
    term: Term


class OverlappingPasses(Term, frozen=True, eq=False):
    """Passes of a loop that overlap."""

    part: LoopPart
    live: tuple[LivePass, ...]
    body: Term
    """The body of other passes."""
    is_open: bool
    """Whether another pass may begin."""


class Protected(Term, frozen=True, eq=False):
    """A block of a `try`."""

    part: TryPart
    current: Term
    stage: Stage
    pending: ExitKind
    """The exit after the `finally` block."""


class Unstarted(Term, frozen=True, eq=False):
    """Background work that may begin any number of times."""

    work: Term


class Anything(Term, frozen=True, eq=False):
    """Work in which any of its steps may begin, any number of times."""


class Pending(Struct, frozen=True):
    """Work that continues after an exit."""

    background: tuple[Term, ...] = ()
    """Work that nothing awaits."""
    group: tuple[Term, ...] = ()
    """Work that continues in the enclosing group."""


NO_PENDING: Final = Pending()


class Exit(Struct, frozen=True):
    """An exit of a term: how control may leave it without another step."""

    kind: ExitKind
    pending: Pending = NO_PENDING


def is_over(exit_: Exit, kind: GroupKind) -> bool:
    """Return whether an exit of a member ends it for code that awaits the group."""
    if exit_.pending.group and kind != "list":
        return False
    return exit_.kind == "next" or (exit_.kind == "fail" and kind in {"all_settled", "race"})


def leaves_of(exits: Iterable[Exit]) -> Iterator[Exit]:
    """Yield the exits out of a loop that skip its `else`."""
    for each in exits:
        if each.kind not in {"next", "continue", "finished"}:
            yield Exit("next", each.pending) if each.kind == "break" else each
