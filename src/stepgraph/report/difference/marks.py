"""The new graph with signs at the steps that changed."""

from __future__ import annotations

from typing import Final, cast

from stepgraph.diff.changes.group import Action
from stepgraph.diff.diff import Change
from stepgraph.diff.elements import KEY, ROOT, STEPS, Fields, Tree, put_together, read_tree
from stepgraph.model.payload import Graph, Workflow
from stepgraph.report.difference.report import ComparedWorkflow

LEGEND: Final = "`+` marks steps that were added, `~` those that were changed."


def marked_graph(workflow: ComparedWorkflow) -> Graph | None:
    """Return the graph of the new version, in which names of steps begin with the signs of their changes."""
    if workflow.new is None or workflow.new.graph is None:
        return None
    graph = workflow.new.graph
    if workflow.old is None:
        return graph
    tree = read_tree(graph["workflow"])
    return {**graph, "workflow": _written(tree, _signs(tree, workflow.diff.changes))}


def _signs(tree: Tree, changes: tuple[Change, ...]) -> dict[int, str]:
    """Return the signs of steps: one that was added is so, whatever else was done."""
    signs: dict[int, str] = {}
    for change in changes:
        is_new = change.action is Action.ADDED
        for number in change.group.new if ROOT not in change.group.new else ():
            for inner in tree.within(number) if is_new else (number,):
                if tree[inner].kind in STEPS and (is_new or inner not in signs):
                    signs[inner] = change.sign
    return signs


def _written(tree: Tree, signs: dict[int, str]) -> Workflow:
    payloads: dict[int, dict[str, object]] = {}
    for element in reversed(tree.elements):
        below = [
            (tree[child].slot, str(tree[child].fields.get(KEY, "")), payloads.pop(child)) for child in element.children
        ]
        payloads[element.number] = put_together(_marked(element.fields, signs.get(element.number, "")), below)
    return cast("Workflow", payloads[ROOT])


def _marked(fields: Fields, sign: str) -> Fields:
    return {**fields, "name": f"{sign} {fields.get('name', '')}"} if sign else fields
