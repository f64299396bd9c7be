"""Successively narrower forms of nodes, each with more folded nodes inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.model.walk import as_unknown, children, handlers_in, is_step, node_lists
from stepgraph.render.folding import CallExpansion, loop_of_passes
from stepgraph.render.node_text import NO_BLOCK
from stepgraph.render.svg.figures.figure import Figure
from stepgraph.render.svg.figures.guard import Guard
from stepgraph.render.svg.figures.leaf import ExitPill, Leaf
from stepgraph.render.svg.layout.nodes import NodeLayout
from stepgraph.render.svg.lengths import value_of

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Node

MIN_GAIN: Final = 20
"""The minimum number of pixels by which a form is narrower than the form before it."""

_FOLDED_WIDTH: Final = 160
"""The typical width in pixels of a folded node."""

_MAX_PLACED: Final = 4000
"""The number of figures to place in figures around them, which bounds the time for large graphs."""

_ON_MAIN_PATH: Final = 3
_OFF_SPINE: Final = 2


class FoldCosts(Struct):
    """The costs of folding nodes, which say how much a picture loses.

    A hidden step or exit costs 3. It costs 2 beside the main path: in a handler, in a group, or in a function that is
    also called elsewhere. Inner parts are folded before the parts around them, which cost at least as much.
    """

    functions: Mapping[str, FunctionDef]
    repeated: frozenset[str]
    """The names of the functions with several calls."""

    _inside: dict[int, int] = field(default_factory=dict)

    def add(self, nodes: Sequence[Node], *, off_spine: bool = False) -> int:
        """Compute the costs of nodes and of all nodes inside, and return the cost of hiding them."""
        return sum(self._add(node, off_spine=off_spine) for node in nodes)

    def of_fold(self, identity: int) -> int:
        """Return the cost of folding a node with this identity as an object. A function is folded at its calls."""
        return self._inside[identity]

    def beyond(self, cost: float) -> frozenset[int]:
        """Return the nodes, by their identity as objects, whose folds cost more than this."""
        return frozenset(identity for identity, inside in self._inside.items() if inside > cost)

    def _add(self, node: Node, *, off_spine: bool) -> int:
        cost = (_OFF_SPINE if off_spine else _ON_MAIN_PATH) if is_step(node) or node["type"] == "break" else 0
        if (inside := self._inside.get(id(node))) is not None:
            return cost + inside
        self._inside[id(node)] = 0  # for calls of functions that call themselves
        off_spine = off_spine or (node["type"] == "function_call" and node["name"] in self.repeated)
        lists = lists_of(node, self.functions)
        if node["type"] == "try" and (handlers := handlers_in(node.get("catch_block", NO_BLOCK)["nodes"])) is not None:
            self._add(handlers, off_spine=True)
        self._inside[id(node)] = sum(self.add(nodes, off_spine=off_spine or is_off) for nodes, is_off in lists)
        if node["type"] == "function_call" and node["name"] in self.functions:
            self._inside[id(self.functions[node["name"]])] = self._inside[id(node)]
        return cost + self._inside[id(node)]


def lists_of(node: Node, functions: Mapping[str, FunctionDef]) -> list[tuple[Sequence[Node], bool]]:
    """Return the lists of nodes in the frame of a node, each on its own spine, and whether it is beside the main path.

    The frame of a call contains the body of its function.
    """
    if as_unknown(node):
        return [(children(node), False)]
    if (loop := loop_of_passes(node)) is not None:
        return [(loop["nodes"], False)]
    match node["type"]:
        case "parallel":
            return [(_members(member), True) for member in node["nodes"]]
        case "try":
            catch, final = node.get("catch_block", NO_BLOCK)["nodes"], node.get("finally_block", NO_BLOCK)["nodes"]
            handlers = handlers_in(catch)
            caught = [catch] if handlers is None else [branch["nodes"] for branch in handlers["branches"]]
            lists = [(nodes, True) for nodes in caught]
            return [(node.get("try_block", NO_BLOCK)["nodes"], False), *lists, (final, False)]
        case "function_call":
            return [(functions[node["name"]]["nodes"], False)] if node["name"] in functions else []
        case _:
            return [(nodes, False) for nodes in node_lists(node)]


def _members(node: Node) -> Sequence[Node]:
    """Return the nodes in the column of a member. A block has no frame in a group."""
    return node["nodes"] if node["type"] == "block" and node["nodes"] else [node]


class Form(Struct, frozen=True):
    """A form of a node, in which some nodes are folded."""

    figure: Figure
    sides: tuple[int, int]
    """The extents of the figure to the left and to the right, in pixels."""

    cost: int = 0
    """The information that the folds hide."""

    folded: frozenset[int] = frozenset()
    """The folded nodes, by their identity as objects."""

    inner: Mapping[int, Form] = field(default_factory=dict)
    """The forms of inner nodes, except for nodes in their first form, by the identity of the nodes as objects."""

    @property
    def width(self) -> int:
        """The width in pixels."""
        return sum(self.sides)


def _sides(figure: Figure) -> tuple[int, int]:
    return value_of(figure.left_extent), value_of(figure.right_extent)


def spine_width(forms: Iterable[Form]) -> int:
    """Return the width of forms on one spine."""
    return sum(map(max, zip(*(form.sides for form in forms), strict=True)))


class NarrowingMove(Struct, frozen=True):
    """The replacement of forms of nodes on one spine by narrower ones, or the fold of the handlers of a `try`."""

    cost: int
    gain: int
    """The number of pixels by which the spine becomes narrower."""

    forms: Mapping[int, Form] = field(default_factory=dict)
    folded: frozenset[int] = frozenset()

    def price(self, excess: int) -> float:
        """Return the cost of a pixel. The excess of the picture limits the number of pixels that are worth anything."""
        return self.cost / min(self.gain, excess)


class Narrowing(Struct):
    """The forms of the nodes of a picture, each computed when it is needed.

    The first form of a node is its figure in the layout. Each other form follows from the one before by the move with
    the lowest price that makes the figure narrower. The last form is the folded node, which takes the place of forms
    that cost more.

    In a large picture, the number of measurements is limited. The form before the folded node is then the one in which
    all nodes directly inside are folded.

    A figure is measured with the figures of the nodes inside, so that only one level is measured for each form.
    """

    layout: NodeLayout
    costs: FoldCosts
    excess: int
    """The number of pixels by which the picture is too wide."""

    protected: frozenset[int] = frozenset()
    """The nodes that must not be folded, by their identity as objects."""

    _forms: dict[int, list[Form]] = field(default_factory=dict)
    _placed: int = 0

    def drawn(self, nodes: Sequence[Node]) -> list[tuple[Node, Form]]:
        """Return the nodes that have a figure of their own, with their first forms."""
        return [(node, self._forms_of(node)[0]) for node in nodes if id(node) in self.layout.figures]

    def moves(self, drawn: Sequence[tuple[Node, Form]], min_gain: int = MIN_GAIN) -> Iterator[NarrowingMove]:
        """Yield a move for each side at which nodes on one spine can be narrower than in their forms."""
        width = spine_width(form for _, form in drawn)
        for side in (0, 1):
            extent = max((form.sides[side] for _, form in drawn), default=0) - min_gain
            far = [(node, form) for node, form in drawn if form.sides[side] > extent]
            narrower = [self._until(node, form, side, extent) for node, form in far]
            replaced = {id(node): form for (node, _), form in zip(far, narrower, strict=True) if form is not None}
            if len(replaced) == len(far):
                gain = width - spine_width(replaced.get(id(node), form) for node, form in drawn)
                cost = sum(form.cost for form in replaced.values()) - sum(form.cost for _, form in far)
                if gain > 0:
                    yield NarrowingMove(cost, gain, replaced)

    def _until(self, node: Node, form: Form, side: int, extent: int) -> Form | None:
        """Return the first form after `form` that extends at most so far to one side, or None without any."""
        forms = self._forms_of(node)
        index = next(index for index, each in enumerate(forms) if each is form)
        while form.sides[side] > extent:
            index += 1
            if index == len(forms):
                narrower = self._next(node, form)
                if narrower is None:
                    return None
                forms.append(narrower)
            form = forms[index]
        return form

    def _forms_of(self, node: Node) -> list[Form]:
        if (forms := self._forms.get(id(node))) is None:
            figure = self.layout.figures[id(node)]
            forms = self._forms[id(node)] = [Form(figure, _sides(figure))]
        return forms

    def _next(self, node: Node, form: Form) -> Form | None:
        """Return the form after `form`, or None if the node is a box."""
        if isinstance(form.figure, (Leaf, ExitPill, Guard)):
            return None
        inner = self._inner(node, form) if self._placed < _MAX_PLACED else self._with_boxes(node, form)
        if inner is not None and inner.cost <= self.costs.of_fold(id(node)):
            return inner
        folded = self._folded(node)
        return inner if folded is None or folded.width > form.width - MIN_GAIN else folded

    def _inner(self, node: Node, form: Form) -> Form | None:
        """Return the next narrower form that keeps the node itself open, or None without such a form."""
        current = form
        while moves := sorted(self._moves(node, current), key=lambda move: move.price(self.excess)):
            for move in moves:
                after = self._after(node, current, [move])
                if after.width <= form.width - MIN_GAIN:
                    return after
            current = self._after(node, current, moves)
            if current.width <= form.width - MIN_GAIN:
                return current
            if self._placed >= _MAX_PLACED:
                return None
        return None

    def _with_boxes(self, node: Node, form: Form) -> Form | None:
        """Return the form in which all nodes directly inside a node are folded, or None if it is not narrower."""
        forms: dict[int, Form] = {}
        for nodes, _ in lists_of(node, self.layout.functions):
            folded = ((inner, self._folded(inner)) for inner, first in self.drawn(nodes) if first.width > _FOLDED_WIDTH)
            forms.update((id(inner), box) for inner, box in folded if box is not None)
        cost = sum(box.cost for box in forms.values()) - form.cost
        after = self._after(node, form, [NarrowingMove(cost, 1, forms)])
        return after if after.width <= form.width - MIN_GAIN else None

    def _moves(self, node: Node, form: Form) -> Iterator[NarrowingMove]:
        """Yield the moves inside a node: of each list of nodes in its frame, and of the handlers of a `try`."""
        lists = lists_of(node, self.layout.functions)
        handlers = handlers_in(node.get("catch_block", NO_BLOCK)["nodes"]) if node["type"] == "try" else None
        if handlers is not None:
            branches = [self._current(branch["nodes"], form) for branch in handlers["branches"]]
            gain = sum(spine_width(each for _, each in branch) for branch in branches) - _FOLDED_WIDTH
            if id(handlers) in form.folded:
                lists = [(nodes, is_off_spine) for nodes, is_off_spine in lists if not is_off_spine]
            elif gain > 0 and id(handlers) not in self.protected:
                yield NarrowingMove(self.costs.of_fold(id(handlers)), gain, folded=frozenset([id(handlers)]))
        for nodes, _ in lists:
            yield from self.moves(self._current(nodes, form))

    def _current(self, nodes: Sequence[Node], form: Form) -> list[tuple[Node, Form]]:
        """Return the drawn nodes in the frame of a node in a form, with their own forms."""
        return [(node, form.inner.get(id(node), first)) for node, first in self.drawn(nodes)]

    def _after(self, node: Node, form: Form, moves: Sequence[NarrowingMove]) -> Form:
        """Return a form of a node after moves inside."""
        folded = form.folded.union(*(move.folded for move in moves))
        inner = dict(form.inner)
        for move in moves:
            inner.update(move.forms)
        folded = folded.union(*(each.folded for each in inner.values()))
        figure = self._measure(node, folded, inner)
        return Form(figure, _sides(figure), form.cost + sum(move.cost for move in moves), folded, inner)

    def _folded(self, node: Node) -> Form | None:
        """Return the folded node, or None for a node that cannot be folded, such as a branch without a frame."""
        target: Node = node
        if node["type"] == "function_call":
            target = self.layout.functions.get(node["name"], node)
        if not children(target) or id(target) in self.protected:
            return None
        folded = frozenset([id(target)])
        figure = self._measure(node, folded, {})
        return Form(figure, _sides(figure), self.costs.of_fold(id(node)), folded) if isinstance(figure, Leaf) else None

    def _measure(self, node: Node, folded: frozenset[int], inner: Mapping[int, Form]) -> Figure:
        """Return the figure of a node with these folds and forms of the nodes inside."""
        layout = self.layout
        nodes = [each for nodes, _ in lists_of(node, layout.functions) for each in nodes]
        figures = {id(each): layout.figures[id(each)] for each in nodes if id(each) in layout.figures}
        figures.update((identity, form.figure) for identity, form in inner.items())
        self._placed += len(figures) + 1
        shown = {name: place for name, place in layout.calls.shown.items() if place != id(node)}
        folding = replace(layout.view.folding, nodes=layout.view.folding.nodes | folded)
        view = replace(layout.view, folding=folding, narrow=id(node) in layout.narrow)
        calls = CallExpansion(layout.functions, layout.view.expand, shown)
        again = NodeLayout(calls, layout.body_texts, view, contexts=layout.contexts, reused=figures)
        return again.measure(node, layout.contexts[id(node)])
