"""Objects that stand in front of another one, and hand on to it what they do not have themselves."""

from __future__ import annotations

import libcst as cst

from stepgraph.program.values import FunctionValue
from stepgraph.syntax.bindings import parameters


def asked_instead(method: FunctionValue) -> str | None:
    """Return the attribute of which a `__getattr__` asks everything: `_step` in `return getattr(self._step, name)`."""
    if not isinstance(method.node, cst.FunctionDef) or method.doubts:
        return None
    names = [parameter.name.value for parameter in parameters(method.node.params)]
    match _statements(method.node):
        case [
            cst.Return(
                value=cst.Call(
                    func=cst.Name(value="getattr"),
                    args=[
                        cst.Arg(value=cst.Attribute(value=cst.Name(value=owner), attr=attribute)),
                        cst.Arg(value=cst.Name(value=key)),
                    ],
                )
            )
        ] if [owner, key] == names:
            return attribute.value
        case _:
            return None


def _statements(node: cst.FunctionDef) -> list[cst.CSTNode]:
    """Return the statements of a body, without those that are an expression, as the text at its start is."""
    found: list[cst.CSTNode] = []
    for line in node.body.body:
        found += line.body if isinstance(line, cst.SimpleStatementLine) else [line]
    return [statement for statement in found if not isinstance(statement, cst.Expr)]
