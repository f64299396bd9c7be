"""A workflow as a tree of uniform elements: nodes, branches, blocks and functions.

The tree is lossless: `build_payload` restores the payload, including unknown fields and node types. Trees can have any
depth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias, cast

from msgspec import Struct, field

from stepgraph.json_text import canonical_json
from stepgraph.limits import Budget, Limit
from stepgraph.model.details import ComparableDetails, ComputedTexts, RaiseCondition, RaisingCode
from stepgraph.model.payload import Workflow
from stepgraph.model.walk import STEP_TYPES

NODES: Final = "nodes"
BRANCHES: Final = "branches"
FUNCTIONS: Final = "functions"
TRY_BLOCK: Final = "try_block"
BLOCK_SLOTS: Final = (TRY_BLOCK, "catch_block", "finally_block")
COLLECTIONS: Final = (NODES, BRANCHES, FUNCTIONS)

WORKFLOW: Final = "workflow"
BRANCH: Final = "branch"
FUNCTION: Final = "function_def"
STEPS: Final = frozenset(STEP_TYPES)
CALL: Final = "function_call"

KEY: Final = "\0key"
"""The field of a function element with its key in `functions`. The payload has no such field."""

_DEFAULT_KINDS: Final = {NODES: "", BRANCHES: BRANCH, FUNCTIONS: FUNCTION}
"""The kinds of elements without a field `type`, by slot."""
_SLOTS: Final = (*BLOCK_SLOTS, *COLLECTIONS)

CLOCKS: Final = ("starts", "resolves")

ROOT: Final = 0
Fields: TypeAlias = Mapping[str, object]


class TreeElement(Struct, frozen=True):
    """An element of a workflow, identified by its number in preorder."""

    number: int
    """Position in preorder. The subtree is the range from `number` to `end`."""
    kind: str
    """The node type, or `workflow`, `branch`, `function_def`."""
    slot: str
    """The key of the parent's payload that contains the element."""
    fields: Fields
    """The fields of the payload. Collections of children are empty."""
    parent: int
    """Number of the parent, or -1 for the root."""
    index: int
    """Position among the parent's children."""
    children: tuple[int, ...]
    """Numbers of the children, functions last."""
    end: int
    """The number that follows the last element of the subtree."""

    def text(self, field: str) -> str:
        """Return a string field, or an empty string if it is missing or not a string."""
        value = self.fields.get(field)
        return value if isinstance(value, str) else ""

    @property
    def name(self) -> str:
        """The name of a step, call or function."""
        return self.text("name")


def is_work(element: TreeElement) -> bool:
    """Return whether an element is a step or a call."""
    return element.kind in STEPS or element.kind == CALL


