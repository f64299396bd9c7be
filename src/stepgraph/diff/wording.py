"""Elements and changed fields in English: names, positions, phrases, and short remarks for pictures."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, cast

from stepgraph.diff.branch_conditions import CONDITION_VALUES
from stepgraph.diff.caught_raises import CAUGHT_RAISES
from stepgraph.diff.changes import Action, EditGroup
from stepgraph.diff.clocks import ends_before
from stepgraph.diff.computed_texts import COMPUTED
from stepgraph.diff.failing_code import FAILING_CODE, FEWER_FAILURES
from stepgraph.diff.loop_heads import LOOP_HEAD
from stepgraph.diff.matching import Matching
from stepgraph.diff.sides import Side
from stepgraph.diff.step_types import TRAITS, Setting, settings_in
from stepgraph.diff.tree import BRANCH, CALL, KEY, Tree, TreeElement, is_work
from stepgraph.diff.uncaught_raises import SWALLOWING_FINALLY, UNCAUGHT_RAISE
from stepgraph.json_text import canonical_json
from stepgraph.model.payload import Shape
from stepgraph.phrases import duration_text, shape_text, shortened

_MAX_LENGTH: Final = 60
"""Maximum length of a shown value in characters."""
MAX_NAMES: Final = 3
"""Maximum number of names in a list. The others are counted."""


_NOUNS: Final = {
    **{step_type: traits.noun for step_type, traits in TRAITS.items()},
    "function_call": "call to",
    "function_def": "function",
}
_PLURALS: Final = {**{traits.noun: traits.plural for traits in TRAITS.values()}, "call to": "calls to"}
_CONTAINERS: Final = {"try": "`try`", "parallel": "parallel group"}
_BLOCKS: Final = {"try_block": "`try` block", "catch_block": "`except` block", "finally_block": "`finally` block"}
_EXCEPT_CLAUSES: Final = "`except` clauses"
_IF: Final = "`if`"
_UNIDENTIFIED: Final = frozenset({_EXCEPT_CLAUSES, _IF})
"""Names that do not identify an element."""
_ENCLOSING_KINDS: Final = frozenset({"try", "loop"})
"""Kinds with names such as `loop around 'charge'`. Others have names such as `parallel group with 'charge'`."""


def name_of(tree: Tree, number: int, *, inside: Sequence[int] | None = None) -> str:
    """Return the name of an element: `step 'charge'`, or `loop around 'charge'` by its first step.

    `inside` contains the elements to list in place of the first step, as in `loop with 'charge', 'ship'`. If it is
    empty, the name mentions no other element.
    """
    element = tree[number]
    plain = _plain_name(tree, element)
    if inside:
        return f"{plain} with {quoted(tree, inside)}"
    first = "" if inside is not None or _is_identified(element) else quoted(tree, islice(tree.visit_work(number), 1))
    return f"{plain} {'around' if element.kind in _ENCLOSING_KINDS else 'with'} {first}" if first else plain


def definite_name(tree: Tree, number: int) -> str:
    """Return the name of an element, with `the` unless the name identifies it."""
    name = name_of(tree, number)
    return name if _is_identified(tree[number]) and name not in _UNIDENTIFIED else f"the {name}"


def short_name(tree: Tree, number: int) -> str:
    """Return the quoted name of a step or call, and the full name of other elements."""
    element = tree[number]
    if is_work(element):
        return f"'{_work_name(tree, element)}'"
    return definite_name(tree, number)


def _work_name(tree: Tree, element: TreeElement) -> str:
    """Return the name of a step or call, with the arguments if only these distinguish calls of a function."""
    if element.kind != CALL or element.name not in tree.called_differently:
        return element.name
    return shortened(f"{element.name}{tree.arguments.get(element.number, '')}", _MAX_LENGTH)


def parent_name(tree: Tree, number: int) -> str:
    """Return the name of an element's parent. The parent of an `except` clause is the `try`."""
    parent = tree[number].parent
    return _try_name(tree, parent) if is_exception_switch(tree, parent) else definite_name(tree, parent)


