"""The source locations of the parts of a graph, the node at a location, origins, and jumps without nodes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, TypeAlias

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
    child_blocks,
    operations_in,
)
from stepgraph.model.details import Part
from stepgraph.model.span import Span
from stepgraph.model.walk import walk
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, Node

Origin: TypeAlias = StepRun | Jump | TryOperation | Handler
"""The part of the IR that a part of the graph shows."""

_MAX_RAISES: Final = 30
"""The maximum number of `raise` statements without a node in a part whose paths are recorded."""

_Position: TypeAlias = tuple[int, int]
"""A line and a column, from 1."""


class PathTest(Struct, frozen=True):
    """A test on the path to a `raise` statement, or a loop around it."""

    condition: str
    """The source of the condition; empty for a loop."""
    place: SourcePlace
    """The location of the choice or loop."""


class RaisePath(Struct, frozen=True):
    """The path to a `raise` statement without a node."""

    tests: tuple[PathTest, ...]
    """The tests that lead to the statement, outermost first."""
    raised: SourcePlace
    """The location of the statement."""


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
    raise_paths: tuple[RaisePath, ...] = ()
    """The paths to all `raise` statements in the `if`s, `match`es and loops of the part without nodes."""
    awaits: tuple[SourcePlace, ...] = ()
    """The awaits of tasks in a part without nodes."""


NO_ENDING: Final = Ending()
_NOT_RAISE: Final = frozenset(JumpKind) - {JumpKind.RAISE}


def _undrawn_jump(block: OperationBlock, *kinds: JumpKind, runs_finally: bool = False) -> SourcePlace | None:
    last = block.operations[-1] if block.operations else None
    if not isinstance(last, Jump) or last.drawn or last.runs_finally != runs_finally:
        return None
    if last.goes_on and not runs_finally:
        return None
    return last.place if last.kind in kinds else None


def _has_undrawn_jump(block: OperationBlock, *kinds: JumpKind) -> bool:
    """Return whether a block has a jump of one of these kinds without a node."""
    jumps = (each for each in operations_in(block) if isinstance(each, Jump) and not each.drawn)
    return any(jump.kind in kinds for jump in jumps)


def has_return_before_raise(body: OperationBlock) -> bool:
    """Return whether the body of a function has a `return` without a node that skips a `raise` without a node."""
    if not _has_undrawn_jump(body, JumpKind.RETURN):
        return False
    blocks = chain([body], chain.from_iterable(map(child_blocks, operations_in(body))))
    return any(_ends_by_raise(block) and _has_undrawn_jump(block, JumpKind.RETURN) for block in blocks)


def _ends_by_raise(block: OperationBlock) -> bool:
    return _undrawn_jump(block, JumpKind.RAISE) is not None or any(True for _ in _guards_in(block))


def _guards_in(block: OperationBlock) -> Iterator[tuple[str, SourcePlace]]:
    """Yield the conditions and statements of the `if`s that only raise and have no node in the payload."""
    for operation in block.operations:
        if not isinstance(operation, Choice) or any(map(_has_nodes, operations_in(OperationBlock((operation,))))):
            continue
        for branch in operation.branches:
            raised = _undrawn_jump(branch.block, JumpKind.RAISE)
            if raised is not None and branch.condition is not None and operation.discriminant is None:
                yield branch.condition, raised


def _raise_paths(block: OperationBlock, outer: tuple[PathTest, ...] = ()) -> Iterator[RaisePath]:
    """Yield the paths to the `raise` statements in the `if`s, `match`es and loops of a block without nodes."""
    for operation in block.operations:
        if not isinstance(operation, Choice | LoopOperation) or any(
            map(_has_nodes, operations_in(OperationBlock((operation,))))
        ):
            continue
        for tests, inner in _paths_of(operation, outer):
            # In a loop, a `raise` is a jump out of the loop.
            raised = _undrawn_jump(inner, JumpKind.RAISE, JumpKind.BREAK)
            if raised is not None and raised.is_raise_statement:
                yield RaisePath(tests, raised)
            yield from _raise_paths(inner, tests)


def _paths_of(
    operation: Choice | LoopOperation, outer: tuple[PathTest, ...]
) -> Iterator[tuple[tuple[PathTest, ...], OperationBlock]]:
    """Yield the blocks of an operation, each with the tests that lead to it."""
    if isinstance(operation, LoopOperation):
        yield (*outer, PathTest("", operation.place)), operation.body
        return
    value = operation.discriminant
    for branch in operation.branches:
        condition = branch.condition
        if condition is None:
            yield outer, branch.block
            continue
        test = condition if value is None else _test_of_case(value, condition)
        yield (*outer, PathTest(test, operation.place)), branch.block
        outer = (*outer, PathTest(f"not ({test})", operation.place))


def _test_of_case(value: str, pattern: str) -> str:
    # Imported here because few branches of a `match` raise an exception.
    from stepgraph.model.expressions import case_test

    return case_test(value, pattern) or f"case {pattern} of {value}"


def _awaits_in(block: OperationBlock) -> tuple[SourcePlace, ...]:
    """Return the locations of the awaits of tasks in a block."""
    return tuple(operation.place for operation in operations_in(block) if isinstance(operation, Await))


def _has_nodes(operation: Operation) -> bool:
    return isinstance(operation, Run | StartOperation | Await) or (isinstance(operation, Jump) and operation.drawn)


class PartRecord(Struct):
    """The source code of a part of a graph, and properties of the part that the payload lacks."""

    part: Part
    """The part. The reference prevents reuse of its `id`."""
    place: SourcePlace | None = None
    """The location of the part, for a step its declaration."""
    origin: Origin | None = None
    """The part of the IR that the part shows."""
    call: SourcePlace | None = None
    """The call of a step."""
    ending: Ending = NO_ENDING
    """The jumps at the end of the part that have no node."""
    choice: SourcePlace | None = None
    """The choice that a branch belongs to."""
    predecessors: tuple[str, ...] = ()
    """The names of the nodes of its group that are done before a node begins, if clocks do not show it."""
    is_certain: bool = False
    """Whether a branch always runs, because it is the only clause or paths that skip it end before it."""
    shows_skips: bool = False
    """Whether other parts record all jumps that skip a branch, including those that run a `finally`."""
    is_exhaustive: bool = False
    """Whether one of the branches of a node always runs, although none may be an `else`."""
    is_infinite: bool = False
    """Whether only a jump or an exception ends a loop."""
    is_nonempty: bool = False
    """Whether the first pass of a loop always runs."""
    passes: int = 0
    """The constant number of passes of a loop that no exit leaves, or 0."""
    is_in_else: bool = False
    """Whether a node, or the end of a block, is in the `else` of the `try` around it."""
    is_unhandled: bool = False
    """Whether every error leaves a `try`."""
    is_settled: bool = False
    """Whether the error of a node is a result for the code that awaits it."""
    is_limited: bool = False
    """Whether a lock or semaphore limits how many tasks are in a node at the same time."""


class Places(Struct):
    """The records of parts, keyed by identity because different parts may be equal."""

    run: SourcePlace | None = None
    """The location of the function that the engine calls."""
    workflow: SourcePlace | None = None
    """The location of the class."""
    _records: dict[int, PartRecord] = field(default_factory=dict)
    """The records by the `id` of the part."""
    _ends: set[int] = field(default_factory=set)
    """The statements of all recorded endings, by identity."""
    _pass_ends: dict[int, Jump] = field(default_factory=dict)
    """The `continue` statements of all recorded endings that end a pass of a loop of the graph."""

    def record_of(self, part: Part) -> PartRecord:
        """Return the record of a part, which is empty if nothing has been recorded."""
        return self._records.get(id(part)) or PartRecord(part)

    def _stored_record(self, part: Part) -> PartRecord:
        """Return the record of a part. A new record is stored."""
        record = self._records.get(id(part))
        if record is None:
            record = self._records[id(part)] = PartRecord(part)
        return record

    def note(
        self, part: Part, place: SourcePlace, origin: Origin | None = None, call: SourcePlace | None = None
    ) -> None:
        """Record the location and the origin of a part and, for a step, its call."""
        record = self._stored_record(part)
        record.place, record.origin = place, origin
        if call is not None:
            record.call = call

    def note_ending(self, part: Part, content: OperationBlock, *, shows_returns: bool) -> None:
        """Record the jumps at the end of the content of a part that have no node in the payload.

        With `shows_returns`, these include `return`: in the body of `run`, and if a `return` skips a `raise`.
        """
        guards = tuple(_guards_in(content))
        raise_paths = tuple(islice(_raise_paths(content), _MAX_RAISES))
        raised = _undrawn_jump(content, JumpKind.RAISE)
        jump = _undrawn_jump(content, JumpKind.CONTINUE, *([JumpKind.RETURN] if shows_returns else []))
        deferred = _undrawn_jump(content, JumpKind.CONTINUE, runs_finally=True)
        awaits = () if part["nodes"] else _awaits_in(content)
        if raised is not None or jump is not None or deferred is not None or raise_paths or awaits:
            may_skip_raise = raised is not None and _has_undrawn_jump(content, *_NOT_RAISE)
            last = content.operations[-1] if content.operations else None
            ends_pass = isinstance(last, Jump) and last.ends_pass
            if isinstance(last, Jump) and ends_pass:
                self._pass_ends[id(last)] = last
            self._stored_record(part).ending = Ending(
                raised=raised,
                may_skip_raise=may_skip_raise,
                jump=jump,
                deferred=deferred,
                ends_pass=ends_pass,
                guards=guards,
                raise_paths=raise_paths,
                awaits=awaits,
            )
        self._ends.update(id(place.node) for place in (raised, jump) if place is not None)

    def note_empty_body(self, part: Part, body: OperationBlock) -> None:
        """Record the awaits in the body of a `try` that has no block for it."""
        if awaits := _awaits_in(body):
            self._stored_record(part).ending = Ending(awaits=awaits)

    def note_drawn_jump(self, place: SourcePlace) -> None:
        """Record that the node of a `raise` ends its path, although the payload continues after the loop around it."""
        if place.is_raise_statement:
            self._ends.add(id(place.node))

    def note_certain(self, part: Part, after: Sequence[Jump]) -> None:
        """Record that a branch always runs, if the ends of all jumps that skip it are recorded."""
        if after and all(id(jump.place.node) in self._ends for jump in after):
            self._stored_record(part).is_certain = True
        if after and all(map(self._is_shown, after)):
            self._stored_record(part).shows_skips = True

    def _is_shown(self, jump: Jump) -> bool:
        """Return whether a part records the jump at its end."""
        if jump.kind is JumpKind.CONTINUE:
            return id(jump) in self._pass_ends
        return id(jump.place.node) in self._ends

    def note_only_clause(self, part: Part) -> None:
        """Record that a branch is the only `except*` clause, and catches all errors."""
        self._stored_record(part).is_certain = True

    def note_exhaustive(self, part: Part) -> None:
        """Record that one of the branches of a node always runs."""
        self._stored_record(part).is_exhaustive = True

    def note_choice(self, part: Part, place: SourcePlace) -> None:
        """Record the choice that a branch belongs to."""
        self._stored_record(part).choice = place

    def note_passes(self, part: Part, loop: LoopOperation) -> None:
        """Record whether only a jump or an exception ends a loop, and a minimum or constant number of passes."""
        if loop.infinite:
            self._stored_record(part).is_infinite = True
        if loop.min_iterations:
            self._stored_record(part).is_nonempty = True
        if loop.iterations is not None:
            self._stored_record(part).passes = loop.iterations.count

    def note_else(self, parts: Sequence[Part]) -> None:
        """Record that the end of a block and these of its nodes are the `else` of a `try`."""
        for part in parts:
            self._stored_record(part).is_in_else = True

    def note_unhandled(self, part: Part, finalbody: OperationBlock) -> None:
        """Record that every error leaves a `try` without handlers, unless its `finally` jumps."""
        if not any(isinstance(each, Jump) and each.kind is not JumpKind.RAISE for each in operations_in(finalbody)):
            self._stored_record(part).is_unhandled = True

    def note_settled(self, part: Part) -> None:
        """Record that code awaits a node in a group of its own without a node, which keeps errors as results."""
        self._stored_record(part).is_settled = True

    def note_limited(self, part: Part) -> None:
        """Record that a lock or semaphore limits how many tasks are in a node at the same time."""
        self._stored_record(part).is_limited = True

    def note_predecessors(self, part: Part, names: Sequence[str]) -> None:
        """Record the names of the nodes of a group that are done before a node begins, if clocks do not show it."""
        self._stored_record(part).predecessors = tuple(names)

    def of(self, part: Part) -> SourcePlace | None:
        """Return the location of a part, or None if it has not been recorded."""
        record = self._records.get(id(part))
        return None if record is None else record.place

    def origin_of(self, part: Part) -> Origin | None:
        """Return the part of the IR that a part of the graph shows, or None if it has not been recorded."""
        record = self._records.get(id(part))
        return None if record is None else record.origin

    def ending_of(self, part: Part) -> Ending:
        """Return the jumps at the end of a part that have no node in the payload."""
        return self.record_of(part).ending

    def predecessors_of(self, part: Part) -> tuple[str, ...]:
        """Return the names of the nodes of its group that are done before a node begins, if clocks do not show it."""
        return self.record_of(part).predecessors

    def site_of(self, part: Part) -> SourcePlace | None:
        """Return the location of a part in the control flow, or None if it is unknown.

        For a step, this is its call, not its declaration, and for a handler its `except` clause, not the `try`.
        """
        record = self.record_of(part)
        origin = record.origin
        if isinstance(origin, TryOperation) and part.get("type") == "block":
            origin = origin.handlers[0]
        if isinstance(origin, Handler) and origin.place is not None:
            return origin.place
        return record.call or record.place

    def regions_of(self, part: Part) -> Iterator[SourcePlace]:
        """Yield the code of a part: its location and, for a step, the function that it runs, and its call."""
        record = self.record_of(part)
        if record.place is not None:
            yield record.place
        if record.place is not None and isinstance(record.origin, StepRun):
            # Imported here because only rules, links and editors need it, and start-up time counts.
            from stepgraph.syntax.places import decorated_function

            function = decorated_function(record.place)
            if function is not None:
                yield function
        if record.call is not None:
            yield record.call


class _NodeRange(Struct, frozen=True):
    """A range of source code that belongs to a node."""

    span: Span
    node: Node
    outer: _NodeRange | None
    """The innermost other region that contains this one, if any."""


class NodeIndex:
    """Finds nodes by source location. The index is computed on first use, because it needs the spans of all nodes."""

    def __init__(self, graph: Graph | None, places: Places) -> None:
        self._graph = graph
        self._places = places

    def innermost(self, span: Span) -> Node | None:
        """Return the innermost node with code that contains `span`, if any.

        The code of a step is its declaration, the function below it, and its call. If several nodes have the same code,
        such as two runs of a step, the result is the first of them.
        """
        starts, regions = self._regions.get(span.path, ([], []))
        position = bisect_right(starts, (span.line, span.column))
        region = regions[position - 1] if position else None
        while region is not None and not region.span.encloses(span):
            region = region.outer
        return None if region is None else region.node

    @cached_property
    def _regions(self) -> dict[str, tuple[list[_Position], list[_NodeRange]]]:
        """The starts of all regions in a file and the regions, such that inner regions follow outer ones."""
        code = [] if self._graph is None else list(self._code(self._graph))
        # Of equal regions, the first one comes last.
        code.reverse()
        code.sort(key=lambda pair: (pair[0].line, pair[0].column, -pair[0].end_line, -pair[0].end_column))
        by_path: dict[str, tuple[list[_Position], list[_NodeRange]]] = {}
        for span, node in code:
            starts, regions = by_path.setdefault(span.path, ([], []))
            outer = regions[-1] if regions else None
            while outer is not None and not outer.span.encloses(span):
                outer = outer.outer
            starts.append((span.line, span.column))
            regions.append(_NodeRange(span, node, outer))
        return by_path

    def _code(self, graph: Graph) -> Iterator[tuple[Span, Node]]:
        for node in _nodes_of(graph):
            for place in self._places.regions_of(node):
                yield place.span, node


def _nodes_of(graph: Graph) -> Iterator[Node]:
    """Yield all nodes, including functions, in document order."""
    workflow = graph["workflow"]
    yield from walk(workflow["nodes"])
    for function in workflow["functions"].values():
        yield function
        yield from walk(function["nodes"])
