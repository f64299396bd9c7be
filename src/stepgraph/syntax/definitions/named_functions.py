"""The functions and classes that the names in calls stand for, also in functions without steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of, dotted_names
from stepgraph.syntax.definitions.class_hierarchy import PlacedClass, class_around
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.dotted_names import (
    NameDefinition,
    Target,
    imported_name,
    locate,
    locate_import,
)
from stepgraph.syntax.definitions.function_calls import CALL_METHOD, DefinedFunction, only_function
from stepgraph.syntax.definitions.program_imports import may_define
from stepgraph.syntax.definitions.write_index import CLASS_MEMBER, write_index
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import statements_below

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.definition_scope import DefinitionScope

Names: TypeAlias = tuple[str, ...]
"""The components of a dotted name, or an empty tuple for another expression."""


class CallingCode(Struct, frozen=True):
    """The code around a call."""

    module: SourceModule
    functions: Sequence[cst.FunctionDef]
    """The functions around the call, innermost first."""

    def method_around(self, receiver: str) -> cst.FunctionDef | None:
        """Return the method around the call whose first parameter has a name."""
        for each in self.functions:
            first = next(iter(each.params.params), None)
            if first is not None and first.name.value == receiver:
                return each if class_around(each, self.module) is not None else None
        return None

    def binders(self, name: str) -> Sequence[cst.CSTNode] | None:
        """Return the statements that bind a variable of the functions, or None for a global name."""
        for each in self.functions:
            bindings = bindings_of(each, self.module)
            if name in bindings.globals:
                return None
            if bindings.binds(name):
                return bindings.binders[name]
        return None


class NamedFunctions(Struct):
    """The functions and classes of a program by the names in its code."""

    scope: DefinitionScope

    def functions(self, names: Names, caller: CallingCode) -> Sequence[DefinedFunction] | None:
        """Return the functions that a dotted name may stand for, or None for a method of an unknown object."""
        if not names:
            return None
        module = caller.module
        receiver = caller.method_around(names[0]) if names[1:2] == names[-1:] else None
        if receiver is not None:
            member = self.scope.globals.method(names[1], receiver, module)
            return None if member is None else [member]
        binders = caller.binders(names[0])
        if binders is not None and not _are_imports(binders):
            return _functions_in(binders, module) if len(names) == 1 else None
        target = self._target(names, caller)
        if not isinstance(target, NameDefinition):
            return ()
        if (method := self._class_method(names, target)) is not None:
            return [method]
        binders = bindings_of(target.module.tree, target.module).binders[target.name]
        return _functions_in(binders, target.module) if target.used == len(names) else None

    def _target(self, names: Names, caller: CallingCode) -> Target:
        """Return the target of a global or imported name, or None for another variable."""
        match caller.binders(names[0]):
            case None:
                return locate(names, caller.module, self.scope.importer)
            case [cst.Import() | cst.ImportFrom() as statement]:
                return locate_import(imported_name(statement, names[0]), names, caller.module, self.scope.importer)
            case _:
                return None

    def is_variable(self, names: Names, caller: CallingCode) -> bool:
        """Return whether a name, or another expression, may stand for any function that the program uses as a value."""
        if len(names) > 1:
            is_method = self.functions(names, caller) is not None or any(self.methods(names[-1:], caller.module))
            return not is_method and self._is_assigned(names[-1])
        binders = caller.binders(names[0]) if names else ()
        module = caller.module
        if binders is None or _are_imports(binders):
            target = self._target(names, caller)
            if not isinstance(target, NameDefinition):
                return False
            binders, module = bindings_of(target.module.tree, target.module).binders[target.name], target.module
        is_class = any(isinstance(each, cst.ClassDef) for each in binders)
        return not is_class and not _functions_in(binders, module)

    def _is_assigned(self, attribute: str) -> bool:
        """Return whether the program assigns an attribute, perhaps in the body of a class."""
        return any(map(self.scope.writes.is_written, (f".{attribute}", f"{CLASS_MEMBER}{attribute}")))

    def methods(self, names: Collection[str], module: SourceModule) -> Iterator[DefinedFunction]:
        """Yield all functions with some names in the modules of the program."""
        for each in self.scope.writes.modules_with(module):
            for name in sorted(name for name in names if may_define(each, name)):
                functions = write_index(each).functions
                yield from (DefinedFunction(each, function, function) for function in functions.get(name, ()))

    def values(self, module: SourceModule) -> Iterator[DefinedFunction]:
        """Yield the functions to which the program refers without calling them, except for functions of steps.

        Objects with a method `__call__` count, too.
        """
        yield from self.methods((CALL_METHOD,), module)
        for each in self.scope.writes.modules_with(module):
            index = self.scope.writes.indexes[each.path]
            for name, functions in index.functions.items():
                references = self.scope.writes.references(name, module)
                if name not in index.steps and any(event.call is None for event in references):
                    yield from (DefinedFunction(each, function, function) for function in functions)

    def class_of(self, names: Names, caller: CallingCode) -> PlacedClass | None:
        """Return the class that a dotted name stands for, or whose inherited or generated member it names."""
        target = self._target(names, caller) if names else None
        if not isinstance(target, NameDefinition) or self._class_method(names, target) is not None:
            return None
        return _class_at(target) if len(names) - target.used <= 1 else None

    def _class_method(self, names: Names, target: NameDefinition) -> DefinedFunction | None:
        """Return the method of a class that a dotted name stands for, or None for another name."""
        owner = _class_at(target) if len(names) == target.used + 1 else None
        return None if owner is None else self.scope.globals.class_method(names[-1], owner)

    def wrappers(self, function: DefinedFunction) -> Iterator[DefinedFunction]:
        """Yield the inner functions of the decorators of a function, which may run in its place."""
        caller = CallingCode(function.module, functions_around(SourcePlace(function.module, function.node)))
        for decorator in (each.decorator for each in function.node.decorators):
            called = decorator.func if isinstance(decorator, cst.Call) else decorator
            for each in self.functions(dotted_names(called), caller) or ():
                inside = statements_below(each.node.body, into_functions=True)
                yield from (
                    DefinedFunction(each.module, node, node) for node in inside if isinstance(node, cst.FunctionDef)
                )


def _are_imports(binders: Sequence[cst.CSTNode]) -> bool:
    return len(binders) == 1 and isinstance(binders[0], cst.Import | cst.ImportFrom)


def _functions_in(binders: Sequence[cst.CSTNode], module: SourceModule) -> Sequence[DefinedFunction]:
    only = only_function(binders, module)
    if only is not None:
        return [only]
    return [DefinedFunction(module, each, each) for each in binders if isinstance(each, cst.FunctionDef)]


def _class_at(target: NameDefinition) -> PlacedClass | None:
    match bindings_of(target.module.tree, target.module).binders[target.name]:
        case [cst.ClassDef() as owner]:
            return owner, target.module
        case _:
            return None