class Tree(Struct, frozen=True):
    """The elements of a workflow in preorder: the workflow, its nodes, and its functions."""

    elements: tuple[TreeElement, ...]
    """The elements by number."""
    budget: Budget
    """The limit on visited elements. Both trees of a comparison share one budget."""
    raises: set[int] = field(default_factory=set)
    """Numbers of the exits that raise an exception, which have the kind `return` in the payload, and of the catch
    blocks that always end with one.
    """
    caught_raises: dict[int, tuple[RaiseCondition, ...]] = field(default_factory=dict)
    """The conditions of `raise` statements that a handler catches, by the number of the branch or block with them."""
    final_raises: dict[int, bool] = field(default_factory=dict)
    """Whether a jump may skip the `raise` at the end of a branch or block that has no node, by number."""
    raising_code: dict[int, str] = field(default_factory=dict)
    """The code in the bodies of `try` statements without nodes there, by number, as in `ComputedTexts.raising_code`."""
    code_between: dict[int, tuple[RaisingCode, ...]] = field(default_factory=dict)
    """The code between the steps in the bodies of `try` statements, by number, as in `ComputedTexts.code_between`."""
    managers: dict[int, str] = field(default_factory=dict)
    """The context managers that swallow errors, by number of the `try`, as in `ComputedTexts.manager`."""
    failing_code: dict[int, tuple[RaisingCode, ...]] = field(default_factory=dict)
    """The code that raises exceptions, by number of the workflow or function, as in `ComputedTexts.failing_code`."""
    definitions: dict[int, str] = field(default_factory=dict)
    """The texts of steps, branches and loops without names of variables, as in `ComputedTexts.definition`."""
    loop_heads: dict[int, str] = field(default_factory=dict)
    """The heads of loops, such as `for item in items`, by number. Saved graphs have none."""
    durations: dict[int, str] = field(default_factory=dict)
    """The computed durations of sleeps without names of variables, by number, as in `ComputedTexts.duration`."""
    step_functions: dict[int, str] = field(default_factory=dict)
    """The digests of the functions of steps, by number, as in `ComputedTexts.function`."""
    arguments: dict[int, str] = field(default_factory=dict)
    """The arguments of calls, such as `(step, "a")`, by number. Saved graphs have none."""
    parametric_names: dict[int, str] = field(default_factory=dict)
    """The names of steps and conditions with marks for parameters, by number, as in `ComputedTexts.parametric_name`."""
    parametric_durations: dict[int, str] = field(default_factory=dict)
    """The durations of sleeps with marks for parameters, by number, as in `ComputedTexts.parametric_duration`."""
    parametric_event_types: dict[int, str] = field(default_factory=dict)
    """The event types of waits with marks for parameters, as in `ComputedTexts.parametric_event_type`."""
    parametric_settings: dict[int, str] = field(default_factory=dict)
    """The other settings of steps and waits with marks for parameters, as in `ComputedTexts.parametric_settings`."""
    infinite: set[int] = field(default_factory=set)
    """Numbers of the loops that only an exit or an exception ends, as in `Detail.is_infinite`."""
    unhandled: set[int] = field(default_factory=set)
    """Numbers of the `try` statements that every error leaves, as in `Detail.is_unhandled`."""
    limited: set[int] = field(default_factory=set)
    """Numbers of the nodes in which a lock or semaphore limits the number of tasks, as in `Detail.is_limited`."""
    passed: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """The values that calls pass for parameters, by number, as in `ComputedTexts.passed`."""
    called_differently: set[str] = field(default_factory=set)
    """The names of the functions whose calls have different arguments."""

    def __getitem__(self, number: int) -> TreeElement:
        return self.elements[number]

    def __len__(self) -> int:
        return len(self.elements)

    def subtree(self, number: int) -> range:
        """Return the numbers of an element and its descendants, without counting visits."""
        return range(number, self.elements[number].end)

    def visit_subtree(self, number: int) -> range:
        """Return the numbers of an element and its descendants, each counted as a visit.

        Raises LimitExceededError if the budget is exhausted, like `ancestors` and `visit_work`.
        """
        subtree = self.subtree(number)
        self.budget.spend(Limit.VISITS, len(subtree))
        return subtree

    def ancestors(self, number: int) -> Iterator[TreeElement]:
        """Yield the ancestors of an element, innermost first."""
        while number != ROOT:
            self.budget.spend(Limit.VISITS)
            number = self.elements[number].parent
            yield self.elements[number]

    def visit_work(self, number: int) -> Iterator[int]:
        """Yield the steps and calls inside an element."""
        for inner in self.subtree(number)[1:]:
            self.budget.spend(Limit.VISITS)
            if is_work(self.elements[inner]):
                yield inner

    def previous_sibling(self, number: int) -> int | None:
        """Return the previous element in the slot, or None for the first one. The root is not allowed."""
        return self._sibling(number, -1)

    def next_sibling(self, number: int) -> int | None:
        """Return the next element in the slot, or None for the last one. The root is not allowed."""
        return self._sibling(number, 1)

    def _sibling(self, number: int, distance: int) -> int | None:
        element = self.elements[number]
        children, index = self.elements[element.parent].children, element.index + distance
        if not 0 <= index < len(children) or self.elements[children[index]].slot != element.slot:
            return None
        return children[index]

    def children_by_slot(self, number: int) -> dict[str, list[int]]:
        """Return the children of an element, grouped by slot."""
        slots: dict[str, list[int]] = {}
        for child in self.elements[number].children:
            slots.setdefault(self.elements[child].slot, []).append(child)
        return slots


def functions_by_key(tree: Tree) -> dict[str, int]:
    """Return the first function with each key, in a workflow and the workflows that it starts."""
    return {element.text(KEY): element.number for element in reversed(tree.elements) if element.slot == FUNCTIONS}


def calls_by_name(tree: Tree) -> defaultdict[str, list[int]]:
    """Return the calls in a workflow by the name of the called function."""
    calls: defaultdict[str, list[int]] = defaultdict(list)
    for element in tree.elements:
        if element.kind == CALL:
            calls[element.name].append(element.number)
    return calls