def names_of(tree: Tree, numbers: Sequence[int]) -> str:
    """Return the names of several elements: `steps 'a', 'b'`."""
    nouns = {_NOUNS.get(tree[number].kind, "") for number in numbers}
    if len(numbers) > 1 and len(nouns) == 1 and (plural := _PLURALS.get(nouns.pop())):
        return f"{plural} {join_names([short_name(tree, number) for number in numbers])}"
    return join_names([name_of(tree, number) for number in numbers])


def quoted(tree: Tree, numbers: Iterable[int]) -> str:
    """Return the short names of elements, separated by commas."""
    return join_names([short_name(tree, number) for number in numbers])


def join_names(texts: Sequence[str]) -> str:
    """Return the first names, separated by commas, and the number of the remaining names."""
    if len(texts) <= MAX_NAMES:
        return ", ".join(texts)
    return f"{', '.join(texts[:MAX_NAMES])} and {len(texts) - MAX_NAMES} more"


def condition_name(tree: Tree, branch: int) -> str:
    """Return the name of a branch among its siblings: its condition, `else` or `default case`."""
    condition = tree[branch].fields.get("condition")
    parent = tree[branch].parent
    in_switch = tree[parent].kind == "switch"
    if is_exception_switch(tree, parent):
        return "branch for uncaught exceptions" if condition is None else f"`except {condition}`"
    if condition is None:
        return "default case" if in_switch else "`else`"
    return f"{'case' if in_switch else 'branch'} `{condition}`"


def is_exception_switch(tree: Tree, number: int) -> bool:
    """Return whether an element is the switch between the `except` clauses of a `try`."""
    element = tree[number]
    is_exception = element.kind == "switch" and element.text("discriminant") == "exception"
    return is_exception and tree[element.parent].slot == "catch_block"


def _try_name(tree: Tree, exception_switch: int) -> str:
    """Return the name of the `try` with a switch between `except` clauses."""
    return definite_name(tree, tree[tree[exception_switch].parent].parent)


def _is_identified(element: TreeElement) -> bool:
    """Return whether the plain name identifies an element without its contents."""
    return bool(element.name) or element.kind in {"if", "switch", "branch", "break", "start", "function_def"}


def _plain_name(tree: Tree, element: TreeElement) -> str:
    match element.kind:
        case "branch":
            return condition_name(tree, element.number)
        case "if":
            condition = next(_conditions(tree, element), None)
            return _IF if condition is None else f"`if {condition}`"
        case "switch" if is_exception_switch(tree, element.number):
            conditions = list(islice(_conditions(tree, element), 2))
            return f"`except {conditions[0]}`" if len(conditions) == 1 else _EXCEPT_CLAUSES
        case "switch":
            return f"switch `{element.text('discriminant')}`"
        case "break":
            return f"`{_exit_word(tree, element)}`"
        case "start":
            return f"start of '{element.text('class_name')}'"
        case "block" if element.slot in _BLOCKS:
            return _BLOCKS[element.slot]
        case "function_def":
            return f"function '{element.text(KEY) or element.name}'"
        case kind if kind in _NOUNS:
            return f"{_NOUNS[kind]} '{_work_name(tree, element)}'"
        case kind:
            noun = _CONTAINERS.get(kind, kind)
            return f"{noun} '{element.name}'" if element.name else noun


def _exit_word(tree: Tree, element: TreeElement) -> str:
    return "raise" if element.number in tree.raises else element.text("kind") or "break"


def _conditions(tree: Tree, choice: TreeElement) -> Iterator[object]:
    """Yield the conditions of the branches of an `if` or switch. An `else` has no condition."""
    for child in choice.children:
        condition = tree[child].fields.get("condition")
        if condition is not None:
            yield condition


def location_of(tree: Tree, number: int) -> int | None:
    """Return the enclosing element that describes the location of an element, or None if this is `run` itself."""
    for element in tree.ancestors(number):
        if element.kind in {"workflow", "start"}:
            break
        # The name of a group says more than the name of its member.
        if element.kind != "block" or element.slot in _BLOCKS:
            return element.number
    return None


