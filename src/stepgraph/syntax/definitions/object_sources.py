"""The expressions for the objects that variables hold, and the code around them."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.syntax.bindings import bindings_of, dotted_names, last_name, parameters
from stepgraph.syntax.definitions.bound_values import clause_of, numbered_elements, only_value, target_path
from stepgraph.syntax.definitions.class_hierarchy import PlacedClass, class_around, is_class_method
from stepgraph.syntax.definitions.enumerations import enumeration_members
from stepgraph.syntax.definitions.loop_elements import (
    MAX_ELEMENTS,
    item_name,
    item_of_key,
    listed_items,
    may_have_aliases,
)
from stepgraph.syntax.definitions.name_replacement import Numbers
from stepgraph.syntax.definitions.normal_values import expression_text
from stepgraph.syntax.definitions.variable_definitions import SimpleCall, VariableDefinitions
from stepgraph.syntax.walk import assigned_targets


class ElementLoop(Struct, frozen=True):
    """A loop or clause of a comprehension that assigns elements of a collection to a variable."""

    name: str
    path: Sequence[str]
    """The items of an element that are the value of the variable."""
    owner: cst.FunctionDef
    """The function with the loop."""
    iterable: ObjectSource


class ObjectSource(Struct, frozen=True):
    """An expression for an object, and the code around it."""

    expression: cst.BaseExpression
    definitions: VariableDefinitions
    at: cst.CSTNode
    function: int
    """The node and the function of the expression, as in `VariableDefinitions.expand`."""


def binder_of(
    name: str, source: ObjectSource
) -> tuple[cst.Param, int] | tuple[cst.BaseExpression, int, cst.CSTNode] | None:
    """Return the parameter that a name stands for, or the only value of a variable with its statement.

    The number is the index of the function with the variable.
    """
    definitions = source.definitions
    if definitions.is_of_comprehension(name, source.at, source.function):
        return None
    for index in range(source.function, len(definitions.functions)):
        owner = definitions.functions[index]
        bindings = bindings_of(owner, definitions.module)
        if name in bindings.globals:
            return None
        if not bindings.binds(name):
            continue
        binders = definitions.reaching(bindings.binders[name], source.at, owner)
        match binders:
            case [cst.Param() as parameter]:
                return parameter, index
        value = only_value(name, binders)
        return None if value is None else (value, index, binders[0])
    return None


def loop_over(name: str, source: ObjectSource) -> ElementLoop | None:
    """Return the only loop or clause of a comprehension that binds a variable, if nothing mutates the variable."""
    definitions = source.definitions
    functions = definitions.functions[source.function :]
    clause = clause_of(name, source.at, functions[0], definitions.module) if functions else None
    if clause is not None:
        comprehension, target, iterable = clause
        return loop_of(name, target, ObjectSource(iterable, definitions, comprehension, source.function))
    for index in range(source.function, len(definitions.functions)):
        owner = definitions.functions[index]
        bindings = bindings_of(owner, definitions.module)
        if name in bindings.globals:
            return None
        if bindings.binds(name):
            binders = bindings.binders[name]
            is_of_loop = any(isinstance(each, cst.For) for each in binders)
            match definitions.reaching(binders, source.at, owner) if is_of_loop else ():
                case [cst.For(target=target, iter=iterable) as loop] if not is_mutated(name, source):
                    return loop_of(name, target, ObjectSource(iterable, definitions, loop, index))
            return None
    return None


def loop_of(name: str, target: cst.BaseAssignTargetExpression, iterable: ObjectSource) -> ElementLoop | None:
    """Return a loop. Return None for the number of an element of `enumerate`."""
    elements = numbered_elements(iterable.expression)
    path = [item_name(int(each)) for each in (target_path(target, name) or "").split(".")[1:]]
    if elements is not iterable.expression:
        if path[:1] != [item_name(1)]:
            return None
        path = path[1:]
    return ElementLoop(
        name, path, iterable.definitions.functions[iterable.function], replace(iterable, expression=elements)
    )


def is_mutated(name: str, source: ObjectSource) -> bool:
    """Return whether a statement changes the object of a local variable, or passes it to code that does."""
    module, scope = source.definitions.module, source.definitions.expansion.scope
    functions = source.definitions.functions[source.function :]
    owner = next((each for each in functions if bindings_of(each, module).binds(name)), None)
    return owner is not None and scope.is_mutated(name, owner, module)


def global_object(names: Sequence[str], definitions: VariableDefinitions) -> tuple[ObjectSource, int] | None:
    """Return the value of a variable of a module that nothing changes, and the number of components of its name."""
    variable = definitions.expansion.scope.globals.variable(names, definitions.module)
    if variable is None:
        return None
    in_module = VariableDefinitions(variable.module, (), definitions.expansion)
    return ObjectSource(variable.value, in_module, variable.statement, 0), variable.used


def global_collection(names: Sequence[str], source: ObjectSource) -> ObjectSource | None:
    """Return the collection that a dotted name of a module stands for. Return None if code may change it."""
    variable, used = global_object(names, source.definitions) or (None, 0) if names else (None, 0)
    if variable is None or used < len(names) or not is_global(names[0], source):
        return None
    defined = filter(None, map(last_name, assigned_targets(variable.at)))
    writes, module = variable.definitions.expansion.scope.writes, variable.definitions.module
    return None if any(writes.may_change_elements(each, module) for each in {names[-1], *defined}) else variable


def unshared_collection(names: Sequence[str], source: ObjectSource) -> ObjectSource | None:
    """Return a collection as `global_collection` does. Return None if it may have another name in the code."""
    collection = global_collection(names, source)
    if collection is None:
        return None
    definitions = source.definitions
    modules = definitions.expansion.scope.writes.modules_with(definitions.module)
    defined = [*filter(None, map(last_name, assigned_targets(collection.at)))]
    is_shared = defined != [names[-1]] or any(may_have_aliases(names[-1], each) for each in modules)
    return None if is_shared else collection


def items_of(collection: ObjectSource) -> dict[str, cst.BaseExpression]:
    """Return the items of a literal collection by the components of paths for their keys.

    Return an empty dictionary for another collection.
    """
    match collection.expression:
        case cst.Dict(elements=elements) if len(elements) <= MAX_ELEMENTS:
            pairs = {
                item_of_key(each.key) or member_key(replace(collection, expression=each.key)): each.value
                for each in elements
                if isinstance(each, cst.DictElement)
            }
            return pairs if len(pairs) == len(elements) and "" not in pairs else {}
        case expression:
            return listed_items(expression)


def member_key(key: ObjectSource) -> str:
    """Return the component of a path for a key that is a member of an enumeration, or an empty string."""
    match key.expression:
        case cst.Name(name):
            match binder_of(name, key):
                case cst.BaseExpression() as value, index, at:
                    return member_key(ObjectSource(value, key.definitions, at, index))
            return ""
        case cst.Attribute(value=cst.Name(name) as named, attr=cst.Name(member)) if is_global(name, key):
            owner = key.definitions.expansion.scope.classes.class_of(named, key.definitions.module)
            is_member = owner is not None and member in enumeration_members(owner[0])
            return f"[{id(owner[0])}.{member}]" if owner is not None and is_member else ""
        case _:
            return ""


def item_with(key: ObjectSource) -> str:
    """Return the component of a path for a key with a literal value, or an empty string for another one."""
    text = expression_text(key.expression)
    return member_key(key) or item_of_key(key.definitions.numbered(text, key.at, key.function, Numbers()))


def parameter_of(source: ObjectSource) -> tuple[str, cst.FunctionDef] | None:
    """Return the parameter that a name always stands for, with its function, or None for another expression."""
    match binder_of(source.expression.value, source) if isinstance(source.expression, cst.Name) else None:
        case cst.Param(name=cst.Name(name), star="" | "*"), index:
            return name, source.definitions.functions[index]
        case _:
            return None


def is_global(name: str, source: ObjectSource) -> bool:
    """Return whether functions and comprehensions around an expression leave a name of it unbound."""
    functions, module = source.definitions.functions[source.function :], source.definitions.module
    is_local = any(bindings_of(each, module).binds(name) for each in functions)
    return not is_local and not source.definitions.is_of_comprehension(name, source.at, source.function)


def part_of(call: SimpleCall, part: cst.BaseExpression) -> ObjectSource:
    """Return the source of an object that a part of a call makes or names."""
    return ObjectSource(part, call.caller, call.at, call.function)


def class_in(call: SimpleCall) -> PlacedClass | None:
    """Return the class that a call makes an object of, if any."""
    return class_named(call.node.func, call)


def class_named(expression: cst.BaseExpression, call: SimpleCall) -> PlacedClass | None:
    """Return the class that an expression in a call stands for, also as the first parameter of a class method."""
    caller, classes = call.caller, call.caller.expansion.scope.classes
    name, *members = dotted_names(expression) or ("",)
    method = None if members else caller.method_around(name, call.function)
    if method is not None:
        owner = class_around(method, caller.module) if is_class_method(method) else None
        receivers = () if owner is None else classes.receivers(owner, caller.module)
        return receivers[0] if len(receivers) == 1 else None
    return classes.class_of(expression, caller.module) if is_global(name, part_of(call, expression)) else None


def keywords_of(call: SimpleCall) -> dict[str, ObjectSource] | None:
    """Return the keyword arguments of a call, with those in `**options`, or None if some are unknown."""
    keywords: dict[str, ObjectSource] = {}
    for each in call.node.args:
        if each.keyword is not None:
            keywords[each.keyword.value] = part_of(call, each.value)
        elif each.star:
            outer = _collected_keywords(part_of(call, each.value)) if each.star == "**" else None
            if outer is None:
                return None
            keywords |= outer
    return keywords


def _collected_keywords(options: ObjectSource) -> dict[str, ObjectSource] | None:
    """Return the arguments that a call of a function passes for its parameter `**options`, or None if unknown."""
    match binder_of(options.expression.value, options) if isinstance(options.expression, cst.Name) else None:
        case cst.Param() as parameter, index:
            owner = options.definitions.functions[index]
            call = options.definitions.expansion.calls.get(owner)
            if call is None or parameter is not owner.params.star_kwarg:
                return None
            names = {each.name.value for each in parameters(owner.params)}
            if any(each.star for each in call.node.args):
                return None
            return {
                each.keyword.value: part_of(call, each.value)
                for each in call.node.args
                if each.keyword is not None and each.keyword.value not in names
            }
        case _:
            return None
