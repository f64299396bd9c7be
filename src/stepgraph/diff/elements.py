"""A workflow as a tree of elements that are all alike: its nodes, their branches and blocks, and its functions.

Nothing is lost: a tree gives back the payload that it was read from, with the fields and the nodes of types that are
not known here. Trees may be of any depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias, cast

from msgspec import Struct, field

from stepgraph.limits import Budget, Limit
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

# What is in a slot if it does not say so.
_KINDS: Final = {NODES: "", BRANCHES: BRANCH, FUNCTIONS: FUNCTION}
_SLOTS: Final = (*BLOCK_SLOTS, *COLLECTIONS)

CLOCKS: Final = ("starts", "resolves")

ROOT: Final = 0
Fields: TypeAlias = Mapping[str, object]


class Element(Struct, frozen=True):
    """An element by its number in preorder. It holds the elements from `number` up to `end`, itself included.

    `slot` is the key of the payload under which it stands, `place` its index among the children of `parent`. `fields`
    are those of the payload, with empty collections in the place of its children.
    """

    number: int
    kind: str
    slot: str
    fields: Fields
    parent: int
    place: int
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


def is_work(element: Element) -> bool:
    """Tell whether an element is a step or a call."""
    return element.kind in STEPS or element.kind == CALL


class Tree(Struct, frozen=True):
    """The elements of a workflow in preorder: the workflow, what it runs, its functions.

    `budget` limits how many of them a comparison visits; the two trees of a comparison share it.
    """

    elements: tuple[Element, ...]
    budget: Budget = field(default_factory=Budget)

    def __getitem__(self, number: int) -> Element:
        return self.elements[number]

    def __len__(self) -> int:
        return len(self.elements)

    def span(self, number: int) -> range:
        """Return the numbers of an element and of all in it, to ask whether others are among them."""
        return range(number, self.elements[number].end)

    def within(self, number: int) -> range:
        """Return the numbers of an element and of all in it, each of which counts as visited.

        Raises LimitExceededError where the budget is used up, as `above` and `work_in` do.
        """
        span = self.span(number)
        self.budget.spend(Limit.VISITS, len(span))
        return span

    def above(self, number: int) -> Iterator[Element]:
        """Yield what holds an element, the innermost first, the workflow last."""
        while number != ROOT:
            self.budget.spend(Limit.VISITS)
            number = self.elements[number].parent
            yield self.elements[number]

    def work_in(self, number: int) -> Iterator[int]:
        """Yield the steps and calls in an element, without itself."""
        for inner in self.span(number)[1:]:
            self.budget.spend(Limit.VISITS)
            if is_work(self.elements[inner]):
                yield inner

    def before(self, number: int) -> int | None:
        """Return what stands before an element other than the root, in the same slot of the same element."""
        return self._beside(number, -1)

    def after(self, number: int) -> int | None:
        """Return what stands after an element other than the root, in the same slot of the same element."""
        return self._beside(number, 1)

    def _beside(self, number: int, distance: int) -> int | None:
        element = self.elements[number]
        children, place = self.elements[element.parent].children, element.place + distance
        if not 0 <= place < len(children) or self.elements[children[place]].slot != element.slot:
            return None
        return children[place]

    def keys(self, number: int) -> tuple[str | int, ...]:
        """Return the keys that lead to an element in the payload: `("nodes", 3, "branches", 0)`."""
        path: list[str | int] = []
        while number != ROOT:
            element = self.elements[number]
            path += [element.text(KEY)] if element.slot == FUNCTIONS else []
            path += [self._index(element)] if element.slot in {NODES, BRANCHES} else []
            path.append(element.slot)
            number = element.parent
        return tuple(reversed(path))

    def _index(self, element: Element) -> int:
        """Return the place of an element among those in the same slot."""
        siblings = self.elements[element.parent].children
        return element.place - sum(self.elements[child].slot != element.slot for child in siblings[: element.place])

    def slots(self, number: int) -> dict[str, list[int]]:
        """Return the children of an element by the slot in which they are."""
        slots: dict[str, list[int]] = {}
        for child in self.elements[number].children:
            slots.setdefault(self.elements[child].slot, []).append(child)
        return slots


class _Part(Struct, frozen=True):
    """What is read of a payload: an element without a number."""

    kind: str
    slot: str
    data: Mapping[str, object]
    key: str = ""

    def fields(self, below: Iterable[_Part]) -> dict[str, object]:
        """Return the fields of its element, which holds what is `below`."""
        own = dict(self.data)
        for slot in {part.slot for part in below}:
            if slot in COLLECTIONS:
                own[slot] = type(own[slot])()
            else:
                del own[slot]
        if self.slot == FUNCTIONS:
            own[KEY] = self.key
        return own

    def below(self) -> list[_Part]:
        """Return what stands directly below it, in the order of the program, functions last."""
        parts: list[_Part] = []
        for slot in _SLOTS:
            if value := self.data.get(slot):
                parts += _parts_in(slot, value)
        return parts


def read_tree(workflow: Workflow, budget: Budget | None = None) -> Tree:
    """Return the elements of a workflow, whose visits count in a budget: in one of their own by default."""
    parts: list[tuple[_Part, Fields, int]] = []
    children: list[list[int]] = []
    pending = [(_Part(WORKFLOW, "", cast("Mapping[str, object]", workflow)), -1)]
    while pending:
        part, parent = pending.pop()
        below = part.below()
        number = len(parts)
        parts.append((part, part.fields(below), parent))
        children.append([])
        if parent >= 0:
            children[parent].append(number)
        pending.extend((inner, number) for inner in reversed(below))
    return Tree(tuple(_elements(parts, children)), Budget() if budget is None else budget)


def _elements(parts: list[tuple[_Part, Fields, int]], children: list[list[int]]) -> Iterator[Element]:
    ends = list(range(1, len(parts) + 1))
    places = [0] * len(parts)
    for number in reversed(range(len(parts))):
        for place, child in enumerate(children[number]):
            places[child] = place
            ends[number] = ends[child]
    for number, (part, fields, parent) in enumerate(parts):
        held = tuple(children[number])
        yield Element(number, part.kind, part.slot, fields, parent, places[number], held, ends[number])


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


def _parts_in(slot: str, value: object) -> list[_Part]:
    """Return the parts under a key of the payload; of what is none of the known forms, none."""
    if slot in BLOCK_SLOTS:
        return [_Part(kind, slot, value)] if isinstance(value, dict) and (kind := _kind(value)) else []
    otherwise = _KINDS[slot]
    if slot == FUNCTIONS:
        if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
            return []
        return [_Part(_kind(item) or otherwise, slot, item, key) for key, item in value.items()]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return []
    parts = [_Part(_kind(item) or otherwise, slot, item) for item in value]
    return parts if all(part.kind for part in parts) else []


def _kind(data: Mapping[str, object]) -> str:
    kind = data.get("type")
    return kind if isinstance(kind, str) else ""
