"""The statements that change the values of local variables, and the loops and conditions around their assignments."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, takewhile
from typing import TypeAlias, TypeVar

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.definitions.assignment_expressions import is_certain
from stepgraph.syntax.definitions.interrupted_writes import interrupted_writes
from stepgraph.syntax.definitions.raising_code import HandlingStatement, TryStatement, exceptions_in, may_end_exceptions
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.changes import mutated_names
from stepgraph.syntax.walk import (
    ancestors_of,
    assigned_targets,
    expressions_below,
    self_and_statements_below,
    statement_positions,
    statements,
    statements_below,
    suites,
)

LoopStatement: TypeAlias = cst.For | cst.While
BlockStatement: TypeAlias = cst.For | cst.While | cst.If | cst.Match | HandlingStatement
_NodeT = TypeVar("_NodeT", bound=cst.CSTNode)
_Exit: TypeAlias = tuple[cst.Break | cst.Continue, Sequence[cst.CSTNode]]
"""A jump in a loop, and its conditions."""


class VariableChanges(Struct, frozen=True):
    """The changes of a local variable after its first assignment."""

    mutations: list[cst.CSTNode] = field(default_factory=list)
    """The statements that mutate its collection or object, also in inner functions."""
    blocks: dict[int, BlockStatement] = field(default_factory=dict)
    """The statements with blocks in the function around its assignments and mutations, by identity."""


class _Mutation(Struct, frozen=True):
    """A statement that mutates the collection or object of a variable."""

    statement: cst.CSTNode
    attributes: frozenset[str]
    """The attributes that the statement assigns, if it changes nothing else of the object, or none."""


class ReachingStatements(Struct, frozen=True):
    """The statements that decide the value of a variable where a node reads it."""

    binders: Sequence[cst.CSTNode]
    """The statements and parameters that bind the variable."""
    binders_before: int
    """The number of binders before the node. The others run in an earlier pass of a loop, or at another time."""
    mutations: Sequence[cst.CSTNode]
    """The statements that mutate the collection or object of the variable, in source order."""
    mutations_before: int
    """The number of mutations before the node."""
    blocks: Sequence[BlockStatement]
    """The statements with blocks that decide which binders and mutations run."""
    skipped: Sequence[cst.CSTNode]
    """The jumps in loops around the node that skip binders and mutations, and their conditions."""
    interrupted: Sequence[str]
    """The positions of the binders and mutations that exceptions may skip, as in `interrupted_writes`."""
    repeated: Sequence[str]
    """The positions of the binders and mutations in blocks around the node, as in `changes_in_repeated`."""

    @property
    def may_change(self) -> bool:
        """Whether the value depends on more than the first binder."""
        return bool(self.mutations or self.blocks or self.skipped) or self.binders_before < len(self.binders)

    def number_before(self, exit_: cst.CSTNode, function: cst.FunctionDef, module: SourceModule) -> int:
        """Return the number of changes in front of a `break` or `continue`, which skips the changes behind it."""
        return number_before(self.changes, exit_, function, module)

    def parts_in(self, block: BlockStatement, function: cst.FunctionDef, module: SourceModule) -> str:
        """Return which changes are in the parts of one of the blocks, as in `changes_in_parts`."""
        return changes_in_parts(self.changes, block, function, module)

    @property
    def changes(self) -> Sequence[cst.CSTNode]:
        """The binders and mutations."""
        return [*dict.fromkeys((*self.binders, *self.mutations))]


_NO_CHANGES = VariableChanges()
_OTHER = "*"
"""The key for attributes that no statement of a function assigns."""


def changes_of(name: str, function: cst.FunctionDef, module: SourceModule, attribute: str = "") -> VariableChanges:
    """Return the changes of a variable of a function, without assignments to attributes other than `attribute`, if any.

    An empty name stands for all attributes.
    """
    changes = module.once_for(function, _changes_by_name)
    return changes.get((name, attribute)) or changes.get((name, _OTHER if attribute else ""), _NO_CHANGES)


def blocks_left(changes: VariableChanges, at: cst.CSTNode, module: SourceModule) -> Sequence[BlockStatement]:
    """Return the statements with blocks that change a variable and that do not contain a node that reads it."""
    if not changes.blocks:
        return ()
    enclosing = {id(at), *map(id, ancestors_of(module.parents, at))}
    return [block for key, block in changes.blocks.items() if key not in enclosing]


def number_before(nodes: Sequence[cst.CSTNode], at: cst.CSTNode, owner: cst.FunctionDef, module: SourceModule) -> int:
    """Return how many nodes of a function are before another node, or all if that one runs at another time.

    Parts of the statement with the other node are before it.
    """
    return number_of_positions_before(positions_of(nodes, owner, module), at, owner, module)


def positions_of(nodes: Iterable[cst.CSTNode], owner: cst.FunctionDef, module: SourceModule) -> list[int]:
    """Return the positions of nodes of a function, in source order, for `number_of_positions_before`."""
    order = module.once_for_code(owner.body, statement_positions)
    return sorted(order.get(id(node), position_in(owner, node, module) - 2) for node in nodes)


def number_of_positions_before(
    positions: Sequence[int], at: cst.CSTNode, owner: cst.FunctionDef, module: SourceModule
) -> int:
    """Return how many of some positions are before a node, as `number_before` does."""
    order = module.once_for_code(owner.body, statement_positions)
    inner = at
    for outer in (at, *ancestors_of(module.parents, at)):
        if isinstance(outer, cst.Lambda) or (isinstance(outer, cst.FunctionDef) and outer.body is inner):
            break
        if id(outer) in order:
            return bisect_left(positions, order[id(outer)])
        inner = outer
    return len(positions)


def may_run_before(
    nodes: Iterable[_NodeT], at: cst.CSTNode, owner: cst.FunctionDef, module: SourceModule
) -> list[_NodeT]:
    """Return the parts of a function that may run in front of a node: all of them if the node runs at another time."""
    inner = at
    for outer in (at, *ancestors_of(module.parents, at)):
        if outer is owner:
            break
        if isinstance(outer, cst.Lambda) or (isinstance(outer, cst.FunctionDef) and outer.body is inner):
            return [*nodes]
        inner = outer
    last = last_position(owner, at, module)
    return [node for node in nodes if position_in(owner, node, module) <= last]


def position_in(function: cst.FunctionDef, at: cst.CSTNode, module: SourceModule) -> int:
    """Return the position of the statement of a function that contains a node, as in `CodeEvent`."""
    order = module.once_for_code(function.body, statement_positions)
    positions = (order[id(each)] for each in (at, *ancestors_of(module.parents, at)) if id(each) in order)
    return next(positions, -1) + 1


def last_position(function: cst.FunctionDef, at: cst.CSTNode, module: SourceModule) -> int:
    """Return the position of the last statement of a function that may run in front of a node, perhaps in a loop."""
    outer_nodes = takewhile(lambda outer: outer is not function, (at, *ancestors_of(module.parents, at)))
    loops = [each for each in outer_nodes if isinstance(each, LoopStatement)]
    last: cst.CSTNode = loops[-1] if loops else at
    while loops and (blocks := [*suites(last)]):
        *_, last = statements(blocks[-1])
    return position_in(function, last, module)


def precedes_in_block(statement: cst.CSTNode, loop: LoopStatement, module: SourceModule) -> bool:
    """Return whether a simple statement is in the same block as a loop, in front of it."""
    block = next(ancestors_of(module.parents, loop))
    _, outer = islice(ancestors_of(module.parents, statement), 2)
    if outer is not block or not isinstance(block, cst.BaseSuite):
        return False
    positions = module.once_for_code(block, statement_positions)
    return positions[id(statement)] < positions[id(loop)]


def _changes_by_name(function: cst.FunctionDef, module: SourceModule) -> Mapping[tuple[str, str], VariableChanges]:
    """Return the changes of variables, and of each attribute of their objects that a statement assigns."""
    mutations: defaultdict[str, list[_Mutation]] = defaultdict(list)
    binders = bindings_of(function, module).binders
    for statement in statements_below(function.body, into_functions=True):
        assigned = _assigned_attributes(statement)
        changed = {*mutated_names(statement), *_called_objects(statement)}
        for name in {*changed, *assigned} & binders.keys():
            attributes = frozenset() if name in changed else assigned[name]
            mutations[name].append(_Mutation(statement, attributes))
    changes: dict[tuple[str, str], VariableChanges] = {}
    for name, nodes in binders.items():
        assigned_names = {each for mutation in mutations.get(name, ()) for each in mutation.attributes}
        for attribute in ("", _OTHER, *assigned_names) if assigned_names else ("", _OTHER):
            statements_of = [each.statement for each in mutations.get(name, ()) if _concerns(each, attribute)]
            changes[name, attribute] = _changes(nodes, statements_of, function, module)
    return changes


def _concerns(mutation: _Mutation, attribute: str) -> bool:
    """Return whether a statement may change an attribute, or the object if its name is empty."""
    return not (attribute and mutation.attributes) or attribute in mutation.attributes


def _changes(
    binders: Sequence[cst.CSTNode], mutations: list[cst.CSTNode], function: cst.FunctionDef, module: SourceModule
) -> VariableChanges:
    changes = VariableChanges(mutations)
    blocks = [blocks_around(node, function, module) for node in (*binders, *mutations)]
    # Without a value from before it, the variable has none after an exception that a context manager ends.
    enclosing = {id(each) for each in blocks[0] if isinstance(each, cst.With)}
    if enclosing:
        enclosing.intersection_update(*(map(id, each) for each in blocks))
    changes.blocks.update((id(block), block) for block in chain.from_iterable(blocks) if id(block) not in enclosing)
    return changes


def _assigned_attributes(statement: cst.CSTNode) -> Mapping[str, frozenset[str]]:
    """Return the attributes of the objects of variables that a statement assigns, by the name of the variable.

    The attributes of the object of a method are variables of their own.
    """
    assigned: dict[str, frozenset[str]] = {}
    for target in assigned_targets(statement):
        match target:
            case cst.Attribute(value=cst.Name(name), attr=cst.Name(attribute)) if name not in {"self", "cls"}:
                attributes = frozenset() if attribute == "__dict__" else frozenset([attribute])
                assigned[name] = assigned.get(name, frozenset()) | attributes
    return assigned


def _called_objects(statement: cst.CSTNode) -> Iterator[str]:
    """Yield the variable whose method a statement calls for its effects."""
    match statement:
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Name(name)))) if name not in {"self", "cls"}:
            yield name


def blocks_around(node: cst.CSTNode, function: cst.FunctionDef, module: SourceModule) -> list[BlockStatement]:
    """Return the statements that decide whether a change runs, except loops that end with it.

    Those loops make attempts until one succeeds. A loop over a variable itself decides its last value.
    """
    blocks: list[BlockStatement] = []
    is_last = False
    if isinstance(node, cst.For) and any(exits_of(node, module)):
        blocks.append(node)
    for outer in ancestors_of(module.parents, node):
        if outer is function:
            break
        is_last = is_last or (isinstance(outer, cst.IndentedBlock) and _ends_with_break(outer))
        if isinstance(outer, LoopStatement):
            blocks += () if is_last else (outer,)
            is_last = False
        elif isinstance(outer, cst.If | cst.Match):
            blocks += () if isinstance(outer, cst.If) and _is_in_test(node, outer.test, module) else (outer,)
        elif may_end_exceptions(outer, module) and not is_last:
            blocks.append(outer)
    return blocks


def _is_in_test(node: cst.CSTNode, test: cst.BaseExpression, module: SourceModule) -> bool:
    """Return whether each evaluation of a test evaluates an assignment in it."""
    if not isinstance(node, cst.NamedExpr) or not is_certain(node, module):
        return False
    return any(each is test for each in (node, *ancestors_of(module.parents, node)))


def deciding_parts(block: BlockStatement, module: SourceModule) -> Iterator[cst.CSTNode]:
    """Yield the parts of a statement that decide which blocks run how often, except the iterable of a loop.

    For a `try` or `with`, these are also the statements in its body that may raise or end an exception. Steps and logs
    do not count.
    """
    match block:
        case cst.If(test=test):
            yield test
        case cst.While(test=test):
            yield test
            yield from exits_of(block, module)
        case cst.For():
            yield from exits_of(block, module)
        case cst.Match(subject=subject, cases=cases):
            yield subject
            for case in cases:
                yield case.pattern
                yield from () if case.guard is None else (case.guard,)
        case cst.Try(handlers=handlers) | cst.TryStar(handlers=handlers):
            yield from (each.type for each in handlers if each.type is not None)
            yield from exceptions_in(block, module)
        case cst.With(items=items):
            yield from (each.item for each in items)
            yield from exceptions_in(block, module) if may_end_exceptions(block, module) else ()


def exits_of(loop: LoopStatement, module: SourceModule) -> Iterator[cst.CSTNode]:
    """Yield the `break` and `continue` statements of a loop that have conditions, and these conditions."""
    for statement, tests in _exits_with_tests(loop, module):
        yield from (statement, *tests)


def _exits_with_tests(loop: LoopStatement, module: SourceModule) -> Iterator[_Exit]:
    """Yield the `break` and `continue` statements of a loop that have conditions or are in an `except` clause."""
    for statement in statements_below(loop.body):
        if not isinstance(statement, cst.Break | cst.Continue):
            continue
        tests: list[cst.CSTNode] = []
        inner: cst.CSTNode = statement
        for outer in ancestors_of(module.parents, statement):
            is_handler = isinstance(inner, cst.ExceptHandler | cst.ExceptStarHandler)
            if isinstance(outer, cst.If | cst.Match) or (is_handler and isinstance(outer, TryStatement)):
                tests += deciding_parts(outer, module)
            elif isinstance(outer, LoopStatement):
                if tests and outer is loop:
                    yield statement, tests
                break
            inner = outer


def passes_skipped(
    changes: VariableChanges,
    writes: Sequence[cst.CSTNode],
    at: cst.CSTNode,
    owner: cst.FunctionDef,
    module: SourceModule,
) -> Iterator[cst.CSTNode]:
    """Yield each `continue` that skips changes of a variable in a loop around a node that reads it, and its conditions.

    `writes` are the statements with the changes. A loop that assigns a new value in front of the node does not count.
    """
    enclosing = {id(at), *map(id, ancestors_of(module.parents, at))}
    for key, loop in changes.blocks.items():
        if key not in enclosing or not isinstance(loop, LoopStatement):
            continue
        inside = [each for each in writes if loop in ancestors_of(module.parents, each)]
        new_values = (each for each in inside if _is_new_value(each, enclosing, module))
        if any(number_before([each], at, owner, module) for each in new_values):
            continue
        for statement, tests in _exits_with_tests(loop, module):
            if isinstance(statement, cst.Continue) and number_before(inside, statement, owner, module) < len(inside):
                yield from (statement, *tests)


def _is_new_value(statement: cst.CSTNode, enclosing: Container[int], module: SourceModule) -> bool:
    """Return whether a statement in the block of enclosing nodes assigns a value without the earlier one."""
    match statement:
        case (
            cst.Assign(targets=[cst.AssignTarget(target=cst.Name(name))], value=value)
            | cst.AnnAssign(target=cst.Name(name), value=cst.BaseExpression() as value)
        ):
            block = next(each for each in ancestors_of(module.parents, statement) if isinstance(each, cst.BaseSuite))
            return id(block) in enclosing and not _mentions(value, name)
        case _:
            return False


def _mentions(value: cst.BaseExpression, name: str) -> bool:
    return any(
        isinstance(each, cst.Name) and each.value == name for each in expressions_below(value, into_lambdas=True)
    )


def reaching_statements(
    changes: VariableChanges,
    binders: Sequence[cst.CSTNode],
    all_binders: Sequence[cst.CSTNode],
    place: SourcePlace,
    owner: cst.FunctionDef,
    *,
    is_mutated_later: bool,
) -> ReachingStatements:
    """Return the statements that decide the value of a variable where a node reads it.

    With `is_mutated_later`, mutations behind the node count.
    """
    at, module = place.node, place.module
    mutations, blocks = [*changes.mutations], blocks_left(changes, at, module)
    if not is_mutated_later:
        mutations = may_run_before(mutations, at, owner, module)
        blocks = may_run_before(blocks, at, owner, module)
    mutations.sort(key=lambda statement: position_in(owner, statement, module))
    writes = [*dict.fromkeys((*all_binders, *changes.mutations))]
    return ReachingStatements(
        binders,
        number_before(binders, at, owner, module),
        mutations,
        number_before(mutations, at, owner, module),
        [each for each in blocks if each in binders or each not in all_binders],
        [*passes_skipped(changes, writes, at, owner, module)],
        [*interrupted_writes([*binders, *mutations], at, module)],
        [*changes_in_repeated(changes, [*binders, *mutations], at, owner, module)],
    )


def changes_before_exits(
    changes: Sequence[cst.CSTNode], blocks: Iterable[BlockStatement], function: cst.FunctionDef, module: SourceModule
) -> Iterator[int]:
    """Yield how many changes of a variable are in front of each `break` or `continue` with a condition in some loops.

    The exit skips the changes behind it.
    """
    for loop in blocks:
        if not isinstance(loop, LoopStatement):
            continue
        for each in exits_of(loop, module):
            if isinstance(each, cst.Break | cst.Continue):
                yield number_before(changes, each, function, module)


def changes_in_parts(
    changes: Iterable[cst.CSTNode], block: BlockStatement, function: cst.FunctionDef, module: SourceModule
) -> str:
    """Return how many changes of a variable are in front of each part of a statement, such as `else`, and of its end.

    This shows which part decides whether a change runs.
    """
    positions = sorted(position_in(function, each, module) for each in changes)
    parts = [[*statements(each)] for each in suites(block)]
    starts = [bisect_left(positions, position_in(function, each[0], module)) for each in parts]
    *_, last = self_and_statements_below(parts[-1][-1])
    end = bisect_right(positions, position_in(function, last, module))
    return ",".join(map(str, (*starts, end)))


def changes_in_repeated(
    changes: VariableChanges,
    writes: Sequence[cst.CSTNode],
    at: cst.CSTNode,
    owner: cst.FunctionDef,
    module: SourceModule,
) -> Iterator[str]:
    """Yield which of some changes are in the parts of each block around a node that a loop repeats, innermost first.

    In a later pass, such a change has run only if its block has. A block around all changes and the node does not
    count, and neither does a loop over the variable, which binds it in each pass.
    """
    enclosing = [at, *takewhile(lambda outer: outer is not owner, ancestors_of(module.parents, at))]
    identities = {id(each) for each in enclosing}
    blocks = changes.blocks.keys() - {id(each) for each in writes}
    for number, block in enumerate(enclosing):
        if id(block) not in blocks or not any(isinstance(each, LoopStatement) for each in enclosing[number:]):
            continue
        suite = next((each for each in suites(block) if id(each) in identities), None)
        if suite is None or not all(suite in ancestors_of(module.parents, each) for each in writes):
            yield f"repeated {changes_in_parts(writes, changes.blocks[id(block)], owner, module)}"


def _ends_with_break(block: cst.IndentedBlock) -> bool:
    last = block.body[-1] if block.body else None
    return isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Break)
