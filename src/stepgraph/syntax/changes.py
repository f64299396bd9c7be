"""Statements that write to what a name holds: to its list, set or table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below

# Methods that write to the list, set or table that they are of.
CHANGING = frozenset(
    ("add", "append", "clear", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort", "update")
)


def changed_names(statement: cst.CSTNode) -> Iterator[str]:
    """Yield the names whose collections a statement of a module or class writes to: `A["k"] = 1`, `A.update(...)`."""
    return (value.value for value in changed_values(statement) if isinstance(value, cst.Name))


def changed_values(statement: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the expressions whose collections a statement writes to."""
    match statement:
        case cst.Assign(targets=targets):
            changed: list[cst.CSTNode] = [target.target for target in targets]
        case cst.AugAssign() | cst.Del():
            changed = [statement.target]
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value=method)))):
            if method in CHANGING:
                yield value
            return
        case _:
            return
    for target in changed:
        if isinstance(target, cst.Subscript):
            yield target.value


def changed_in_functions(module: SourceModule) -> frozenset[str]:
    """Return the names whose collections functions of a module write to."""
    found: set[str] = set()
    for statement in statements_below(module.tree, into_functions=True):
        if isinstance(statement, cst.FunctionDef):
            for inner in statements_below(statement.body):
                found.update(changed_names(inner))
    return frozenset(found)


# `table["k"] = x`, `table.update(...)`, `table |= x`, after what gives the table of names.
_WRITES = rb"(?:\s*+\[[^\]\n]*+\]\s*+(?:[-+|]?=(?!=)|:\s*+\w++\s*+=)|\.(?:update|setdefault|pop|clear)\(|\s*+\|=)"
_BINDING_BY_COMPUTING: Final = re.compile(
    rb"\bexec\(|\bsys\.modules\[__name__\]|=\s*+(?:globals|vars)\(\)[ \t]*+$"
    rb"|\b(?:globals|vars)\(\)%(writes)s|(?<!\.)\b\w++\((?:globals|vars)\(\)" % {b"writes": _WRITES},
    re.MULTILINE,
)
_SETTING_BY_COMPUTING: Final = re.compile(
    rb"\bsetattr\([ \t]*+[^,\n]++,[ \t]*+(?![\"'])|\bsetattr\([ \t]*+\n|\.__setattr__\(|=[ \t]*+\w++\.__dict__[ \t]*+$"
    rb"|=\s*+vars\([^()\n]++\)[ \t]*+$|(?:\.__dict__|\bvars\([^()\n]++\))%(writes)s" % {b"writes": _WRITES},
    re.MULTILINE,
)


def binds_by_computing(module: SourceModule) -> bool:
    """Whether a module may bind names that no statement binds: `globals()["NAME"] = 1`, `exec(...)`."""
    return _BINDING_BY_COMPUTING.search(module.source) is not None


def sets_by_computing(module: SourceModule) -> bool:
    """Whether a module sets attributes by computed names: `setattr(self, key, value)`, `vars(self)[key] = 1`."""
    return _SETTING_BY_COMPUTING.search(module.source) is not None
