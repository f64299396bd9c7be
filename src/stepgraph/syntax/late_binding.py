"""Loop variables that change after a function that reads them was created.

Python looks up a variable of an enclosing scope when the function reads it. If a loop creates a function that runs in a
later pass, the function reads the value of that pass. If it runs after the loop, it reads the value of the last pass.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import Bindings, bindings_of, evaluated_expressions, last_name, target_names
from stepgraph.syntax.free_names import LocalFunction, comprehension_targets, free_names
from stepgraph.syntax.module import SourceModule, once_per_code, once_per_node
from stepgraph.syntax.walk import (
    COMPREHENSIONS,
    SCOPES,
    STATEMENTS,
    Comprehension,
    all_nodes,
    ancestors_of,
    children,
    expressions_below,
    statements,
    statements_below,
)

_LoopStatement: TypeAlias = cst.For | cst.While

# Functions and methods whose calls return another element each time.
_CONSUMERS: Final = frozenset(["anext", "get_nowait", "next", "pop", "popitem", "popleft"])


_LOOPS: Final = (cst.For, cst.While)
_EXITS: Final = (cst.Break, cst.Return)
# Methods that add an element to a collection.
_ADDING_METHODS: Final = frozenset(["add", "append", "appendleft"])


@once_per_node
def varying_names(loop: _LoopStatement, module: SourceModule) -> frozenset[str]:
    """Return the names that get another value in each pass: the loop variables, and names derived from them.

    The names of counters and of elements taken from a queue are included. Of other names, nothing is known: a call
    without a varying argument may return the same value in each pass.
    """
    varying = set(target_names(loop.target)) if isinstance(loop, cst.For) else set()
    readers: dict[str, list[str]] = {}
    for names, sources, is_consumed in _assignments(loop, module):
        if is_consumed:
            varying.update(names)
        for source in sources:
            readers.setdefault(source, []).extend(names)
    pending = list(varying)
    while pending:
        derived = set(readers.pop(pending.pop(), ())) - varying
        varying |= derived
        pending += derived
    return frozenset(varying)


_Assignment: TypeAlias = tuple[list[str], set[str], bool]
"""The assigned names, the names that the value is computed from, and whether the value differs without them."""


def _assignments(loop: _LoopStatement, module: SourceModule) -> Iterator[_Assignment]:
    for statement in statements_below(loop.body):
        match statement:
            case cst.Assign(value=value):
                yield _assignment([target.target for target in statement.targets], value)
            case cst.AnnAssign(target=target, value=cst.BaseExpression() as value) | cst.For(target=target, iter=value):
                yield _assignment([target], value)
            case cst.AugAssign(target=target, operator=cst.AddAssign() | cst.SubtractAssign(), value=cst.Integer()):
                yield list(target_names(target)), set(), True
            case cst.With():
                for item in statement.items:
                    if item.asname is not None:
                        yield _assignment([item.asname.name], item.item)
            case cst.FunctionDef(name=cst.Name(value=name)):
                yield [name], set(free_names(statement, module)), False
    if module.mentions(b":="):
        tests = expressions_below(loop.test) if isinstance(loop, cst.While) else ()
        for node in (*tests, *evaluated_expressions(loop.body)):
            if isinstance(node, cst.NamedExpr):
                yield _assignment([node.target], node.value)


def _assignment(targets: list[cst.BaseExpression], value: cst.CSTNode) -> _Assignment:
    names = [name for target in targets for name in target_names(target)]
    parts = list(expressions_below(value))
    sources = {part.value for part in parts if isinstance(part, cst.Name)}
    is_consumed = any(isinstance(part, cst.Call) and last_name(part.func) in _CONSUMERS for part in parts)
    return names, sources, is_consumed


class LateBinding(Struct, frozen=True):
    """A variable that a function reads, and that a loop around the function changes from pass to pass."""

    variable: str
    read: cst.Name
    """The first read in the function."""
    loop: cst.CSTNode
    later_loops: tuple[cst.CSTNode, ...] = ()
    """Loops after `loop` that also assign the variable."""
    may_begin_in_pass: bool = False
    """Whether a task that a pass creates may begin before the next pass changes the variable."""
    is_collected: bool = True
    """Whether the functions of several passes, or the results of calling them, may be used after the loop."""
    calls: tuple[cst.Call, ...] = ()
    """The calls of the function in the loop that each pass makes once."""
    runs_later: bool = False
    """Whether no pass runs the function by a plain call: a coroutine function, or one that the passes only store."""


@once_per_node
def late_bindings(function: LocalFunction, module: SourceModule) -> Sequence[LateBinding]:
    """Return the variables that a function reads and that a loop around it changes from pass to pass.

    The function reads the wrong value unless it runs in the pass that creates it, or in a later loop.
    """
    loops, owner = _enclosing_loops(function, module)
    if not loops or not isinstance(owner, cst.FunctionDef) or bindings_of(owner, module).is_generator:
        return ()
    reads = dict(free_names(function, module))
    result: list[LateBinding] = []
    for node in loops:
        if isinstance(node, cst.For | cst.While):
            loop = module.once_for(node, _analyze_loop)
            names = [name for name in reads if loop.binders(name)]
            result += (each for name in names if (each := loop.late_binding(function, name, reads[name])) is not None)
        else:
            names = [name for name in dict.fromkeys(comprehension_targets(node)) if name in reads]
            may_begin = any(map(_is_await, expressions_below(node)))
            result += (LateBinding(name, reads[name], node.for_in, may_begin_in_pass=may_begin) for name in names)
        for name in names:
            del reads[name]
    return tuple(result)


def calls_in_stored_lambda(function: LocalFunction, module: SourceModule) -> tuple[cst.Call, ...]:
    """Return the calls in a lambda that is an element of a collection. Return none for other functions."""
    if not isinstance(function, cst.Lambda) or not _is_stored(function, module):
        return ()
    return tuple(node for node in expressions_below(function.body) if isinstance(node, cst.Call))


def _is_stored(use: cst.CSTNode, module: SourceModule) -> bool:
    """Return whether the value of an expression only becomes an element of a collection."""
    parent = module.parents.get(id(use))
    if isinstance(parent, cst.Arg):
        call = module.parents.get(id(parent))
        return isinstance(call, cst.Call) and last_name(call.func) in _ADDING_METHODS
    if isinstance(parent, cst.Assign):
        return all(isinstance(target.target, cst.Subscript) for target in parent.targets)
    return isinstance(parent, (cst.Element, cst.DictElement, *COMPREHENSIONS))


def _enclosing_loops(
    function: LocalFunction, module: SourceModule
) -> tuple[list[_LoopStatement | Comprehension], cst.CSTNode | None]:
    """Return the loops that create a function in each pass, innermost first, and the scope that contains them."""
    loops: list[_LoopStatement | Comprehension] = []
    inner: cst.CSTNode = function
    for node in ancestors_of(module.parents, function):
        if isinstance(node, SCOPES):
            return loops, node
        if isinstance(node, cst.For | cst.While) and node.body is inner:
            loops.append(node)
        elif isinstance(node, COMPREHENSIONS) and not isinstance(inner, cst.CompFor):
            parent = module.parents.get(id(node))
            if isinstance(node, cst.GeneratorExp) and not (isinstance(parent, cst.Arg) and parent.star == "*"):
                return [], None  # a pass runs when the consumer of the generator asks for an element
            loops.append(node)
        inner = node
    return loops, None


def _analyze_loop(node: _LoopStatement, module: SourceModule) -> _FunctionLoop:
    owner = next(outer for outer in ancestors_of(module.parents, node) if isinstance(outer, cst.FunctionDef))
    return _FunctionLoop(node, module, owner, bindings_of(owner, module), extents_of(owner, module))


class _FunctionLoop(Struct, frozen=True, dict=True):
    """A loop statement of a function."""

    node: _LoopStatement
    module: SourceModule
    owner: cst.FunctionDef
    """The function whose variables the loop assigns."""
    bindings: Bindings
    """The bindings of `owner`."""
    extents: Extents
    _binders: dict[str, list[cst.CSTNode]] = field(default_factory=dict)

    def binders(self, name: str) -> list[cst.CSTNode]:
        """Return the assignments of a name in the loop. Return none if other functions may assign the name, too."""
        binders = self._binders.get(name)
        if binders is None:
            every = self.bindings.binders.get(name, []) if self.bindings.binds(name) else []
            is_shared = self.module.mentions(b"nonlocal") and any(map(self._is_in_inner_function, every))
            binders = self._binders[name] = [] if is_shared else self.extents.inside(self.node, every)
        return binders

    def late_binding(self, function: LocalFunction, name: str, read: cst.Name) -> LateBinding | None:
        """Return the late binding of a name that the loop assigns. Return None if the read may be intended."""
        uses = self._uses_of(function)
        if name not in varying_names(self.node, self.module) or (uses and all(map(self._precedes_exit, uses))):
            return None
        later = self.extents.after(self.node, self.bindings.binders[name])
        is_collected = any(map(self._may_outlast_pass, uses))
        if not is_collected and (later or isinstance(self.node, cst.While) or self._may_exit):
            return None
        later_loops = tuple(dict.fromkeys(loop for node in later for loop in self._loops_around(node)))
        calls = tuple(call for use in uses if (call := self._call_in_pass(use)) is not None)
        is_async = isinstance(function, cst.FunctionDef) and function.asynchronous is not None
        runs_later = is_async or all(_is_stored(use, self.module) for use in uses)
        may_begin = self._may_begin(function, name)
        return LateBinding(
            variable=name,
            read=read,
            loop=self.node,
            later_loops=later_loops,
            may_begin_in_pass=may_begin,
            is_collected=is_collected,
            calls=calls,
            runs_later=runs_later,
        )

    @cached_property
    def _names(self) -> dict[str, list[cst.Name]]:
        """The variables in the loop, including those in nested functions, by their name."""
        names: dict[str, list[cst.Name]] = {}
        for node in all_nodes(self.node.body):
            if isinstance(node, cst.Name) and not self._is_attribute_or_keyword(node):
                names.setdefault(node.value, []).append(node)
        return names

    def _is_attribute_or_keyword(self, name: cst.Name) -> bool:
        match self.module.parents.get(id(name)):
            case cst.Attribute(attr=part) | cst.Arg(keyword=part):
                return part is name
            case _:
                return False

    @cached_property
    def _awaits(self) -> list[int]:
        """The positions at which the loop may await something, in ascending order."""
        test = expressions_below(self.node.test) if isinstance(self.node, cst.While) else ()
        nodes = (*test, *evaluated_expressions(self.node.body))
        return sorted(self.extents.start(node) for node in nodes if _is_await(node))

    @cached_property
    def _may_exit(self) -> bool:
        """Whether a statement may leave the loop before its end."""
        return any(isinstance(statement, _EXITS) for statement in statements_below(self.node.body))

    def _is_in_inner_function(self, binder: cst.CSTNode) -> bool:
        return self.module.scope_around(binder) is not self.owner

    def _uses_of(self, function: LocalFunction) -> list[cst.CSTNode]:
        """Return the uses of a function in the loop outside of its body: the uses of its name, or the lambda itself."""
        if isinstance(function, cst.Lambda):
            return [function]
        names = self._names.get(function.name.value, ())
        return [node for node in names if not self.extents.encloses(function, node)]

    def _call_in_pass(self, use: cst.CSTNode) -> cst.Call | None:
        """Return the call of a function in a pass, outside of inner loops and functions. Return None for other uses."""
        parents = self.module.parents
        parent = parents.get(id(use))
        if isinstance(parent, cst.Arg):  # the lambda of `step.do("name")(lambda: ...)()`
            use, parent = parents[id(parent)], parents.get(id(parents[id(parent)]))
        if not isinstance(parent, cst.Call) or parent.func is not use:
            return None
        types = (*_LOOPS, *COMPREHENSIONS, *SCOPES)
        enclosing = (node for node in ancestors_of(parents, use) if isinstance(node, types))
        return parent if next(enclosing, None) is self.node else None

    def _may_outlast_pass(self, use: cst.CSTNode) -> bool:
        """Return whether a use may keep the function, except in a variable that the loop only assigns."""
        statement = next(node for node in ancestors_of(self.module.parents, use) if isinstance(node, STATEMENTS))
        if not isinstance(statement, cst.Assign):
            return True
        targets = [target.target for target in statement.targets]
        names = [target.value for target in targets if isinstance(target, cst.Name)]
        return len(names) < len(targets) or any(node not in targets for name in names for node in self._names[name])

    def _precedes_exit(self, use: cst.CSTNode) -> bool:
        """Return whether the pass must leave the loop after a use."""
        returns = breaks = False
        inner: cst.CSTNode = use
        for node in ancestors_of(self.module.parents, use):
            if node is self.node:
                break
            if isinstance(node, SCOPES):
                returns = breaks = False  # the exit ends only this inner function
            elif isinstance(node, _LOOPS):
                breaks = False  # the exit ends only this inner loop
            elif isinstance(node, cst.IndentedBlock):
                exits = self.module.once_for_code(node, _exits_of_block)
                breaks = breaks or exits.follow(inner, cst.Break)
                returns = returns or exits.follow(inner, cst.Return)
            else:
                returns = returns or isinstance(node, cst.Return)
            inner = node
        return returns or breaks

    def _loops_around(self, binder: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the loops that assign a name in `binder`, but do not contain this loop."""
        loops = self.module.once_for(binder, _loops_around)
        return (loop for loop in loops if not self.extents.encloses(loop, self.node))

    def _may_begin(self, function: LocalFunction, name: str) -> bool:
        """Return whether the loop may await something between the creation of a function and the next assignment."""
        if isinstance(self.node, cst.For) and self.node.asynchronous is not None:
            return True
        if not self._awaits:
            return False
        body = {id(statement) for statement in statements(self.node.body)}
        assigned = [self._position(node) for node in self.binders(name) if node is self.node or id(node) in body]
        created = self.extents.start(function)
        if not assigned or self._awaits[0] < min(assigned) or self._awaits[-1] > created:
            return True
        return any(map(self._may_await_again, self._nodes_around(function)))

    def _position(self, binder: cst.CSTNode) -> int:
        """Return the position at which the value of a name changes. The right-hand side runs before it."""
        return self.extents.start(binder) if binder is self.node else self.extents.end(binder)

    def _nodes_around(self, function: LocalFunction) -> Iterator[cst.CSTNode]:
        for node in ancestors_of(self.module.parents, function):
            if node is self.node:
                return
            yield node

    def _may_await_again(self, outer: cst.CSTNode) -> bool:
        """Return whether a node around a function may await something after it has created the function."""
        if isinstance(outer, cst.Await | cst.With):
            return _is_await(outer)
        first = bisect_left(self._awaits, self.extents.start(outer))
        return isinstance(outer, _LOOPS) and any(
            at <= self.extents.end(outer) for at in self._awaits[first : first + 1]
        )


