"""Branches with a constant condition that was false and is true, such as that of a feature flag."""

from __future__ import annotations

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, STEPS, is_work
from stepgraph.execution.engine_rules import result_key
from stepgraph.model.expressions import constant_truth
from stepgraph.phrases import enumeration
from stepgraph.replay.passed_part import PassedPart
from stepgraph.replay.replay import Decision


def enabled_branch(matching: Matching, passed: PassedPart, old: int, new: int) -> Decision | None:
    """Return the effect of a branch that the instance has passed and that now runs, or None if it is unknown.

    `passed` is the part of the new version that the instance has passed. An exit in the branch may skip steps, and a
    step in it may get the stored result of another one with the same name.
    """
    tree = matching.new
    truths = [constant_truth(each.definitions.get(number, "")) for each, number in ((matching.old, old), (tree, new))]
    if tree[new].kind != BRANCH or tree[new].index or truths != [False, True]:
        return None
    inside = [tree[number] for number in tree.subtree(new)]
    work = [f"{each.name}{tree.arguments.get(each.number, '')}" for each in inside if is_work(each)]
    keys = {result_key(element.kind, element.fields) for element in inside if element.kind in STEPS}
    steps = (tree[number] for number in passed.in_order if tree[number].kind in STEPS)
    has_namesake = any(result_key(step.kind, step.fields) in keys for step in steps)
    if not work or has_namesake or any(element.kind == "break" for element in inside):
        return None
    verb = "runs" if len(work) == 1 else "run"
    reason = f"The condition `{tree[new].text('condition')}` is now always true, so {enumeration(work, most=3)} {verb}"
    return Decision("out_of_order", f"{reason} when the instance resumes, before steps that have already run.", new)
