"""Elements and changed fields in English: names, positions, phrases, and short remarks for pictures."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, cast

from stepgraph.diff.changes import Action, EditGroup
from stepgraph.diff.matching import Matching
from stepgraph.diff.sides import Side
from stepgraph.diff.tree import BRANCH, KEY, Tree, TreeElement, is_work
from stepgraph.json_text import canonical_json
from stepgraph.model.payload import (
    DEFAULT_BACKOFF,
    DEFAULT_DELAY,
    DEFAULT_EVENT_TIMEOUT,
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    Shape,
)
from stepgraph.phrases import duration_text, shape_text

MAX_NAMES: Final = 3
"""Maximum number of names in a list; the rest is counted."""

_NOUNS: Final = {
    "step_do": "step",
    "step_sleep": "sleep",
    "step_sleep_until": "sleep",
    "step_wait_for_event": "event wait",
    "function_call": "call of",
    "function_def": "function",
}
_BLOCKS: Final = {"try_block": "try block", "catch_block": "handler", "finally_block": "finally"}


def name_of(tree: Tree, number: int, *, inside: Sequence[int] | None = None) -> str:
    """Return the name of an element: `step 'charge'`, or `loop of 'charge'` by its first step.

    `inside` are steps and calls to name instead, also for elements with a name.
    """
    element = tree[number]
    plain = _plain_name(tree, element)
    contents = quoted(tree, islice(tree.visit_work(number), 1) if inside is None else inside)
    if _is_identified(element) or (inside and element.slot in _BLOCKS):
        return f"{plain} with {contents}" if inside and contents else plain
    return f"{plain} of {contents}" if contents else plain


def short_name(tree: Tree, number: int) -> str:
    """Return the quoted name of a step or call, and the full name of other elements."""
    element = tree[number]
    if is_work(element):
        return f"'{element.name}'"
    return name_of(tree, number)


def names_of(tree: Tree, numbers: Sequence[int]) -> str:
    """Return the names of several elements: `steps 'a', 'b'`."""
    if len(numbers) > 1 and all(tree[number].kind == "step_do" for number in numbers):
        return f"steps {join_names([short_name(tree, number) for number in numbers])}"
    return join_names([name_of(tree, number) for number in numbers])


def quoted(tree: Tree, numbers: Iterable[int]) -> str:
    """Return the short names of elements."""
    return join_names([short_name(tree, number) for number in numbers])


def join_names(texts: Sequence[str]) -> str:
    """Return the first names and the number of others."""
    if len(texts) <= MAX_NAMES:
        return ", ".join(texts)
    return f"{', '.join(texts[:MAX_NAMES])} and {len(texts) - MAX_NAMES} more"


def condition_name(tree: Tree, branch: int) -> str:
    """Return the name of a branch among its siblings: its condition, `else` or `default case`."""
    condition = tree[branch].fields.get("condition")
    in_switch = tree[tree[branch].parent].kind == "switch"
    if condition is None:
        return "default case" if in_switch else "else"
    return f"{'case' if in_switch else 'branch'} `{condition}`"


def _is_identified(element: TreeElement) -> bool:
    """Return whether the plain name identifies an element without its contents."""
    return bool(element.name) or element.kind in {"if", "switch", "branch", "break", "start", "function_def"}


def _plain_name(tree: Tree, element: TreeElement) -> str:
    match element.kind:
        case "branch":
            return condition_name(tree, element.number)
        case "if":
            first = (tree[child].fields.get("condition") for child in element.children)
            return next((f"if `{condition}`" for condition in first if condition is not None), "if")
        case "switch":
            return f"switch `{element.text('discriminant')}`"
        case "break":
            return element.text("kind") or "break"
        case "start":
            return f"start of '{element.text('class_name')}'"
        case "block" if element.slot in _BLOCKS:
            return _BLOCKS[element.slot]
        case "function_def":
            return f"function '{element.text(KEY) or element.name}'"
        case kind if kind in _NOUNS:
            return f"{_NOUNS[kind]} '{element.name}'"
        case kind:
            return f"{kind} '{element.name}'" if element.name else kind


def location_phrase(tree: Tree, number: int) -> str:
    """Return the phrase for the parent of an element, such as `the loop` or a branch; empty directly in `run`."""
    for element in tree.ancestors(number):
        match element.kind:
            case "workflow" | "start":
                break
            case "branch":
                return _branch_text(tree, element.number)
            case "function_def":
                return f"function '{element.text(KEY) or element.name}'"
            case "step_do":
                return name_of(tree, element.number)
            case "block" if element.slot == "try_block":
                return "the try"
            case "block" if element.slot in {"catch_block", "finally_block"}:
                return f"the {name_of(tree, element.number).split(' of ')[0]}"
            case "block":
                # The group itself says more.
                continue
            case "if" | "switch":
                return name_of(tree, element.number)
            case kind:
                return f"the {kind}"
    return ""


def neighbor_phrase(side: Side, numbers: Sequence[int], *, as_written: bool = False) -> str:
    """Return `after` or `before` a neighbor of adjacent elements; empty without neighbors.

    Members of a concurrent group are `beside` each other, unless `as_written`.
    """
    tree = side.tree
    first, last = numbers[0], numbers[-1]
    is_concurrent = not as_written and tree[tree[first].parent].kind == "parallel"
    before = tree.previous_sibling(first)
    if before is not None:
        return f"{'beside' if is_concurrent else 'after'} {short_name(tree, before)}"
    after = _following(side, last)
    if after is not None:
        return f"{'beside' if is_concurrent else 'before'} {short_name(tree, after)}"
    return ""


def _following(side: Side, number: int) -> int | None:
    """Return the next sibling that both versions contain in part. New siblings are described by their predecessors."""
    following = side.tree.next_sibling(number)
    while following is not None and all(side.is_unmatched(inner) for inner in side.tree.visit_subtree(following)):
        following = side.tree.next_sibling(following)
    return following


def container_phrase(tree: Tree, container: int, inside: Sequence[int]) -> str:
    """Return the phrase for the new or removed container of `inside`: a single branch if it contains all of them."""
    element = tree[container]
    match element.kind:
        case "if" | "switch":
            contents = sorted(inside)
            branches = [branch for branch in element.children if _contains_any(tree, branch, contents)]
            if len(branches) == 1 and tree[branches[0]].kind == BRANCH:
                return _branch_text(tree, branches[0])
            return name_of(tree, container)
        case "branch":
            return _branch_text(tree, container)
        case "function_def" | "start":
            return name_of(tree, container)
        case kind:
            return name_of(tree, container) if element.name else kind


def _contains_any(tree: Tree, number: int, contents: Sequence[int]) -> bool:
    """Return whether an element contains one of the sorted numbers."""
    index = bisect_left(contents, number)
    return index < len(contents) and contents[index] in tree.subtree(number)


def _branch_text(tree: Tree, branch: int) -> str:
    """Return a branch with its parent: an `if` with its condition, `else of ...`, `case ... of switch ...`."""
    element = tree[branch]
    parent = name_of(tree, element.parent)
    if tree[element.parent].kind == "if" and parent == f"if `{element.fields.get('condition')}`":
        return parent
    return f"{condition_name(tree, branch)} of {parent}"


_MAX_LENGTH: Final = 60
"""Maximum length of a JSON value in characters."""

_SETTINGS: Final[Mapping[str, tuple[tuple[str, str, object], ...]]] = {
    "config": (
        ("retries.limit", "retries", DEFAULT_RETRIES),
        ("retries.delay", "retry delay", DEFAULT_DELAY),
        ("retries.backoff", "backoff", DEFAULT_BACKOFF),
        ("timeout", "timeout", DEFAULT_TIMEOUT),
    ),
    "options": (("event_type", "event type", ""), ("timeout", "timeout", DEFAULT_EVENT_TIMEOUT)),
}
_DURATIONS: Final = frozenset({"duration", "timeout", "retry delay"})


def changes_of(old: TreeElement, new: TreeElement, field: str) -> Iterator[str]:
    """Yield a phrase for each change of a field: `timeout 1 minute to 2 minutes`."""
    before, after = old.fields.get(field), new.fields.get(field)
    match field:
        case "config" | "options":
            yield from _setting_changes(field, before, after)
        case "payload":
            yield f"payload {_shape(before)} to {_shape(after)}"
        case "resolves":
            yield "now waited for" if field in new.fields else "no longer waited for"
        case "discriminant":
            yield f"discriminant `{before}` to `{after}`"
        case _:
            yield _change(field, before, after)


def _setting_changes(field: str, before: object, after: object) -> Iterator[str]:
    """Yield the changes of settings. Missing settings have the engine's defaults."""
    has_difference = False
    for path, noun, default in _SETTINGS[field]:
        first, second = _at(before, path, default), _at(after, path, default)
        if canonical_json(first) != canonical_json(second):
            has_difference = True
            yield _change(noun, first, second)
    if not has_difference:
        yield f"{field} changed"


