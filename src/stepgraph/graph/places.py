"""The source locations of the parts of a graph, their origins, and jumps without nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.ir.nodes import (
    Await,
    Choice,
    Handler,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    Run,
    StartOperation,
    StepRun,
    TryOperation,
    operations_in,
)
from stepgraph.model.details import Part
from stepgraph.syntax.construct_text import is_raise_statement
from stepgraph.syntax.module import SourcePlace

Origin: TypeAlias = StepRun | Jump | TryOperation | Handler
"""The part of the IR that a part of the graph shows."""


class Ending(Struct, frozen=True):
    """The jumps at the end of a part that have no node in the payload."""

    raised: SourcePlace | None = None
    """The `raise` that ends the part, or None."""
    may_skip_raise: bool = False
    """Whether another jump without a node may end the part before the `raise`."""
    jump: SourcePlace | None = None
    """The `continue` or `return` that ends the part, or None. A `continue` that first runs a `finally` does not."""
    deferred: SourcePlace | None = None
    """The `continue` after the part that first runs a `finally`, or None."""
    ends_pass: bool = False
    """Whether a `continue` ends the part and a pass of a loop of the graph."""
    guards: tuple[tuple[str, SourcePlace], ...] = ()
    """Statements after all nodes of the part, with their conditions."""
    awaits: tuple[SourcePlace, ...] = ()
    """The awaits of tasks in a part without nodes."""


def _undrawn_jump(block: OperationBlock, *kinds: JumpKind, runs_finally: bool = False) -> SourcePlace | None:
    last = block.operations[-1] if block.operations else None
    if not isinstance(last, Jump) or last.drawn or last.runs_finally != runs_finally:
        return None
    return last.place if last.kind in kinds else None


def _may_end_early(block: OperationBlock) -> bool:
    """Return whether a `return` or `continue` without a node may end a block."""
    jumps = (each for each in operations_in(block) if isinstance(each, Jump) and not each.drawn)
    return any(jump.kind is not JumpKind.RAISE for jump in jumps)


def _guards_in(block: OperationBlock) -> Iterator[tuple[str, SourcePlace]]:
    """Yield the conditions and statements of the `if`s that only raise and have no node in the payload."""
    for operation in block.operations:
        if not isinstance(operation, Choice) or any(map(_has_nodes, operations_in(OperationBlock((operation,))))):
            continue
        for branch in operation.branches:
            raised = _undrawn_jump(branch.block, JumpKind.RAISE)
            if raised is not None and branch.condition is not None and operation.discriminant is None:
                yield branch.condition, raised


def _awaits_in(block: OperationBlock) -> tuple[SourcePlace, ...]:
    """Return the locations of the awaits of tasks in a block."""
    return tuple(operation.place for operation in operations_in(block) if isinstance(operation, Await))


def _has_nodes(operation: Operation) -> bool:
    return isinstance(operation, Run | StartOperation | Await) or (isinstance(operation, Jump) and operation.drawn)


class Places(Struct):
    """The source locations, origins and endings of parts, keyed by identity because different parts may be equal."""

    _by_id: dict[int, tuple[Part, SourcePlace, Origin | None]] = field(default_factory=dict)
    _endings: dict[int, tuple[Part, Ending]] = field(default_factory=dict)
    _ends: set[int] = field(default_factory=set)
    """The statements of all recorded endings, by identity."""
    _pass_ends: dict[int, Jump] = field(default_factory=dict)
    """The `continue` statements of all recorded endings that end a pass of a loop of the graph."""
    _shown_skips: dict[int, Part] = field(default_factory=dict)
    _certain: dict[int, Part] = field(default_factory=dict)
    _exhaustive: dict[int, Part] = field(default_factory=dict)
    _choices: dict[int, tuple[Part, SourcePlace]] = field(default_factory=dict)
    """The choices that branches belong to."""
    _infinite: dict[int, Part] = field(default_factory=dict)
    _nonempty: dict[int, Part] = field(default_factory=dict)
    _else: dict[int, Part] = field(default_factory=dict)
    _unhandled: dict[int, Part] = field(default_factory=dict)
    _settled: dict[int, Part] = field(default_factory=dict)
    _predecessors: dict[int, tuple[Part, tuple[str, ...]]] = field(default_factory=dict)
    _calls: dict[int, SourcePlace] = field(default_factory=dict)
    """The calls of steps, whose locations are their declarations."""

    def note(
        self, part: Part, place: SourcePlace, origin: Origin | None = None, call: SourcePlace | None = None
    ) -> None:
        """Record the location of a part and, for a step, its call.

        The recorded reference to the part prevents reuse of its `id`.
        """
        self._by_id[id(part)] = (part, place, origin)
        if call is not None:
            self._calls[id(part)] = call

    def note_ending(self, part: Part, content: OperationBlock, *, of_workflow: bool) -> None:
        """Record the jumps at the end of the content of a part that have no node in the payload.

        `return` counts only `of_workflow`, in the body of `run`.
        """
        guards = tuple(_guards_in(content))
        raised = _undrawn_jump(content, JumpKind.RAISE)
        jump = _undrawn_jump(content, JumpKind.CONTINUE, *([JumpKind.RETURN] if of_workflow else []))
        deferred = _undrawn_jump(content, JumpKind.CONTINUE, runs_finally=True)
        awaits = () if part["nodes"] else _awaits_in(content)
        if raised is not None or jump is not None or deferred is not None or guards or awaits:
            may_skip_raise = raised is not None and _may_end_early(content)
            last = content.operations[-1] if content.operations else None
            ends_pass = isinstance(last, Jump) and last.ends_pass
            if isinstance(last, Jump) and ends_pass:
                self._pass_ends[id(last)] = last
            self._endings[id(part)] = (
                part,
                Ending(
                    raised=raised,
                    may_skip_raise=may_skip_raise,
                    jump=jump,
                    deferred=deferred,
                    ends_pass=ends_pass,
                    guards=guards,
                    awaits=awaits,
                ),
            )
        self._ends.update(id(place.node) for place in (raised, jump) if place is not None)

    def note_empty_body(self, part: Part, body: OperationBlock) -> None:
        """Record the awaits in the body of a `try` that has no block for it."""
        if awaits := _awaits_in(body):
            self._endings[id(part)] = (part, Ending(awaits=awaits))

    def note_drawn_jump(self, place: SourcePlace) -> None:
        """Record that the node of a `raise` ends its path, although the payload continues after the loop around it."""
        if is_raise_statement(place):
            self._ends.add(id(place.node))

    def note_certain(self, part: Part, after: Sequence[Jump]) -> None:
        """Record that a branch always runs, if the ends of all jumps that skip it are recorded."""
        if after and all(id(jump.place.node) in self._ends for jump in after):
            self._certain[id(part)] = part
        if after and all(map(self._is_shown, after)):
            self._shown_skips[id(part)] = part

    def _is_shown(self, jump: Jump) -> bool:
        """Return whether a part records the jump at its end."""
        if jump.kind is JumpKind.CONTINUE:
            return id(jump) in self._pass_ends
        return id(jump.place.node) in self._ends

    def note_only_clause(self, part: Part) -> None:
        """Record that a branch is the only `except*` clause, and catches all errors."""
        self._certain[id(part)] = part

    def is_certain(self, part: Part) -> bool:
        """Return whether a branch always runs, because it is the only clause or paths that skip it end before it."""
        return id(part) in self._certain

    def shows_skips(self, part: Part) -> bool:
        """Return whether other parts record all jumps that skip a branch, including those that run a `finally`."""
        return id(part) in self._shown_skips

    def note_exhaustive(self, part: Part) -> None:
        """Record that one of the branches of a node always runs."""
        self._exhaustive[id(part)] = part

    def is_exhaustive(self, part: Part) -> bool:
        """Return whether one of the branches of a node always runs, although none may be an `else`."""
        return id(part) in self._exhaustive

    def note_choice(self, part: Part, place: SourcePlace) -> None:
        """Record the choice that a branch belongs to."""
        self._choices[id(part)] = (part, place)

    def choice_of(self, part: Part) -> SourcePlace | None:
        """Return the location of the choice that a branch belongs to, or None for other parts."""
        entry = self._choices.get(id(part))
        return None if entry is None else entry[1]

    def note_passes(self, part: Part, loop: LoopOperation) -> None:
        """Record whether only a jump or an exception ends a loop, and whether a first pass always runs."""
        if loop.infinite:
            self._infinite[id(part)] = part
        if loop.min_iterations:
            self._nonempty[id(part)] = part

    def is_infinite(self, part: Part) -> bool:
        """Return whether only a jump or an exception ends a loop."""
        return id(part) in self._infinite

    def is_nonempty(self, part: Part) -> bool:
        """Return whether the first pass of a loop always runs."""
        return id(part) in self._nonempty

    def note_else(self, parts: Sequence[Part]) -> None:
        """Record that the end of a block and these of its nodes are the `else` of a `try`."""
        self._else.update((id(part), part) for part in parts)

    def is_in_else(self, part: Part) -> bool:
        """Return whether a node, or the end of a block, is in the `else` of the `try` around it."""
        return id(part) in self._else

    def note_unhandled(self, part: Part, finalbody: OperationBlock) -> None:
        """Record that every error leaves a `try` without handlers, unless its `finally` jumps."""
        if not any(isinstance(each, Jump) and each.kind is not JumpKind.RAISE for each in operations_in(finalbody)):
            self._unhandled[id(part)] = part

    def is_unhandled(self, part: Part) -> bool:
        """Return whether every error leaves a `try`."""
        return id(part) in self._unhandled

    def note_settled(self, part: Part) -> None:
        """Record that code awaits a node in a group of its own without a node, which keeps errors as results."""
        self._settled[id(part)] = part

    def is_settled(self, part: Part) -> bool:
        """Return whether the error of a node is a result for the code that awaits it."""
        return id(part) in self._settled

    def note_predecessors(self, part: Part, names: Sequence[str]) -> None:
        """Record the names of the nodes of a group that are done before a node begins, if clocks do not show it."""
        self._predecessors[id(part)] = (part, tuple(names))

    def predecessors_of(self, part: Part) -> tuple[str, ...]:
        """Return the names of the nodes of its group that are done before a node begins, if clocks do not show it."""
        entry = self._predecessors.get(id(part))
        return () if entry is None else entry[1]

    def ending_of(self, part: Part) -> Ending:
        """Return the jumps at the end of a part that have no node in the payload."""
        entry = self._endings.get(id(part))
        return Ending() if entry is None else entry[1]

    def of(self, part: Part) -> SourcePlace | None:
        """Return the location of a part, or None if it has not been recorded."""
        entry = self._by_id.get(id(part))
        return None if entry is None else entry[1]

    def origin_of(self, part: Part) -> Origin | None:
        """Return the part of the IR that a part of the graph shows, or None if it has not been recorded."""
        entry = self._by_id.get(id(part))
        return None if entry is None else entry[2]

    def site_of(self, part: Part) -> SourcePlace | None:
        """Return the location of a part in the control flow, or None if it is unknown.

        For a step, this is its call, not its declaration, and for a handler its `except` clause, not the `try`.
        """
        origin = self.origin_of(part)
        if isinstance(origin, TryOperation) and part.get("type") == "block":
            origin = origin.handlers[0]
        if isinstance(origin, Handler) and origin.place is not None:
            return origin.place
        return self._calls.get(id(part)) or self.of(part)

    def regions_of(self, part: Part) -> Iterator[SourcePlace]:
        """Yield the code of a part: its location and, for a step, the function that it runs, and its call."""
        place, call = self.of(part), self._calls.get(id(part))
        if place is not None:
            yield place
        if place is not None and isinstance(self.origin_of(part), StepRun):
            # Imported here because only rules, links and editors need it, and start-up time counts.
            from stepgraph.syntax.decorated import decorated_function

            function = decorated_function(place)
            if function is not None:
                yield function
        if call is not None:
            yield call