def _loops_around(binder: cst.CSTNode, module: SourceModule) -> tuple[cst.CSTNode, ...]:
    """Return a binder if it is a loop, and the loops around it in its scope, innermost first."""
    loops: list[cst.CSTNode] = []
    for node in (binder, *ancestors_of(module.parents, binder)):
        if type(node) in SCOPES:
            break
        if type(node) in _LOOPS:
            loops.append(node)
    return tuple(loops)


class _BlockExits(Struct, frozen=True):
    """The exits in a block that always run if the block does not end before them."""

    positions: dict[int, int]
    """The index of each statement of the block, by `id`."""
    last: dict[type[cst.CSTNode], int]
    """The index of the last statement that ends with an exit, by the type of the exit."""

    def follow(self, inner: cst.CSTNode, exit_type: type[cst.CSTNode]) -> bool:
        """Return whether a statement of the block from `inner` on is an exit of this type."""
        return self.last.get(exit_type, -1) >= self.positions[id(inner)]


def _exits_of_block(block: cst.IndentedBlock) -> _BlockExits:
    last: dict[type[cst.CSTNode], int] = {}
    for index, statement in enumerate(block.body):
        if isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[-1], _EXITS):
            last[type(statement.body[-1])] = index
    return _BlockExits({id(statement): index for index, statement in enumerate(block.body)}, last)


