"""The writes and references in the modules of a program, and the objects that its functions mutate."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

import libcst as cst

from stepgraph.model.note import Problem
from stepgraph.syntax.bindings import is_modeled_package
from stepgraph.syntax.definitions.definition_code import INITIALIZERS
from stepgraph.syntax.definitions.function_calls import may_receive
from stepgraph.syntax.definitions.program_imports import may_define, may_define_hooks, may_write, program_imports
from stepgraph.syntax.definitions.write_index import (
    PART_OF,
    CodeEvent,
    WriteIndex,
    receivers_of_parameters,
    write_index,
)
from stepgraph.syntax.module import SourceModule

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.definition_scope import DefinitionScope

_MAX_MODULES: Final = 20
"""The maximum number of modules that are followed."""


class ProgramWrites:
    """The writes and references in the modules of a program, which are added when their code is read.

    The followed modules are known without their indexes, because an index parses all code of its module.
    """

    def __init__(self, scope: DefinitionScope) -> None:
        self._scope = scope
        self.modules: dict[str, SourceModule] = {}
        """The modules, by path."""
        self._indexes: dict[str, WriteIndex] = {}
        """The indexes of the modules that were followed when they were last needed."""
        self._shared_parts: dict[str, frozenset[str]] = {}
        """The results of `shared_parts`, by name."""
        self._mutators: dict[str, Collection[tuple[str, str]]] = {}
        """The results of `_mutators_of`, by name."""
        self._mutators_in: dict[frozenset[str], dict[str, set[tuple[str, str]]]] = {}
        """The results of `_mutators_among`, by the paths of the modules."""

    @property
    def indexes(self) -> Mapping[str, WriteIndex]:
        """The indexes of the modules, by path."""
        if len(self._indexes) < len(self.modules):
            self._indexes = {path: write_index(module) for path, module in self.modules.items()}
        return self._indexes

    def add(self, module: SourceModule) -> None:
        """Add a module, those with the code of the graph, and the modules that they import."""
        if module.path in self.modules:
            return
        pending = [module]
        if not self.modules:
            pending += (place.module for places in self._scope.calls.values() for place in places)
            pending += () if self._scope.workflow is None else (self._scope.workflow.module,)
        while pending and len(self.modules) < _MAX_MODULES:
            each = pending.pop()
            if each.path not in self.modules:
                self.modules[each.path] = each
                pending += self._imported_by(each)
                self._mutators.clear()
                self._mutators_in.clear()
                self._shared_parts.clear()

    def _imported_by(self, module: SourceModule) -> Iterator[SourceModule]:
        importer = self._scope.importer
        for level, name in module.once(program_imports):
            file = None if importer is None or is_modeled_package(name) else importer.find(module.path, level, name)
            loaded = None if importer is None or file is None else importer.load(file)
            if loaded is not None and not isinstance(loaded, Problem):
                yield loaded

    def indexes_with(self, name: str) -> Iterator[WriteIndex]:
        """Yield the indexes of the modules that contain a name."""
        return (write_index(each) for each in self.modules.values() if each.mentions(name.encode()))

    def indexes_at(self, location: str) -> Iterator[WriteIndex]:
        """Yield the indexes of the modules that may write a location, or define a function or class with its name."""
        return (write_index(each) for each in self.modules.values() if may_write(each, location))

    def is_written(self, location: str) -> bool:
        """Return whether a statement writes a location."""
        return any(location in index.writes for index in self.indexes_at(location))

    def shared_parts(self, name: str) -> frozenset[str]:
        """Return the locations of the parts of attributes that may share the object of a variable."""
        if name not in self._shared_parts:
            called = {each for index in self.indexes_with(name) for each in index.passed.get(name, ())}
            stored = (self._stored_by(each) for each in {name, *called})
            inherited = (self._stored_by(base) for each in called for base in self._bases_of(each))
            attributes = chain.from_iterable((*stored, *inherited))
            self._shared_parts[name] = frozenset(f"{PART_OF}{each}" for each in attributes)
        return self._shared_parts[name]

    def _stored_by(self, name: str) -> Iterator[str]:
        """Yield the attributes that store the object of a variable, or a parameter of the initializer of a class."""
        return (attribute for index in self.indexes_with(name) for attribute in index.shared.get(name, ()))

    def _bases_of(self, name: str) -> Iterator[str]:
        """Yield the names of the base classes of a class, and of the base classes of these."""
        pending, visited = [name], {name}
        while pending:
            each = pending.pop()
            bases = {base for index in self.indexes_with(each) for base in index.bases.get(each, ())} - visited
            yield from sorted(bases)
            visited |= bases
            pending += sorted(bases)

    def has_special_methods(self, name: str) -> bool:
        """Return whether a name is that of a class with special methods, such as an initializer."""
        return any(name in index.special_methods for index in self.indexes_with(name))

    def modules_with(self, module: SourceModule) -> Sequence[SourceModule]:
        """Return the followed modules, after adding a module."""
        self.add(module)
        return [*self.modules.values()]

    def references(self, name: str, module: SourceModule) -> Sequence[CodeEvent]:
        """Return the references to functions with a name in the modules with the code of the graph."""
        self.add(module)
        return [event for index in self.indexes.values() for event in index.references.get(name, ())]

    def has_assignment_hooks(self, module: SourceModule) -> bool:
        """Return whether the assignment of an attribute may run code of the project that changes other attributes."""
        hooking = (each for each in self.modules_with(module) if may_define_hooks(each))
        return any(write_index(each).has_assignment_hooks for each in hooking)

    def mutations(
        self, name: str, function: cst.FunctionDef, module: SourceModule, attribute: str = ""
    ) -> list[cst.CSTNode]:
        """Return the statements of a function that mutate the object of a variable, or pass it to code that does.

        With the name of an attribute, changes of other attributes are left out.
        """
        self.add(module)
        index = write_index(module)
        calls = index.arguments.get((id(function), name), ())
        passing = (event.statement for called, event in calls if self._mutates(called, event.call, name, attribute))
        changes = index.objects.get((id(function), name), ())
        return [*(statement for statement, part in changes if _includes(part, attribute)), *passing]

    def may_change_elements(self, name: str, module: SourceModule) -> bool:
        """Return whether code mutates the collection of a global or class variable, or passes it to code that does.

        Variables and attributes of the same name count.
        """
        self.add(module)
        if self.is_written(name) or self.is_written(f".{name}"):
            return True
        return any(self._mutators_of(each) for index in self.indexes_with(name) for each in index.passed.get(name, ()))

    def _mutates(self, called: str, call: cst.Call | None, variable: str, attribute: str) -> bool:
        """Return whether a call of the functions with a name mutates the object of a variable among its arguments.

        With the name of an attribute, changes of other attributes do not count.
        """
        return any(
            self._may_pass(variable, call, called, parameter)
            for parameter, part in self._mutators_of(called)
            if _includes(part, attribute)
        )

    def _mutators_of(self, called: str) -> Collection[tuple[str, str]]:
        """Return the parameters that the functions with a name mutate, or pass to functions that do.

        Each has the attribute that changes, or an empty string for any part of it.
        """
        if called not in self._mutators:
            paths = self._paths_reached_from(called)
            if paths not in self._mutators_in:
                self._mutators_in[paths] = self._mutators_among([self.modules[path] for path in sorted(paths)])
            self._mutators[called] = self._mutators_in[paths].get(called, ())
        return self._mutators[called]

    def _paths_reached_from(self, called: str) -> frozenset[str]:
        """Return the paths of the modules with the functions that may receive parameters of functions with a name."""
        paths: set[str] = set()
        pending, visited = [called], {called}
        while pending:
            name = pending.pop()
            for module in self._defining(name):
                paths.add(module.path)
                added: set[str] = module.once(receivers_of_parameters).get(name, set()) - visited
                visited |= added
                pending += added
        return frozenset(paths)

    def _defining(self, name: str) -> Iterator[SourceModule]:
        """Yield the modules that may define a function or class with a name."""
        return (each for each in self.modules.values() if may_define(each, name))

    def _mutators_among(self, modules: Sequence[SourceModule]) -> dict[str, set[tuple[str, str]]]:
        """Return the parameters for `_mutators_of` of the functions in some modules, by the name of the function."""
        indexes = [*map(write_index, modules)]
        mutators: dict[str, set[tuple[str, str]]] = {}
        pending = [each for index in indexes for each in index.mutators]
        while pending:
            called, parameter, part = pending.pop()
            if (parameter, part) in mutators.setdefault(called, set()):
                continue
            mutators[called].add((parameter, part))
            calls = (each for index in indexes for each in index.passing.get(called, ()))
            pending += (
                (function, passed, part)
                for function, passed, call in calls
                if self._may_pass(passed, call, called, parameter)
            )
        return mutators

    def _may_pass(self, variable: str, call: cst.Call | None, called: str, parameter: str) -> bool:
        """Return whether a call of the functions with a name may pass a variable for a parameter."""
        functions = (each for module in self._defining(called) for each in _functions_of(write_index(module), called))
        return call is None or any(may_receive(each, parameter, call, variable) for each in functions)


def _functions_of(index: WriteIndex, called: str) -> Iterator[cst.FunctionDef]:
    """Yield the functions with a name, and the initializers of classes with the name."""
    yield from index.functions.get(called, ())
    yield from (each for each in index.special_methods.get(called, ()) if each.name.value in INITIALIZERS)


def _includes(part: str, attribute: str) -> bool:
    """Return whether the change of an attribute may concern another one. Empty names stand for all attributes."""
    return not (part and attribute) or part == attribute
