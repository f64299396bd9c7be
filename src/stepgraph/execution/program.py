"""The translation of a graph into the parts that an instance executes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from math import inf
from operator import or_
from typing import Final, assert_never, cast

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.bit_sets import bit_set
from stepgraph.execution.engine_rules import milliseconds_of
from stepgraph.execution.log import EntryKind
from stepgraph.execution.names import NamePattern, RunNames
from stepgraph.execution.parts import (
    EMPTY,
    CallPart,
    ChoicePart,
    Clock,
    ExitKind,
    ExitPart,
    GraphParts,
    LoopPart,
    Part,
    Path,
    Site,
    StepPart,
    Traits,
    TryPart,
    awaited_groups,
    combined,
    else_of_loop,
    ends_of_test,
    group,
    handlers_of_own_errors,
    sequence,
)
from stepgraph.limits import MATCH_LEVELS, MATCH_NODES
from stepgraph.model.details import NO_DETAIL, NO_DETAILS, ComparableDetails, Details
from stepgraph.model.payload import Block, Branch, Clocked, FunctionCall, Graph, Node, Step, Try, UnknownNode
from stepgraph.model.vocabulary import NO_CONTINUE, NO_EXCEPTION, StepType
from stepgraph.model.walk import (
    as_unknown,
    children,
    functions_of,
    handlers_in,
    is_clocked,
    is_step,
    levels,
    paths_of,
)
from stepgraph.order.paths import clocks_of

_RUN: Final = "run"
_RAISE: Final = ExitPart("fail", Traits(starts=inf, jumps=frozenset({"fail"})))
_CONDITIONAL_RAISE: Final = replace(_RAISE, is_conditional=True)
_CONTINUE: Final = ExitPart("continue", Traits(starts=inf, jumps=frozenset({"continue"})))

_MAX_COUNTED_PASSES: Final = 16
"""The maximum number of passes of a loop that a match counts. Each number is a state of its own."""

_SKIPPING: Final[frozenset[ExitKind]] = frozenset({"fail", "continue"})
"""The jumps without nodes that skip a branch `no exception` or `no continue`."""

_ENTRY_KINDS: Final[Mapping[StepType, EntryKind]] = {
    "step_do": "step",
    "step_sleep": "sleep",
    "step_sleep_until": "sleep",
    "step_wait_for_event": "wait",
}


def program_of(graph: Graph, details: ComparableDetails = NO_DETAILS, *, counts_passes: bool = True) -> GraphParts:
    """Return the parts of a graph. `details` tell which loops are infinite, and which exits raise an exception.

    Without `counts_passes`, loops may have more or fewer passes than their constant number.
    """
    workflow = graph["workflow"]
    bodies = _bodies(graph)
    nodes = dict(paths_of(workflow))
    if len(nodes) > MATCH_NODES or max(levels(body.nodes) for body in bodies.values()) > MATCH_LEVELS:
        limit = f"at most {MATCH_NODES:,} nodes, and {MATCH_LEVELS} inside each other, are supported"
        return GraphParts(EMPTY, {}, frozenset(), (), too_large=f"the graph is too large: {limit}")
    sites = {site.path: site for site in _sites(nodes)}
    numbers = {id(nodes[path]): site.number for path, site in sites.items()}
    reach = _reach(bodies, numbers)
    masks = {key: mask for key, (mask, _) in reach.items()}
    deadlines = bit_set(site.number for site in sites.values() if site.node["type"] == "step_sleep_until")
    names = RunNames.of(nodes, details)
    builder = _ProgramBuilder(sites, masks, details, names, _shared_keys(sites.values()), deadlines, counts_passes)
    parts = builder.bodies(bodies)
    if builder.omitted:
        parts = replace(builder, shown=builder.shown - frozenset(builder.omitted)).bodies(bodies)
    recursive = frozenset(key for key, (_, is_recursive) in reach.items() if is_recursive)
    # Only a group, or a node of an unknown type, has overlapping passes.
    has_passes = any(node["type"] == "parallel" or as_unknown(node) or "starts" in node for node in nodes.values())
    return GraphParts(
        parts[_RUN],
        parts,
        recursive,
        tuple(sites.values()),
        has_passes,
        nested_sites=reduce(or_, builder.nested_sites, 0),
        has_try=any(node["type"] == "try" for node in nodes.values()),
        own_errors=handlers_of_own_errors(nodes, details),
        awaited_groups=awaited_groups(nodes),
        has_raising_groups=any(detail.raises_errors for _, detail in details.items),
        has_quiet_code=any(detail.catches_only_steps for _, detail in details.items),
        has_conditional_raises=any(detail.ends_by_raise for _, detail in details.items),
        names=names,
    )


class _BodyNodes(Struct, frozen=True, eq=False):
    path: Path
    """The path of its list of nodes."""
    nodes: Sequence[Node]
    part: Mapping[str, object]
    """The workflow, node or function that has the body."""


def _bodies(graph: Graph) -> dict[str, _BodyNodes]:
    """Return the bodies of `run`, of workflows as nodes by their paths, and of functions by their names."""
    workflow = graph["workflow"]
    starts = {path: node for path, node in paths_of(workflow) if node["type"] == "start"}
    bodies = {_RUN: _BodyNodes("nodes", workflow["nodes"], workflow)}
    for path, node in starts.items():
        bodies[path] = _BodyNodes(f"{path}.nodes", node["nodes"], node)
    functions = functions_of(workflow)
    for prefix, declared in (
        ("", workflow["functions"]),
        *((f"{path}.", node["functions"]) for path, node in starts.items()),
    ):
        for name, function in declared.items():
            if functions.get(name) is function:
                path = f'{prefix}functions["{name}"].nodes'
                bodies[_key(name)] = _BodyNodes(path, function["nodes"], function)
    return bodies


def _key(name: str) -> str:
    """Return the key of a function, which differs from all paths."""
    return f"{name}()"


def _sites(nodes: Mapping[Path, Node]) -> Iterator[Site]:
    number = 0
    for path, node in nodes.items():
        if (unknown := as_unknown(node)) is not None:
            if "name" in unknown:
                yield Site(number, path, unknown, None, NamePattern.of(unknown["name"]))
                number += 1
        elif is_step(node):
            yield Site(number, path, node, _ENTRY_KINDS[node["type"]], NamePattern.of(node["name"]))
            number += 1


def _shared_keys(sites: Iterable[Site]) -> frozenset[int]:
    """Return the steps and sleeps that share the key of a stored result. The second of them has no log entry.

    The key of a sleep is its name, followed by its milliseconds: `nap30` for `sleep("nap", 30)`.
    """
    keys: dict[str, dict[EntryKind, list[int]]] = {}
    for site in sites:
        if site.kind is not None and site.pattern.is_literal:
            key = _cache_key(site)
            keys.setdefault(key, {}).setdefault(site.kind, []).append(site.number)
    shared = (by_kind for by_kind in keys.values() if "step" in by_kind and "sleep" in by_kind)
    return frozenset(number for by_kind in shared for kind in ("step", "sleep") for number in by_kind[kind])


def _cache_key(site: Site) -> str:
    duration = milliseconds_of(cast("Mapping[str, object]", site.node).get("duration"))
    return site.pattern.pieces[0] if duration is None else f"{site.pattern.pieces[0]}{duration:.15g}"


def _reach(bodies: Mapping[str, _BodyNodes], numbers: Mapping[int, int]) -> dict[str, tuple[int, bool]]:
    """Return the sites in each body and in the functions that it calls, and whether it may call itself."""
    bits = {key: 1 << number for number, key in enumerate(bodies)}
    masks: dict[str, int] = {}
    callees: dict[str, list[str]] = {}
    for key, body in bodies.items():
        inside = list(_walk_body(body.nodes))
        masks[key] = sum(1 << numbers[id(node)] for node in inside if id(node) in numbers)
        called = dict.fromkeys(_key(node["name"]) for node in inside if node["type"] == "function_call")
        callees[key] = [name for name in called if name in bodies]
    reached = dict.fromkeys(bodies, 0)
    order, is_changed = _callees_first(callees), True
    while is_changed:
        is_changed = False
        for key in order:
            mask, functions = masks[key], reached[key]
            for callee in callees[key]:
                mask |= masks[callee]
                functions |= bits[callee] | reached[callee]
            is_changed = is_changed or (mask, functions) != (masks[key], reached[key])
            masks[key], reached[key] = mask, functions
    return {key: (masks[key], bool(reached[key] & bits[key])) for key in bodies}


def _walk_body(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield the nodes of a body, including those in workflows as nodes, but not their functions."""
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        yield node
        inside = node["nodes"] if as_unknown(node) is None and node["type"] == "start" else children(node)
        pending += reversed(inside)


