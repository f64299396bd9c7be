"""Imported functions to which a module passes collections, resolved to their definitions in the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of, import_binding
from stepgraph.syntax.deferred.blocks import DeferredBlock, may_contain
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.access_paths import CalledFunction, ReceivingFunction
from stepgraph.syntax.mutation.aliases import analyze_aliases
from stepgraph.syntax.mutation.definitions import definitions_of
from stepgraph.syntax.walk import statements_below, suites


def receiving_functions(
    interpreter: Interpreter, module: SourceModule, called: CalledFunction
) -> tuple[ReceivingFunction, ...]:
    """Return the functions of the project that a call of an imported function or of a method may run.

    Return nothing for an imported function if an import may bind it to other code. The owner of a method may be any
    object: the search for methods loads all modules.
    """
    if called.may_be_method:
        return tuple(_methods(interpreter, called.function))
    if module.once(analyze_aliases).may_bind((called.owner or called.function).partition(".")[0]):
        return ()
    answers = interpreter.modules.imported_functions
    key = (module, called.owner, called.function)
    if key not in answers:
        answers[key] = tuple(
            ReceivingFunction(definer, parameters)
            for definer, name in _definers(interpreter, module, called.owner, called.function, set())
            for parameters in definer.once(definitions_of).parameters_of(name)
        )
    return answers[key]


def _methods(interpreter: Interpreter, name: str) -> Iterator[ReceivingFunction]:
    modules = interpreter.modules.all_modules()
    interpreter.budget.spend(Limit.ELEMENTS, len(modules))
    word = f"def {name}".encode()
    for module in modules:
        if module.mentions(word):
            for parameters in module.once(definitions_of).parameters_of(name):
                yield ReceivingFunction(module, parameters)


def _definers(
    interpreter: Interpreter, module: SourceModule, owner: str, function: str, visited: set[tuple[SourceModule, str]]
) -> list[tuple[SourceModule, str]]:
    """Return the modules that define an imported function, each with the function's name there.

    `owner` is the dotted name of the imported module in a call such as `lib.go(x)`, or an empty string. Modules that
    import the function themselves are followed. Return nothing if one of the imports leads to no definition.
    """
    definers: list[tuple[SourceModule, str]] = []
    for statement, alias in _imports_of(interpreter, module, owner or function):
        if owner and _bound_path(alias) != owner:
            continue
        name = function if owner else alias.evaluated_name
        resolved: list[tuple[SourceModule, str]] = []
        for scope in interpreter.modules.imported_by(module, statement):
            source = scope.module
            if owner and not _is_named(source, alias.evaluated_name.rpartition(".")[2]):
                continue
            if (source, name) not in visited:
                visited.add((source, name))
                resolved += _definers_in(interpreter, source, name, visited)
        if not resolved:
            return []
        definers += resolved
    return definers


def _definers_in(
    interpreter: Interpreter, module: SourceModule, name: str, visited: set[tuple[SourceModule, str]]
) -> list[tuple[SourceModule, str]]:
    """Return the definers of a name that a module defines or imports. Return nothing if it may have another value."""
    if interpreter.modules.owners_with_assigned_attribute(name):
        return []
    binders = bindings_of(module.tree, module).binders.get(name, ())
    imports = [binder for binder in binders if isinstance(binder, cst.Import | cst.ImportFrom)]
    functions = [binder for binder in binders if isinstance(binder, cst.FunctionDef | cst.ClassDef)]
    if len(imports) + len(functions) < len(binders):
        return []
    own = [(module, name)] if functions else []
    imported = _definers(interpreter, module, "", name, visited) if imports else []
    return [*own, *imported] if imported or not imports else []


def _imports_of(
    interpreter: Interpreter, module: SourceModule, bound: str
) -> Iterator[tuple[cst.Import | cst.ImportFrom, cst.ImportAlias]]:
    """Yield the items of import statements that bind the first component of a dotted name."""
    root = bound.partition(".")[0]
    parsed = module.once(_parsed_imports)
    interpreter.budget.spend(Limit.ELEMENTS, 1 + len(parsed.unparsed))
    yield from parsed.by_name.get(root, ())
    for body in parsed.unparsed:
        if may_contain(body, (root,)):
            imports = _imports_in(statements_below(body, into_functions=True, sketched=True, words=(root,)))
            yield from (item for item in imports if import_binding(item[1]) == root)


class _ParsedImports(Struct, frozen=True):
    """The items of the import statements of a module outside of deferred bodies, and these bodies."""

    by_name: dict[str, list[tuple[cst.Import | cst.ImportFrom, cst.ImportAlias]]]
    """The items by the name that they bind."""
    unparsed: list[DeferredBlock]


def _parsed_imports(module: SourceModule) -> _ParsedImports:
    parsed = [*statements_below(module.tree, into_functions=True, skeleton=True)]
    by_name: dict[str, list[tuple[cst.Import | cst.ImportFrom, cst.ImportAlias]]] = {}
    for statement, alias in _imports_in(parsed):
        by_name.setdefault(import_binding(alias), []).append((statement, alias))
    bodies = (suite for statement in parsed for suite in suites(statement))
    return _ParsedImports(by_name, [suite for suite in bodies if isinstance(suite, DeferredBlock)])


def _imports_in(
    nodes: Iterable[cst.CSTNode],
) -> Iterator[tuple[cst.Import | cst.ImportFrom, cst.ImportAlias]]:
    """Yield the items of the import statements among some statements, without star imports."""
    for statement in nodes:
        if type(statement) is not cst.Import and type(statement) is not cst.ImportFrom:
            continue
        if not isinstance(statement.names, cst.ImportStar):
            yield from ((statement, alias) for alias in statement.names)


def _bound_path(alias: cst.ImportAlias) -> str:
    """Return the dotted name by which code reads an imported module."""
    return alias.evaluated_name if alias.asname is None else import_binding(alias)


def _is_named(module: SourceModule, name: str) -> bool:
    """Return whether a module or package has this last component in its dotted name."""
    path = PurePath(module.path)
    return (path.parent.name if path.stem == "__init__" else path.stem) == name
