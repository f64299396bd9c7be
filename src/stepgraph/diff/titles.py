"""Titles of changes: `step 'a' renamed to 'b'`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Final

from msgspec import Struct

from stepgraph.diff.branch_conditions import CONDITION_VALUES
from stepgraph.diff.caught_raises import CAUGHT_RAISES, has_changed_code, has_changed_manager
from stepgraph.diff.changes import Action, EditGroup
from stepgraph.diff.clocks import concurrent_in
from stepgraph.diff.computed_texts import COMPUTED, ComputedText
from stepgraph.diff.failing_code import FAILING_CODE, FEWER_FAILURES
from stepgraph.diff.loop_heads import LOOP_HEAD
from stepgraph.diff.sides import Side, Sides
from stepgraph.diff.step_types import TRAITS
from stepgraph.diff.tree import BRANCH, CALL, FUNCTION, FUNCTIONS, KEY, ROOT, Tree, is_work
from stepgraph.diff.uncaught_raises import SWALLOWING_FINALLY, UNCAUGHT_RAISE
from stepgraph.diff.wording import (
    changes_of,
    condition_name,
    container_phrase,
    is_exception_switch,
    join_names,
    location_of,
    location_phrase,
    name_of,
    names_of,
    neighbor_phrase,
    parent_name,
    quoted,
)
from stepgraph.model.expressions import changed_constant


class _TitleContext(Struct, frozen=True):
    """A change and its trees."""

    group: EditGroup
    sides: Sides

    @property
    def old(self) -> Tree:
        return self.sides.old.tree

    @property
    def new(self) -> Tree:
        return self.sides.new.tree

    @property
    def subject(self) -> str:
        """The new names of the elements."""
        return names_of(self.new, self.group.new)


def title_of(group: EditGroup, sides: Sides) -> str:
    """Return one sentence that describes the change and its location."""
    return _TITLES[group.action](_TitleContext(group, sides))


def _added(context: _TitleContext) -> str:
    subject = _unmatched_subject(context.group.new, context.sides.new)
    if context.group.container is not None:
        return f"{subject} added concurrently with {_existing_members(context, context.new)}"
    number = context.group.new[0]
    element = context.new[number]
    if element.slot != "nodes":
        return f"{subject} added{_parent_phrase(context.new, number, 'to')}"
    location, neighbor = location_phrase(context.new, number), neighbor_phrase(context.sides.new, context.group.new)
    return f"{subject} added{f' to {location}' if location else ''}{_comma(location, neighbor)}"


def _removed(context: _TitleContext) -> str:
    subject = _unmatched_subject(context.group.old, context.sides.old)
    if context.group.container is not None:
        return f"{subject} removed, no longer concurrent with {_existing_members(context, context.old)}"
    number = context.group.old[0]
    if context.old[number].slot != "nodes":
        return f"{subject} removed{_parent_phrase(context.old, number, 'from')}"
    location = location_phrase(context.old, number)
    return f"{subject} removed{f' from {location}' if location else ''}"


def _renamed(context: _TitleContext) -> str:
    old, new = context.group.old[0], context.group.new[0]
    if old == ROOT:
        return f"class '{context.old[old].text('class_name')}' renamed to '{context.new[new].text('class_name')}'"
    name = context.new[new].text(KEY) or context.new[new].name
    return f"{name_of(context.old, old)} renamed to '{name}'{_same_value(context, old, new)}{_in_places(context)}"


def _same_value(context: _TitleContext, old: int, new: int) -> str:
    """Return ` (same value)` if a text differs only in the names of variables, or an empty string."""
    return " (same value)" if context.sides.has_same_value(old, new) else ""


def _moved(context: _TitleContext) -> str:
    neighbor = neighbor_phrase(context.sides.new, context.group.new)
    return f"{context.subject} moved{_move_phrase(context)}{f', {neighbor}' if neighbor else ''}"


def _move_phrase(context: _TitleContext) -> str:
    """Return the old and the new location of a moved element."""
    old, new = context.group.old[0], context.group.new[0]
    old_phrase, new_phrase = location_phrase(context.old, old), location_phrase(context.new, new)
    if old_phrase and new_phrase.startswith("the ") and old_phrase == new_phrase:
        old_location, new_location = location_of(context.old, old), location_of(context.new, new)
        if old_location is not None and context.sides.matching.to_new[old_location] == new_location:
            return f" within {new_phrase}"
        new_phrase = f"another {new_phrase.removeprefix('the ')}"
    out = f" out of {old_phrase}" if old_phrase else ""
    return f"{out} into {new_phrase}" if new_phrase else out


def _reordered(context: _TitleContext) -> str:
    if context.group.dependencies:
        return f"{context.subject} reordered: now {_waits(context)} for different steps"
    neighbor = neighbor_phrase(context.sides.new, context.group.new, as_written=True)
    return f"{context.subject} reordered{f', now {neighbor}' if neighbor else ''}"


def _wrapped(context: _TitleContext) -> str:
    container = container_phrase(context.new, context.group.container_number, context.group.new, "a")
    element = context.new[context.group.container_number]
    if element.kind == FUNCTION and element.slot == FUNCTIONS:
        return f"{context.subject} moved into the new {container}"
    return f"{context.subject} wrapped in {container}"


def _unwrapped(context: _TitleContext) -> str:
    container = container_phrase(context.old, context.group.container_number, context.group.old, "the")
    element = context.old[context.group.container_number]
    if element.kind == FUNCTION and element.slot == FUNCTIONS:
        return f"{context.subject} moved out of the removed {container}"
    return f"{context.subject} moved out of {container}"


def _concurrent(context: _TitleContext) -> str:
    if context.group.dependencies:
        dependencies = quoted(context.new, context.group.dependencies)
        return f"{context.subject} made concurrent: no longer {_waits(context)} for {dependencies}"
    kind = context.new[context.group.container_number].text("kind")
    suffix = "" if kind == "all" else f" ({kind})"
    if context.sides.new.is_unmatched(context.group.container_number) and len(context.group.new) > 1:
        return f"{context.subject} made concurrent{suffix}"
    concurrent = quoted(context.new, _concurrent_work(context))
    return f"{context.subject} made concurrent{f' with {concurrent}' if concurrent else ''}{suffix}"


def _sequential(context: _TitleContext) -> str:
    if context.group.dependencies:
        dependencies = quoted(context.new, context.group.dependencies)
        return f"{context.subject} made sequential: now {_waits(context)} for {dependencies}"
    if context.sides.old.is_unmatched(context.group.container_number):
        return f"{context.subject} made sequential"
    neighbor = neighbor_phrase(context.sides.new, context.group.new)
    return f"{context.subject} made sequential{f', {neighbor}' if neighbor else ''}"


def _changed(context: _TitleContext) -> str:
    old, new = context.group.old[0], context.group.new[0]
    before, after = context.old[old], context.new[new]
    if before.kind == BRANCH and context.group.fields == ("condition",):
        return _condition_change(context, old, new)
    if before.kind == "switch" and context.group.fields == ("discriminant",):
        change = f"switch value `{before.text('discriminant')}` changed to `{after.text('discriminant')}`"
        return f"{change}{_same_value(context, old, new)}"
    if context.group.fields == (CONDITION_VALUES,):
        return _changed_values(context, old, new)
    if before.kind == "break" and context.group.fields in {("kind",), (UNCAUGHT_RAISE,)}:
        return f"{name_of(context.old, old)} changed to {name_of(context.new, new)}"
    if context.group.fields == (UNCAUGHT_RAISE,):
        change = "now ends" if new in context.new.final_raises else "no longer ends"
        return f"{name_of(context.new, new)} {change} with `raise`"
    if context.group.fields == (SWALLOWING_FINALLY,):
        change = "no longer discards" if new in context.new.unhandled else "now discards"
        return f"{name_of(context.new, new)}: its `finally` block {change} errors"
    if context.group.fields == (CAUGHT_RAISES,):
        if has_changed_manager(context.sides.matching, old, new):
            return f"{name_of(context.new, new)}: the errors that its context manager swallows changed"
        is_any_code = has_changed_code(context.sides.matching, old, new)
        cause = (
            "the code whose exceptions it catches"
            if is_any_code
            else "the conditions of `raise` statements that it catches"
        )
        return f"{name_of(context.new, new)}: {cause} changed"
    if context.group.fields in {(FAILING_CODE,), (FEWER_FAILURES,)}:
        where = "at its start" if new == ROOT else f"after {name_of(context.new, new)}"
        kind = "other" if context.group.fields == (FAILING_CODE,) else "fewer"
        return f"code {where} may raise {kind} exceptions"
    if context.group.fields == (LOOP_HEAD,):
        return _passes(context, old, new)
    if context.group.fields == (COMPUTED,):
        return f"{name_of(context.new, new)}: {_computed_changes(context, old)}"
    phrases = list(chain.from_iterable(changes_of(before, after, field) for field in context.group.fields))
    return (
        ", ".join(phrases) if new == ROOT else f"{name_of(context.new, new)}{_in_places(context)}: {', '.join(phrases)}"
    )


def _passes(context: _TitleContext, old: int, new: int) -> str:
    """Return the change of the head of a loop, or of the values in it."""
    before, after = context.old.loop_heads.get(old, ""), context.new.loop_heads.get(new, "")
    if before == after:
        values = f"the values in `{after}`" if after else "its values"
        return f"{name_of(context.new, new)}: {values} changed"
    return f"{name_of(context.new, new)}: `{before}` changed to `{after}`"


def _computed_changes(context: _TitleContext, old: int) -> str:
    """Return the changes of names, durations and conditions by the code around a step or the arguments of a call."""
    texts = context.group.texts
    if context.old[old].kind != CALL:
        kinds = " and ".join(text.kind for text in texts)
        return _settings_change(context.old, texts) or f"the code or values behind its {kinds} changed"
    return join_names(list(dict.fromkeys(_computed_change(context.old, text) for text in texts)))


def _computed_change(tree: Tree, text: ComputedText) -> str:
    element = tree[text.number]
    if text.kind == "condition":
        return f"the values in condition `{element.text('condition')}` changed"
    if text.order:
        return f"steps reordered to {join_names([repr(name) for name in text.order])}"
    step = f"{TRAITS[element.kind].noun} '{text.name}'" if text.name else name_of(tree, text.number)
    if text.kind == "settings":
        changes = _settings_change(tree, (text,))
        return f"the settings of {step} changed{f' ({changes})' if changes else ''}"
    noun = "event type" if text.kind == "event_type" else text.kind
    if text.before is None or text.after is None:
        return f"the values in the {noun} of {step} changed"
    if text.kind == "name":
        return f"{TRAITS[element.kind].noun} '{text.before}' renamed to '{text.after}'"
    return f"{noun} of {step} {text.before} → {text.after}"


def _settings_change(tree: Tree, texts: Sequence[ComputedText]) -> str:
    """Return the changes of the settings of a step, or an empty string if they are unknown, or with other changes."""
    # Imported here because few diffs contain computed settings.
    from stepgraph.diff.changed_settings import changed_settings

    match texts:
        case [ComputedText(number, "settings", str(before), str(after))]:
            return ", ".join(changed_settings(tree[number].kind, before, after))
        case _:
            return ""


def _changed_values(context: _TitleContext, old: int, new: int) -> str:
    """Return the change of the values in a condition or `switch`, as `value 3 changed to 5` for a single constant."""
    element = context.new[new]
    is_case = element.kind == BRANCH and context.new[element.parent].kind == "switch"
    noun = "switch value" if element.kind == "switch" else "case" if is_case else "condition"
    text = element.text("discriminant" if element.kind == "switch" else "condition")
    constants = changed_constant(context.old.definitions.get(old, ""), context.new.definitions.get(new, ""))
    values = (
        "the code or values behind it changed" if constants is None else "value {} changed to {}".format(*constants)
    )
    return f"{noun} `{text}`{_of_parent(context.new, new) if element.kind == BRANCH else ''}: {values}"


def _condition_change(context: _TitleContext, old: int, new: int) -> str:
    """Return the change of a branch's condition, or of an `else`."""
    before, after = context.old[old].fields.get("condition"), context.new[new].fields.get("condition")
    is_exception, parent = is_exception_switch(context.new, context.new[new].parent), _of_parent(context.new, new)
    if is_exception or before is None or after is None:
        return f"{condition_name(context.old, old)} changed to {condition_name(context.new, new)}{parent}"
    noun = "case" if context.new[context.new[new].parent].kind == "switch" else "condition"
    return f"{noun} `{before}`{parent} changed to `{after}`{_same_value(context, old, new)}"