def _is_await(node: cst.CSTNode) -> bool:
    match node:
        case cst.Await():
            return True
        case cst.For() | cst.With() | cst.CompFor():
            return node.asynchronous is not None
        case _:
            return False


_OUTSIDE: Final = (-1, -1)
"""The range of nodes outside of the function."""


class Extents(Struct, frozen=True):
    """The number of each node of a function in source order, and the number of its last descendant, by `id`."""

    ranges: dict[int, tuple[int, int]]

    def start(self, node: cst.CSTNode) -> int:
        """Return the number of a node. Nodes outside of the function, such as its parameters, have the number -1."""
        return self.ranges.get(id(node), _OUTSIDE)[0]

    def end(self, node: cst.CSTNode) -> int:
        """Return the number of the last descendant of a node."""
        return self.ranges.get(id(node), _OUTSIDE)[1]

    def inside(self, outer: cst.CSTNode, nodes: Sequence[cst.CSTNode]) -> list[cst.CSTNode]:
        """Return the nodes that another node encloses."""
        ranges = self.ranges
        start, end = ranges.get(id(outer), (0, -1))
        return [node for node in nodes if start <= ranges.get(id(node), _OUTSIDE)[0] <= end]

    def after(self, earlier: cst.CSTNode, nodes: Sequence[cst.CSTNode]) -> list[cst.CSTNode]:
        """Return the nodes after the last descendant of another node."""
        ranges, end = self.ranges, self.end(earlier)
        return [node for node in nodes if ranges.get(id(node), _OUTSIDE)[0] > end]

    def encloses(self, outer: cst.CSTNode, inner: cst.CSTNode) -> bool:
        """Return whether a node is another node or one of its descendants."""
        start, end = self.ranges.get(id(outer), (0, -1))
        return start <= self.start(inner) <= end


@once_per_code
def extents_of(function: cst.FunctionDef) -> Extents:
    """Return the extents of the nodes in the body of a function."""
    ranges: dict[int, tuple[int, int]] = {}
    count = 0
    # Nodes to visit, and the `id` and number of each node at the end of its descendants.
    pending: list[cst.CSTNode | tuple[int, int]] = [function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            key, start = node
            ranges[key] = (start, count - 1)
            continue
        below = children(node)
        if below:
            pending.append((id(node), count))
            below.reverse()
            pending += below
        else:
            ranges[id(node)] = (count, count)
        count += 1
    return Extents(ranges)
