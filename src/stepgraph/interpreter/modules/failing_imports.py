"""Imports and blocks that must succeed or must fail, so their handlers never run or always run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.binding_order import (
    has_raise,
    may_be_unbound,
    never_runs,
    reachable_clauses,
    statement_positions,
)
from stepgraph.interpreter.modules.imports import imports_missing_name, is_in_project, is_in_python
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import import_binding, imported_module, must_load_modules
from stepgraph.syntax.body_errors import (
    IMPORT_ERROR,
    MISSING_MODULE,
    CaughtNames,
    body_errors,
    caught_names,
    may_catch,
    must_catch,
    suppressed_names,
)
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.python_names import PUBLIC_NAMES, SUBMODULES
from stepgraph.syntax.walk import EnclosingBlock, expressions_below, statements


def must_succeed(interpreter: Interpreter, body: cst.BaseSuite, name: str, handlers: Sequence[CaughtNames]) -> bool:
    """Return whether no exception that the handlers may catch can change the value of a name after a block.

    The block must consist of imports that succeed, definitions, and assignments and expressions that cannot raise.
    """
    return _all_must_succeed(interpreter, list(statements(body)), handlers, name)


def _all_must_succeed(
    interpreter: Interpreter, body: Sequence[cst.CSTNode], handlers: Sequence[CaughtNames], name: str = ""
) -> bool:
    """Like `must_succeed`, for the statements of a block. Without a name, no substitute for it counts."""
    return all(_statement_must_succeed(interpreter, statement, name, handlers) for statement in body)


def _statement_must_succeed(
    interpreter: Interpreter, statement: cst.CSTNode, name: str, handlers: Sequence[CaughtNames]
) -> bool:
    match statement:
        case cst.Import() | cst.ImportFrom():
            return _import_must_succeed(interpreter, statement, handlers, name)
        case cst.FunctionDef() | cst.ClassDef() | cst.Pass():
            return True
        case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value) | cst.Expr(value=value):
            nodes = list(expressions_below(value))
            return not any(isinstance(node, _MAY_RAISE) for node in nodes) and not (
                may_catch(handlers, "NameError")
                and any(_may_be_unbound(interpreter, node, statement) for node in nodes)
            )
        case _:
            return False


def must_fail(interpreter: Interpreter, body: cst.BaseSuite) -> bool:
    """Return whether a block must fail because it imports a missing name from a module of the project."""
    imports = (statement for statement in statements(body) if isinstance(statement, cst.ImportFrom))
    return any(imports_missing_name(interpreter, statement) for statement in imports)


def _may_be_unbound(interpreter: Interpreter, node: cst.CSTNode, statement: cst.CSTNode) -> bool:
    """Return whether a node is a name that the module binds on only some paths to a statement."""
    if not isinstance(node, cst.Name):
        return False
    scope = interpreter.modules.scope_of(interpreter.module)
    return node.value in scope.bindings.binders and may_be_unbound(scope, node.value, statement)


_MAY_RAISE: Final = (cst.Call, cst.Attribute, cst.Subscript, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison)


def _import_must_succeed(
    interpreter: Interpreter, statement: cst.Import | cst.ImportFrom, handlers: Sequence[CaughtNames], name: str
) -> bool:
    """Return whether an import in the current module raises no exception that one of the handlers may catch.

    An import of `name` from the standard library counts as successful, because a handler only defines a substitute.
    """
    if is_in_python(statement) or _is_in_standard_library(statement):
        return _binds(statement, name) or _has_names(statement)
    if not is_in_project(interpreter, statement):
        return False
    errors = _errors_of_import(interpreter, interpreter.module, statement)
    if _may_lack_names(interpreter, interpreter.module, statement):
        errors |= {IMPORT_ERROR}
    return not any(may_catch(handlers, error) for error in errors)


def _may_lack_names(interpreter: Interpreter, importer: SourceModule, statement: cst.Import | cst.ImportFrom) -> bool:
    """Return whether a statement imports a name that its project module binds on only some paths."""
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return False
    source = interpreter.modules.importer
    file = None if source is None else source.find(importer.path, *imported_module(statement))
    module = None if source is None or file is None else source.load(file)
    if source is None or file is None or not isinstance(module, SourceModule):
        return False
    scope = interpreter.modules.scope_of(module)
    names = {alias.evaluated_name for alias in statement.names} & scope.bindings.binders.keys()
    return any(may_be_unbound(scope, name) and source.files.find_in_package(file, name) is None for name in names)


def _is_in_standard_library(statement: cst.Import | cst.ImportFrom) -> bool:
    """Return whether an import statement names only modules of the standard library of the Workers runtime."""
    return all(not level and _is_standard_module(name) for level, name in must_load_modules(statement))


def _is_standard_module(name: str) -> bool:
    package, _, submodule = name.rpartition(".")
    return submodule in SUBMODULES.get(package, "").split() if package else name in _STANDARD_LIBRARY


# Standard library modules in the Workers runtime: https://pyodide.org/en/stable/usage/wasm-constraints.html. The first
# two lines exclude modules that the runtime lacks, the next three lines modules that exist only in some versions of
# Python, and the last line modules for Windows.
_STANDARD_LIBRARY: Final = sys.stdlib_module_names - {
    *("curses", "dbm", "ensurepip", "fcntl", "grp", "idlelib", "lib2to3", "lzma", "msvcrt", "pwd", "resource"),
    *("sqlite3", "ssl", "syslog", "termios", "test", "tkinter", "turtle", "turtledemo", "venv", "winreg", "winsound"),
    *("aifc", "annotationlib", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "compression", "crypt"),
    *("distutils", "imghdr", "imp", "mailcap", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd"),
    *("sre_compile", "sre_constants", "sre_parse", "sunau", "telnetlib", "uu", "xdrlib"),
    *("msilib", "nt", "nturl2path"),
}


def _has_names(statement: cst.Import | cst.ImportFrom) -> bool:
    """Return whether the imported modules have the imported names in all supported versions of Python."""
    modules = [name for _, name in must_load_modules(statement)]
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        top_level = {name.split(".", 1)[0] for name in modules}
        return _is_in_standard_library(statement) or top_level.isdisjoint(sys.stdlib_module_names)
    (module,) = modules
    names = f"{PUBLIC_NAMES.get(module, '')} {SUBMODULES.get(module, '')}"
    return {alias.evaluated_name for alias in statement.names} <= set(names.split())


def _binds(statement: cst.Import | cst.ImportFrom, name: str) -> bool:
    return not isinstance(statement.names, cst.ImportStar) and name in map(import_binding, statement.names)


def _errors_of_import(
    interpreter: Interpreter, importer: SourceModule, statement: cst.Import | cst.ImportFrom
) -> frozenset[str]:
    """Return the names of the exceptions that may leave the bodies of the modules that a statement imports."""
    roots = _imported_modules(interpreter, importer, statement)
    _compute_errors(interpreter, roots)
    errors = interpreter.modules.errors_of_bodies
    return frozenset[str]().union(*(errors[module] for module in roots))


def _imported_modules(
    interpreter: Interpreter, importer: SourceModule, statement: cst.Import | cst.ImportFrom
) -> list[SourceModule]:
    return list(dict.fromkeys(scope.module for scope in interpreter.modules.imported_by(importer, statement)))


def _compute_errors(interpreter: Interpreter, roots: Sequence[SourceModule]) -> None:
    """Compute the exceptions that may leave the bodies of modules and of their imports, as a least fixpoint."""
    computed = interpreter.modules.errors_of_bodies
    pending = [module for module in roots if module not in computed]
    errors: dict[SourceModule, frozenset[str]] = {}
    imports: dict[SourceModule, list[tuple[Sequence[CaughtNames], list[SourceModule]]]] = {}
    while pending:
        module = pending.pop()
        if module in errors or module in computed:
            continue
        body = module.once(body_errors)
        interpreter.budget.spend(Limit.ELEMENTS, 1 + len(body.raised) + len(body.imports))
        raised = {error.name for error in body.raised if not must_catch(error.handlers, error.name)}
        imports[module] = []
        for imported in body.imports:
            statement = imported.statement
            modules = _imported_modules(interpreter, module, statement)
            is_known = modules or is_in_python(statement) or _is_in_standard_library(statement)
            if not is_known and not must_catch(imported.handlers, MISSING_MODULE):
                raised.add(MISSING_MODULE)
            if _may_lack_names(interpreter, module, statement) and not must_catch(imported.handlers, IMPORT_ERROR):
                raised.add(IMPORT_ERROR)
            imports[module].append((imported.handlers, modules))
            pending += modules
        errors[module] = frozenset(raised)
    changed = True
    while changed:
        changed = False
        for module, sources in imports.items():
            added = {
                error
                for handlers, modules in sources
                for imported in modules
                for error in errors.get(imported, computed.get(imported, frozenset()))
                if not must_catch(handlers, error)
            }
            if not added <= errors[module]:
                errors[module], changed = errors[module] | added, True
    computed.update(errors)


def nested_import_runs(
    interpreter: Interpreter, scope: LexicalScope, statement: cst.Import | cst.ImportFrom
) -> bool | None:
    """Return whether an import that is nested in a module body runs. Return None if it runs on only some paths."""
    position = statement_positions(scope.module.tree, scope.module).get(id(statement))
    if position is None:
        return True
    enclosing = position.enclosing
    inner = [*(block.statement for block in enclosing[1:]), statement]
    with interpreter.in_definition_body(scope):
        runs = [_block_runs(interpreter, block, child) for block, child in zip(enclosing, inner, strict=True)]
    return False if False in runs else None if None in runs else True


def _block_runs(interpreter: Interpreter, block: EnclosingBlock, child: cst.CSTNode) -> bool | None:
    """Return whether a block of a compound statement runs, up to and including one of its statements."""
    match block.statement:
        case cst.If() as statement:
            return _clause_runs(statement, block.suite)
        case cst.Try() | cst.TryStar() as statement:
            return _part_runs(interpreter, statement, block.suite, child)
        case cst.With() as statement:
            return _must_reach(interpreter, statement.body, child, suppressed_names(statement)) or None
        case _:
            return None


def _clause_runs(statement: cst.If, suite: cst.BaseSuite) -> bool | None:
    clauses = list(reachable_clauses(statement))
    if never_runs(statement) or all(reachable is not suite for _, reachable in clauses):
        return False
    return True if clauses[0][1] is suite and clauses[0][0] is None else None


def _part_runs(
    interpreter: Interpreter, statement: cst.Try | cst.TryStar, suite: cst.BaseSuite, child: cst.CSTNode
) -> bool | None:
    if statement.finalbody is not None and suite is statement.finalbody.body:
        return True
    handlers = [caught_names(handler) for handler in statement.handlers if not has_raise(handler.body)]
    if suite is statement.body:
        return _must_reach(interpreter, suite, child, handlers) or None
    must_succeed = _all_must_succeed(interpreter, list(statements(statement.body)), handlers)
    if statement.orelse is not None and suite is statement.orelse.body:
        return must_succeed or None
    return False if must_succeed else None


def _must_reach(
    interpreter: Interpreter, body: cst.BaseSuite, child: cst.CSTNode, handlers: Sequence[CaughtNames]
) -> bool:
    """Return whether no exception that the handlers may catch can end a block before one of its statements has run."""
    if not handlers:
        return True
    before = list(takewhile(lambda statement: statement is not child, statements(body)))
    interpreter.budget.spend(Limit.EVALUATIONS, len(before))  # again for each import of the block
    return _all_must_succeed(interpreter, [*before, child], handlers)
