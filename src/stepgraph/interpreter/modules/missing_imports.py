"""Undefined names: those that the platform or the standard library provides lack an import, others a definition."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.ir.name_facts import MissingImport, TypeOnlyName, UndefinedName
from stepgraph.ir.values import UNKNOWN, External, Value
from stepgraph.syntax.bindings import type_parameters
from stepgraph.syntax.free_names import comprehension_targets
from stepgraph.syntax.load_names import (
    is_defined_later,
    is_in_annotation,
    names_in_signature,
    type_only_names,
    unbound_annotation_names,
    unbound_load_names,
)
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.changes import may_bind_computed_names
from stepgraph.syntax.python_names import IMPORTABLE_NAMES, ImportableName
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_in_statement

# Source text of code that may define names which no statement binds.
_NAMESPACE_ACCESS = (b"globals(", b"exec(", b"sys.modules", b"builtins", b"._convert_(")
# Source text of code that may define names of other modules through their functions or stack frames.
_FOREIGN_NAMESPACE_ACCESS: Final = (
    *(b"__globals__", b"f_globals", b"__dict__[", b"__dict__.update(", b"__dict__.setdefault("),
)

# Names that a version of Python, a notebook or a function such as `gettext.install` defines.
_SOMETIMES_BUILT_IN: Final = frozenset(
    [
        *("BaseExceptionGroup", "ExceptionGroup", "PythonFinalizationError", "WindowsError", "aiter", "anext"),
        *("frozendict", "sentinel", "_", "display", "get_ipython", "ic", "reveal_locals", "reveal_type"),
        *("apply", "basestring", "buffer", "cmp", "coerce", "execfile", "file", "intern", "long", "raw_input"),
        *("reduce", "reload", "unichr", "unicode", "xrange"),
    ]
)
_BUILT_IN: Final = frozenset(dir(builtins)) | _SOMETIMES_BUILT_IN
# Names of other languages.
_TRANSLATIONS: Final = {"null": "None", "undefined": "None", "true": "True", "false": "False", "this": "self"}


def import_missing(interpreter: Interpreter, node: cst.Name) -> Value:
    """Return the value that an importable name would have with its import, if no code binds the name.

    The name is recorded for the rules. Its value is unknown if code may bind it.
    """
    name = node.value
    scopes = list(_enclosing_scopes(interpreter.frame.scope))
    if not _is_undefined(interpreter, node, scopes):
        return UNKNOWN
    imported = interpreter.module.once_for(node, _import_of)
    at_load = _is_at_load(scopes)
    is_member = any(_binds(scope, name) for scope in scopes if scope.kind == "class")
    interpreter.observe(MissingImport(name, imported, interpreter.place(node), at_load, is_member))
    return External(imported.qualified(name))


def observe_undefined_name(interpreter: Interpreter, node: cst.Name) -> None:
    """Record a use of a name that no code binds and no import provides."""
    scopes = list(_enclosing_scopes(interpreter.frame.scope))
    if (
        _may_be_undefined(node.value)
        and _is_undefined(interpreter, node, scopes)
        and not _is_annotation_or_type_parameter(node, interpreter.module)
    ):
        _observe_undefined(interpreter, interpreter.place(node), scopes)


def _may_be_undefined(name: str) -> bool:
    return name not in _BUILT_IN and not (name.startswith("__") and name.endswith("__"))


def _observe_undefined(interpreter: Interpreter, place: SourcePlace, scopes: Sequence[LexicalScope]) -> None:
    name = place.text
    if _may_be_set_by_object(interpreter, name):
        return
    is_member = any(_binds(scope, name) for scope in scopes if scope.kind == "class")
    suggestion = None if is_member else _suggest_name(interpreter, name, scopes)
    interpreter.observe(UndefinedName(name, place, _is_at_load(scopes), is_member, suggestion))


def _may_be_set_by_object(interpreter: Interpreter, name: str) -> bool:
    """Return whether a module may set a name of another module through the module object or a function."""
    modules = interpreter.modules
    return modules.mention_any(_FOREIGN_NAMESPACE_ACCESS) or modules.is_attribute_assigned(name)


def _suggest_name(interpreter: Interpreter, name: str, scopes: Sequence[LexicalScope]) -> str | None:
    """Return the most similar name that code can read in scopes. Return None if no name is similar enough.

    Names that the module does not define must have the same letters, because there are many of them.
    """
    if name in _TRANSLATIONS:
        return _TRANSLATIONS[name]
    modules, key = interpreter.modules, (scopes[-1].module, name)

    def candidates() -> list[str]:
        bound = (each for scope in scopes if scope.kind != "class" for each in scope.bindings.binders)
        letters = sorted(name.casefold())
        others = (each for each in (*IMPORTABLE_NAMES, *dir(builtins)) if sorted(each.casefold()) == letters)
        return [*dict.fromkeys((*bound, *others))]

    if key not in modules.suggested_names:
        modules.suggested_names[key] = modules.suggestions.nearest(name, candidates)
    return modules.suggested_names[key]


def _is_undefined(interpreter: Interpreter, node: cst.Name, scopes: Sequence[LexicalScope]) -> bool:
    """Return whether no code binds a name in the scopes around it, and no code handles the NameError."""
    from stepgraph.syntax.body_errors import catches_by_name

    name = node.value
    if any(_binds(scope, name) for scope in scopes if scope.kind != "class" or scope is scopes[0]):
        return False
    if _is_bound_by_comprehension(interpreter.module, node):
        return False
    return not _may_be_bound_dynamically(interpreter, scopes[-1], name) and not catches_by_name(
        node, interpreter.module, "NameError"
    )


def _is_bound_by_comprehension(module: SourceModule, node: cst.Name) -> bool:
    """Return whether a comprehension around a name binds it. Its scope is empty until the interpreter runs its loop."""
    return any(
        isinstance(ancestor, COMPREHENSIONS) and node.value in comprehension_targets(ancestor)
        for ancestor in ancestors_in_statement(module.parents, node)
    )


def observe_type_only_name(interpreter: Interpreter, node: cst.Name) -> None:
    """Record a use of a name that the module imports only for type checkers. Annotations may never be evaluated."""
    from stepgraph.syntax.body_errors import catches_by_name

    name, module = node.value, interpreter.module
    *inner, module_scope = _enclosing_scopes(interpreter.frame.scope)
    if any(_binds(scope, name) for scope in inner) or _may_be_bound_dynamically(interpreter, module_scope, name):
        return
    if catches_by_name(node, module, "NameError") or is_in_annotation(node, module):
        return
    interpreter.observe(TypeOnlyName(name, _is_at_load([*inner, module_scope]), interpreter.place(node)))


def _is_annotation_or_type_parameter(node: cst.Name, module: SourceModule) -> bool:
    """Return whether a name is part of an annotation, or a type parameter of a definition, as in `class Box[T]`."""
    is_annotation = any(
        isinstance(ancestor, cst.Annotation | cst.TypeAlias)
        for ancestor in ancestors_in_statement(module.parents, node)
    )
    return is_annotation or any(node.value in type_parameters(scope) for scope in module.scopes_around(node))


def _is_at_load(scopes: Sequence[LexicalScope]) -> bool:
    return not any(scope.kind in ("function", "expression") for scope in scopes)


def observe_missing_imports(interpreter: Interpreter) -> None:
    """Record the undefined names that the bodies of modules read when they are loaded.

    The interpreter only evaluates the statements that the workflow needs, but all of them run.
    """
    for scope in tuple(interpreter.modules.scopes.values()):
        for node in scope.module.once(unbound_load_names):
            name, place = node.value, SourcePlace(scope.module, node)
            if not _may_be_undefined(name) or _may_be_bound_dynamically(interpreter, scope, name):
                continue
            if name in IMPORTABLE_NAMES:
                imported = scope.module.once_for(node, _import_of)
                interpreter.observe(MissingImport(name, imported, place, at_load=True, is_member_of_class=False))
            elif not _is_annotation_or_type_parameter(node, scope.module):
                _observe_undefined(interpreter, place, [scope])
        for node in scope.module.once(unbound_annotation_names):
            _observe_annotation_name(interpreter, node, [scope])


def observe_local_annotations(interpreter: Interpreter, function: cst.FunctionDef, scope: LexicalScope) -> None:
    """Record the undefined names in the annotations of a function inside a function."""
    names = interpreter.module.once_for(function, names_in_signature)
    scopes = list(_enclosing_scopes(scope)) if names else []
    type_only = scopes[-1].module.once(type_only_names) if scopes else ()
    for node in names:
        visible = (each for each in scopes if each.kind != "class" or each is scopes[0])
        binder = next((each for each in visible if _binds(each, node.value)), None)
        if binder is None or (binder is scopes[-1] and node.value in type_only):
            _observe_annotation_name(interpreter, node, scopes)


def _observe_annotation_name(interpreter: Interpreter, node: cst.Name, scopes: Sequence[LexicalScope]) -> None:
    """Record a name in an annotation that no code binds by then, or that is imported only for type checkers."""
    from stepgraph.syntax.body_errors import catches_by_name

    name, module = node.value, scopes[-1].module
    place = SourcePlace(module, node)
    if _may_be_bound_dynamically(interpreter, scopes[-1], name) or catches_by_name(node, module, "NameError"):
        return
    if name in module.once(type_only_names):
        interpreter.observe(TypeOnlyName(name, _is_at_load(scopes), place))
    elif name in IMPORTABLE_NAMES and not is_defined_later(node, module):
        imported = module.once_for(node, _import_of)
        interpreter.observe(MissingImport(name, imported, place, _is_at_load(scopes), is_member_of_class=False))
    elif _may_be_undefined(name):
        _observe_undefined(interpreter, place, scopes)


def _import_of(node: cst.Name, module: SourceModule) -> ImportableName:
    """Return the import of a name. `datetime` is the class unless the code reads a class of the module."""
    if node.value != "datetime":
        return IMPORTABLE_NAMES[node.value]
    match module.parents.get(id(node)):
        case cst.Attribute(attr=cst.Name(value="date" | "datetime" | "time" | "timedelta" | "timezone" | "UTC")):
            return IMPORTABLE_NAMES["datetime"]
        case _:
            return ImportableName("datetime", is_member=True)


def _enclosing_scopes(scope: LexicalScope | None) -> Iterator[LexicalScope]:
    """Yield a scope and its enclosing scopes, innermost first. The last one is the module."""
    while scope is not None:
        yield scope
        scope = scope.parent


def _binds(scope: LexicalScope, name: str) -> bool:
    return name in scope.bindings.binders or scope.names.get(name) is not None


def _may_be_bound_dynamically(interpreter: Interpreter, scope: LexicalScope, name: str) -> bool:
    """Return whether a star import, computed names or another module may bind a name of a module."""
    modules = interpreter.modules
    return (
        bool(scope.bindings.stars)
        or scope.module.once(_accesses_namespace)
        or modules.is_assigned_externally(scope, name)
        or modules.may_extend_builtins()
    )


def _accesses_namespace(module: SourceModule) -> bool:
    return any(map(module.mentions, _NAMESPACE_ACCESS)) or may_bind_computed_names(module)
