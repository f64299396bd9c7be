"""The work that continues after an exception that no step raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.execution.matching.terms import (
    NO_PENDING,
    Anything,
    CalledBody,
    Fresh,
    Members,
    OverlappingPasses,
    Pass,
    Pending,
    Protected,
    Running,
    SequenceRest,
    Stage,
    Term,
)
from stepgraph.execution.parts import EMPTY, CallPart, ChoicePart, GroupPart, LoopPart, Part, SequencePart, TryPart

if TYPE_CHECKING:
    from stepgraph.execution.matching.exits import TermExits


def interruptions_of(exits: TermExits, term: Term) -> Iterator[Pending]:
    """Yield the work that continues after an exception in a term. `TermExits.interrupted` stores it."""
    match term:
        case Fresh(part=SequencePart() as part) if part is not EMPTY:
            yield from _in_sequence(exits, exits.terms.over, part, 0)
        case Fresh(part=GroupPart() as part):
            yield from exits.interrupted(exits.opened(part))
        case Fresh(part=CallPart(body=body)) if body in exits.program.bodies and body not in exits.program.recursive:
            fresh = exits.terms.fresh(exits.program.bodies[body])
            yield from (exits.terms.in_background(pending) for pending in exits.interrupted(fresh))
        case Fresh(part=LoopPart(overlapping=False) as part):
            yield from _after_pass(exits, part, exits.terms.over, 0)
        case Fresh(part=ChoicePart(branches=branches)):
            yield from (pending for branch in branches for pending in exits.interrupted(exits.terms.fresh(branch)))
        case Fresh(part=TryPart(body=body) as part):
            yield NO_PENDING
            yield from exits.interrupted(exits.terms.protected(part, exits.terms.fresh(body), "body"))
        case Running() | Anything():
            yield Pending(exits.terms.background((term,)))
        case CalledBody(current=current):
            yield from (exits.terms.in_background(pending) for pending in exits.interrupted(current))
        case SequenceRest(current=current, part=part, index=index):
            yield from _in_sequence(exits, current, part, index)
        case Members(members=members):
            yield exits.unfinished(members, term)
        case Pass(part=part, current=current, count=count):
            yield from exits.interrupted(current)
            yield from _after_pass(exits, part, current, count)
        case OverlappingPasses(live=live):
            yield Pending(exits.terms.background(each.term for each in live))
        case Protected(part=part, current=current, stage=stage):
            yield from _in_try(exits, part, current, stage)
        case _:
            yield NO_PENDING


def _in_try(exits: TermExits, part: TryPart, current: Term, stage: Stage) -> Iterator[Pending]:
    """Yield the work that continues after an exception in the body, a handler or the `finally` of a `try`."""
    inside = exits.interrupted(current)
    if stage == "body" and part.handler is not None:
        inside = [*inside, *_in_handler(exits, current, part.handler)]
    if stage == "body" and part.orelse is not EMPTY:
        orelse = exits.interrupted(exits.terms.fresh(part.orelse))
        inside = [*inside, *exits.terms.all_joined([exits.ends(current), orelse])]
    if stage == "final" or part.final is EMPTY:
        yield from inside
    else:
        # A `return` in the block may stand for another exception.
        exits_of_final = exits.of_body(part.final)
        ends = [each.pending for each in exits_of_final if each.kind in {"next", "return"}]
        yield from exits.terms.all_joined([inside, [*ends, *_started_in(exits, part.final)]])
    if stage == "final":
        yield from exits.ends(current)


def _in_handler(exits: TermExits, body: Term, handler: Part) -> Iterator[Pending]:
    """Yield the work that continues after an exception in the handler of a `try`, before a step of the handler."""
    if started := _started_in(exits, handler):
        caught = [each.pending for each in exits.of(body) if each.kind == "fail"]
        yield from exits.terms.all_joined([[*caught, *exits.interrupted(body)], started])


def _started_in(exits: TermExits, block: Part) -> list[Pending]:
    """Return the work that continues after an exception in a block that has started tasks, before a step of it."""
    return [pending for pending in exits.interrupted(exits.terms.fresh(block)) if pending != NO_PENDING]


def _after_pass(exits: TermExits, part: LoopPart, current: Term, count: int) -> Iterator[Pending]:
    """Yield the work that continues after an exception between two passes or in the `else` of a loop.

    The exception may also occur in the next pass, before a step of it.
    """
    ends = exits.ends_of_pass(part, current)
    yield from ends
    if part.has_pass_after(count):
        yield from exits.terms.all_joined([ends, exits.interrupted(exits.terms.fresh(part.body))])
    if part.orelse is not EMPTY:
        orelse = exits.interrupted(exits.terms.fresh(part.orelse))
        yield from exits.terms.all_joined([exits.ends_of_loop(part, current, count), orelse])


def _in_sequence(exits: TermExits, current: Term, part: SequencePart, index: int) -> Iterator[Pending]:
    yield from exits.interrupted(current)
    for reached, pendings in exits.passed(current, part, index):
        following = exits.interrupted(exits.terms.fresh(part.items[reached])) if reached < len(part.items) else None
        yield from exits.terms.all_joined([pendings, following or [NO_PENDING]])
