"""The lists that a loop fills like a comprehension.

`names = []; for item in items: names.append(item.name)` has the definition of `[item.name for item in items]`.
"""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from stepgraph.syntax.definitions.variable_changes import ReachingStatements, precedes_in_block
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import ancestors_of, expressions_below, statements


def collected_list(
    reaching: ReachingStatements, at: cst.CSTNode, module: SourceModule
) -> tuple[cst.BaseExpression, cst.For] | None:
    """Return the comprehension for a variable that a node reads, and its loop, or None for other variables.

    The loop must follow the assignment of the empty list, and contain only the `append` and its conditions.
    """
    match reaching.binders, reaching.mutations:
        case (
            [cst.Assign(targets=[cst.AssignTarget(cst.Name(name))], value=cst.List(elements=[])) as first],
            [
                cst.Expr(
                    value=cst.Call(func=cst.Attribute(cst.Name(changed), cst.Name("append")), args=[element])
                ) as last
            ],
        ) if name == changed and not (element.star or element.keyword or reaching.skipped or reaching.interrupted):
            pass
        case _:
            return None
    outer_nodes = ancestors_of(module.parents, last)
    loop = next((each for each in outer_nodes if isinstance(each, cst.For)), None)
    if loop is None or loop.asynchronous is not None or loop.orelse is not None:
        return None
    if loop in ancestors_of(module.parents, at) or not precedes_in_block(first, loop, module):
        return None
    tests = _only_tests(loop, last)
    if tests is None or _contain((element.value,), cst.Await):
        return None
    # No comprehension has the variables that `:=` assigns in its iterable, and definitions do not follow the others.
    if _contain((element.value, loop.iter, *tests), cst.NamedExpr):
        return None
    # Comprehensions require parentheses where loops and branches do not: `for region in "eu", "us"`.
    clauses = "".join(f" if ({module.text(each)})" for each in tests)
    target, iterable = module.text(loop.target), module.text(loop.iter)
    return cst.parse_expression(f"[({module.text(element.value)}) for {target} in ({iterable}){clauses}]"), loop


def _only_tests(loop: cst.For, last: cst.CSTNode) -> list[cst.BaseExpression] | None:
    """Return the conditions of the only statement in a loop, or None if it contains others."""
    tests: list[cst.BaseExpression] = []
    body: cst.BaseSuite = loop.body
    while True:
        inside: list[cst.CSTNode] = [*statements(body)]
        match inside:
            case [cst.If(test=test, body=body, orelse=None)]:
                tests.append(test)
            case [only] if only is last:
                return tests
            case _:
                return None


def _contain(expressions: Iterable[cst.BaseExpression], kind: type[cst.CSTNode]) -> bool:
    return any(isinstance(each, kind) for expression in expressions for each in expressions_below(expression))
