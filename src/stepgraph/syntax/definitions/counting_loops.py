"""The `while` loops that count like a `for` loop over a `range`.

`n = 0; while n < 3: ...; n += 1` has the definitions of `for n in range(3): ...`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.definitions.loop_elements import item_of_key
from stepgraph.syntax.definitions.variable_changes import precedes_in_block
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import ancestors_of, statements, statements_below


class Count(Struct, frozen=True):
    """The variable of a loop that counts, and the equal `range`."""

    name: str
    range: cst.Call
    items: tuple[str, ...] = ()
    """The items of collections that the limit reads, as in `item_name`."""

    def is_fixed(self, may_change: Callable[[str], bool]) -> bool:
        """Return whether the limit is the same in all passes. `may_change` returns whether code may change an item."""
        return not any(map(may_change, self.items))


def count_of(loop: cst.CSTNode, module: SourceModule) -> Count | None:
    """Return the count of a `while` loop, or None if it may differ from a `for` loop over a `range`.

    The limit must be a number, a variable with a single assignment, or an item of one. Code may still change items.
    """
    return module.once_for(loop, _count_of) if isinstance(loop, cst.While) else None


def counting_loop(name: str, at: cst.CSTNode, module: SourceModule) -> tuple[cst.While, Count] | None:
    """Return the loop around a node that counts a variable, if the node is in its body in front of the increment."""
    inner = at
    for outer in ancestors_of(module.parents, at):
        if isinstance(outer, cst.FunctionDef | cst.Lambda | cst.ClassDef):
            return None
        if isinstance(outer, cst.While) and inner is outer.body:
            count = count_of(outer, module)
            if count is not None and count.name == name:
                return outer, count
        inner = outer
    return None


def _count_of(loop: cst.CSTNode, module: SourceModule) -> Count | None:
    match loop:
        case cst.While(
            test=cst.Comparison(
                left=cst.Name(name), comparisons=[cst.ComparisonTarget(operator=cst.LessThan(), comparator=limit)]
            ),
            body=body,
        ):
            function = next(
                (each for each in ancestors_of(module.parents, loop) if isinstance(each, cst.FunctionDef)), None
            )
            start = None if function is None else _start(name, loop, function, module)
            items = None if function is None else _items_in_limit(limit, function, module)
            if start is None or items is None or any(isinstance(each, cst.Continue) for each in statements_below(body)):
                return None
            arguments = [limit] if start == "0" else [cst.Integer(start), limit]
            return Count(name, cst.Call(cst.Name("range"), [cst.Arg(each) for each in arguments]), items)
        case _:
            return None


def _start(name: str, loop: cst.While, function: cst.FunctionDef, module: SourceModule) -> str | None:
    """Return the number that a variable has in front of a loop whose last statement alone increments it, or None."""
    *_, last = statements(loop.body)
    bindings = bindings_of(function, module)
    if name in {*bindings.globals, *bindings.nonlocals} or _is_captured(name, function):
        return None
    match bindings.binders.get(name, []), last:
        case (
            [cst.Assign(targets=[cst.AssignTarget(cst.Name())], value=cst.Integer(value=start)) as first, increment],
            cst.AugAssign(operator=cst.AddAssign(), value=cst.Integer(value="1")),
        ) if increment is last and precedes_in_block(first, loop, module):
            return start
        case _:
            return None


def _is_captured(name: str, function: cst.FunctionDef) -> bool:
    """Return whether an inner function rebinds a variable."""
    inside = statements_below(function.body, into_functions=True)
    return any(isinstance(each, cst.Nonlocal) and name in {item.name.value for item in each.names} for each in inside)


def _items_in_limit(
    limit: cst.BaseExpression, function: cst.FunctionDef, module: SourceModule
) -> tuple[str, ...] | None:
    """Return the items that a limit reads, or None if the limit may change between passes."""
    match limit:
        case cst.Integer():
            return ()
        case cst.Name(name):
            bindings = bindings_of(function, module)
            binders: Sequence[cst.CSTNode] = bindings.binders.get(name, ())
            return () if len(binders) == 1 and name not in bindings.mutations else None
        case cst.Subscript(value=owner, slice=[cst.SubscriptElement(cst.Index(key))]):
            outer, item = _items_in_limit(owner, function, module), item_of_key(key)
            return None if outer is None or not item else (*outer, item)
        case _:
            return None