def function_of(tree: Tree, number: int) -> int:
    """Return the element of the function that contains an element, or `ROOT` for an element of `run`."""
    while number != ROOT and tree[number].slot != FUNCTIONS:
        number = tree[number].parent
    return number


def loops_around(tree: Tree, numbers: Iterable[int]) -> list[int]:
    """Return the loops around elements, and around all calls that may lead to them."""
    calls = calls_by_name(tree)
    loops: dict[int, None] = {}
    entered: set[int] = set()
    pending = list(numbers)
    while pending:
        for outer in tree.ancestors(pending.pop()):
            if outer.kind == "loop":
                loops[outer.number] = None
            if outer.slot == FUNCTIONS and outer.number not in entered:
                entered.add(outer.number)
                pending += calls[outer.text(KEY)]
    return list(loops)


class _PendingElement(Struct, frozen=True):
    """An element of the payload before it is numbered."""

    kind: str
    slot: str
    data: Mapping[str, object]
    key: str = ""

    def fields(self, children: Iterable[_PendingElement]) -> dict[str, object]:
        """Return the fields of the element without its `children`."""
        fields = dict(self.data)
        for slot in {child.slot for child in children}:
            if slot in COLLECTIONS:
                fields[slot] = type(fields[slot])()
            else:
                del fields[slot]
        if self.slot == FUNCTIONS:
            fields[KEY] = self.key
        return fields

    def children(self) -> list[_PendingElement]:
        """Return the direct children in program order, functions last."""
        elements: list[_PendingElement] = []
        for slot in _SLOTS:
            if value := self.data.get(slot):
                elements += _elements_in(slot, value)
        return elements


def read_tree(workflow: Workflow, budget: Budget | None = None) -> Tree:
    """Return the elements of a workflow. `budget` defaults to a new budget."""
    read: list[tuple[_PendingElement, Fields, int]] = []
    children: list[list[int]] = []
    for element, inner_elements, parent in _in_preorder(workflow):
        if parent >= 0:
            children[parent].append(len(read))
        read.append((element, element.fields(inner_elements), parent))
        children.append([])
    return Tree(tuple(_elements(read, children)), Budget() if budget is None else budget)


def parts_by_number(workflow: Workflow) -> list[Mapping[str, object]]:
    """Return the payload object of each element of a workflow, by the number of the element in its tree."""
    return [element.data for element, _, _ in _in_preorder(workflow)]


def add_details(tree: Tree, workflow: Workflow, details: ComparableDetails) -> None:
    """Add the details of a workflow to its tree."""
    for element, part in zip(tree.elements, parts_by_number(workflow), strict=True):
        detail, number = details.of(part), element.number
        is_handler = element.slot == "catch_block" and bool(detail.final_raise) and not detail.may_skip_raise
        if is_handler or (element.kind == "break" and details.is_raise(part)):
            tree.raises.add(number)
        if detail.is_unhandled:
            tree.unhandled.add(number)
        if detail.is_infinite:
            tree.infinite.add(number)
        if detail.is_limited:
            tree.limited.add(number)
        if element.kind == "loop" and detail.source:
            tree.loop_heads[number] = detail.source
        if element.kind == CALL and detail.source:
            tree.arguments[number] = detail.source
        texts = details.texts_of(part)
        if texts.raises:
            tree.caught_raises[number] = texts.raises
        if detail.final_raise:
            tree.final_raises[number] = detail.may_skip_raise
        _add_texts(tree, number, texts)
    tree.called_differently.update(_functions_called_differently(tree))


def _add_texts(tree: Tree, number: int, texts: ComputedTexts) -> None:
    """Add the computed texts of an element."""
    if texts.definition:
        tree.definitions[number] = texts.definition
    if texts.raising_code:
        tree.raising_code[number] = texts.raising_code
    if texts.code_between:
        tree.code_between[number] = texts.code_between
    if texts.manager:
        tree.managers[number] = texts.manager
    if texts.failing_code:
        tree.failing_code[number] = texts.failing_code
    if texts.duration:
        tree.durations[number] = texts.duration
    if texts.function:
        tree.step_functions[number] = texts.function
    if texts.parametric_name:
        tree.parametric_names[number] = texts.parametric_name
    if texts.parametric_duration:
        tree.parametric_durations[number] = texts.parametric_duration
    if texts.parametric_event_type:
        tree.parametric_event_types[number] = texts.parametric_event_type
    if texts.parametric_settings:
        tree.parametric_settings[number] = texts.parametric_settings
    if texts.passed:
        tree.passed[number] = texts.passed


