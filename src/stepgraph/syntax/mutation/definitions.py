"""The functions, classes and imports of a module by name, for the analysis of the flow of collections through calls."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import ParameterNames, import_binding, imported_module
from stepgraph.syntax.deferred.blocks import DeferredBlock, may_contain
from stepgraph.syntax.deferred.unvisited import FactsByName, UnvisitedBodies
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below

_TRUSTED_PACKAGES: Final = sys.stdlib_module_names | {"js", "pyodide", "workers"}
_DEFINING_STATEMENTS: Final = frozenset([cst.FunctionDef, cst.ClassDef, cst.Import, cst.ImportFrom, cst.Assign])
_KEYWORDS: Final = ("def", "class", "import", "lambda")
_CONSTRUCTORS: Final = ("__init__", "__new__")


class Definition(Struct, frozen=True):
    """A function, class or import that a statement binds to a name."""

    parameters: tuple[ParameterNames, ...] = ()
    """The parameters of the function, or of the constructors of the class."""
    is_opaque_import: bool = False
    """Whether it is imported from the project or from an untrusted package. Calls of it may mutate the arguments."""


class Definitions(Struct):
    """The functions, classes and imports of a module. Deferred bodies are searched when a name in them matters."""

    _definitions: FactsByName[None, Definition]
    deferred_classes: dict[str, list[DeferredBlock]] = field(default_factory=dict)
    """The deferred bodies of classes that may define constructors, by class name."""

    def of(self, name: str) -> Collection[Definition]:
        """Return the functions and classes of a name, and the opaque imports that bind it. No name is empty."""
        if not name:
            return ()
        for body in self.deferred_classes.get(name, ()):
            self._definitions.add([(name, Definition(_constructors(body)))])
        return self._definitions.about(name)

    def is_definition(self, name: str) -> bool:
        """Return whether a function or class has a name."""
        definitions = self.of(name)
        return bool(definitions) and not all(definition.is_opaque_import for definition in definitions)

    def parameters_of(self, name: str) -> Collection[ParameterNames]:
        """Return the parameters of the functions of a name, and of the constructors of the classes of that name."""
        definitions = self.of(name)
        return [parameters for each in definitions for parameters in each.parameters] if definitions else ()

    def is_opaque(self, name: str) -> bool:
        """Return whether an opaque import binds a name."""
        definitions = self.of(name)
        return bool(definitions) and any(definition.is_opaque_import for definition in definitions)


def definitions_of(module: SourceModule) -> Definitions:
    """Return the functions, classes and imports of a module."""
    facts = FactsByName(UnvisitedBodies[None](module), _definitions_below)
    definitions = Definitions(facts)
    for statement in statements_below(module.tree, into_functions=True, skeleton=True):
        facts.add(_definitions_by(statement))
        if type(statement) is not cst.FunctionDef and type(statement) is not cst.ClassDef:
            continue
        if type(statement.body) is not DeferredBlock:
            continue
        if may_contain(statement.body, _KEYWORDS):
            facts.unvisited.defer(statement.body, None)
        if type(statement) is cst.ClassDef and may_contain(statement.body, _CONSTRUCTORS):
            definitions.deferred_classes.setdefault(statement.name.value, []).append(statement.body)
    return definitions


def _definitions_below(body: cst.BaseSuite, _: None) -> Iterator[tuple[str, Definition]]:
    for statement in statements_below(body, into_functions=True, sketched=True):
        yield from _definitions_by(statement)


def _definitions_by(statement: cst.CSTNode) -> Iterator[tuple[str, Definition]]:
    """Yield the functions, classes and opaque imports that a statement defines, each with its name."""
    if type(statement) not in _DEFINING_STATEMENTS:
        return
    if type(statement) is cst.Assign and type(statement.value) is not cst.Lambda:
        return
    match statement:
        case cst.FunctionDef(name=cst.Name(value=name)):
            yield name, Definition((ParameterNames.from_node(statement.params),))
        case cst.ClassDef(name=cst.Name(value=name), body=body):
            yield name, Definition(() if type(body) is DeferredBlock else _constructors(body))
        case cst.Import() | cst.ImportFrom():
            yield from (
                (import_binding(alias), Definition(is_opaque_import=True)) for alias in opaque_imports(statement)
            )
        case cst.Assign(targets=targets, value=cst.Lambda() as function):
            for target in targets:
                if isinstance(target.target, cst.Name):
                    yield target.target.value, Definition((ParameterNames.from_node(function.params),))


def _constructors(body: cst.BaseSuite) -> tuple[ParameterNames, ...]:
    """Return the parameters of the constructors in the body of a class."""
    functions = (s for s in statements_below(body, sketched=True) if isinstance(s, cst.FunctionDef))
    return tuple(ParameterNames.from_node(each.params) for each in functions if each.name.value in _CONSTRUCTORS)


def opaque_imports(statement: cst.Import | cst.ImportFrom) -> Iterable[cst.ImportAlias]:
    """Return the items that a statement imports from the project or from untrusted packages."""
    if isinstance(statement.names, cst.ImportStar):
        return ()
    if isinstance(statement, cst.ImportFrom):
        level, source = imported_module(statement)
        return statement.names if level or _is_untrusted(source) else ()
    return (alias for alias in statement.names if _is_untrusted(alias.evaluated_name))


def _is_untrusted(module: str) -> bool:
    return module.split(".", 1)[0] not in _TRUSTED_PACKAGES
