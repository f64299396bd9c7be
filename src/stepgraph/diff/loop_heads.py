"""Changed heads of loops, which the payload does not contain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import NODES, TRY_BLOCK, Tree
from stepgraph.model.expressions import DEFINITIONS, EFFECTS, defined_values, number_of_items

LOOP_HEAD: Final = "\0head"
"""The field of a loop with its head in changes. The payload has no such field."""

_EACH: Final = "for each of "
"""The start of the definition of a loop over elements."""
_FOR: Final = r"(?:async )?for (?:(?! in )[^\n])++ in "
_COUNTED_HEAD: Final = re.compile(rf"{_FOR}range\((?:(-?[0-9]{{1,9}}), )?(-?[0-9]{{1,9}})\)")
_NUMBER: Final = re.compile(r"-?[0-9]*")
"""The text between two variables of a name that may be part of a number."""
_DIGIT_ITEM: Final = re.compile(r"<each of range\((?:[0-9], )?(?:[0-9]|10)\)>")
"""The definition of the variable of a loop over numbers with one digit."""
_BOUND: Final = re.compile(r"[0-9]{1,9}")
_NEGATION: Final = re.compile(r"\bnot\b")
_LISTED_HEAD: Final = re.compile(rf"{_FOR}(\[[^\n]*\])")


class _BoundedTest(NamedTuple):
    """The definition of a `while` loop that runs while a value is below a constant, such as `while attempts < 3`."""

    rest: tuple[str, str, str]
    """The value, the operator, and the definitions of names."""
    bound: int


def _bounded_test(definition: str) -> _BoundedTest | None:
    """Return the parts of the definition of a `while` loop with a constant bound, or None for another one."""
    head, _, definitions = definition.partition(" with ")
    keyword, *value = head.split(" ")
    operator, bound = value[-2:] if len(value) > 1 else ("", "")
    if keyword != "while" or operator not in {"<", "<="} or _BOUND.fullmatch(bound) is None:
        return None
    # `not` and line breaks show that the comparison is only a part of the test.
    if _NEGATION.search(head) is not None or "\n" in definition:
        return None
    return _BoundedTest((" ".join(value[:-2]), operator, definitions), int(bound))


def constant_head(tree: Tree, loop: int) -> str:
    """Return the head of a loop with the value of a constant list, tuple or number in place of its name.

    The head of a `while` with a constant bound is its definition.
    """
    definition = tree.definitions.get(loop, "")
    if _bounded_test(definition) is not None:
        return definition
    elements = definition.removeprefix(_EACH)
    if elements in {"", definition} or " with " in elements:
        return tree.loop_heads.get(loop, "")
    # A tuple has the same passes as a list.
    is_tuple = elements.startswith("(") and elements.endswith(")")
    return f"for each in [{elements[1:-1].removesuffix(',')}]" if is_tuple else f"for each in {elements}"


def has_loops(matching: Matching) -> bool:
    """Return whether some loop is in both versions, so that its head may differ."""
    return any(
        element.kind == "loop" and matching.to_new[element.number] is not None for element in matching.old.elements
    )


def changed_loops(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the loops of both versions whose passes may differ, by the old and the new number."""
    for element in matching.old.elements:
        new = matching.to_new[element.number]
        if element.kind == "loop" and new is not None and has_other_passes(matching, element.number, new):
            yield element.number, new


def has_other_passes(matching: Matching, old: int, new: int) -> bool:
    """Return whether the passes of a loop may differ. Loops without a head, as in saved graphs, are assumed equal."""
    if old in matching.old.definitions and new in matching.new.definitions:
        return matching.has_other_value(old, new)
    heads = matching.old.loop_heads.get(old), matching.new.loop_heads.get(new)
    return None not in heads and heads[0] != heads[1]


def have_equal_first_passes(old: str, new: str) -> bool:
    """Return whether the passes of one loop start with all passes of the other."""
    return continues(old, new) or continues(new, old)


