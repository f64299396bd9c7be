"""The conditions under which side effects run: the blocks around them, and the jumps that skip them.

A `return` counts if code behind the call of its function still runs. A `break` or `return` in a loop also ends the
effects of later passes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise, takewhile
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.syntax.definitions.definition_scope import DefinitionScope
from stepgraph.syntax.definitions.effect_texts import Caller, effect_text
from stepgraph.syntax.definitions.interrupted_writes import number_in_front
from stepgraph.syntax.definitions.raising_code import HandlingStatement, exceptions_in, may_end_exceptions
from stepgraph.syntax.definitions.variable_changes import LoopStatement
from stepgraph.syntax.definitions.write_index import CodeEvent
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.reachability import UnreachableCode
from stepgraph.syntax.walk import ancestors_of, assigned_targets, statements_below

_MAX_EVENTS: Final = 3_000
"""The maximum number of effects in the texts of a graph."""
_JUMPS_PER_EVENT: Final = 20
"""The number of jumps around an effect that count as one effect."""

_Scope: TypeAlias = cst.FunctionDef | cst.Module
_JumpStatement: TypeAlias = cst.Return | cst.Break | cst.Continue
_Path: TypeAlias = Sequence[cst.CSTNode]
"""A statement and the nodes around it in its function, innermost first."""


class _LocatedJump(Struct, frozen=True):
    """A jump in a block."""

    statement: _JumpStatement
    position: int
    branch: cst.CSTNode
    """The child of the block that contains the jump."""
    loop: LoopStatement | None
    """The loop of a `break` or `continue`."""


class _Jumps(Struct, frozen=True):
    """The jumps of a function or module."""

    by_block: defaultdict[int, list[_LocatedJump]] = field(default_factory=lambda: defaultdict(list))
    """The jumps by the identities of the nodes around them."""
    last_exits: dict[tuple[int, bool], int] = field(default_factory=dict)
    """The position of the last `break` or `return` of a loop, by its identity and whether it is a `return`."""
    order: dict[int, int] = field(default_factory=dict)
    """The positions of the statements, by identity, if there are jumps."""
    may_resume: bool = False
    """Whether code after a `with` may run although its body ends in a jump, because an exception may prevent it."""


class EffectConditions:
    """Describes the side effects of a graph, and the code that decides whether they run."""

    def __init__(self, scope: DefinitionScope) -> None:
        self._scope = scope.with_separate_limit()
        self._descriptions: dict[tuple[int, ...], str] = {}
        """The texts of writes and expressions, by the identities of their nodes and of the functions being followed."""
        self._exceptions: dict[tuple[int, ...], str] = {}
        """The code that may raise or end exceptions, by the identities of its statement and of the calls around it."""
        self._jumps: dict[tuple[int, ...], str] = {}
        """The texts of jumps, by the identities of the jump, of the block and of the functions being followed."""
        self._unreachable: dict[str, UnreachableCode] = {}
        """The unreachable code of modules, by path."""
        self.remaining = _MAX_EVENTS
        """The number of effects that may still be described, each counted once per call that leads to it."""

    def describe(self, node: cst.CSTNode, event: CodeEvent, callers: Sequence[Caller]) -> str:
        """Return the text of a write or expression once for all locations that it concerns."""
        key = id(node), id(event.statement), *_identities(callers)
        if key not in self._descriptions:
            self._descriptions[key] = effect_text(self._scope, node, event, callers)
        return self._descriptions[key]

    def is_unreachable(self, event: CodeEvent) -> bool:
        """Return whether a jump always skips an event."""
        jumps = _jumps_around(event)
        if not jumps.by_block or jumps.may_resume:
            return False
        module = event.module
        if module.path not in self._unreachable:
            self._unreachable[module.path] = UnreachableCode(module.parents)
        return self._unreachable[module.path].contains(event.statement)

    def of(self, event: CodeEvent, callers: Sequence[Caller], *, with_returns: bool) -> Iterator[str]:
        """Yield the blocks around an event in its function with their conditions and jumps, innermost first."""
        outer_nodes = ancestors_of(event.module.parents, event.statement)
        path = (event.statement, *takewhile(lambda outer: not isinstance(outer, cst.FunctionDef), outer_nodes))
        jumps = _jumps_around(event)
        if jumps.by_block:
            yield from self._jumps_at(path[0], None, path, event, callers, with_returns=with_returns)
        for inner, outer in pairwise(path):
            if jumps.by_block:
                yield from self._jumps_at(outer, inner, path, event, callers, with_returns=with_returns)
            yield from self._block(inner, outer, event, callers)

    def _block(
        self, inner: cst.CSTNode, outer: cst.CSTNode, event: CodeEvent, callers: Sequence[Caller]
    ) -> Iterator[str]:
        """Yield the kind and conditions of a block around an event, if it has any."""
        parts: list[cst.CSTNode | None] = []
        match outer:
            case cst.If(test=test) | cst.While(test=test):
                parts.append(test)
            case cst.For(iter=iterable):
                parts.append(iterable)
            case cst.ExceptHandler(type=types):
                parts.append(types)
            case cst.MatchCase(pattern=pattern, guard=guard):
                parts += [pattern, guard]
            case cst.Match(subject=subject):
                parts.append(subject)
            case cst.Else() | cst.Finally():
                pass
            case cst.Try() | cst.TryStar() | cst.With() if not isinstance(inner, cst.Finally):
                if may_end_exceptions(outer, event.module):
                    number = number_in_front(inner, outer, event.statement, event.module)
                    yield f"{self._exceptions_in(outer, event, callers)}{f' after {number}' if number else ''}"
                return
            case _:
                return
        texts = [self.describe(each, event, callers) for each in parts if each is not None]
        is_body = getattr(outer, "body", None) is inner
        yield " ".join([type(outer).__name__, *texts, "" if is_body else "other"])

    def _exceptions_in(self, statement: HandlingStatement, event: CodeEvent, callers: Sequence[Caller]) -> str:
        """Return the code in the body of a statement around an event that may raise or end an exception."""
        key = id(statement), *(id(call) for _, call, _ in callers)
        if key not in self._exceptions:
            parts = [*exceptions_in(statement, event.module)]
            self.remaining -= len(parts)
            is_described = self.remaining >= 0
            texts = (self.describe(part, replace(event, statement=part), callers) for part in parts if is_described)
            self._exceptions[key] = " ".join(texts)
        return f"{type(statement).__name__} {self._exceptions[key]}"

    def _jumps_at(
        self,
        block: cst.CSTNode,
        inner: cst.CSTNode | None,
        path: _Path,
        event: CodeEvent,
        callers: Sequence[Caller],
        *,
        with_returns: bool,
    ) -> Iterator[str]:
        """Yield the jumps in other children of a block that may skip an event in its child `inner`."""
        jumps = _jumps_around(event)
        candidates = jumps.by_block.get(id(block))
        if not candidates:
            return
        self.remaining -= len(candidates) // _JUMPS_PER_EVENT
        outside = path[path.index(block) :]
        loops = [*_repeating(block, inner), *_loops_in(outside)]
        with_returns = with_returns or _is_followed_by_finally(inner, outside)
        position = jumps.order.get(id(event.statement), -1)
        for jump in candidates:
            is_before = jump.position < position and not _are_exclusive(jump.branch, inner, block)
            if self.remaining < 0 or jump.branch is inner or (jump.loop is None and not with_returns):
                continue
            if jump.loop is None:
                skips = is_before or bool(loops)
            elif jump.loop not in loops:
                skips = is_before and jump.loop is block and isinstance(jump.statement, cst.Break)
            else:
                last_exit = max(jumps.last_exits.get((id(jump.loop), each), -1) for each in {False, with_returns})
                skips = is_before or jump.position <= last_exit
            if skips:
                yield self._jump(jump.statement, block, event, callers)

    def _jump(self, jump: _JumpStatement, block: cst.CSTNode, event: CodeEvent, callers: Sequence[Caller]) -> str:
        """Return the kind of a jump with the conditions under which it runs, up to a block around it.

        Jumps that also leave the block are described on their own.
        """
        key = id(jump), id(block), *_identities(callers)
        if key not in self._jumps:
            at = replace(event, statement=jump)
            inside = takewhile(lambda outer: outer is not block, ancestors_of(event.module.parents, jump))
            path = (jump, *inside, block)
            texts: list[str] = []
            for inner, outer in pairwise(path):
                if outer is not block:
                    texts += self._jumps_at(outer, inner, path[:-1], at, callers, with_returns=False)
                texts += self._block(inner, outer, at, callers)
            self._jumps[key] = " ".join([type(jump).__name__, *(f"[{each}]" for each in texts)])
        return self._jumps[key]


def _jumps_around(event: CodeEvent) -> _Jumps:
    scope: _Scope = event.module.tree if event.function is None else event.function
    return event.module.once_for(scope, _jumps_of)


def _jumps_of(scope: _Scope, module: SourceModule) -> _Jumps:
    """Return the jumps of a function or module."""
    jumps = _Jumps()
    code = [*statements_below(scope if isinstance(scope, cst.Module) else scope.body)]
    for position, statement in enumerate(code):
        if not isinstance(statement, cst.Return | cst.Break | cst.Continue | cst.Raise):
            continue
        outer_nodes = [*takewhile(lambda outer: outer is not scope, ancestors_of(module.parents, statement))]
        if any(isinstance(each, cst.With) and may_end_exceptions(each, module) for each in outer_nodes):
            jumps = replace(jumps, may_resume=True)
        if isinstance(statement, cst.Raise):
            continue
        path = (statement, *outer_nodes)
        loops = [*_loops_in(path)]
        is_return = isinstance(statement, cst.Return)
        loop = None if is_return else next(iter(loops), None)
        for inner, outer in pairwise(path):
            jumps.by_block[id(outer)].append(_LocatedJump(statement, position, inner, loop))
        if not isinstance(statement, cst.Continue):
            exited = loops if is_return else loops[:1]
            jumps.last_exits.update(((id(each), is_return), position) for each in exited)
    if jumps.by_block:
        jumps.order.update((id(statement), position) for position, statement in enumerate(code))
    return jumps


def _loops_in(path: _Path) -> Iterator[LoopStatement]:
    """Yield the loops on a path that repeat the code on it."""
    for inner, outer in pairwise(path):
        if isinstance(outer, LoopStatement) and outer.body is inner:
            yield outer


def _repeating(statement: cst.CSTNode, inner: cst.CSTNode | None) -> Iterator[LoopStatement]:
    """Yield a statement with an event in its head if it is a loop that repeats the event."""
    if inner is not None:
        return
    match statement:
        case cst.While():
            yield statement
        case cst.For() if not all(isinstance(each, cst.Name) for each in assigned_targets(statement)):
            yield statement


def _are_exclusive(branch: cst.CSTNode, inner: cst.CSTNode | None, block: cst.CSTNode) -> bool:
    """Return whether a jump in a child of a block never skips the code in a later child in the same pass."""
    match block:
        case cst.If() | cst.Match():
            return True
        case cst.Try() | cst.TryStar():
            return isinstance(inner, cst.Finally) or isinstance(branch, cst.ExceptHandler)
        case _:
            return False


def _is_followed_by_finally(inner: cst.CSTNode | None, outside: _Path) -> bool:
    """Return whether a `finally` runs after a `return` in the first of some nested nodes."""
    first = outside[0] if inner is None else inner
    pairs = pairwise(outside if inner is None else (first, *outside))
    return any(
        isinstance(outer, cst.Try | cst.TryStar) and outer.finalbody is not None and outer.finalbody is not child
        for child, outer in pairs
    )


def _identities(callers: Sequence[Caller]) -> Iterator[int]:
    return chain.from_iterable((id(function), id(call), id(event.statement)) for function, call, event in callers)