def _callees_first(callees: Mapping[str, Sequence[str]]) -> list[str]:
    """Return functions so that, without recursion, each follows the functions that it calls."""
    ordered: dict[str, None] = {}
    pending = [(key, False) for key in callees]
    visited: set[str] = set()
    while pending:
        key, is_left = pending.pop()
        if is_left:
            ordered[key] = None
        elif key not in visited:
            visited.add(key)
            pending.append((key, True))
            pending += [(callee, False) for callee in callees[key]]
    return list(ordered)


class _GroupContext(Struct, frozen=True):
    """The group around a list of nodes, if any."""

    in_group: bool = False
    """Whether it is in a group, with the group's clocks."""
    may_be_caught: bool = False
    """Whether code that awaits the group may catch failures."""
    settled: bool = False
    """Whether failures are results."""
    omits_continues: bool = False
    """Whether it is in a group, or in a block of a group."""


_BODY: Final = _GroupContext()


class _ProgramBuilder(Struct, frozen=True, eq=False):
    sites: Mapping[Path, Site]
    masks: Mapping[str, int]
    """The sites of each body, including those of the functions that it calls."""
    details: Details
    names: RunNames
    shared_keys: frozenset[int]
    """The sites whose calls may get the result of a step of another kind."""
    deadlines: int
    """The sites that sleep until a time, as a bit set."""
    counts_passes: bool
    """Whether loops have a constant number of passes."""
    shown: frozenset[ExitKind] = _SKIPPING
    """The kinds of jumps without nodes of which the parts contain all."""
    omitted: list[ExitKind] = field(default_factory=list)
    """The `raise` and `continue` statements at the ends of branches and blocks in groups, which the parts omit."""
    nested_sites: list[int] = field(default_factory=list)
    """The steps that the body of each step runs, as bit sets."""

    def bodies(self, bodies: Mapping[str, _BodyNodes]) -> dict[str, Part]:
        """Return the parts of bodies, by key."""
        return {key: self.body(body.nodes, body.path, body.part) for key, body in bodies.items()}

    def body(self, nodes: Sequence[Node], path: Path, part: Mapping[str, object]) -> Part:
        """Return the part of a body, which has its own clock."""
        return self._with_ending(part, self._list(nodes, path, _BODY), _BODY)

    def _with_ending(self, part: Mapping[str, object], body: Part, context: _GroupContext) -> Part:
        """Return the content of a part with the `raise` and `continue` statements at its end that have no nodes."""
        detail = self.details.of(part)
        if detail.ends_pass and context.omits_continues:
            self.omitted.append("continue")
        elif detail.ends_pass:
            body = sequence([body, _CONTINUE])
        if not detail.ends_by_raise:
            return body
        is_certain = detail.final_raise and not detail.may_skip_raise
        return sequence([body, _RAISE if is_certain else _choice([EMPTY, _CONDITIONAL_RAISE])])

    def _list(self, nodes: Sequence[Node], path: Path, context: _GroupContext) -> Part:
        if context.in_group:
            parts = self._parts(nodes, path, context)
            is_group = len(parts) > 1 and any(part.traits.clocked for part in parts)
            return group("list", parts) if is_group else sequence(parts)
        if _resolves(nodes):
            return group("all", self._members(nodes, path, settled=False))
        return sequence(self._parts(nodes, path, context))

    def _parts(self, nodes: Sequence[Node], path: Path, context: _GroupContext) -> list[Part]:
        """Return the parts of nodes, in which the `else` of a loop is empty, because the loop contains it."""
        parts: list[Part] = []
        for index, node in enumerate(nodes):
            at, previous = f"{path}[{index}]", parts[-1] if parts else None
            orelse = else_of_loop(node)
            if orelse is None or not isinstance(previous, LoopPart) or previous.overlapping:
                parts.append(self._part(node, at, context))
            else:
                loop = _with_else(previous, self._branch(orelse, f"{at}.branches[0].nodes", context))
                parts[-1:] = [loop, EMPTY]
        return parts

    def _members(self, nodes: Sequence[Node], path: Path, *, settled: bool) -> list[Part]:
        """Return the members of a group.

        A `try` in the group, or one that the graph omits because no step begins in it, may catch a failure. A single
        `gather`, whose steps all have equal clocks, rules this out.
        """
        clocks = {tuple(clocks_of(node).items()) for node in _clocked(nodes)}
        may_be_caught = len(clocks) > 1 or _contains_try(nodes)
        context = _GroupContext(in_group=True, may_be_caught=may_be_caught, settled=settled, omits_continues=True)
        return self._parts(nodes, path, context)

    def _part(self, node: Node, path: Path, context: _GroupContext) -> Part:
        if unknown := as_unknown(node):
            return self._unknown(unknown, path, context)
        if is_step(node) or node["type"] == "function_call":
            if context.in_group or not self.details.of(node).is_settled:
                return self._work(node, path, context)
            return group("all_settled", [self._work(node, path, replace(context, settled=True))])
        match node["type"]:
            case "start":
                return self._call(path, path, Clock(None, None, context.may_be_caught, context.settled), is_call=False)
            case "loop":
                body = self._list(node["nodes"], f"{path}.nodes", context)
                loop = _loop(path, body, overlapping=context.in_group)
                detail = self.details.of(node)
                tests = (ends_of_test(each, self.details, in_group=context.in_group) for each in node["nodes"])
                is_infinite = detail.is_infinite or ("finished",) in tests
                passes = detail.passes if self.counts_passes and detail.passes <= _MAX_COUNTED_PASSES else 0
                return replace(loop, is_infinite=is_infinite, is_nonempty=detail.is_nonempty, passes=passes)
            case "parallel":
                settled = node["kind"] == "all_settled"
                members = self._members(node["nodes"], f"{path}.nodes", settled=settled)
                raises_errors = self.details.of(node).raises_errors and not context.in_group
                return group(node["kind"], members, raises_errors=raises_errors)
            case "block":
                return self._list(node["nodes"], f"{path}.nodes", replace(context, in_group=False))
            case "function_def":
                return EMPTY
            case "if" if ends := ends_of_test(node, self.details, in_group=context.in_group):
                return _choice([EMPTY, *map(_exit, ends)])
            case "if" | "switch":
                branches = [
                    self._branch(branch, f"{path}.branches[{at}].nodes", context)
                    for at, branch in enumerate(node["branches"])
                ]
                is_exhaustive = any(map(self._is_exhaustive, node["branches"]))
                return _choice(branches if is_exhaustive or handlers_in([node]) else [*branches, EMPTY])
            case "try":
                return self._try(node, path, context)
            case "break":
                return _exit("fail" if self.details.is_raise(node) else node["kind"])
            case _ as never:
                assert_never(never)

    def _work(self, node: Step | FunctionCall, path: Path, context: _GroupContext) -> Part:
        if node["type"] == "function_call":
            return self._call(path, _key(node["name"]), _clock(node, context), is_call=True)
        return self._step(node, path, context)

    def _step(self, node: Step, path: Path, context: _GroupContext) -> Part:
        site, clock = self.sites[path], _clock(node, context)
        nested = self.body(node["nodes"], f"{path}.nodes", node) if node["type"] == "step_do" else EMPTY
        self.nested_sites.append(nested.traits.sites)
        part = StepPart(site, nested, clock, clock.traits(1 << site.number | nested.traits.sites))
        return _choice([part, EMPTY]) if site.number in self.shared_keys else part

    def _call(self, path: Path, body: str, clock: Clock, *, is_call: bool) -> Part:
        values = self.names.values_of(path) if is_call else ()
        return CallPart(path, body, is_call, clock, clock.traits(self.masks.get(body, 0)), values)

    def _try(self, node: Try, path: Path, context: _GroupContext) -> Part:
        body, orelse = self._try_block(node.get("try_block"), f"{path}.try_block", context)
        catch = node.get("catch_block")
        handler = None if catch is None else self._block(catch, f"{path}.catch_block", context)
        final = self._block(node.get("finally_block"), f"{path}.finally_block", context)
        blocks = [body.traits, orelse.traits, final.traits, *([] if handler is None else [handler.traits])]
        traits = combined(blocks)
        # A handler that never runs need not be over.
        resolves = min(body.traits.resolves, orelse.traits.resolves, final.traits.resolves)
        # Handlers that do not catch every failure are in a choice, of which one branch raises it again.
        catches_all = catch is not None and not handlers_in(catch["nodes"])
        traits = replace(traits, resolves=resolves)
        is_unhandled = self._is_unhandled(node)
        # A `sleep_until` whose time has passed raises an error, and has no entry.
        is_quiet = not (context.in_group or body.traits.sites & self.deadlines)
        detail = NO_DETAIL if catch is None else self.details.of(catch)
        return TryPart(
            body=body,
            handler=handler,
            final=final,
            in_group=context.in_group,
            traits=traits,
            catches_all=catches_all,
            is_unhandled=is_unhandled,
            catches_only_steps=is_quiet and detail.catches_only_steps,
            catches_cancellation=detail.catches_cancellation,
            orelse=orelse,
        )

    def _try_block(self, block: Block | None, path: Path, context: _GroupContext) -> tuple[Part, Part]:
        """Return the body of a `try` and its `else`. In a group, work with clocks goes on after an exception."""
        if block is None or context.in_group or not self.details.of(block).in_else or _resolves(block["nodes"]):
            body = self._block(block, path, context)
            return group("list", [body]) if context.in_group and body.traits.clocked else body, EMPTY
        size = sum(not self.details.of(node).in_else for node in block["nodes"])
        parts = self._parts(block["nodes"], f"{path}.nodes", context)
        return sequence(parts[:size]), self._with_ending(block, sequence(parts[size:]), context)

    def _is_unhandled(self, node: Try) -> bool:
        """Return whether no handler of a `try` catches failures. Saved graphs can omit a handler without steps."""
        if node.get("catch_block") is not None:
            return False
        return self.details.of(node).is_unhandled if self.details.items else "finally_block" in node

    def _block(self, block: Block | None, path: Path, context: _GroupContext) -> Part:
        return EMPTY if block is None else self._branch(block, f"{path}.nodes", context)

    def _branch(self, branch: Branch | Block, path: Path, context: _GroupContext) -> Part:
        """Return the content of a branch or block. In a group, code may raise before all of its work is over."""
        part = self._list(branch["nodes"], path, context)
        if not context.in_group:
            return self._with_ending(branch, part, context)
        detail = self.details.of(branch)
        if detail.final_raise:
            self.omitted.append("fail")
        if detail.ends_pass:
            self.omitted.append("continue")
        return part

    def _is_exhaustive(self, branch: Branch) -> bool:
        """Return whether a branch runs unless an earlier one does. A `raise` that skips it has its own exit."""
        detail = self.details.of(branch)
        match branch["condition"]:
            case None:
                return True
            case condition if condition == NO_EXCEPTION:
                return "fail" in self.shown and detail.is_certain
            case condition if condition == NO_CONTINUE:
                return self.shown == _SKIPPING and detail.shows_skips
            case _:
                return False

    def _unknown(self, node: UnknownNode, path: Path, context: _GroupContext) -> Part:
        """Return a part that runs any contents of the node any number of times, in any order."""
        parts = self._parts(node["nodes"], f"{path}.nodes", replace(context, in_group=True, omits_continues=True))
        if path in self.sites:
            site, clock = self.sites[path], Clock(None, None, context.may_be_caught, context.settled)
            parts.append(StepPart(site, EMPTY, clock, clock.traits(1 << site.number)))
        body = _choice(parts)
        return body if body is EMPTY else _loop(path, body, overlapping=True, is_unknown=True)


