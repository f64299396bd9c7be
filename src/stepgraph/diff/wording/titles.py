"""What a change is, in one sentence without its verb: `step 'a' renamed to 'b'`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Final

from msgspec import Struct

from stepgraph.diff.changes.clocks import beside_in
from stepgraph.diff.changes.frames import Frames, Side
from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.elements import BRANCH, FUNCTION, FUNCTIONS, KEY, ROOT, Tree, is_work
from stepgraph.diff.wording.names import condition_name, name_of, names_of, quoted
from stepgraph.diff.wording.places import container_of, neighbour_of, place_of
from stepgraph.diff.wording.settings import changes_of


class _Told(Struct, frozen=True):
    """A change with the trees that it is told from."""

    group: Group
    frames: Frames

    @property
    def old(self) -> Tree:
        return self.frames.old.tree

    @property
    def new(self) -> Tree:
        return self.frames.new.tree

    @property
    def things(self) -> str:
        """What is in both versions, by its new name."""
        return names_of(self.new, self.group.new)


def title_of(group: Group, frames: Frames) -> str:
    """Return what was done, in words that say where it is."""
    return _TITLES[group.action](_Told(group, frames))


def _added(told: _Told) -> str:
    things = _lone_things(told.group.new, told.frames.new)
    if told.group.container is not None:
        return f"{things} added concurrently with {_beside(told, told.new)}"
    number = told.group.new[0]
    element = told.new[number]
    if element.slot != "nodes":
        return f"{things} added{_to(told.new, number, 'to')}"
    place, neighbour = place_of(told.new, number), neighbour_of(told.frames.new, told.group.new)
    return f"{things} added{_in(place)}{_comma(place, neighbour)}"


def _removed(told: _Told) -> str:
    things = _lone_things(told.group.old, told.frames.old)
    if told.group.container is not None:
        return f"{things} removed from beside {_beside(told, told.old)}"
    number = told.group.old[0]
    if told.old[number].slot != "nodes":
        return f"{things} removed{_to(told.old, number, 'from')}"
    place = place_of(told.old, number)
    return f"{things} removed{f' from {place}' if place else ''}"


def _renamed(told: _Told) -> str:
    old, new = told.group.old[0], told.group.new[0]
    if old == ROOT:
        return f"class '{told.old[old].text('class_name')}' renamed to '{told.new[new].text('class_name')}'"
    name = told.new[new].text(KEY) or told.new[new].name
    return f"{name_of(told.old, old)} renamed to '{name}'{_in_places(told)}"


def _moved(told: _Told) -> str:
    old_place, new_place = place_of(told.old, told.group.old[0]), place_of(told.new, told.group.new[0])
    neighbour = neighbour_of(told.frames.new, told.group.new)
    out = f" out of {old_place}" if old_place else ""
    into = f" into {new_place}" if new_place else ""
    return f"{told.things} moved{out}{into}{_comma(into, neighbour) if into else f', {neighbour}' if neighbour else ''}"


def _reordered(told: _Told) -> str:
    if told.group.others:
        return f"{told.things} reordered: no longer {_waits(told)} for the same steps"
    neighbour = neighbour_of(told.frames.new, told.group.new, as_written=True)
    return f"{told.things} reordered{f', now {neighbour}' if neighbour else ''}"


def _wrapped(told: _Told) -> str:
    container = container_of(told.new, told.group.holder, told.group.new)
    element = told.new[told.group.holder]
    if element.kind == FUNCTION and element.slot == FUNCTIONS:
        return f"{told.things} moved into new {container}"
    return f"{told.things} wrapped in {_article(container)}"


def _freed(told: _Told) -> str:
    container = container_of(told.old, told.group.holder, told.group.old)
    element = told.old[told.group.holder]
    if element.kind == FUNCTION and element.slot == FUNCTIONS:
        return f"{told.things} moved out of removed {container}"
    return f"{told.things} freed from {_article(container, 'the ')}"


def _concurrent(told: _Told) -> str:
    if told.group.others:
        return f"{told.things} made concurrent: no longer {_waits(told)} for {quoted(told.new, told.group.others)}"
    kind = told.new[told.group.holder].text("kind")
    how = "" if kind == "all" else f" ({kind})"
    if told.frames.new.is_lone(told.group.holder) and len(told.group.new) > 1:
        return f"{told.things} made concurrent{how}"
    beside = quoted(told.new, _work_beside(told))
    return f"{told.things} made concurrent{f' with {beside}' if beside else ''}{how}"


def _sequential(told: _Told) -> str:
    if told.group.others:
        return f"{told.things} made sequential: now {_waits(told)} for {quoted(told.new, told.group.others)}"
    if told.frames.old.is_lone(told.group.holder):
        return f"{told.things} made sequential"
    neighbour = neighbour_of(told.frames.new, told.group.new)
    return f"{told.things} made sequential{f', {neighbour}' if neighbour else ''}"


def _changed(told: _Told) -> str:
    old, new = told.group.old[0], told.group.new[0]
    before, after = told.old[old], told.new[new]
    if before.kind == BRANCH and told.group.fields == ("condition",):
        return f"{_condition_change(told, old, new)}{_of_parent(told.new, new)}"
    if before.kind == "switch" and told.group.fields == ("discriminant",):
        return f"discriminant `{before.text('discriminant')}` changed to `{after.text('discriminant')}`"
    if before.kind == "break" and told.group.fields == ("kind",):
        return f"{name_of(told.old, old)} changed to {name_of(told.new, new)}"
    phrases = list(chain.from_iterable(changes_of(before, after, field) for field in told.group.fields))
    return ", ".join(phrases) if new == ROOT else f"{name_of(told.new, new)}{_in_places(told)}: {', '.join(phrases)}"


def _condition_change(told: _Told, old: int, new: int) -> str:
    """Return how a branch is entered now: `condition `a` changed to `b``, or what became of an `else`."""
    before, after = told.old[old].fields.get("condition"), told.new[new].fields.get("condition")
    if before is None or after is None:
        return f"{condition_name(told.old, old)} changed to {condition_name(told.new, new)}"
    noun = "case" if told.new[told.new[new].parent].kind == "switch" else "condition"
    return f"{noun} `{before}` changed to `{after}`"


_TITLES: Final[Mapping[Action, Callable[[_Told], str]]] = {
    Action.ADDED: _added,
    Action.REMOVED: _removed,
    Action.RENAMED: _renamed,
    Action.MOVED: _moved,
    Action.REORDERED: _reordered,
    Action.WRAPPED: _wrapped,
    Action.FREED: _freed,
    Action.CONCURRENT: _concurrent,
    Action.SEQUENTIAL: _sequential,
    Action.CHANGED: _changed,
}


def _lone_things(numbers: tuple[int, ...], side: Side) -> str:
    """Return what came or went, with the steps in it that did so too."""
    if len(numbers) > 1:
        return names_of(side.tree, numbers)
    (number,) = numbers
    lone = [inner for inner in side.tree.within(number)[1:] if side.is_lone(inner)]
    work = [inner for inner in lone if is_work(side.tree[inner])]
    exits = [inner for inner in lone if side.tree[inner].kind == "break"]
    return name_of(side.tree, number, inside=work or exits)


def _beside(told: _Told, tree: Tree) -> str:
    side = told.frames.new if tree is told.new else told.frames.old
    inside = [inner for inner in tree.within(told.group.holder) if not side.is_lone(inner) and is_work(tree[inner])]
    return quoted(tree, inside)


def _work_beside(told: _Told) -> list[int]:
    """Return the work of a group that runs at the same time as some of it."""
    beside = beside_in(told.new, told.group.holder, told.group.new)
    return [number for number in beside if is_work(told.new[number])]


def _waits(told: _Told) -> str:
    return "waits" if len(told.group.new) == 1 else "wait"


def _in_places(told: _Told) -> str:
    """Return at how many places something was done, if at several."""
    count = len(told.group.new)
    return f" in {count} places" if count > 1 else ""


def _in(place: str) -> str:
    return f" in {place}" if place else ""


def _comma(place: str, neighbour: str) -> str:
    if not neighbour:
        return ""
    return f", {neighbour}" if place else f" {neighbour}"


def _to(tree: Tree, number: int, preposition: str) -> str:
    """Return to or from what a part was added or removed: a branch, a handler, a function."""
    parent = tree[number].parent
    return "" if parent == ROOT else f" {preposition} {name_of(tree, parent)}"


def _of_parent(tree: Tree, branch: int) -> str:
    """Return of what a branch is one, unless it is the first of an `if`, which goes by its condition."""
    parent = tree[tree[branch].parent]
    if parent.kind == "if" and parent.children[0] == branch:
        return ""
    return f" of {name_of(tree, parent.number)}"


def _article(container: str, article: str = "a ") -> str:
    """Return a container with an article, if it is not called by something that tells which one it is."""
    return container if "`" in container or "'" in container else f"{article}{container}"