_TITLES: Final[Mapping[Action, Callable[[_TitleContext], str]]] = {
    Action.ADDED: _added,
    Action.REMOVED: _removed,
    Action.RENAMED: _renamed,
    Action.MOVED: _moved,
    Action.REORDERED: _reordered,
    Action.WRAPPED: _wrapped,
    Action.UNWRAPPED: _unwrapped,
    Action.CONCURRENT: _concurrent,
    Action.SEQUENTIAL: _sequential,
    Action.CHANGED: _changed,
}


def _unmatched_subject(numbers: tuple[int, ...], side: Side) -> str:
    """Return the names of added or removed elements, with the added or removed steps inside them."""
    if len(numbers) > 1:
        return names_of(side.tree, numbers)
    (number,) = numbers
    unmatched = [inner for inner in side.tree.visit_subtree(number)[1:] if side.is_unmatched(inner)]
    work = [inner for inner in unmatched if is_work(side.tree[inner])]
    exits = [inner for inner in unmatched if side.tree[inner].kind == "break"]
    return name_of(side.tree, number, inside=work or exits)


def _existing_members(context: _TitleContext, tree: Tree) -> str:
    side = context.sides.new if tree is context.new else context.sides.old
    inside = [
        inner
        for inner in tree.visit_subtree(context.group.container_number)
        if not side.is_unmatched(inner) and is_work(tree[inner])
    ]
    return quoted(tree, inside)


