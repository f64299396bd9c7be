"""The details panel of a page: all fields of a node in words, with visible control characters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct

from stepgraph.escaping.plain_text import visible
from stepgraph.model.details import NO_DETAILS, Detail, Details
from stepgraph.model.walk import as_unknown, children, is_step
from stepgraph.phrases import number_text, shape_text
from stepgraph.render.findings import LEVEL_WORDS, ShownFinding
from stepgraph.render.folding import BodyTexts, folded_node_text, folded_text
from stepgraph.render.node_text import name_text, node_words, try_body
from stepgraph.render.step_types import FactRow, step_style, step_text
from stepgraph.render.view import Mark

if TYPE_CHECKING:
    from stepgraph.model.payload import Clocked, If, Node, ParallelKind, Switch, Try

END_CONDITIONS: Final[Mapping[ParallelKind, str]] = {
    "all": "when all are done, or at the first failure",
    "all_settled": "when all are done, failures included",
    "any": "when the first one succeeds",
    "race": "when the first one is done",
}


class Facts(Struct, frozen=True):
    """The description of a node."""

    kind: str
    name: str
    rows: tuple[FactRow, ...]
    category: str
    """The word for the node in searches, such as `wait` for `kind:wait`."""

    inside: str
    """A summary of the nodes inside."""

    def as_json(self, place: str, all_rows: dict[FactRow, int]) -> dict[str, object]:
        """Return the facts as JSON data with the source location `place`, without empty fields.

        The rows are indexes in `all_rows`, to which missing ones are added.
        """
        required: dict[str, object] = {"kind": self.kind, "name": self.name, "category": self.category}
        rows = [all_rows.setdefault(row, len(all_rows)) for row in self.rows]
        optional = {"rows": rows, "inside": self.inside, "place": visible(place)}
        return required | {key: value for key, value in optional.items() if value}


def facts(
    node: Node,
    bodies: BodyTexts,
    details: Details = NO_DETAILS,
    mark: Mark | None = None,
    findings: Sequence[ShownFinding] = (),
) -> Facts:
    """Return the facts about a node with its mark, its findings, its details and, for a call, a function summary."""
    if run := details.of(node).run:
        return Facts("Unchanged in both versions", run, (), "unchanged", _inside(node, bodies, details))
    words = node_words(node)
    detail = details.of(node)
    rows = (*_changes(mark), *_findings(findings), *_details(node, detail), *_rows(node, details))
    return Facts(
        kind=words.kind,
        name=visible(_heading(node, details.source(node)) if words.name is None else name_text(words.name)),
        rows=tuple((row[0], visible(row[1]), *row[2:]) for row in rows),
        category=_category(node, details),
        inside=_inside(node, bodies, details),
    )


def _findings(findings: Sequence[ShownFinding]) -> Iterator[FactRow]:
    for finding in findings:
        yield LEVEL_WORDS[finding.level].capitalize(), finding.text_without_level


def _changes(mark: Mark | None) -> Iterator[FactRow]:
    if mark is not None:
        yield "Change", f"{mark.kind.value}: {mark.remark}" if mark.remark else mark.kind.value
        if mark.reason:
            yield "Effect", mark.reason


def _details(node: Node, detail: Detail) -> Iterator[FactRow]:
    if detail.source and node["type"] == "function_call":
        yield "Arguments", detail.source
    for remark in detail.remarks:
        match node["type"]:
            case "step_do":
                word, _, value = remark.partition(" ")  # `receives order` or `starts workflow orders`
                yield word.capitalize(), value
            case "function_call":
                yield "Runs", remark
            case "break":
                yield "Exception", remark
            case _:
                yield "Errors", remark


def _inside(node: Node, bodies: BodyTexts, details: Details) -> str:
    if node["type"] == "function_call":
        return bodies.of(node["name"]) if node["name"] in bodies.functions else ""
    return folded_node_text(node, details) if children(node) else ""


def _heading(node: Node, source: str) -> str:
    """Return the heading for a node without a name: its source, or its type with a condition or kind."""
    match node["type"]:
        case "break":
            return source or node["kind"]
        case "parallel":
            return f"parallel {node['kind']}"
        case "switch":
            return f"switch {node['discriminant']}"
        case "if":
            condition = node["branches"][0]["condition"] if node["branches"] else None
            return f"if {condition}" if condition else "if"
        case _:
            return source or node["type"]


def _category(node: Node, details: Details) -> str:
    if as_unknown(node):
        return "unknown"
    if is_step(node):
        return "step" if node["type"] == "step_do" else step_style(node["type"]).category
    match node["type"]:
        case "break":
            return "raise" if details.is_raise(node) else node["kind"]
        case "function_call":
            return "call"
        case "function_def":
            return "function"
        case _:
            return node["type"]


def _rows(node: Node, details: Details) -> Iterator[FactRow]:
    if unknown := as_unknown(node):
        yield "Type", unknown["type"]
        return
    if is_step(node):
        yield from step_text(node).rows
        yield from _clocks(node)
        return
    match node["type"]:
        case "function_call":
            yield from _clocks(node)
        case "parallel":
            yield "Ends", END_CONDITIONS.get(node["kind"], "unknown"), node["kind"]
        case "if" | "switch":
            yield from _conditions(node)
        case "try":
            yield from _blocks(node, details)
        case "break":
            yield "Leaves", "the function or the workflow" if node["kind"] == "return" else "the loop"
        case "start":
            if "payload" in node:
                yield "Payload", shape_text(node["payload"])
        case "loop" | "block" | "function_def":
            pass
        case _ as never:
            assert_never(never)


def _conditions(node: If | Switch) -> Iterator[FactRow]:
    is_switch = node["type"] == "switch"
    if node["type"] == "switch":
        yield "Value", node["discriminant"]
    for index, branch in enumerate(node["branches"]):
        steps = folded_text(branch["nodes"])
        if branch["condition"] is None:
            yield "Default" if is_switch else "Else", steps
        else:
            yield "Case" if is_switch else ("Else if" if index else "If"), branch["condition"], steps


def _blocks(node: Try, details: Details) -> Iterator[FactRow]:
    body = try_body(node, details)
    if "try_block" in node:
        yield "Try", folded_text(body.protected["nodes"])
    if "catch_block" in node:
        steps, source = folded_text(node["catch_block"]["nodes"]), details.source(node["catch_block"])
        yield ("Catch", source, steps) if source else ("Catch", steps)
    if body.otherwise is not None:
        yield "Else", folded_text(body.otherwise), "not protected"
    if "finally_block" in node:
        yield "Finally", folded_text(node["finally_block"]["nodes"])


def _clocks(node: Clocked) -> Iterator[FactRow]:
    """Yield the meaning of the clocks of a node, if it has any."""
    starts, resolves = node.get("starts"), node.get("resolves")
    if starts is None and resolves is None:
        return
    if starts is not None:
        yield "Starts", f"at tick {number_text(starts)}", "together with the other nodes of this tick"
    if resolves is None:
        yield "Done", "at any time", "nothing waits for it"
    else:
        yield "Done", f"by tick {number_text(resolves)}", "nodes that start at this tick wait for it"
