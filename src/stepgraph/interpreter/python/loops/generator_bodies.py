"""Bodies of generators: where they yield and how they end, as far as syntax decides, and the values that they yield.

Each use of a generator interprets its code again, or repeats its memoized summary. Both allocate new objects for the
values that it yields, which are the same objects at each use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.copies import Copier
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.calls import GeneratorCall
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.widening import is_copy
from stepgraph.interpreter.workflow.work import YieldedValues
from stepgraph.ir.nodes import Scope
from stepgraph.ir.values import Value
from stepgraph.syntax.walk import (
    EnclosingBlock,
    children,
    expressions_below,
    statements,
    statements_below,
    statements_with_enclosing,
    suites,
)

_MAX_EVALUATIONS: Final = 8
"""The maximum number of different evaluations of one generator, because each is compared with all earlier ones."""


def yields_in_one_loop(body: cst.BaseSuite) -> bool:
    """Return whether each `yield` of a body is in the same loop, and in no loop inside of that loop."""
    loops: set[int] = set()
    for statement, enclosing in statements_with_enclosing(body):
        if isinstance(statement, cst.BaseCompoundStatement):
            continue
        if any(isinstance(node, cst.Yield) for node in expressions_below(statement)):
            outer_loops = [block.statement for block in enclosing if isinstance(block.statement, cst.For | cst.While)]
            if len(outer_loops) != 1 or enclosing[0].statement is not outer_loops[0]:
                return False
            loops.add(id(outer_loops[0]))
    return len(loops) == 1


def may_leave(body: cst.BaseSuite) -> bool:
    """Return whether a loop body has statements that may leave the loop."""
    for statement in statements(body):
        if isinstance(statement, cst.Assert | cst.Break | cst.Raise | cst.Return):
            return True
        is_loop = isinstance(statement, cst.For | cst.While)
        inner = [] if isinstance(statement, cst.FunctionDef | cst.ClassDef) else suites(statement)
        if any(_leaves_inner(suite) if is_loop else may_leave(suite) for suite in inner):
            return True
    return False


def _leaves_inner(body: cst.BaseSuite) -> bool:
    """Return whether the body of an inner loop has statements that may leave the outer loop."""
    return any(isinstance(statement, cst.Assert | cst.Raise | cst.Return) for statement in statements_below(body))


def last_statement(body: cst.BaseSuite) -> cst.CSTNode | None:
    """Return the last statement of a block. Return None if the block is empty."""
    return [None, *statements(body)][-1]


def has_plain_yields(body: cst.BaseSuite, *, in_finally: bool = False) -> bool:
    """Return whether each `yield` of a body is the only one of a simple statement outside of every `try` and `with`.

    With `in_finally`, a `yield` may be in a `with`, or in the block of a `try` without handlers.
    """
    for statement, enclosing in statements_with_enclosing(body):
        if isinstance(statement, cst.BaseCompoundStatement):
            if _has_yield_in_head(statement):
                return False
            continue
        yields = [node for node in expressions_below(statement) if isinstance(node, cst.Yield)]
        if not yields:
            continue
        is_guarded = any(_guards(block, except_finally=in_finally) for block in enclosing)
        if is_guarded or len(yields) > 1 or isinstance(yields[0].value, cst.From):
            return False
    return True


def _guards(block: EnclosingBlock, *, except_finally: bool) -> bool:
    """Return whether a block is a part of a `try` or `with`, other than those that only run code at their end."""
    match block:
        case EnclosingBlock(statement=cst.Try(handlers=[], body=body, finalbody=last), suite=suite) if except_finally:
            return suite is not body or (last is not None and any(map(_is_jump, statements_below(last.body))))
        case EnclosingBlock(statement=cst.With()) if except_finally:
            return False
        case _:
            return isinstance(block.statement, cst.Try | cst.TryStar | cst.With)


def _is_jump(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.Return | cst.Break | cst.Continue)


def _has_yield_in_head(statement: cst.BaseCompoundStatement) -> bool:
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return False
    parts = [part for part in children(statement) if isinstance(part, cst.BaseExpression | cst.WithItem)]
    return any(isinstance(node, cst.Yield) for part in parts for node in expressions_below(part))


def is_last_statement(body: cst.BaseSuite, statement: cst.CSTNode) -> bool:
    """Return whether no statement of a body can run after a statement outside of its loops."""
    last = last_statement(body)
    if last is statement:
        return True
    return isinstance(last, cst.If | cst.Match) and any(is_last_statement(suite, statement) for suite in suites(last))


class GeneratorPasses(Struct):
    """The operations at each `yield` of a generator whose code is inlined."""

    store: Store
    since: int
    """The serial of the newest cell before the code."""
    scopes: list[Scope] = field(default_factory=list)
    yields_own_objects: bool = False
    """Whether the generator yields objects that its code creates, so that code after an earlier use has others."""

    def add(self, scope: Scope, value: Value) -> None:
        """Add the operation at a `yield` of a value."""
        self.scopes.append(scope)
        copier = Copier(self.store, self.since)
        copier.copy(value)
        self.yields_own_objects = self.yields_own_objects or bool(copier.copies)


def shared_yields(
    interpreter: Interpreter, generator: GeneratorCall, yields: tuple[Element, ...], since: int
) -> tuple[Element, ...]:
    """Return the values that a generator may yield, with the objects of its earlier uses.

    `yields` are the values of the current evaluation of the code, which has no effects that matter. `since` is the
    serial of the newest cell before the evaluation.
    """
    store = interpreter.store
    copier = Copier(store, since)
    unchanged = copier.copy_elements(yields)
    if not copier.copies:
        return yields
    evaluations = interpreter.work.yielded.setdefault(id(generator), (generator, []))[1]
    if not any(_is_repeated(interpreter, yields, evaluation) for evaluation in evaluations):
        if len(evaluations) == _MAX_EVALUATIONS:
            _report_values(interpreter, generator)
            return _all_yields(evaluations)
        # A rollback undoes the writes that filled the original cells, but keeps the contents of copies.
        unused = [cell for cell in generator.cells if not cell]
        shared = Copier(store, since, unused=unused).copy_elements(yields)
        evaluations.append(YieldedValues(shared, unchanged, since))
    return _all_yields(evaluations)


def _is_repeated(interpreter: Interpreter, yields: tuple[Element, ...], earlier: YieldedValues) -> bool:
    """Return whether an evaluation has the same result as an earlier one, apart from the allocated objects."""
    budget = interpreter.store.budget
    return len(yields) == len(earlier.unchanged) and all(
        element.place == before.place and is_copy(element.value, before.value, earlier.since, budget)
        for element, before in zip(yields, earlier.unchanged, strict=True)
    )


def _all_yields(evaluations: Iterable[YieldedValues]) -> tuple[Element, ...]:
    return tuple(element for evaluation in evaluations for element in evaluation.elements)


def _report_values(interpreter: Interpreter, generator: GeneratorCall) -> None:
    interpreter.note(
        "generator",
        generator.place,
        f"the generator `{generator.function.name}` yields different objects at each use.",
        "The graph shows the objects of the first uses.",
    )
