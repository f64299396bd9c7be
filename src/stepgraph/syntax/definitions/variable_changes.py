"""The statements that change the values of local variables, and the loops and conditions around their assignments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.definitions.definition_code import INITIALIZERS
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import mutated_names, mutated_values
from stepgraph.syntax.walk import ancestors_of, statements, statements_below

LoopStatement: TypeAlias = cst.For | cst.While
BlockStatement: TypeAlias = cst.For | cst.While | cst.If


class VariableChanges(Struct, frozen=True):
    """The changes of a local variable after its first assignment."""

    mutations: list[cst.CSTNode] = field(default_factory=list)
    """The statements that mutate its collection or object, also in inner functions."""
    blocks: dict[int, BlockStatement] = field(default_factory=dict)
    """The loops and conditions in the function around its assignments and mutations, by identity."""


_NO_CHANGES = VariableChanges()


def changes_of(name: str, function: cst.FunctionDef, module: SourceModule) -> VariableChanges:
    """Return the changes of a variable of a function."""
    return module.once_for(function, _changes_by_name).get(name, _NO_CHANGES)


def attribute_changes(name: str, owner: cst.ClassDef, module: SourceModule) -> Sequence[cst.CSTNode]:
    """Return the statements in the methods of a class that assign or mutate an attribute of their object.

    The initializers do not count.
    """
    return module.once_for(owner, _changes_by_attribute).get(name, ())


def _changes_by_attribute(owner: cst.ClassDef, _module: SourceModule) -> Mapping[str, Sequence[cst.CSTNode]]:
    changes: defaultdict[str, list[cst.CSTNode]] = defaultdict(list)
    for method in statements(owner.body):
        if not isinstance(method, cst.FunctionDef) or method.name.value in INITIALIZERS:
            continue
        own = next((each.name.value for each in method.params.params), "")
        for statement in statements_below(method.body, into_functions=True):
            for value in (*_targets(statement), *mutated_values(statement)):
                match value:
                    case cst.Attribute(value=cst.Name(receiver), attr=cst.Name(name)) if receiver == own:
                        changes[name].append(statement)
    return dict(changes)


def _targets(statement: cst.CSTNode) -> Sequence[cst.CSTNode]:
    match statement:
        case cst.Assign(targets=targets):
            pairs = [element.value for each in targets for element in getattr(each.target, "elements", ())]
            return [*(each.target for each in targets), *pairs]
        case cst.AugAssign(target=target) | cst.AnnAssign(target=target):
            return [target]
        case _:
            return ()


def blocks_left(changes: VariableChanges, at: cst.CSTNode, module: SourceModule) -> Sequence[BlockStatement]:
    """Return the loops and conditions that change a variable and that do not contain a node that reads it."""
    if not changes.blocks:
        return ()
    enclosing = {id(at), *map(id, ancestors_of(module.parents, at))}
    return [block for key, block in changes.blocks.items() if key not in enclosing]


def number_before(nodes: Sequence[cst.CSTNode], at: cst.CSTNode, owner: cst.FunctionDef, module: SourceModule) -> int:
    """Return how many of the statements of a function are before a node, or all if the node runs at another time."""
    order = module.once_for_code(owner, _statement_order)
    inner = at
    for outer in (at, *ancestors_of(module.parents, at)):
        if isinstance(outer, cst.Lambda) or (isinstance(outer, cst.FunctionDef) and outer.body is inner):
            break
        if id(outer) in order:
            return sum(order.get(id(node), -1) < order[id(outer)] for node in nodes)
        inner = outer
    return len(nodes)


def _statement_order(function: cst.FunctionDef) -> Mapping[int, int]:
    """Return the positions of the statements of a function in source order, by identity."""
    return {id(statement): number for number, statement in enumerate(statements_below(function.body))}


def _changes_by_name(function: cst.FunctionDef, module: SourceModule) -> Mapping[str, VariableChanges]:
    changes: defaultdict[str, VariableChanges] = defaultdict(VariableChanges)
    binders = bindings_of(function, module).binders
    for statement in statements_below(function.body, into_functions=True):
        for name in {*mutated_names(statement), *_changed_objects(statement)}:
            if name in binders:
                changes[name].mutations.append(statement)
    for name, nodes in binders.items():
        mutations = changes[name].mutations if name in changes else ()
        for node in (*nodes, *mutations):
            for block in _blocks_around(node, function, module):
                changes[name].blocks[id(block)] = block
    return dict(changes)


def _changed_objects(statement: cst.CSTNode) -> Iterator[str]:
    """Yield the variables whose attributes a statement assigns, and whose methods it calls for their effects.

    The attributes of the object of a method are variables of their own.
    """
    changed = [*_targets(statement)]
    match statement:
        case cst.Expr(value=cst.Call(func=function)):
            changed.append(function)
    for target in changed:
        match target:
            case cst.Attribute(value=cst.Name(name)) if name not in {"self", "cls"}:
                yield name


def _blocks_around(node: cst.CSTNode, function: cst.FunctionDef, module: SourceModule) -> list[BlockStatement]:
    """Return the loops and conditions around a change, except loops that end with it, as in attempts that succeed."""
    blocks: list[BlockStatement] = []
    is_last = False
    for outer in ancestors_of(module.parents, node):
        if outer is function:
            break
        is_last = is_last or (isinstance(outer, cst.IndentedBlock) and _ends_with_break(outer))
        if isinstance(outer, LoopStatement):
            blocks += () if is_last else (outer,)
            is_last = False
        elif isinstance(outer, cst.If):
            blocks.append(outer)
    return blocks


def _ends_with_break(block: cst.IndentedBlock) -> bool:
    last = block.body[-1] if block.body else None
    return isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Break)
