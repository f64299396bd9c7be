"""A workflow as a tree of elements that are all alike: its nodes, their branches and blocks, and its functions.

Nothing is lost: a tree gives back the payload that it was read from, with the fields and the nodes of types that are
not known here. Trees may be of any depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from stepgraph.model.payload import Workflow

NODES: Final = "nodes"
BRANCHES: Final = "branches"
FUNCTIONS: Final = "functions"
BLOCK_SLOTS: Final = ("try_block", "catch_block", "finally_block")
COLLECTIONS: Final = (NODES, BRANCHES, FUNCTIONS)

WORKFLOW: Final = "workflow"
BRANCH: Final = "branch"
FUNCTION: Final = "function_def"
STEPS: Final = frozenset({"step_do", "step_sleep", "step_sleep_until", "step_wait_for_event"})
WAITS: Final = frozenset({"step_sleep", "step_sleep_until", "step_wait_for_event"})
CALL: Final = "function_call"

KEY: Final = "\0key"
"""The field of a function that holds its key in `functions`, which is no field of the payload."""

CLOCKS: Final = frozenset({"starts", "resolves"})

ROOT: Final = 0
Fields: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Element:
    """An element by its number in preorder. It holds the elements from `number` up to `end`, itself included.

    `slot` is the key of the payload under which it stands. `fields` are those of the payload, with empty collections
    in the place of its children.
    """

    number: int
    kind: str
    slot: str
    fields: Fields
    parent: int
    children: tuple[int, ...]
    end: int

    def text(self, field: str) -> str:
        """Return a field that holds text, nothing if there is no such text."""
        value = self.fields.get(field)
        return value if isinstance(value, str) else ""

    @property
    def name(self) -> str:
        """The name of a step, a call, a function."""
        return self.text("name")


@dataclass(frozen=True, slots=True)
class Tree:
    """The elements of a workflow in preorder: the workflow, what it runs, its functions."""

    elements: tuple[Element, ...]

    def __getitem__(self, number: int) -> Element:
        return self.elements[number]

    def __len__(self) -> int:
        return len(self.elements)

    def within(self, number: int) -> range:
        """Return the numbers of an element and of all in it."""
        return range(number, self.elements[number].end)

    def above(self, number: int) -> Iterator[Element]:
        """Yield what holds an element, the innermost first, the workflow last."""
        while number != ROOT:
            number = self.elements[number].parent
            yield self.elements[number]

    def siblings(self, number: int) -> list[int]:
        """Return all in the same slot of the same element, `number` included."""
        element = self.elements[number]
        if number == ROOT:
            return [ROOT]
        beside = self.elements[element.parent].children
        return [child for child in beside if self.elements[child].slot == element.slot]

    def slots(self, number: int) -> dict[str, list[int]]:
        """Return the children of an element by the slot in which they are."""
        slots: dict[str, list[int]] = {}
        for child in self.elements[number].children:
            slots.setdefault(self.elements[child].slot, []).append(child)
        return slots


@dataclass(frozen=True, slots=True)
class Part:
    """What is read, or was written, of a payload: an element without a number."""

    kind: str
    slot: str
    data: Mapping[str, object]
    key: str = ""

    @property
    def fields(self) -> dict[str, object]:
        """The fields of its element."""
        held = {part.slot for part in self.below}
        own: dict[str, object] = {}
        for name, value in self.data.items():
            if name not in held:
                own[name] = value
            elif name in COLLECTIONS:
                own[name] = type(value)()
        return {**own, KEY: self.key} if self.slot == FUNCTIONS else own

    @property
    def below(self) -> list[Part]:
        """What stands directly below it, in the order of the program, functions last."""
        parts = [Part(_kind(block), slot, block) for slot in BLOCK_SLOTS if _is_node(block := self.data.get(slot))]
        for slot in (NODES, BRANCHES):
            parts += _listed(slot, self.data.get(slot))
        functions = self.data.get(FUNCTIONS)
        if isinstance(functions, dict) and all(isinstance(value, dict) for value in functions.values()):
            parts += (Part(_kind(value, FUNCTION), FUNCTIONS, value, key) for key, value in functions.items())
        return parts


def read_tree(workflow: Workflow) -> Tree:
    """Return the elements of a workflow."""
    parts: list[tuple[Part, int]] = []
    children: list[list[int]] = []
    pending = [(Part(WORKFLOW, "", cast("Mapping[str, object]", workflow)), -1)]
    while pending:
        part, parent = pending.pop()
        number = len(parts)
        parts.append((part, parent))
        children.append([])
        if parent >= 0:
            children[parent].append(number)
        pending.extend((below, number) for below in reversed(part.below))
    ends = list(range(1, len(parts) + 1))
    for number in reversed(range(len(parts))):
        if children[number]:
            ends[number] = ends[children[number][-1]]
    return Tree(
        tuple(
            Element(number, part.kind, part.slot, part.fields, parent, tuple(children[number]), ends[number])
            for number, (part, parent) in enumerate(parts)
        )
    )


def put_together(fields: Fields, below: Iterable[tuple[str, str, dict[str, object]]]) -> dict[str, object]:
    """Return the payload of an element from its fields and its children: for each its slot, its key and its payload."""
    data: dict[str, object] = {}
    for name, value in fields.items():
        if name != KEY:
            data[name] = type(value)() if name in COLLECTIONS and not value else value
    for slot, key, child in below:
        if slot == FUNCTIONS:
            cast("dict[str, object]", data.setdefault(slot, {}))[key] = child
        elif slot in COLLECTIONS:
            cast("list[object]", data.setdefault(slot, [])).append(child)
        else:
            data[slot] = child
    return data


def _listed(slot: str, value: object) -> list[Part]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return []
    if slot == NODES and not all(map(_is_node, value)):
        return []
    return [Part(_kind(item, BRANCH), slot, item) for item in value]


def _is_node(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def _kind(data: Mapping[str, object], otherwise: str = "") -> str:
    kind = data.get("type")
    return kind if isinstance(kind, str) else otherwise
