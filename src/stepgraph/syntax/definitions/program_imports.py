"""The imports of a module outside of its steps, and searches of its text for the entries of its `WriteIndex`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import ModuleReference, imported_module, must_load_modules
from stepgraph.syntax.deferred.blocks import may_contain
from stepgraph.syntax.definitions.class_statements import HOOK_WORDS
from stepgraph.syntax.definitions.write_index import ANY_ATTRIBUTE, SUBCLASSES, is_step_declaration
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below

_WORDS: Final = ("import",)
_SETTERS: Final = (b"setattr", b"delattr")
_NAMESPACES: Final = (b"__dict__", b"vars")
"""With `_SETTERS`, the words in the source of each write to an attribute with a computed name."""
_DEFINITION: Final = rb"\b(?:def|class)(?:\s|\\\r?\n)++(?:[^\W\d]|[\x80-\xff])(?:\w|[\x80-\xff])*+"
"""The start of a function or class. Comments and strings may also match."""


def program_imports(module: SourceModule) -> tuple[ModuleReference, ...]:
    """Return the modules that import statements name, and the members of packages that may be modules.

    The functions that run as steps do not count. Call this function through `module.once`.
    """
    imported: dict[ModuleReference, None] = {}
    pending: list[cst.BaseSuite | cst.Module] = [module.tree]
    while pending:
        for statement in statements_below(pending.pop(), sketched=True, words=_WORDS):
            match statement:
                case cst.Import() | cst.ImportFrom():
                    imported |= dict.fromkeys((*must_load_modules(statement), *_members(statement)))
                case cst.FunctionDef(decorators=decorators, body=body):
                    is_step = any(is_step_declaration(each.decorator) for each in decorators)
                    if not is_step and may_contain(body, _WORDS):
                        pending.append(body)
                case cst.ClassDef(body=body) if may_contain(body, _WORDS):
                    pending.append(body)
    return tuple(imported)


def _members(statement: cst.Import | cst.ImportFrom) -> Iterator[ModuleReference]:
    """Yield the members that a statement imports, as modules of a package."""
    if isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
        level, name = imported_module(statement)
        for alias in statement.names:
            yield level, f"{name}.{alias.evaluated_name}" if name else alias.evaluated_name


def may_define(module: SourceModule, name: str) -> bool:
    """Return whether a module may define a function or class with a name, also in a class."""
    return name in module.once(_possible_definitions)


def may_define_hooks(module: SourceModule) -> bool:
    """Return whether a module may define a function that the assignment of an attribute runs."""
    return any(map(module.mentions, HOOK_WORDS))


def may_write(module: SourceModule, location: str) -> bool:
    """Return whether a module may write a location of `WriteIndex`, or define a function or class with its name."""
    if location == SUBCLASSES or any(map(module.mentions, _SETTERS)):
        return True  # the name of the attribute may be computed
    words = _NAMESPACES if location == ANY_ATTRIBUTE else (location.rpartition(".")[2].encode(),)
    return any(map(module.mentions, words))


def _possible_definitions(module: SourceModule) -> frozenset[str]:
    """Return a superset of the names of the functions and classes of a module, found in its text."""
    starts = re.findall(_DEFINITION, module.utf_8_source)
    return frozenset(start.split()[-1].decode(errors="replace") for start in starts)
