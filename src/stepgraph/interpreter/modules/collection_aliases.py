"""Mutations of a named collection through aliases, in its own module or in any module that it flows to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import PurePath
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.replay.tracer import NO_TRACER
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.heap_cells import DEEPEST
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.ir.values import Duration, ExternalResult, Value, is_none
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of, import_binding
from stepgraph.syntax.deferred.blocks import DeferredBlock, may_contain
from stepgraph.syntax.import_graph import ModuleGroup
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.access_paths import UNKNOWN_NAME, AccessPath, CalledFunction, ReceivingFunction
from stepgraph.syntax.mutation.aliases import Aliases, analyze_aliases
from stepgraph.syntax.mutation.definitions import definitions_of
from stepgraph.syntax.mutation.member_reads import (
    computed_owners,
    computed_readers,
    computed_variables,
    is_namespace_path,
    member_path,
    namespace_path,
    passed_owners,
)
from stepgraph.syntax.walk import statements_below, suites

_READERS_BY_TEXT: Final = (b"getattr", b"vars", b"__dict__")
"""Source text of code that reads an attribute of another module by a string literal."""


def may_change_by_alias(
    interpreter: Interpreter,
    scope: LexicalScope,
    name: str,
    value: Value,
    *,
    by_libraries: bool = False,
    by_other_names: bool = False,
) -> bool:
    """Return whether a collection may be mutated through an alias, in its own or another module of the program.

    With `by_libraries`, only mutations by code outside the project count. With `by_other_names`, mutations by its own
    name in its own module do not count.
    """
    depth = _nesting_depth(value)
    spend = _spender(interpreter)
    own_aliases = scope.module.once(analyze_aliases)
    return any(
        aliases.may_be_mutated(
            start,
            depth,
            spend,
            by_libraries=by_libraries and not is_namespace_path(start),
            by_other_names=by_other_names and aliases is own_aliases and start.name == name,
        )
        or _is_mutated_by_callees(interpreter, aliases, start, depth, by_libraries=by_libraries)
        for aliases, start in _aliases_in_program(interpreter, scope, name, depth)
    )


def _is_mutated_by_callees(
    interpreter: Interpreter,
    aliases: Aliases,
    path: AccessPath,
    depth: int,
    *,
    by_libraries: bool,
    in_methods: bool = True,
) -> bool:
    """Return whether an imported function or a method that receives a collection may mutate it, or code that it calls.

    Imported functions that are not in the project may mutate their arguments.
    """
    spend = _spender(interpreter)
    visited = {(aliases.module, path)}
    pending = [(aliases, path)]
    while pending:
        current, start = pending.pop()
        for passed, called in current.passed_paths(start, depth, spend):
            if called.may_be_method and not in_methods:
                continue
            functions = receiving_functions(interpreter, current.module, called)
            if not functions and not called.may_be_method:
                return True
            for function, parameter in _receiving_parameters(functions, passed, called):
                if (function.module, parameter) in visited:
                    continue
                visited.add((function.module, parameter))
                callee = function.module.once(analyze_aliases)
                if callee.may_be_mutated(parameter, depth, spend, by_libraries=by_libraries):
                    return True
                pending.append((callee, parameter))
    return False


def _receiving_parameters(
    functions: Iterable[ReceivingFunction], path: AccessPath, called: CalledFunction
) -> Iterator[tuple[ReceivingFunction, AccessPath]]:
    """Yield the parameters that receive the value at a path, each with its function."""
    for function in functions:
        yield from ((function, parameter) for parameter in function.paths_of(path, called))


def is_kept_by_other_code(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> bool:
    """Return whether unmodeled code may store a collection, and a module mutates objects from unmodeled code."""
    return _is_kept(interpreter, scope, name, _nesting_depth(value))


def record_unseen_changes(
    interpreter: Interpreter, scope: LexicalScope, name: str, value: Collection | Mapping
) -> None:
    """Record whether a collection of data that a function binds to a name may change in unmodeled ways.

    Code that only stores the collection may change it, but hardly the types of its values.
    """
    state = value.state
    # The first checks rule out most names before the elements are visited.
    if state.changed and not state.has_followed_changes:
        return
    if value.hidden and not _shows_kinds(value):
        # Only rules rely on the values in a hidden dictionary.
        if interpreter.tracer is not NO_TRACER and isinstance(value, Mapping) and state.contents:
            state.has_followed_changes = not _may_be_mutated_unseen(interpreter, scope, name, _nesting_depth(value))
        return
    depth = DEEPEST if state.contents else _nesting_depth(value)
    is_mutated = _may_be_mutated_unseen(interpreter, scope, name, depth)
    if not (is_mutated or (not state.changed and _is_kept(interpreter, scope, name, depth))) or can_run_steps(value):
        return
    depth = _nesting_depth(value)
    if is_mutated and _may_be_mutated_unseen(interpreter, scope, name, depth):
        state.changed = True
    elif not state.changed and _is_kept(interpreter, scope, name, depth):
        state.record_followed_change()


def _shows_kinds(value: Collection | Mapping) -> bool:
    return value.shows_kinds and any(isinstance(each.value, ExternalResult | Duration) for each in value.state.contents)


def _may_be_mutated_unseen(interpreter: Interpreter, scope: LexicalScope, name: str, depth: int) -> bool:
    """Return whether libraries, or code with other names for the collection, may mutate it."""
    aliases, path = scope.module.once(analyze_aliases), AccessPath(name)
    spend = _spender(interpreter)
    return (
        aliases.may_be_mutated(path, depth, spend, by_libraries=True)
        or _is_mutated_by_callees(interpreter, aliases, path, depth, by_libraries=True, in_methods=False)
        or aliases.may_be_mutated(path, depth, spend, by_other_names=True)
    )


def _is_kept(interpreter: Interpreter, scope: LexicalScope, name: str, depth: int) -> bool:
    spend = _spender(interpreter)
    is_kept = any(
        aliases.is_kept(start, depth, spend) for aliases, start in _aliases_in_program(interpreter, scope, name, depth)
    )
    if scope.kind == "function":
        return is_kept and _mutate_unknown(interpreter, list(interpreter.modules.scopes))
    group = interpreter.modules.group()
    return (is_kept or group.once(_keep_names_of_modules)) and _mutate_unknown(interpreter, group.modules)


def _keep_names_of_modules(group: ModuleGroup) -> bool:
    return any(module.once(analyze_aliases).keeps_names_of_modules for module in group.modules)


def _mutate_unknown(interpreter: Interpreter, modules: Iterable[SourceModule]) -> bool:
    return any(mutates_unknown(interpreter, module) for module in modules)


def mutates_unknown(interpreter: Interpreter, module: SourceModule) -> bool:
    """Return whether a module, or a library function that it calls, may mutate a collection that unmodeled code stores.

    A function of the project that receives such a collection is judged by its own module.
    """
    answers = interpreter.modules.mutates_unknown
    if module not in answers:
        aliases = module.once(analyze_aliases)
        answers[module] = aliases.mutates_unknown or any(
            not receiving_functions(interpreter, module, called) for called in sorted(aliases.unknown_callees, key=str)
        )
    return answers[module]


def _aliases_in_program(
    interpreter: Interpreter, scope: LexicalScope, name: str, depth: int
) -> Iterator[tuple[Aliases, AccessPath]]:
    """Yield the aliases of each module that a collection flows to, with the access path of the collection there.

    A collection that a function binds stays in its module, unless unmodeled code stores it.
    """
    spend = _spender(interpreter)
    group = ModuleGroup(()) if scope.kind == "function" else interpreter.modules.group()
    pending = [(scope.module, AccessPath(name)), *_computed_reads(scope, group, spend)]
    visited = set(pending)
    followed: set[AccessPath] = set()
    while pending:
        module, path = pending.pop()
        aliases = module.once(analyze_aliases)
        yield aliases, path
        for alias in aliases.reachable(path, depth, spend) if len(group.modules) > 1 else ():
            if alias.name == UNKNOWN_NAME or alias in followed:
                continue
            followed.add(alias)
            for reader in _readers_of(alias.name, group):
                spend(1)
                if (reader, alias) not in visited:
                    visited.add((reader, alias))
                    pending.append((reader, alias))
        for passed, called in aliases.passed_paths(path, depth, spend) if len(group.modules) > 1 else ():
            functions = () if called.may_be_method else receiving_functions(interpreter, module, called)
            for function, parameter in _receiving_parameters(functions, passed, called):
                spend(1)
                if (function.module, parameter) not in visited:
                    visited.add((function.module, parameter))
                    pending.append((function.module, parameter))


def _computed_reads(
    scope: LexicalScope, group: ModuleGroup, spend: Callable[[int], None]
) -> Iterator[tuple[SourceModule, AccessPath]]:
    """Yield the paths to the variables of a module or class in the modules that read these by computed names."""
    component = scope.last_component
    is_passed = component in group.once(passed_to_computed_reads)
    for module in group.modules if is_passed else group.once(_with_computed_owners):
        owners = module.once(computed_owners)
        spend(len(owners))
        names = {owner for owner, read_component in owners if read_component == component}
        for name in sorted(names | module.once(computed_variables) if is_passed else names):
            yield module, member_path(name)
            yield module, namespace_path(name)


def _with_computed_owners(group: ModuleGroup) -> Sequence[SourceModule]:
    """Return the modules that read members of modules or classes by computed names."""
    return [module for module in group.modules if module.once(computed_owners)]


def owners_read_by_computed_names(group: ModuleGroup) -> frozenset[str]:
    """Return the modules and classes whose members other code reads by computed names."""
    read = {owner for module in group.modules for _, owner in module.once(computed_owners)}
    return group.once(passed_to_computed_reads) | read


def passed_to_computed_reads(group: ModuleGroup) -> frozenset[str]:
    """Return the modules and classes that modules pass, if these use functions that read members by computed names."""
    readers = sorted({name for module in group.modules for name in module.once(computed_readers)})
    # An empty name stands for code outside of functions.
    passing = dict.fromkeys(module for name in readers for module in (group.with_word(name) if name else group.modules))
    return frozenset[str]().union(*(module.once(passed_owners) for module in passing))


def _readers_of(name: str, group: ModuleGroup) -> Sequence[SourceModule]:
    """Return the modules that may read a name from another module, or read an attribute with this name."""
    readers = group.once(_readers_by_name)
    if name not in readers:
        readers[name] = [module for module in group.with_word(name) if _may_read(module, name)]
    return readers[name]


def _readers_by_name(_group: ModuleGroup) -> dict[str, Sequence[SourceModule]]:
    """Return the dictionary that `_readers_of` fills."""
    return {}


def _may_read(module: SourceModule, name: str) -> bool:
    """Return whether a module may read a name from another module, or read an attribute with this name."""
    if not module.mentions(name.encode()):
        return False
    if module.mentions(f".{name}".encode()) or (any(map(module.mentions, _READERS_BY_TEXT)) and _quotes(module, name)):
        return True
    imported_names = module.once(_names_from_modules)
    return name in imported_names or "*" in imported_names


def _quotes(module: SourceModule, name: str) -> bool:
    return module.mentions(f'"{name}"'.encode()) or module.mentions(f"'{name}'".encode())


def _names_from_modules(module: SourceModule) -> frozenset[str]:
    """Return the names that a module imports from other modules, with `*` for a star import."""
    statements = statements_below(module.tree, into_functions=True, sketched=True, words=("import",))
    imports = [statement for statement in statements if type(statement) is cst.ImportFrom]
    names = frozenset(
        alias.evaluated_name
        for statement in imports
        if not isinstance(statement.names, cst.ImportStar)
        for alias in statement.names
    )
    return names | {"*"} if any(isinstance(statement.names, cst.ImportStar) for statement in imports) else names


def can_run_steps(value: Value) -> bool:
    """Return whether a value can lead to a step. A collection can if one of its elements can, at any depth."""
    return any(part.relevant for part in _parts(value) if not isinstance(part, Collection | Mapping))


def has_placeholder(value: Collection | Mapping) -> bool:
    """Return whether a collection has None or an empty collection as an element, at any depth."""
    return any(part.is_empty if isinstance(part, Collection | Mapping) else is_none(part) for part in _parts(value))


def _parts(value: Value) -> Iterator[Value]:
    """Yield a value and its elements, at any depth."""
    pending, visited = [value], set[int]()
    while pending:
        current = pending.pop()
        yield current
        if isinstance(current, Collection | Mapping) and current.state.serial not in visited:
            visited.add(current.state.serial)
            pending += (element.value for element in current.state.elements())


def _nesting_depth(value: Value, depth: int = 1) -> int:
    """Return the nesting depth of a collection, or 0 for other values."""
    if not isinstance(value, Collection | Mapping):
        return depth - 1
    if depth > DEEPEST:
        return depth
    return max((_nesting_depth(element.value, depth + 1) for element in value.state.elements()), default=depth)


def _spender(interpreter: Interpreter) -> Callable[[int], None]:
    return partial(interpreter.budget.spend, Limit.ELEMENTS)


def receiving_functions(
    interpreter: Interpreter, module: SourceModule, called: CalledFunction
) -> tuple[ReceivingFunction, ...]:
    """Return the functions of the project that a call of an imported function or of a method may run.

    Return nothing for an imported function if an import may bind it to other code. The owner of a method may be any
    object: the search for methods loads all modules.
    """
    if called.may_be_method:
        return _methods(interpreter, called.function)
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


def _methods(interpreter: Interpreter, name: str) -> tuple[ReceivingFunction, ...]:
    """Return the functions of the project that a call of a method may run, searched once for the same modules."""
    modules = interpreter.modules.all_modules()
    searched, methods = interpreter.modules.methods.get(name, (None, ()))
    if searched is not modules:
        interpreter.budget.spend(Limit.ELEMENTS, len(modules))
        word = f"def {name}".encode()
        methods = tuple(
            ReceivingFunction(module, parameters)
            for module in modules
            if module.mentions(word)
            for parameters in module.once(definitions_of).parameters_of(name)
        )
        interpreter.modules.methods[name] = modules, methods
    return methods


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
    defined = [(module, name)] if functions else []
    imported = _definers(interpreter, module, "", name, visited) if imports else []
    return [*defined, *imported] if imported or not imports else []


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