def _functions_called_differently(tree: Tree) -> Iterator[str]:
    """Yield the names of the functions whose calls have different arguments."""
    first: dict[str, str] = {}
    for number, arguments in tree.arguments.items():
        if first.setdefault(tree[number].name, arguments) != arguments:
            yield tree[number].name


def _in_preorder(workflow: Workflow) -> Iterator[tuple[_PendingElement, list[_PendingElement], int]]:
    """Yield each element with its children and the number of its parent, which is -1 for the workflow."""
    pending = [(_PendingElement(WORKFLOW, "", cast("Mapping[str, object]", workflow)), -1)]
    number = 0
    while pending:
        element, parent = pending.pop()
        inner_elements = element.children()
        yield element, inner_elements, parent
        pending.extend((inner, number) for inner in reversed(inner_elements))
        number += 1


def _elements(read: list[tuple[_PendingElement, Fields, int]], children: list[list[int]]) -> Iterator[TreeElement]:
    ends = list(range(1, len(read) + 1))
    indices = [0] * len(read)
    for number in reversed(range(len(read))):
        for index, child in enumerate(children[number]):
            indices[child] = index
            ends[number] = ends[child]
    for number, (element, fields, parent) in enumerate(read):
        own_children = tuple(children[number])
        yield TreeElement(
            number=number,
            kind=element.kind,
            slot=element.slot,
            fields=fields,
            parent=parent,
            index=indices[number],
            children=own_children,
            end=ends[number],
        )


def build_payload(fields: Fields, children: Iterable[tuple[str, str, dict[str, object]]]) -> dict[str, object]:
    """Return the payload of an element from its fields and children: their slots, keys and payloads."""
    data: dict[str, object] = {}
    for name, value in fields.items():
        if name != KEY:
            data[name] = type(value)() if name in COLLECTIONS and not value else value
    for slot, key, child in children:
        if slot == FUNCTIONS:
            cast("dict[str, object]", data.setdefault(slot, {}))[key] = child
        elif slot in COLLECTIONS:
            cast("list[object]", data.setdefault(slot, [])).append(child)
        else:
            data[slot] = child
    return data


def _elements_in(slot: str, value: object) -> list[_PendingElement]:
    """Return the elements of a slot, or an empty list if the value does not have the expected shape."""
    if slot in BLOCK_SLOTS:
        return [_PendingElement(kind, slot, value)] if isinstance(value, dict) and (kind := _kind(value)) else []
    default = _DEFAULT_KINDS[slot]
    if slot == FUNCTIONS:
        if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
            return []
        return [_PendingElement(_kind(item) or default, slot, item, key) for key, item in value.items()]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return []
    elements = [_PendingElement(_kind(item) or default, slot, item) for item in value]
    return elements if all(element.kind for element in elements) else []


def _kind(data: Mapping[str, object]) -> str:
    kind = data.get("type")
    return kind if isinstance(kind, str) else ""


NO_RENAMES: Final[Mapping[str, str]] = {}


class Digester:
    """Computes ids of subtrees, which are comparable across the trees of one digester.

    Subtrees have the same id if they are equal except for clocks.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[object, ...], int] = {}

    def digests(self, tree: Tree, renamed: Mapping[str, str] = NO_RENAMES) -> list[int]:
        """Return the digest of each element. Functions and calls use the names in `renamed`."""
        digests = [0] * len(tree)
        for element in reversed(tree.elements):
            children = tuple((tree[child].slot, digests[child]) for child in element.children)
            digests[element.number] = self.id_of(element.kind, field_text(element, renamed), children)
        return digests

    def id_of(self, *key: object) -> int:
        """Return the id of a key, creating an id for a new key."""
        return self._ids.setdefault(key, len(self._ids))


def field_text(element: TreeElement, renamed: Mapping[str, str]) -> str:
    """Return the fields of an element as canonical JSON, without clocks and with the names in `renamed`."""
    fields = {name: value for name, value in element.fields.items() if name not in CLOCKS}
    if renamed and (element.kind == CALL or element.slot == FUNCTIONS):
        fields |= {
            name: renamed.get(element.text(name), element.text(name)) for name in (KEY, "name") if name in fields
        }
    return canonical_json(fields)
