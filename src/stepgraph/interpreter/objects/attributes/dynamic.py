"""Evaluation of `getattr` with a constant name, a name with constant parts, or a name from literals in the source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name, union_values
from stepgraph.interpreter.modules.binding_order import may_be_unbound
from stepgraph.interpreter.modules.star_imports import module_names
from stepgraph.interpreter.objects.attributes.lookup import computed_attribute, constant_of
from stepgraph.interpreter.objects.attributes.table_strings import binders_of_local, strings_at_key, strings_of_local
from stepgraph.interpreter.objects.classes import (
    LOOKUP_HOOKS,
    find_member,
    has_class_attribute,
    order_of,
    resolution_order,
)
from stepgraph.interpreter.objects.containers.entries import key_texts
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.objects.union import may_be_unset, record_read_of_contents, union_of_values, with_fallback
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import (
    ClassValue,
    FunctionValue,
    ModuleValue,
    ProjectObject,
    mangle,
)
from stepgraph.interpreter.values.steps import StepFunction, StepObject
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.values import (
    ABSENT,
    UNKNOWN,
    UNSET,
    Constant,
    External,
    NameArgument,
    PartlyKnownText,
    Template,
    Unknown,
    Unresolved,
    Value,
    is_none,
)
from stepgraph.limits import Limit
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.assignments import assigned_attributes

if TYPE_CHECKING:
    from stepgraph.interpreter.objects.attributes.name_patterns import NamePattern

UNKNOWN_NAME: Final = "the attribute name is not statically known"
"""The reason why `getattr` with an unknown name is unresolved."""
_ESCAPE_REASON: Final = "is an argument of `getattr`, which stepgraph cannot resolve"
_NAME_AND_DEFAULT: Final = 3


def call_getattr(interpreter: Interpreter, arguments: Arguments, place: SourcePlace) -> Value:
    """Return the result of `getattr(owner, name[, default])`. Several candidate names result in a `switch`."""
    if len(arguments.items) < _NAME_AND_DEFAULT - 1:
        for argument in arguments.items:
            interpreter.escape(argument.value, place, _ESCAPE_REASON)
        return UNKNOWN
    owner, name = arguments.items[0].value, arguments.items[1]
    default = arguments.items[2].value if len(arguments.items) >= _NAME_AND_DEFAULT else None
    constant = constant_name(interpreter, name)
    if constant is not None:
        return _get_constant(interpreter, owner, constant, default, place)
    if is_none(name.value):
        return ABSENT  # Python raises a TypeError
    texts = _texts_with_class_names(interpreter, name)
    if texts:
        values = [_get_constant(interpreter, owner, text, default, place) for text in texts]
        conditions = [f'"{text}"' for text in texts]
        return values[0] if len(values) == 1 else union_of_values(values, conditions, name.place.text, place)
    if not isinstance(owner, ProjectObject | StepObject | ClassValue | ModuleValue):
        interpreter.escape(owner, place, _ESCAPE_REASON)
        return UNKNOWN
    discriminant, cases = name.place.text, list(_candidate_cases(interpreter, owner, name, place))
    if not cases and isinstance(name.place.node, cst.Subscript):
        discriminant = _text_of_key(name.place.node, name.place)
        cases = list(_table_cases(interpreter, owner, name.place.node, place))
    if not cases:
        return Unresolved(UNKNOWN_NAME, place)
    if default is not None:
        cases.append(Case(None, default))
    return Union(tuple(cases), discriminant, place)


def _texts_with_class_names(interpreter: Interpreter, name: Argument) -> list[str]:
    if not isinstance(name.value, Template | Unknown):
        return []
    from stepgraph.interpreter.objects.attributes.name_patterns import texts_with_class_names

    return texts_with_class_names(interpreter, name.place.node)


def get_global(interpreter: Interpreter, name: Argument, place: SourcePlace) -> Value | None:
    """Return `globals()[name]`. Return None unless the current module binds all candidates for the name."""
    module = own_module(interpreter)
    constant = constant_name(interpreter, name)
    names = candidate_names(interpreter, module, name) if constant is None else [constant]
    if not names or not set(names) <= set(_member_names(interpreter, module)):
        return None
    return call_getattr(interpreter, Arguments((Argument(module, place), name)), place)


def own_module(interpreter: Interpreter) -> ModuleValue:
    """Return the module of the code being interpreted."""
    scope = interpreter.modules.scope_of(interpreter.module)
    return ModuleValue(ModuleFile(scope.path[0], interpreter.module.path), scope)


def constant_name(interpreter: Interpreter, name: Argument) -> str | None:
    """Return a constant name, or the name in the current pass of an unrolled loop. Return None for other names."""
    value = name.value
    if isinstance(value, NameArgument):
        return value.value
    if isinstance(name.place.node, cst.Name):
        value = interpreter.frame.constant_in_pass(name.place.node.value) or value
    elif isinstance(name.place.node, cst.Subscript | cst.Call) and not isinstance(value, Constant):
        strings = strings_at_key(interpreter, name.place.node)
        return strings[0] if len(strings) == 1 else None
    elif isinstance(name.place.node, cst.FormattedString | cst.BinaryOperation) and not isinstance(value, Constant):
        return _text_in_pass(interpreter, name.place.node)
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None


def _text_in_pass(interpreter: Interpreter, node: cst.CSTNode) -> str | None:
    """Return a text such as `f"handle_{stage}"` in the current pass of a loop. Return None if it is unknown."""
    from stepgraph.interpreter.objects.attributes.name_patterns import literal_text

    match node:
        case cst.SimpleString() | cst.FormattedStringText():
            return literal_text(node)
        case cst.FormattedStringExpression(
            conversion=None, format_spec=None, equal=None, expression=cst.Name() as name
        ):
            return _text_of_constant(interpreter, name.value, (str, int))
        case cst.Call(func=cst.Name(value="str"), args=[cst.Arg(value=cst.Name() as name, star="", keyword=None)]) if (
            look_up(interpreter, "str") == External("builtins.str")
        ):
            return _text_of_constant(interpreter, name.value, (str, int))
        case cst.Name(value=name):
            return _text_of_constant(interpreter, name, (str,))
        case cst.FormattedString(parts=[*parts]):
            texts = [_text_in_pass(interpreter, part) for part in parts]
        case cst.BinaryOperation(operator=cst.Add(), left=left, right=right):
            texts = [_text_in_pass(interpreter, left), _text_in_pass(interpreter, right)]
        case _:
            return None
    constants = [text for text in texts if text is not None]
    return "".join(constants) if len(constants) == len(texts) else None


def _text_of_constant(interpreter: Interpreter, name: str, types: tuple[type, ...]) -> str | None:
    """Return the text of a variable that is a constant of one of some types in the current pass of a loop, or None."""
    constant = interpreter.frame.constant_in_pass(name)
    return str(constant.value) if constant is not None and isinstance(constant.value, types) else None


def _get_constant(
    interpreter: Interpreter, owner: Value, name: str, default: Value | None, place: SourcePlace
) -> Value:
    if default is not None and (default.relevant or is_none(default)) and isinstance(owner, Union):
        return interpreter.apply_to_cases(owner, lambda case: _get_constant(interpreter, case, name, default, place))
    assigned = None if default is None else value_on_function(interpreter, owner, name)
    if assigned is not None:
        return with_fallback(assigned, default)
    if default is None or not isinstance(owner, ProjectObject | ClassValue | ModuleValue):
        value = interpreter.attribute(owner, name, place)
        if default is None or not default.relevant or isinstance(owner, StepObject):
            return value
        return union_of_values([value, default], [name, callable_name(default) or name], place.text, place)
    from stepgraph.interpreter.objects.class_relations import has_builtin_attribute, is_error

    is_partial = not isinstance(owner, ModuleValue) and may_have_others(owner)
    is_defined = _defines(interpreter, owner, name, is_partial=is_partial)
    may_be_another = is_error(owner)
    is_set = isinstance(owner, ProjectObject) and name in owner.state
    if is_defined and not may_be_another and not is_conditional(owner, name):
        return interpreter.attribute(owner, name, place)
    if is_defined or is_partial or has_builtin_attribute(owner, name) or (may_be_another and is_set):
        values = [interpreter.attribute(owner, name, place), default]
        return union_of_values(values, [callable_name(value) or name for value in values], place.text, place)
    if isinstance(owner, ClassValue | ModuleValue):
        return default
    interpreter.store.record_outer_read(owner.state, name)
    computed = computed_attribute(interpreter, owner, place)
    if computed is not None:
        labels = [callable_name(value) or name for value in (default, computed)]
        default = union_of_values([default, computed], labels, name, place)
    stored: Value = owner.state.get(name, UNSET)
    record_read_of_contents(interpreter.store, stored)
    return with_fallback(stored, default)


def _defines(
    interpreter: Interpreter, owner: ProjectObject | ClassValue | ModuleValue, name: str, *, is_partial: bool
) -> bool:
    """Return whether code defines an attribute of a module, a class, or the class of an object."""
    if isinstance(owner, ModuleValue):
        from stepgraph.interpreter.objects.attributes.presence import may_have_attribute

        return may_have_attribute(interpreter, owner, name)
    if isinstance(owner, ClassValue):
        is_member = name in _member_names(interpreter, owner)
        return is_member or find_member(interpreter, resolution_order(owner), name) is not None
    if is_partial:
        return name in _member_names(interpreter, owner)
    return has_class_attribute(interpreter, owner, name)


def value_on_function(interpreter: Interpreter, owner: Value, name: str) -> Value | None:
    """Return the value of an attribute that code may have assigned to a function. Return None for other objects."""
    if not isinstance(owner, FunctionValue | StepFunction):
        return None
    # Imported here because few programs assign attributes of functions.
    from stepgraph.interpreter.objects.attributes.function_attributes import assigned_value

    return assigned_value(interpreter, owner, name)


def is_conditional(owner: ProjectObject | ClassValue | ModuleValue, name: str) -> bool:
    """Return whether each body that binds a member, and other code that assigns one, does so on only some paths."""
    if isinstance(owner, ModuleValue):
        scopes = [] if owner.scope is None else [owner.scope]
    else:
        order = order_of(owner)
        scopes = [base.scope for base in order if isinstance(base, ClassValue)]
    is_uncertain = [
        may_be_unbound(scope, name) if name in scope.bindings.binders else may_be_unset(scope.names[name])
        for scope in scopes
        if name in scope.bindings.binders or name in scope.names
    ]
    return bool(is_uncertain) and all(is_uncertain)


def may_have_others(owner: ProjectObject | ClassValue) -> bool:
    """Return whether an owner may have attributes that `_member_names` does not return."""
    order = order_of(owner)
    if isinstance(owner, ClassValue) and isinstance(owner.metaclass, ClassValue):
        order = (*order, *resolution_order(owner.metaclass))
    return any(
        not isinstance(base, ClassValue | External)
        or (isinstance(base, ClassValue) and not base.scope.bindings.binders.keys().isdisjoint(LOOKUP_HOOKS))
        for base in order
    )


def _candidate_cases(interpreter: Interpreter, owner: Value, name: Argument, place: SourcePlace) -> Iterator[Case]:
    """Yield a case for each attribute that the name may denote, or nothing if the candidates are unknown."""
    node = name.place.node
    names = [] if isinstance(name.value, Template) else _alternative_names(name.value)
    if not names and not isinstance(name.value, Template):
        names = strings_at_key(interpreter, node) if isinstance(node, cst.Subscript | cst.Call) else []
        if not names and not isinstance(node, cst.Subscript):
            names = _written_strings(interpreter, node)
    for candidate in names or _matching_names(interpreter, owner, _patterns(interpreter, name.value, node)):
        yield Case(f'"{candidate}"', interpreter.attribute(owner, candidate, place))


def candidate_names(interpreter: Interpreter, owner: Value, name: Argument) -> list[str] | None:
    """Return the attribute names that the value of `name` may be. Return None if it may be any string."""
    names = literal_names(interpreter, name)
    if names:
        return names
    patterns = name_patterns(interpreter, name)
    return _matching_names(interpreter, owner, patterns) if patterns or isinstance(name.value, Template) else None


def literal_names(interpreter: Interpreter, name: Argument) -> list[str]:
    """Return the strings in the source that the value of `name` may be, or an empty list if it may be any other."""
    if isinstance(name.value, Template):
        return []
    return _alternative_names(name.value) or _written_strings(interpreter, name.place.node)


def name_patterns(interpreter: Interpreter, name: Argument) -> list[NamePattern]:
    """Return the patterns of the strings that the value of `name` may be, or an empty list if it may be any string."""
    return _patterns(interpreter, name.value, name.place.node)


def all_member_names(interpreter: Interpreter, owner: ProjectObject | ClassValue) -> list[str]:
    """Return the names of all members of an object or class, with those that other code may add.

    The list is empty if some are unknown.
    """
    return _matching_names(interpreter, owner, [("", "")]) if _member_names(interpreter, owner) else []


def has_member(interpreter: Interpreter, owner: ProjectObject | ClassValue, name: str) -> bool:
    """Return whether the body of a class, or code that was interpreted, defines a member."""
    order = order_of(owner)
    is_assigned = any(isinstance(base, ClassValue) and name in base.scope.names for base in order)
    return is_assigned or name in _member_names(interpreter, owner)


def _alternative_names(value: Value) -> list[str]:
    """Return the constant names that a value may be, or an empty list if it may be anything else."""
    leaves = union_values(value) if isinstance(value, Union) else []
    names = [leaf.value for leaf in leaves if isinstance(leaf, NameArgument)]
    return list(dict.fromkeys(names)) if len(names) == len(leaves) else []


def _matching_names(interpreter: Interpreter, owner: Value, patterns: Sequence[NamePattern]) -> list[str]:
    from stepgraph.interpreter.objects.attributes.name_patterns import may_match

    names = _member_names(interpreter, owner)
    if not isinstance(owner, ModuleValue):
        texts = {max(pattern, key=len).encode(errors="replace") for pattern in patterns}
        modules = [module for module in interpreter.modules.all_modules() if any(map(module.mentions, texts))]
        added = [name for module in modules for name in module.once(_attributes_of_other_objects)]
        names = list(dict.fromkeys([*names, *added]))
    interpreter.budget.spend(
        Limit.ELEMENTS, len(names) * sum(len(part) + 1 for pattern in patterns for part in pattern)
    )
    return [candidate for candidate in names if any(may_match(candidate, pattern) for pattern in patterns)]


def _attributes_of_other_objects(module: SourceModule) -> tuple[str, ...]:
    """Return the attributes that a module assigns to other objects than `self`, such as classes."""
    attributes = module.once(assigned_attributes).all().items()
    return tuple(name for name, changes in attributes if any(c.is_assigned and not c.is_of_self for c in changes))


def _patterns(interpreter: Interpreter, name: Value, node: cst.CSTNode, depth: int = 0) -> list[NamePattern]:
    """Return the patterns of the names that an expression may be. Return an empty list if it may be any name."""
    from stepgraph.interpreter.objects.attributes.name_patterns import pattern_of, pattern_of_template

    if isinstance(name, Template):
        return [pattern_of_template(name.text)]
    if isinstance(name, PartlyKnownText):
        return [name.parts_around_field] if any(name.parts_around_field) else []
    if not isinstance(node, cst.Name):
        pattern = pattern_of(node, interpreter.module)
        return [pattern] if any(pattern) else []
    values = _assigned_values(interpreter, node.value) if depth < _MAX_DEPTH else []
    patterns = [_patterns(interpreter, UNKNOWN, value, depth + 1) for value in values]
    return [pattern for alternatives in patterns for pattern in alternatives] if all(patterns) else []


def _table_cases(interpreter: Interpreter, owner: Value, name: cst.Subscript, place: SourcePlace) -> Iterator[Case]:
    """Yield a case for each entry of the table that an expression such as `NAMES[key]` subscripts."""
    if not isinstance(name.value, cst.Name | cst.Attribute):
        return
    for condition, value in _table_strings(interpreter, name.value):
        yield Case(
            condition, Unresolved(UNKNOWN_NAME, place) if value is None else interpreter.attribute(owner, value, place)
        )


def _text_of_key(name: cst.Subscript, place: SourcePlace) -> str:
    return place.module.text(name.slice[0].slice) if len(name.slice) == 1 else place.text


def _member_names(interpreter: Interpreter, owner: Value) -> list[str]:
    """Return the member names of a class, object or module, or an empty list if some are unknown."""
    if isinstance(owner, ModuleValue):
        return [] if owner.scope is None else list(module_names(interpreter, owner.scope))
    attributes: list[str] = []
    if isinstance(owner, ProjectObject):
        interpreter.store.record_read_of_names(owner.state)
        attributes += filter(str.isidentifier, owner.state)
    cls = owner.cls if isinstance(owner, ProjectObject) else owner
    if not isinstance(cls, ClassValue):
        return attributes
    order = resolution_order(cls)
    if not all(isinstance(base, ClassValue | External) for base in order):
        return []
    members = (
        mangle(base.scope, name)
        for base in order
        if isinstance(base, ClassValue)
        for name in base.scope.bindings.binders
    )
    return list(dict.fromkeys([*attributes, *members]))


_MAX_DEPTH: Final = 4
"""The maximum number of nested assignments and conditional expressions to follow."""


def _written_strings(interpreter: Interpreter, node: cst.CSTNode, depth: int = 0) -> list[str]:
    """Return all strings that an expression of the current function may be, or an empty list if some are unknown."""
    if depth > _MAX_DEPTH:
        return []
    match node:
        case cst.SimpleString() | cst.ConcatenatedString():
            text = string_of(node)
            return [] if text is None else [text]
        case cst.IfExp(body=body, orelse=orelse):
            return _strings_of_all(interpreter, [body, orelse], depth)
        case cst.Name(value=name):
            strings = _strings_of_all(interpreter, _assigned_values(interpreter, name), depth)
            return strings or strings_of_local(interpreter, node)
        case cst.Subscript(value=table):
            strings = strings_at_key(interpreter, node)
            is_table = not strings and isinstance(table, cst.Name | cst.Attribute)
            return _strings_of_table(interpreter, table) if is_table else strings
        case cst.Call(
            func=cst.Attribute(value=cst.Name() | cst.Attribute() as table, attr=attr), args=[_, default]
        ) if attr.value == "get":
            strings = _strings_of_table(interpreter, table)
            defaults = _written_strings(interpreter, default.value, depth + 1)
            return [*strings, *defaults] if strings and defaults else []
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=attribute)):
            return _strings_of_attribute(interpreter, look_up(interpreter, owner), attribute)
        case _:
            return []


def _strings_of_all(interpreter: Interpreter, nodes: list[cst.BaseExpression], depth: int) -> list[str]:
    strings = [_written_strings(interpreter, node, depth + 1) for node in nodes]
    return list(dict.fromkeys(value for values in strings for value in values)) if all(strings) else []


def _assigned_values(interpreter: Interpreter, name: str) -> list[cst.BaseExpression]:
    """Return the expressions that a function assigns to a local name, or an empty list if some values are unknown."""
    values: list[cst.BaseExpression] = []
    for binder in binders_of_local(interpreter, name):
        match binder:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value):
                values.append(value)
            case cst.AnnAssign(value=cst.BaseExpression() as value):
                values.append(value)
            case cst.For(target=cst.Name(), iter=cst.Tuple(elements=elements) | cst.List(elements=elements)):
                values += [element.value for element in elements]
            case _:
                return []
    return values


def _strings_of_attribute(interpreter: Interpreter, owner: Value, name: str) -> list[str]:
    """Return the constant strings that an attribute of any of several objects made at import has, if all are such."""
    owners = union_values(owner)
    constants = [constant_of(interpreter, each, name) for each in owners if isinstance(each, ProjectObject)]
    strings = [each.value for each in constants if isinstance(each, Constant) and isinstance(each.value, str)]
    return list(dict.fromkeys(strings)) if len(strings) == len(owners) else []


def _strings_of_table(interpreter: Interpreter, table: cst.BaseExpression) -> list[str]:
    values = [value for _, value in _table_strings(interpreter, table)]
    strings = [value for value in values if value is not None]
    return strings if len(strings) == len(values) else []


def _table_strings(interpreter: Interpreter, table: cst.BaseExpression) -> Iterator[tuple[str, str | None]]:
    """Yield the source of each key in a table with its value, or with None if the value is not a constant string."""
    values: list[Value] = []
    interpreter.branch(lambda: values.append(interpreter.evaluate(table)))
    match values[-1]:
        case Mapping(entries=entries, partial=False):
            texts = key_texts(entries)
            elements = [(texts[id(entry)], entry.value) for entry in entries]
        case Collection(items=items):
            elements = [(str(index), item.value) for index, item in enumerate(items)]
        case _:
            elements = []
    for key, value in elements:
        yield key, value.value if isinstance(value, Constant) and isinstance(value.value, str) else None
