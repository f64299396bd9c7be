"""The statements around a failed step that could have stopped its error, and why they did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from stepgraph.execution.failures.errors import catches
from stepgraph.execution.log import LogEntry
from stepgraph.execution.matching.match import Place
from stepgraph.execution.parts import Path
from stepgraph.execution.regions import Region
from stepgraph.model.details import Details, Part
from stepgraph.model.payload import Branch, ParallelKind, Try
from stepgraph.model.walk import as_unknown, handlers_in

Reason: TypeAlias = Literal[
    "other_type", "raised_again", "unknown", "no_handler", "in_else", "in_handler", "in_finally", "group", "step"
]
"""Why an error left a statement.

- `other_type`: no handler names its type
- `raised_again`: a handler catches its type, so it has raised the error again
- `unknown`: the graph does not determine which types the handlers catch
- `no_handler`: the `try` has no `except`, only a `finally`
- `in_else`, `in_handler`, `in_finally`: it was raised in the `else`, a handler or the `finally` of the `try`
- `group`: it was raised in a member of a group, which fails with its first failing member
- `step`: it was raised in the body of a step, which fails as well
"""


class HandlerClause(Struct, frozen=True):
    """A handler of a `try`."""

    clause: str
    """The source: `except CardError as error`, or an empty string if it is unknown."""
    catches: bool | None
    """Whether it catches the error, or None if the clause does not determine it."""


class PassedStatement(Struct, frozen=True):
    """A statement around a failed step that its error has left."""

    path: Path
    reason: Reason
    handlers: tuple[HandlerClause, ...] = ()
    """The handlers of a `try`. Saved graphs lack handlers that run no steps."""
    members: tuple[Path, ...] = ()
    """The other members of a group."""
    name: str = ""
    """The function of a group, such as `asyncio.gather`, or the name of a step."""
    earlier: LogEntry | None = None
    """The entry whose failure led to the handler or `finally` that raised the error, or None."""
    group_kind: ParallelKind | None = None


def regions_around(place: Place, regions: Mapping[Path, Region]) -> tuple[Region, ...]:
    """Return a step and the regions around it, innermost first, continuing at the call of each function."""
    enclosing: list[Region] = []
    for path in (place.path, *reversed(place.calls)):
        region = regions.get(path)
        if region is not None:
            enclosing += (region, *region.enclosing())
    return tuple(enclosing)


def passed_statements(enclosing: Sequence[Region], details: Details, type_name: str) -> tuple[PassedStatement, ...]:
    """Return the statements that an error has left on its way from a step out of the program, innermost first.

    `enclosing` are the step and the regions around it. `type_name` is the exception type that the program
    received.
    """
    statements = (_passed(enclosing[: position + 1], details, type_name) for position in range(1, len(enclosing)))
    return tuple(statement for statement in statements if statement is not None)


def _passed(inside: Sequence[Region], details: Details, type_name: str) -> PassedStatement | None:
    """Return the last region as a statement that the error has left, or None for a region without effect on errors."""
    region, inner = inside[-1], inside[-2]
    node = region.node
    if node is None or as_unknown(node) is not None:
        return None
    if node["type"] == "try":
        return _try(node, inside, details, type_name)
    if node["type"] == "parallel" and len(node["nodes"]) > 1:
        members = tuple(child.path for child in region.children if child is not inner)
        name = details.source(node)
        return PassedStatement(region.path, "group", members=members, name=name, group_kind=node["kind"])
    return PassedStatement(region.path, "step", name=node["name"]) if node["type"] == "step_do" else None


def _try(node: Try, inside: Sequence[Region], details: Details, type_name: str) -> PassedStatement:
    path, block = inside[-1].path, inside[-2]
    if block.kind == "catch_block":
        return PassedStatement(path, "in_handler", _handler_around(node, details))
    if block.kind == "finally_block":
        return PassedStatement(path, "in_finally")
    handlers = tuple(_handlers(node, details, type_name))
    protected = inside[-3].node
    if protected is not None and details.of(protected).in_else:
        return PassedStatement(path, "in_else", handlers)
    has_only_finally = details.of(node).is_unhandled or "finally_block" in node
    return PassedStatement(path, _reason(handlers, has_only_finally=has_only_finally), handlers)


def _reason(handlers: Sequence[HandlerClause], *, has_only_finally: bool) -> Reason:
    if not handlers:
        return "no_handler" if has_only_finally else "unknown"
    if any(handler.catches for handler in handlers):
        return "raised_again"
    return "unknown" if any(handler.catches is None for handler in handlers) else "other_type"


def _handlers(node: Try, details: Details, type_name: str) -> Iterator[HandlerClause]:
    """Yield the handlers up to the first one that catches the error."""
    catch = node.get("catch_block")
    if catch is None:
        return
    choice = handlers_in(catch["nodes"])
    clauses = [_clause(catch, details)] if choice is None else [_clause(each, details) for each in choice["branches"]]
    for clause in clauses:
        is_caught = None if clause is None or not clause else catches(clause, type_name)
        if clause is not None:
            yield HandlerClause(clause, is_caught)
        if is_caught:
            return


def _clause(part: Part | Branch, details: Details) -> str | None:
    """Return the clause of a handler, an empty string if it is unknown, or None for the branch of any other error."""
    source = details.source(part)
    condition = part.get("condition", "")
    if condition is None and not source:
        return None
    return source or (f"except {condition}" if condition else "")


def _handler_around(node: Try, details: Details) -> tuple[HandlerClause, ...]:
    """Return the handler that contains the failed step, if its clause is known."""
    catch = node.get("catch_block")
    if catch is None:
        return ()
    source = details.source(catch)
    return (HandlerClause(source, None),) if source not in ("", "except", "except*") else ()
