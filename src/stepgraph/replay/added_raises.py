"""New `raise` statements that a handler catches. The payload has no nodes for them.

The steps of the handler run when the instance resumes, before steps that have already run.
"""

from __future__ import annotations

from collections.abc import Iterator

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, FUNCTIONS, Tree, is_work
from stepgraph.replay.passed_part import PassedPart, ancestors
from stepgraph.replay.replay import Decision


def added_raises(matching: Matching, new: PassedPart) -> Iterator[Decision]:
    """Yield a step of the handler of each new `raise` statement in the part that an instance passes.

    The instance has not run this step.
    """
    tree = matching.new
    deployed = {matching.renamed_text(text) for texts in matching.old.caught_raises.values() for text in texts}
    for number, texts in tree.caught_raises.items():
        condition = next((text for text in texts if text not in deployed), "")
        is_passed = new.contains(number) if tree[number].kind == BRANCH else new.is_over(number)
        handler = handler_around(tree, number) if condition and is_passed else None
        inside = () if handler is None else tree.subtree(handler)
        step = next((each for each in inside if is_work(tree[each]) and each not in new.possible), None)
        if step is not None:
            cause = f"because the new code raises an exception if `{condition}`"
            yield Decision("out_of_order", f"`{tree[step].name}` may run when the instance resumes, {cause}.")


def handler_around(tree: Tree, number: int) -> int | None:
    """Return the handler of the `try` whose body contains an element, or None in a handler or outside of a `try`."""
    for element in (tree[number], *ancestors(tree, number)):
        if element.slot in {"catch_block", "finally_block", FUNCTIONS}:
            return None
        if element.slot == "try_block":
            handlers = (each for each in tree[element.parent].children if tree[each].slot == "catch_block")
            return next(handlers, None)
    return None