def _choice(branches: Sequence[Part]) -> Part:
    distinct = tuple(dict.fromkeys(branches))
    if not distinct:
        return EMPTY
    if len(distinct) == 1:
        return distinct[0]
    return ChoicePart(distinct, combined(branch.traits for branch in distinct))


def _exit(kind: ExitKind) -> ExitPart:
    return ExitPart(kind, Traits(starts=inf, jumps=frozenset({kind})))


def _loop(path: Path, body: Part, *, overlapping: bool, is_unknown: bool = False) -> LoopPart:
    traits = replace(body.traits, jumps=body.traits.jumps - {"break", "finished", "continue"})
    return LoopPart(path, body, overlapping, is_unknown, traits)


def _with_else(loop: LoopPart, orelse: Part) -> LoopPart:
    return replace(loop, orelse=orelse, traits=combined((loop.traits, orelse.traits)))


def _clock(node: Clocked, context: _GroupContext) -> Clock:
    clocks = clocks_of(node)
    return Clock(clocks.get("starts"), clocks.get("resolves"), context.may_be_caught, context.settled)


def _resolves(nodes: Sequence[Node]) -> bool:
    """Return whether steps and calls of a list are over at its clock."""
    return any("resolves" in node for node in _clocked(nodes))


def _clocked(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield the steps and calls that use the clock of a list, not of a group or block in it."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if is_clocked(node):
            yield node
        elif node["type"] not in {"parallel", "block", "start", "function_def"}:
            pending += children(node)


def _contains_try(nodes: Sequence[Node]) -> bool:
    """Return whether a `try` is among nodes of a body or inside them."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node["type"] == "try":
            return True
        if not is_step(node) and node["type"] not in {"start", "function_def"}:
            pending += children(node)
    return False