def _concurrent_work(context: _TitleContext) -> list[int]:
    """Return the steps and calls of the group that run concurrently with the elements."""
    concurrent = concurrent_in(context.new, context.group.container_number, context.group.new)
    return [number for number in concurrent if is_work(context.new[number])]


def _waits(context: _TitleContext) -> str:
    return "waits" if len(context.group.new) == 1 else "wait"


def _in_places(context: _TitleContext) -> str:
    """Return ` in 3 places` for a change with three elements, or an empty string for one element."""
    count = len(context.group.new)
    return f" in {count} places" if count > 1 else ""


def _comma(location: str, neighbor: str) -> str:
    if not neighbor:
        return ""
    return f", {neighbor}" if location else f" {neighbor}"


def _parent_phrase(tree: Tree, number: int, preposition: str) -> str:
    """Return a phrase for the parent of an added or removed element, or an empty string directly in `run`."""
    return "" if tree[number].parent == ROOT else f" {preposition} {parent_name(tree, number)}"


def _of_parent(tree: Tree, branch: int) -> str:
    """Return a phrase for the parent of a branch, or an empty string for the first branch of an `if` (same name)."""
    parent = tree[tree[branch].parent]
    if parent.kind == "if" and parent.children[0] == branch:
        return ""
    return f" of {parent_name(tree, branch)}"