def location_phrase(tree: Tree, number: int) -> str:
    """Return the phrase for the location of an element, such as `the loop`, or an empty string directly in `run`."""
    location = location_of(tree, number)
    if location is None:
        return ""
    element = tree[location]
    if is_exception_switch(tree, number):
        return _try_name(tree, number)
    match element.kind:
        case "branch":
            return _branch_text(tree, location)
        case "block" if element.slot == "try_block":
            return "the `try`"
        case "block":
            return f"the {_BLOCKS[element.slot]}"
        case "function_def" | "step_do" | "if" | "switch":
            return definite_name(tree, location)
        case kind:
            return f"the {_CONTAINERS.get(kind, kind)}"


def neighbor_phrase(side: Side, numbers: Sequence[int], *, as_written: bool = False) -> str:
    """Return a phrase with a neighbor of adjacent elements, such as `after step 'a'`, or an empty string.

    Members of a group that may run concurrently are `alongside` each other, unless `as_written`.
    """
    tree = side.tree
    first, last = numbers[0], numbers[-1]
    group = tree[first].parent
    is_ordered = as_written or tree[group].kind != "parallel"
    before = tree.previous_sibling(first)
    if before is not None:
        is_after = is_ordered or ends_before(tree, group, before, first)
        return f"{'after' if is_after else 'alongside'} {short_name(tree, before)}"
    after = _following(side, last)
    if after is not None:
        is_before = is_ordered or ends_before(tree, group, last, after)
        return f"{'before' if is_before else 'alongside'} {short_name(tree, after)}"
    return ""


def _following(side: Side, number: int) -> int | None:
    """Return the next sibling with content of both versions, or None.

    An entirely new sibling does not count, because its own title refers to the element before it.
    """
    following = side.tree.next_sibling(number)
    while following is not None and all(side.is_unmatched(inner) for inner in side.tree.visit_subtree(following)):
        following = side.tree.next_sibling(following)
    return following


def container_phrase(tree: Tree, container: int, inside: Sequence[int], article: str) -> str:
    """Return the phrase for the new or removed container of `inside`: a single branch if it contains all of them.

    `article` is for containers without an identifying name.
    """
    element = tree[container]
    match element.kind:
        case "if" | "switch":
            contents = sorted(inside)
            branches = [branch for branch in element.children if _contains_any(tree, branch, contents)]
            if len(branches) == 1 and tree[branches[0]].kind == BRANCH:
                return _branch_text(tree, branches[0])
            return definite_name(tree, container)
        case "branch":
            return _branch_text(tree, container)
        case kind:
            return name_of(tree, container) if _is_identified(element) else f"{article} {_CONTAINERS.get(kind, kind)}"


def _contains_any(tree: Tree, number: int, contents: Sequence[int]) -> bool:
    """Return whether an element contains one of the sorted numbers."""
    index = bisect_left(contents, number)
    return index < len(contents) and contents[index] in tree.subtree(number)


def _branch_text(tree: Tree, branch: int) -> str:
    """Return a branch as a location: `if x`, `the else of if x`, `case 1 of switch x`, `the except X clause`."""
    element = tree[branch]
    condition = element.fields.get("condition")
    name = condition_name(tree, branch)
    if is_exception_switch(tree, element.parent):
        return f"the {name}" if condition is None else f"the {name} clause"
    parent = definite_name(tree, element.parent)
    if tree[element.parent].kind == "if" and parent == f"`if {condition}`":
        return parent
    return f"{'the ' if condition is None else ''}{name} of {parent}"


_CONTEXT: Final = 20
"""The number of equal characters shown before the first difference of two long values."""


def changes_of(old: TreeElement, new: TreeElement, field: str) -> Iterator[str]:
    """Yield a phrase for each change of a field: `timeout 1 minute → 2 minutes`."""
    before, after = old.fields.get(field), new.fields.get(field)
    match field:
        case "payload":
            yield _payload_change(before, after)
        case "resolves":
            yield "now awaited" if field in new.fields else "no longer awaited"
        case "discriminant":
            yield f"value `{before}` → `{after}`"
        case _ if settings := settings_in(new.kind, field):
            changes = [_setting_change(setting, old, new) for setting in settings]
            yield from filter(None, changes) if any(changes) else [f"{field} changed"]
        case _:
            yield _change(field, before, after)