def first_items(matching: Matching) -> dict[str, str]:
    """Return the definitions of the variables of loops that have equal first passes, by the old definition.

    The values of these variables in the passes of both versions are the same.
    """
    items: dict[str, str] = {}
    ambiguous: set[str] = set()
    for element in matching.old.elements:
        new = matching.to_new[element.number] if element.kind == "loop" else None
        before = matching.old.definitions.get(element.number)
        after = None if new is None else matching.new.definitions.get(new)
        if new is None or before is None or after is None:
            continue
        heads = constant_head(matching.old, element.number), constant_head(matching.new, new)
        if (
            before == after
            or not have_equal_first_passes(*heads)
            or items.get(_item(before), _item(after)) != _item(after)
        ):
            ambiguous.add(_item(before))
        items[_item(before)] = _item(after)
    return {old: new for old, new in items.items() if old not in ambiguous}


def _item(definition: str) -> str:
    return f"<{definition.removeprefix('for ')}>"


def number_of_passes(head: str) -> int | None:
    """Return the number of passes of a loop over a list or a `range` of literal numbers, or None for any other loop."""
    match = _COUNTED_HEAD.fullmatch(head)
    if match is not None:
        return max(0, int(match[2]) - int(match[1] or 0))
    listed = _LISTED_HEAD.fullmatch(head)
    return None if listed is None else number_of_items(listed[1])


def continues(longer: str, shorter: str) -> bool:
    """Return whether the passes of one loop start with all passes of another.

    It has more numbers, a longer list, or a larger upper bound in the test of a `while`.
    """
    matches = _COUNTED_HEAD.fullmatch(longer), _COUNTED_HEAD.fullmatch(shorter)
    if matches[0] is not None and matches[1] is not None:
        first = {int(match[1] or 0) for match in matches if match is not None}
        return len(first) == 1 and int(matches[0][2]) > int(matches[1][2])
    tests = _bounded_test(longer), _bounded_test(shorter)
    if tests[0] is not None and tests[1] is not None:
        return tests[0].rest == tests[1].rest and tests[0].bound > tests[1].bound
    is_list = _LISTED_HEAD.fullmatch(shorter) is not None
    return is_list and "*" not in longer and longer.startswith(f"{shorter[:-1]}, ")


def names_passes(tree: Tree, loop: int, step: int) -> bool:
    """Return whether the runs of a step in different passes of a loop over numbers certainly have different names."""
    definition = tree.definitions.get(loop, "")
    name, _, values = tree.definitions.get(step, "").partition(DEFINITIONS)
    if _COUNTED_HEAD.fullmatch(constant_head(tree, loop)) is None or EFFECTS in values:
        return False
    items = {f"__{index}": value for index, value in enumerate(defined_values(values))}
    outer_loops = [each for each in tree.ancestors(step) if tree.definitions.get(each.number) == definition]
    variables = {variable for variable, value in items.items() if value == _item(definition)}
    codes, separators = name.split("\0")[1::2], name.split("\0")[2:-1:2]
    if len(variables) < len(outer_loops) or not variables.issubset(codes):
        return False
    is_separated = all(_NUMBER.fullmatch(each) is None for each in separators)
    return is_separated or all(_DIGIT_ITEM.fullmatch(items.get(each, "")) is not None for each in codes)


def has_single_pass(tree: Tree, loop: int) -> bool:
    """Return whether a loop has at most one pass, even if a step in it fails."""
    head = constant_head(tree, loop)
    leaving = trailing_exit(tree, loop)
    return number_of_passes(head) == 1 or (leaving is not None and tree[leaving].parent == loop)


def trailing_exit(tree: Tree, loop: int) -> int | None:
    """Return the exit at the end of each pass of a loop, perhaps in a `try`, or None.

    Only a failure in the `try` can lead to another pass.
    """
    inside = loop
    while True:
        nodes = [number for number in tree[inside].children if tree[number].slot in {NODES, TRY_BLOCK}]
        if not nodes:
            return None
        inside = nodes[-1]
        if tree[inside].kind == "break":
            return inside
        if tree[inside].kind not in {"try", "block"}:
            return None
