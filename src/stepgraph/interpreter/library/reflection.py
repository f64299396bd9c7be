"""Models of reflection: imports by name, and dictionaries of a scope, module or class, whose values are unresolved.

If any module may be imported by a partly constant name, as by `import_module(f"jobs.{kind}")`, it may replace
definitions of others.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import MAX_CASES, union_values
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.modules.imports import import_by_name
from stepgraph.interpreter.modules.loaded_modules import LoadedModules
from stepgraph.interpreter.objects.attributes.dynamic import constant_name, literal_names, name_patterns
from stepgraph.interpreter.objects.attributes.function_attributes import make_unresolved
from stepgraph.interpreter.objects.attributes.lookup import NAMESPACE_LOOKUP, table_of_members
from stepgraph.interpreter.objects.classes import relevant_members
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.python.arguments import make_mapping, make_result_collection
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.containers import Element, MappingEntry
from stepgraph.interpreter.values.data import data_objects
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, LexicalScope, ModuleValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction, StepMethod, StepObject, StepSignature
from stepgraph.ir.values import UNKNOWN, Constant, External, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.derivations import TEST_CODE
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import statements_below

if TYPE_CHECKING:
    from stepgraph.interpreter.objects.attributes.name_patterns import NamePattern

_DEFINITIONS: Final = (cst.FunctionDef, cst.ClassDef)


@models("builtins.locals")
def _locals(call: LibraryCall) -> Value:
    """Model `locals()`, whose functions, classes and steps are unresolved, as UNKNOWN if it has none."""
    interpreter, scope = call.interpreter, call.interpreter.frame.body_scope
    variables: list[tuple[str, Value]] = []
    enclosing: LexicalScope | None = scope
    while enclosing is not None and (enclosing is scope or enclosing.kind != "module"):
        interpreter.budget.spend(Limit.ELEMENTS, len(enclosing.names))
        variables += ((name, value) for name, value in enclosing.names.items() if isinstance(value, Value))
        enclosing = enclosing.parent if scope.kind == "function" else None
    if not any(_is_definition(value) for _, value in variables):
        return UNKNOWN
    if scope.kind != "function":
        return table_of_members(interpreter, call.place)
    unset = scope.bindings.binders.keys() - scope.names.keys()
    interpreter.store.unset_reads.update((scope.names.serial, name) for name in unset)
    entries = (_variable_entry(name, value, call.place) for name, value in variables)
    return make_mapping(interpreter, tuple(entries))


def _variable_entry(name: str, value: Value, place: SourcePlace) -> MappingEntry:
    """Return the entry of `locals()` for a variable, which may be unbound or not used by the function."""
    is_data = not value.relevant or (not _is_definition(value) and data_objects(value) is not None)
    shown = UNKNOWN if is_data else Unresolved(NAMESPACE_LOOKUP, place)
    return MappingEntry(Constant(name), shown, place, place, may_be_missing=True)


@models("builtins.globals")
def _globals(call: LibraryCall) -> Value:
    """Model `globals()` in a function that the workflow calls."""
    if call.interpreter.is_import_time:
        return call.unmodeled()
    scope: LexicalScope = call.interpreter.frame.body_scope
    while scope.parent is not None:
        scope = scope.parent
    return _unresolved_if(_defines_any(scope), call.place)


@models("builtins.vars", "inspect.getmembers", "inspect.getmembers_static")
def _members(call: LibraryCall) -> Value:
    """Model `vars(owner)` and `inspect.getmembers(owner)`."""
    owner = call.first
    if call.name == "builtins.vars" and not call.arguments.items:
        return _locals(call)
    owners = union_values(owner)
    if call.name == "builtins.vars" and all(isinstance(each, ProjectObject | ClassValue) for each in owners):
        return call.interpreter.attribute(owner, "__dict__", call.place)
    for each in owners:
        make_unresolved(call.interpreter, each, call.place)
    members = _members_of(call.interpreter, owner, call.place)
    if call.name == "builtins.vars" or not isinstance(members, Unresolved):
        return members
    pair = make_result_collection(
        call.interpreter, "tuple", (Element(UNKNOWN, call.place), Element(members, call.place))
    )
    return make_result_collection(call.interpreter, "list", (Element(pair, call.place, many=True),))


@models("sys.modules.get", "sys.modules.values", "sys.modules.items")
def _modules(call: LibraryCall) -> Value:
    return Unresolved(NAMESPACE_LOOKUP, call.place)


@models("inspect.signature")
def _signature(call: LibraryCall) -> Value:
    """Model `inspect.signature(step.do)`. Other signatures are unknown."""
    is_of_step = len(call.arguments.items) == 1 and call.first == StepMethod("do")
    return StepSignature() if is_of_step else UNKNOWN


@models("dataclasses.fields")
def _fields(call: LibraryCall) -> Value:
    """Model `dataclasses.fields(owner)`, whose elements have the metadata of the fields."""
    owner = call.first.cls if isinstance(call.first, ProjectObject) else call.first
    has_metadata = isinstance(owner, ClassValue) and owner.scope.module.mentions(b"metadata")
    return Unresolved(NAMESPACE_LOOKUP, call.place) if has_metadata else call.unmodeled()


@models("builtins.type.__subclasses__")
def _subclasses(call: LibraryCall) -> Value:
    """Return the direct subclasses of a class, or an unresolved value if code in functions may define others.

    Subclasses in several modules have no definite order, and those in a branch of a module may be missing.
    """
    interpreter, owner = call.interpreter, call.first
    if not isinstance(owner, ClassValue) or owner.caveats:
        return Unresolved(_OTHER_CLASSES, call.place)
    elements: list[Element] = []
    for module in interpreter.modules.all_modules():
        scope = interpreter.modules.scope_of(module)
        for node, is_at_top in module.once(_derived_classes):
            interpreter.budget.spend(Limit.ELEMENTS)
            value = resolve_body_name(interpreter, scope, node.name.value) if is_at_top else None
            if not isinstance(value, ClassValue) or any(isinstance(base, Unresolved) for base in value.bases):
                if _may_derive(interpreter, scope, node, owner):
                    return Unresolved(_OTHER_CLASSES, call.place)
            elif value.node is node and owner in value.bases:
                is_conditional = node not in module.tree.body
                elements.append(Element(value, SourcePlace(module, node.name), may_be_missing=is_conditional))
    subclasses = make_result_collection(interpreter, "list", tuple(elements))
    subclasses.state.unordered = len({element.place.module for element in elements}) > 1
    return subclasses


_OTHER_CLASSES: Final = "`__subclasses__` gives access to other classes"


def _derived_classes(module: SourceModule) -> tuple[tuple[cst.ClassDef, bool], ...]:
    """Return the classes of a module with base classes, and for each whether it is outside of functions and classes."""
    at_top = {*map(id, statements_below(module.tree))}
    classes = statements_below(module.tree, into_functions=True, words=("class",))
    return tuple((node, id(node) in at_top) for node in classes if isinstance(node, cst.ClassDef) and node.bases)


def _may_derive(interpreter: Interpreter, scope: LexicalScope, node: cst.ClassDef, owner: ClassValue) -> bool:
    """Return whether a class that cannot be resolved may be a direct subclass of a class."""
    for base in node.bases:
        name = base.value
        while isinstance(name, cst.Attribute | cst.Subscript):
            name = name.value
        value = resolve_body_name(interpreter, scope, name.value) if isinstance(name, cst.Name) else None
        is_other = value is not None and value is not owner and isinstance(value, ClassValue | External)
        if base.star or not (is_other or (isinstance(name, cst.Name) and name.value in _BUILTINS)):
            return True
    return False


_BUILTINS: Final = frozenset(dir(builtins))


def _members_of(interpreter: Interpreter, owner: Value, place: SourcePlace) -> Value:
    """Return the members of a module, class or object. The members are unresolved if any of them can be called."""
    match owner:
        case ModuleValue(scope=LexicalScope() as scope):
            return _unresolved_if(_defines_any(scope), place)
        case ClassValue():
            return _unresolved_if(any(True for _ in relevant_members(interpreter, owner, None)), place)
        case ProjectObject():
            return _unresolved_if(any(True for _ in relevant_members(interpreter, owner.cls, owner)), place)
        case _:
            return _unresolved_if(owner.relevant, place)


def _unresolved_if(may_be_called: bool, place: SourcePlace) -> Value:  # noqa: FBT001 - the condition is the subject
    return Unresolved(NAMESPACE_LOOKUP, place) if may_be_called else UNKNOWN


def _defines_any(scope: LexicalScope) -> bool:
    return any(isinstance(binder, _DEFINITIONS) for binders in scope.bindings.binders.values() for binder in binders)


def _is_definition(value: Value) -> bool:
    definitions = FunctionValue | StepFunction | ClassValue | StepObject
    return any(isinstance(leaf, definitions) for leaf in union_values(value))


@models("importlib.import_module")
def _import_module(call: LibraryCall) -> Value:
    """Model `import_module("package.module")` with an absolute name that is constant, or one of several."""
    interpreter = call.interpreter
    argument = call.arguments.items[0] if len(call.arguments.items) == 1 else None
    name = None if argument is None else constant_name(interpreter, argument)
    if argument is None or (name is not None and name.startswith(".")):
        return call.unmodeled()
    if name is None:
        return import_any(interpreter, argument, call.place) or call.unmodeled()
    if interpreter.frame.function is not None:
        # Imported here because only few functions import modules by name.
        from stepgraph.interpreter.modules.unloadable_imports import observe_import_by_name
        from stepgraph.interpreter.python.statements import may_be_caught

        if not may_be_caught(interpreter):
            observe_import_by_name(interpreter, interpreter.module, name, argument.place, at_load=False)
    return import_by_name(interpreter, name, call.place)


def import_any(interpreter: Interpreter, name: Argument, place: SourcePlace) -> Value | None:
    """Return the union of the modules that a name may denote. Return None if it may be the name of any module.

    If a name starts with constant packages, its modules are the modules of the project in the last package.
    """
    if interpreter.is_import_time:
        return None
    names = literal_names(interpreter, name) or _matching_modules(interpreter, name_patterns(interpreter, name))
    if not names or len(names) > MAX_CASES or any(each.startswith(".") for each in names):
        return None
    modules: list[Value] = []

    def load(name: str) -> None:
        modules.append(import_by_name(interpreter, name, place))

    for each in names:
        interpreter.branch(partial(load, each))
    return union_of_values(modules, [f'"{each}"' for each in names], name.place.text, place)


def _matching_modules(interpreter: Interpreter, patterns: Sequence[NamePattern]) -> list[str]:
    """Return the names of the modules that match a pattern, or an empty list for a pattern without a package."""
    from stepgraph.interpreter.objects.attributes.name_patterns import may_match

    matching: dict[str, None] = {}
    for pattern in patterns:
        package = pattern[0].rpartition(".")[0]
        importer = interpreter.modules.importer
        root = importer.find(interpreter.module.path, 0, package) if package and importer is not None else None
        if importer is None or root is None or root.folder is None:
            return []
        modules = importer.files.modules_below(root, MAX_CASES)
        if modules is None:
            return []
        matching.update(dict.fromkeys(each.name for each in modules if may_match(each.name, pattern)))
    return list(matching)


_TEST_CODE: Final = re.compile(b"|".join(map(re.escape, TEST_CODE)))


def may_be_replaced_by_unknown_import(modules: LoadedModules, scope: LexicalScope, name: str) -> bool:
    """Return whether an import by a computed name may load a module that assigns `name` in a module or class.

    `scope` is the scope of the module or class. Only modules without tests that mention its name count.
    """
    importer, owner = modules.importer, scope.last_component
    paths = tuple(modules.unknown_imports_assigning(name))
    if importer is None or not paths:
        return False
    mention = re.compile(rb"\b%s\b" % re.escape(owner).encode())
    return any(importer.mentions(path, mention) and not importer.mentions(path, _TEST_CODE) for path in paths)