def _setting_change(setting: Setting, old: TreeElement, new: TreeElement) -> str:
    """Return the change of a setting, or an empty string if it is unchanged."""
    return changed_setting(setting, setting.value_in(old.fields), setting.value_in(new.fields))


def changed_setting(setting: Setting, before: object, after: object) -> str:
    """Return the change of a setting, or an empty string for equal values. A missing setting has its default."""
    before, after = (setting.default if value is None else value for value in (before, after))
    if canonical_json(before) == canonical_json(after):
        return ""
    return _change(setting.noun, before, after, is_duration=setting.is_duration)


def _change(noun: str, before: object, after: object, *, is_duration: bool = False) -> str:
    old, new = _value(before, is_duration=is_duration), _value(after, is_duration=is_duration)
    if old == new:
        new, old = (shortened(canonical_json(value), _MAX_LENGTH) for value in (after, before))
        return f"{noun} written as {new} instead of {old}"
    same = next(
        (at for at, (first, second) in enumerate(zip(old, new, strict=False)) if first != second),
        min(len(old), len(new)),
    )
    start = same - _CONTEXT if same >= _MAX_LENGTH - 1 else 0
    old, new = (shortened(f"…{text[start:]}" if start else text, _MAX_LENGTH) for text in (old, new))
    return f"{noun} {old} → {new}"


def _value(value: object, *, is_duration: bool) -> str:
    if value is None:
        return "none"
    if is_duration and isinstance(value, int | float | str):
        return duration_text(value)
    if value == "":
        return '""'
    return value if isinstance(value, str) else canonical_json(value)


def _payload_change(before: object, after: object) -> str:
    old, new = _shape(before), _shape(after)
    if old and new:
        return f"payload: now reads {new} instead of {old}"
    if not old and not new:
        return "payload changed"
    return f"payload: now reads {new}" if new else f"payload: no longer reads {old}"


def _shape(value: object) -> str:
    """Return the text of a payload shape on one line, or an empty string for a missing or unknown shape."""
    if not isinstance(value, dict):
        return ""
    try:
        return shape_text(cast("Shape", value))
    except (KeyError, AttributeError):
        # The shape is from a later version of the API.
        return canonical_json(value)


_PLAIN: Final = {
    Action.MOVED: "moved",
    Action.REORDERED: "reordered",
    Action.CONCURRENT: "made concurrent",
    Action.SEQUENTIAL: "made sequential",
}


_COMPUTED_FIELDS: Final = {
    (each,) for each in (CONDITION_VALUES, COMPUTED, CAUGHT_RAISES, FAILING_CODE, FEWER_FAILURES)
}
"""The fields of changes whose old values are too long to show."""


def remarks_on(group: EditGroup, matching: Matching) -> Iterator[tuple[int, str]]:
    """Yield the new number and the remark of each element that has a remark in pictures.

    Pictures mark additions, removals and wraps without a remark.
    """
    if group.action in _PLAIN:
        yield from ((number, _PLAIN[group.action]) for number in group.new)
    elif group.action in {Action.RENAMED, Action.CHANGED}:
        for old, new in zip(group.old, group.new, strict=True):
            yield new, _old_value(matching.old, matching.old[old], matching.new[new], group)


def _old_value(tree: Tree, old: TreeElement, new: TreeElement, group: EditGroup) -> str:
    if group.action is Action.RENAMED:
        return f"was '{old.text(KEY) or old.name or old.text('class_name')}'"
    if group.fields in _COMPUTED_FIELDS:
        return "values changed"
    if old.kind != "break" and group.fields == (UNCAUGHT_RAISE,):
        return "raised" if old.number in tree.final_raises else "did not raise"
    if group.fields == (SWALLOWING_FINALLY,):
        return "discarded no errors" if old.number in tree.unhandled else "discarded errors"
    if old.kind == BRANCH:
        condition = old.fields.get("condition")
        return "was else" if condition is None else f"was {condition}"
    if old.kind == "switch":
        return f"was {old.text('discriminant')}"
    if old.kind == "break":
        return f"was {_exit_word(tree, old)}"
    if group.fields == (LOOP_HEAD,):
        return f"was {tree.loop_heads.get(old.number, '')}"
    return ", ".join(chain.from_iterable(changes_of(old, new, field) for field in group.fields))
