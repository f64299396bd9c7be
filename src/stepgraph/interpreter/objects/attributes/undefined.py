"""Attributes of objects and classes of the project that no code defines, such as misspelled methods."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from importlib import import_module
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.sdk_imports import ENTRYPOINT
from stepgraph.interpreter.objects.attributes.access import MODULES_WITH_NAMESAKES
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.values.objects import PLAIN_ENUMERATIONS, VALUE_ENUMERATIONS, ClassValue, ProjectObject
from stepgraph.ir.name_facts import UndefinedAttribute, UndefinedMember
from stepgraph.ir.values import External, Value
from stepgraph.syntax.bindings import bindings_of, dotted_names, last_name
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.changes import may_set_computed_attributes
from stepgraph.syntax.walk import children

# External base classes whose attributes are known.
_KNOWN_BASES: Final = frozenset([ENTRYPOINT, "abc.ABC", "builtins.object", "typing.Generic"])
_ENUM_BASES: Final = PLAIN_ENUMERATIONS | VALUE_ENUMERATIONS | {"builtins.int", "builtins.str"}
# Decorators that add no attributes besides special methods.
_ATTRIBUTE_KEEPERS: Final = frozenset(["dataclasses.dataclass"])
# Attributes that the SDK sets.
_SDK_ATTRIBUTES: Final = ("ctx", "env")
# Source text of code that expects or handles missing attributes.
_ATTRIBUTE_HANDLING: Final = (b"AttributeError", b"hasattr(", b"__getattr", b"__dict__", b"vars(")
# A use of `self` other than for an attribute.
_BARE_SELF: Final = rb"(?<![\w.])self\b *+(?:[^.]|\Z)"
_PARAMETER: Final = rb"\bdef \w++\(\s*+$"
_OWNER: Final = "self."
# Maximum number of bytes before a parameter that are searched for the name of its function.
_CONTEXT_BYTES: Final = 120
# A name in quotes or with an annotation, which may define an attribute.
_QUOTED: Final = rb"""["']([\w\x80-\xff]++)(?=["'])"""
_ANNOTATED: Final = rb"(?<![\w\x80-\xff])([\w\x80-\xff]++):"
_UNQUALIFIED: Final = rb"(?<![\w\x80-\xff.])[A-Za-z_\x80-\xff][\w\x80-\xff]*+"
_SIMILARITY: Final = 0.75

_TESTS: Final = frozenset(["callable", "getfullargspec", "hasattr", "isinstance", "issubclass", "signature", "type"])
_METADATA: Final = frozenset(["__class__", "__code__"])


def observe_undefined_attribute(
    interpreter: Interpreter, instance: ProjectObject, name: str, place: SourcePlace
) -> None:
    """Record a read of an attribute of an object that neither its classes nor any assignment defines.

    Of workflow objects, only attributes of `self` count. Classes that pass `self` on are omitted, because the receiving
    code may set the attribute.
    """
    order = resolution_order(instance.cls)
    if not all(map(_is_known, order)):
        return
    if External(ENTRYPOINT) in order:
        is_omitted = not place.text.startswith(_OWNER) or any(map(_may_pass_self, order))
    else:
        is_omitted = instance.may_be_replaced or not _is_only_read(interpreter, name)
    if not is_omitted:
        _observe(interpreter, instance.cls, (*_SDK_ATTRIBUTES, *instance.state), name, place)


def observe_undefined_class_attribute(interpreter: Interpreter, cls: ClassValue, name: str, place: SourcePlace) -> None:
    """Record a read of an attribute of a class, such as a member of an `Enum`, that no code defines."""
    order = resolution_order(cls)
    if not all(_is_known(owner) or _is_enum_base(owner) for owner in order) or not _is_only_read(interpreter, name):
        return
    if not any(hasattr(base, name) for base in (type, int, str, enum.Enum, enum.Flag)):
        _observe(interpreter, cls, (), name, place)


def observe_undefined_member(interpreter: Interpreter, owner: str, name: str, place: SourcePlace) -> None:
    """Record a read such as `datetime.now` of the module `datetime`, or `datetime.timedelta` of the class in it."""
    module_name, _, member = owner.partition(".")
    is_special = name.startswith("__") or interpreter.modules.is_in_project(module_name)
    if is_special or module_name not in MODULES_WITH_NAMESAKES:
        return
    module = import_module(module_name)
    if member:
        is_undefined = hasattr(module, member) and not hasattr(getattr(module, member), name) and hasattr(module, name)
    else:
        is_undefined = not hasattr(module, name) and hasattr(getattr(module, module_name), name)
    if not is_undefined or _names_in_modules(interpreter, _attribute_handling):
        return
    is_assigned = place.text.rpartition(".")[0] in interpreter.modules.owners_with_assigned_attribute(name)
    if not (is_assigned or _may_have_another_owner(interpreter, place)):
        interpreter.observe(UndefinedMember(name, owner, place))


def _names_in_modules(interpreter: Interpreter, names_of: Callable[[SourceModule], frozenset[str]]) -> AbstractSet[str]:
    return interpreter.modules.names_in_modules.find(names_of, interpreter.modules.scopes)


def _attribute_handling(module: SourceModule) -> frozenset[str]:
    """Return the functions and names by which a module expects or handles missing attributes."""
    return frozenset(word.decode() for word in _ATTRIBUTE_HANDLING if module.mentions(word))


def _observe(
    interpreter: Interpreter, cls: ClassValue, attributes: Iterable[str], name: str, place: SourcePlace
) -> None:
    """Record a read of an attribute, unless a module may set it. `attributes` are those that are not in a class."""
    modules, key = interpreter.modules, (cls.scope, name)
    if _may_be_defined(interpreter, name) or _may_have_another_owner(interpreter, place):
        return
    if key not in modules.suggested_names:
        modules.suggested_names[key] = modules.suggestions.nearest(
            name, lambda: dict.fromkeys((*attributes, *_members(resolution_order(cls)))), _SIMILARITY
        )
    interpreter.observe(UndefinedAttribute(name, cls.name, place, modules.suggested_names[key]))


def _may_have_another_owner(interpreter: Interpreter, place: SourcePlace) -> bool:
    """Return whether the object that has an attribute, or whose method is called, may have another type."""
    node = place.node.func if isinstance(place.node, cst.Call) else place.node
    return isinstance(node, cst.Attribute) and may_have_another_type(interpreter, node.value, place)


def _is_known(owner: Value) -> bool:
    """Return whether all attributes of the objects of a class are known."""
    if isinstance(owner, ClassValue):
        return not owner.caveats and owner.has_plain_metaclass and _ATTRIBUTE_KEEPERS.issuperset(owner.decorator_names)
    return isinstance(owner, External) and owner.name in _KNOWN_BASES


def _is_enum_base(owner: Value) -> bool:
    return isinstance(owner, External) and owner.name in _ENUM_BASES


def _may_pass_self(owner: Value) -> bool:
    return isinstance(owner, ClassValue) and owner.scope.module.once(_passes_self)


def _is_only_read(interpreter: Interpreter, name: str) -> bool:
    """Return whether the modules only read attributes of a name, so that no object of another class has one."""
    if interpreter.modules.is_attribute_assigned(name):
        return False
    return name not in _names_in_modules(interpreter, _unqualified_words)


def _passes_self(module: SourceModule) -> bool:
    """Return whether a module uses `self` other than for an attribute or as a parameter."""
    source = module.utf_8_source
    starts = (match.start() for match in re.finditer(_BARE_SELF, source))
    return not all(re.search(_PARAMETER, source[max(start - _CONTEXT_BYTES, 0) : start]) for start in starts)


def _may_be_defined(interpreter: Interpreter, name: str) -> bool:
    """Return whether a module may set an attribute, or expects that it is missing."""
    return (
        bool(_names_in_modules(interpreter, _attribute_handling))
        or name in _names_in_modules(interpreter, _names_in_text)
        or bool(_names_in_modules(interpreter, _computed_setters))
        or interpreter.modules.is_attribute_assigned(name, counts_self=True)
    )


def _computed_setters(module: SourceModule) -> frozenset[str]:
    return frozenset(["setattr"]) if module.once(may_set_computed_attributes) else frozenset()


def _names_in_text(module: SourceModule) -> frozenset[str]:
    """Return the names in quotes or with an annotation."""
    source = module.utf_8_source
    names = (*re.findall(_QUOTED, source), *re.findall(_ANNOTATED, source))
    return frozenset(name.decode(errors="replace") for name in names)


def _unqualified_words(module: SourceModule) -> frozenset[str]:
    """Return the words that do not follow a dot, which include the names of all members of classes."""
    return frozenset(word.decode(errors="replace") for word in re.findall(_UNQUALIFIED, module.utf_8_source))


def _members(order: Iterable[Value]) -> Iterator[str]:
    for owner in order:
        if isinstance(owner, ClassValue):
            yield from owner.scope.bindings.binders


def _is_type_tested(name: cst.BaseExpression, place: SourcePlace) -> bool:
    """Return whether a function around a place tests the type of a dotted name, or of the start of it.

    A test is a call of a function such as `isinstance`, or any call in a condition with the name as an argument. All
    code of the function counts, because the function may end after a test.
    """
    parts, module = dotted_names(name), place.module
    starts = {parts[: length + 1] for length in range(len(parts))}
    return any(not starts.isdisjoint(module.once_for_code(function, _tested_names)) for function in place.functions)


def _tested_names(function: cst.FunctionDef) -> frozenset[tuple[str, ...]]:
    """Return the dotted names whose type a function tests, as tuples of their parts."""
    tested: list[cst.BaseExpression] = []
    stack: list[tuple[cst.CSTNode, bool]] = [(function, False)]
    while stack:
        node, is_in_condition = stack.pop()
        match node:
            case cst.Call(func=callee, args=arguments) if is_in_condition or last_name(callee) in _TESTS:
                tested += (argument.value for argument in arguments)
            case cst.Attribute(value=owner, attr=cst.Name(value=attribute)) if attribute in _METADATA:
                tested.append(owner)
            case cst.Match(subject=subject):
                tested.append(subject)
        condition = _condition_of(node)
        stack += ((child, is_in_condition or child is condition) for child in children(node))
    return frozenset(map(dotted_names, tested))


def _condition_of(node: cst.CSTNode) -> cst.BaseExpression | None:
    match node:
        case cst.If() | cst.IfExp() | cst.While() | cst.CompIf() | cst.Assert():
            return node.test
        case cst.BooleanOperation():
            return node.left
        case _:
            return None


def may_have_another_type(interpreter: Interpreter, name: cst.BaseExpression, place: SourcePlace) -> bool:
    """Return whether the type of a dotted name at a place is uncertain.

    Code around the place tests the type, or a module binds a part of the name on several paths, for example to the
    fallback for a missing package. The analysis may follow only the first of these paths.
    """
    if _is_type_tested(name, place):
        return True
    modules = interpreter.modules
    return not modules.names_in_modules.find(_names_bound_by_paths, modules.scopes).isdisjoint(dotted_names(name))


def _names_bound_by_paths(module: SourceModule) -> frozenset[str]:
    """Return the names of a module with several bindings, at least one of them inside of another statement."""
    bindings = bindings_of(module.tree, module)
    return frozenset(
        name
        for name, binders in bindings.binders.items()
        if len(binders) > 1 and not bindings.top_level_statements.issuperset(map(id, binders))
    )
