"""Statements that write to what a name holds: to its list, set or table."""

from __future__ import annotations

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
    """Return the names whose collections functions of a module write to, those of attributes of classes too."""
    return frozenset(module.once(functions_that_change))


def functions_that_change(module: SourceModule) -> dict[str, frozenset[str]]:
    """Return for each such name the names of the functions that write to it, and of what these are in."""
    found: dict[str, set[str]] = {}
    for statement, around in _with_owners(module):
        for value in changed_values(statement) if around else ():
            name = _changed_name(value)
            if name is not None:
                found.setdefault(name, set()).update(around)
    return {name: frozenset(functions) for name, functions in found.items()}


def _changed_name(value: cst.BaseExpression) -> str | None:
    match value:
        case cst.Name(value=name) | cst.Attribute(value=cst.Name(), attr=cst.Name(value=name)):
            return name
        case _:
            return None


def _with_owners(module: SourceModule) -> Iterator[tuple[cst.CSTNode, tuple[str, ...]]]:
    """Yield the statements in the functions of a module with the names of the functions and classes around each."""
    pending: list[tuple[cst.BaseSuite | cst.Module, tuple[str, ...], bool]] = [(module.tree, (), False)]
    while pending:
        body, around, in_function = pending.pop()
        for statement in statements_below(body):
            if isinstance(statement, cst.FunctionDef | cst.ClassDef):
                inside = in_function or isinstance(statement, cst.FunctionDef)
                pending.append((statement.body, (*around, statement.name.value), inside))
            elif in_function:
                yield statement, around


# How many characters of what follows a table of names are looked at.
_NEAR: Final = 200
_EXECUTING: Final = b"exec("
_UPDATING: Final = (b".clear(", b".pop(", b".setdefault(", b".update(")


def binds_by_computing(module: SourceModule) -> bool:
    """Whether a module may bind names that no statement binds: `globals()["NAME"] = 1`, `exec(...)`."""
    source = module.source
    if b"sys.modules[__name__]" in source or any(_is_name(source, end) for end in _ends_of(source, _EXECUTING)):
        return True
    return _writes_to_table(source, b"globals()") or _writes_to_table(source, b"vars()")


def sets_by_computing(module: SourceModule) -> bool:
    """Whether a module sets attributes by computed names: `setattr(self, key, value)`, `vars(self)[key] = 1`."""
    source = module.source
    if b".__setattr__(" in source or _writes_to_table(source, b".__dict__") or _writes_to_table(source, b"vars("):
        return True
    return any(_is_computed(source[end : end + _NEAR]) for end in _ends_of(source, b"setattr("))


def _is_name(source: bytes, end: int) -> bool:
    """Whether a call is one of `exec`, and not of what ends in it."""
    start = end - len(_EXECUTING)
    before = source[max(start - 1, 0) : start]
    return not (before.isalnum() or before in (b"_", b"."))


def _is_computed(arguments: bytes) -> bool:
    """Whether the second argument is no literal text."""
    parts = arguments.split(b",", 2)
    return len(parts) == 1 or not parts[1].lstrip().startswith((b'"', b"'"))


def _writes_to_table(source: bytes, table: bytes) -> bool:
    """Whether a table of names is written to where it is mentioned, or handed on to where it may be."""
    for end in _ends_of(source, table):
        before = source[max(end - len(table) - _NEAR, 0) : end - len(table)]
        after = source[end : end + _NEAR]
        if table.endswith(b"("):
            after = after.partition(b")")[2]
        line = before.rsplit(b"\n", 1)[-1].rstrip()
        is_whole = not after.lstrip(b" \t") or after.lstrip(b" \t").startswith((b"\n", b"\r", b"#"))
        is_handed_on = line.endswith(b"(") and after.startswith((b",", b")")) and table.endswith(b"()")
        if _is_written(after) or is_handed_on or (is_whole and b"=" in line and not line.endswith((b"==", b" in"))):
            return True
    return False


def _is_written(after: bytes) -> bool:
    """Whether a table is written to by what follows it: `["k"] = x`, `.update(...)`, `|= x`."""
    if after.startswith(b"["):
        after = after.partition(b"]")[2]
    elif after.startswith(_UPDATING):
        return True
    rest = after.lstrip(b" \t")
    return rest.startswith((b"=", b"+=", b"|=")) and not rest.startswith(b"==")


def _ends_of(source: bytes, word: bytes) -> Iterator[int]:
    """Yield where each mention of a word ends."""
    start = source.find(word)
    while start >= 0:
        yield start + len(word)
        start = source.find(word, start + len(word))