def _at(value: object, path: str, default: object) -> object:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return default if value is None else value


def _change(noun: str, before: object, after: object) -> str:
    old, new = _value(noun, before), _value(noun, after)
    if old == new:
        return f"{noun} written {_shorten(canonical_json(after))} instead of {_shorten(canonical_json(before))}"
    return f"{noun} {old} to {new}"


def _value(noun: str, value: object) -> str:
    if value is None:
        return "none"
    if noun in _DURATIONS and isinstance(value, int | float | str):
        return duration_text(value)
    return _shorten(value if isinstance(value, str) else canonical_json(value))


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"


def _shape(value: object) -> str:
    if not isinstance(value, dict):
        return "none"
    try:
        return shape_text(cast("Shape", value))
    except (KeyError, AttributeError):
        # A shape of a later version.
        return canonical_json(value)


_PLAIN: Final = {
    Action.MOVED: "moved",
    Action.REORDERED: "reordered",
    Action.CONCURRENT: "made concurrent",
    Action.SEQUENTIAL: "made sequential",
}


def remarks_on(group: EditGroup, matching: Matching) -> Iterator[tuple[int, str]]:
    """Yield the elements with a remark in pictures, by new number, and the remark.

    Additions, removals and wraps have marks instead.
    """
    if group.action in _PLAIN:
        yield from ((number, _PLAIN[group.action]) for number in group.new)
    elif group.action in {Action.RENAMED, Action.CHANGED}:
        for old, new in zip(group.old, group.new, strict=True):
            yield new, _old_value(matching.old[old], matching.new[new], group)


def _old_value(old: TreeElement, new: TreeElement, group: EditGroup) -> str:
    if group.action is Action.RENAMED:
        return f"was '{old.text(KEY) or old.name or old.text('class_name')}'"
    if old.kind == BRANCH:
        condition = old.fields.get("condition")
        return "was else" if condition is None else f"was {condition}"
    if old.kind in {"switch", "break"}:
        return f"was {old.text('discriminant') or old.text('kind')}"
    return ", ".join(chain.from_iterable(changes_of(old, new, field) for field in group.fields))
