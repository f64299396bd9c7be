"""Loop variables whose values matter: positions such as `i` in `enumerate(items)`, and names for `getattr`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.attributes.access import constant_name
from stepgraph.interpreter.objects.attributes.lookup import constant_of
from stepgraph.interpreter.objects.classes import find_member, resolution_order
from stepgraph.interpreter.objects.containers.entries import as_key
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.values.containers import Collection, Element, Mapping
from stepgraph.interpreter.values.objects import ClassValue, EnumMember, FunctionValue, ModuleValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction, StepObject
from stepgraph.ir.values import Constant, External, NameArgument, RangeResult, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import target_names
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import expressions_below, statements, statements_below


def loop_keys(interpreter: Interpreter, loop: cst.For | cst.CompFor, iterable: Value) -> dict[str, int]:
    """Return the variable of a loop that has a different value in each pass, with the nesting depth of the loop's body.

    Only positions, keys of a dictionary, elements of a set and distinct constants are certain to differ.
    """
    key = _key_target(interpreter, loop, iterable)
    if not isinstance(key, cst.Name) or _is_bound_in_body(interpreter, loop, key.value):
        return {}
    return {key.value: interpreter.loop_depth + 1}


def _key_target(interpreter: Interpreter, loop: cst.For | cst.CompFor, iterable: Value) -> cst.BaseExpression | None:
    """Return the part of the target that must have a different value in each pass. Return None if there is none."""
    target = loop.target
    first = target.elements[0].value if isinstance(target, cst.Tuple) and target.elements else None
    is_view = isinstance(iterable, Collection) and iterable.lazy is not None and iterable.lazy.is_view
    if type(loop.iter) is cst.Call:
        match loop.iter:
            case cst.Call(func=cst.Name(value="range")) if look_up(interpreter, "range") == External("builtins.range"):
                return target
            case cst.Call(func=cst.Name(value="enumerate")) if look_up(interpreter, "enumerate") == External(
                "builtins.enumerate"
            ):
                return first
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="items"))) if is_view:
                return first
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="keys"))) if is_view:
                return target
    return target if isinstance(iterable, Mapping) or _has_distinct_items(iterable) else None


def _has_distinct_items(iterable: Value) -> bool:
    """Return whether an iterable is a set or its items are distinct constants."""
    if not isinstance(iterable, Collection) or iterable.is_set:
        return isinstance(iterable, Collection)
    constants = {item.value.value for item in iterable.items if isinstance(item.value, Constant) and not item.many}
    return len(constants) == iterable.state.size


def _is_bound_in_body(interpreter: Interpreter, loop: cst.For | cst.CompFor, name: str) -> bool:
    """Return whether the body of a loop may bind its variable again."""
    bindings = interpreter.frame.scope.bindings
    if all(binder is loop or isinstance(binder, cst.Param) for binder in bindings.binders.get(name, ())):
        return False
    ids = bindings.statement_ids(name)
    return isinstance(loop, cst.CompFor) or ids is None or not ids.isdisjoint(map(id, statements_below(loop.body)))


def pass_constants(
    interpreter: Interpreter, loop: cst.For | cst.CompFor, item: Value
) -> dict[str, Constant | EnumMember]:
    """Return the constants and members of enumerations that a loop pass binds, by variable.

    The values of these variables hide the constants. A constant in a dictionary or tuple that the pass binds has the
    variable and the key or index as its name.
    """
    constants = _constants(loop.target, item)
    interpreter.budget.spend(Limit.ELEMENTS, len(constants))
    bound = Counter(target_names(loop.target)) if constants else {}
    variables = {name: name.partition("[")[0] for name in constants}
    return {
        name: value
        for name, value in constants.items()
        if bound[variables[name]] == 1 and not _is_bound_in_body(interpreter, loop, variables[name])
    }


def _constants(target: cst.BaseExpression, value: Value) -> dict[str, Constant | EnumMember]:
    match target:
        case cst.Name(value=name) if isinstance(value, Constant | EnumMember):
            return {name: value}
        case cst.Name(value=name) if isinstance(value, Mapping) and value.shows_constants and not value.partial:
            return {
                item_name(name, entry.key.value): entry.value
                for entry in value.entries
                if isinstance(entry.key, Constant) and isinstance(entry.value, Constant) and not entry.may_be_missing
            }
        case cst.Name(value=name) if isinstance(value, Collection) and value.kind == "tuple" and value.shows_constants:
            items = enumerate(value.items if value.has_definite_order else ())
            return {item_name(name, index): item.value for index, item in items if isinstance(item.value, Constant)}
        case cst.Tuple(elements=elements) | cst.List(elements=elements) if isinstance(value, Collection):
            constants = [_constants(part, item.value) for part, item in _unpacked(elements, value)]
            return {name: constant for names in constants for name, constant in names.items()}
        case _:
            return {}


def _unpacked(targets: Sequence[cst.BaseElement], value: Collection) -> Iterator[tuple[cst.BaseExpression, Element]]:
    """Yield each target of an unpacked collection with its element, except for a starred target."""
    leading = list(takewhile(lambda target: isinstance(target, cst.Element), targets))
    trailing = targets[len(leading) + 1 :]
    surplus = value.state.size - len(leading) - len(trailing)
    is_starred = len(leading) < len(targets)
    if surplus < 0 or (surplus > 0 and not is_starred) or not value.has_definite_order:
        return
    items = value.items
    yield from zip((target.value for target in leading), items, strict=False)
    yield from zip((target.value for target in trailing), items[len(leading) + surplus :], strict=False)


def item_name(name: str, key: object) -> str:
    """Return the name of a constant at a key of a dictionary or tuple that a loop pass binds to a variable."""
    return f"{name}[{key!r}]"


def constant_key(interpreter: Interpreter, node: cst.CSTNode, key: Value) -> Value:
    """Return `key`, or its constant if a parameter, the current loop pass or an object made at import determines it."""
    if isinstance(key, NameArgument):
        return as_key(key)
    if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
        constant = _constant_attribute(interpreter, look_up(interpreter, node.value.value), node.attr.value)
        return key if constant is None else constant
    constant = interpreter.frame.key_in_pass(node.value) if isinstance(node, cst.Name) else None
    return key if constant is None else constant


def _constant_attribute(interpreter: Interpreter, owner: Value, name: str) -> Value | None:
    """Return an attribute that is constant as a key, such as the `__name__` of a function, or None for others."""
    match owner:
        case ProjectObject():
            return constant_of(interpreter, owner, name)
        case FunctionValue() | ClassValue() if name == "__name__":
            return constant_name(interpreter, owner)
        case _:
            return None


def is_loop_key(interpreter: Interpreter, node: cst.CSTNode) -> bool:
    """Return whether an expression has a different value in each pass of the innermost loop."""
    return isinstance(node, cst.Name) and interpreter.frame.loop_keys.get(node.value) == interpreter.loop_depth


def looks_up_members(interpreter: Interpreter, loop: cst.For | cst.CompFor) -> bool:
    """Return whether a loop body looks up functions or modules by text with the loop variable, as with `getattr`."""
    owners = interpreter.module.once_for(loop, _lookup_owners)
    return any(owner is None or _may_have_functions(interpreter, loop, owner) for owner in owners)


def _lookup_owners(loop: cst.For | cst.CompFor, module: SourceModule) -> list[cst.BaseExpression | None]:
    """Return the objects that `getattr` gets with text with the loop variable. For an `import_module`, add None."""
    if not (module.mentions(b"getattr") or module.mentions(b"import_module")):
        return []
    names = frozenset(target_names(loop.target))
    body = statements_below(loop.body) if isinstance(loop, cst.For) else _elements(loop, module)
    return [
        call.args[0].value if positions.start else None
        for part in body
        for call in expressions_below(part)
        if isinstance(call, cst.Call) and (positions := _name_positions(call.func)).stop
        if any(_has_item(argument.value, names) for argument in call.args[positions])
    ]


def _may_have_functions(interpreter: Interpreter, loop: cst.For | cst.CompFor, owner: cst.BaseExpression) -> bool:
    """Return whether the object of a `getattr` in a loop may have attributes that lead to steps."""
    root = owner.value if isinstance(owner, cst.Attribute) else owner
    if not isinstance(root, cst.Name) or _is_bound_in_body(interpreter, loop, root.value):
        return True
    values: list[Value] = []
    interpreter.branch(lambda: values.append(interpreter.evaluate(owner)))
    return any(_has_functions(leaf) for value in values for leaf in union_values(value))


def _has_functions(owner: Value) -> bool:
    if not isinstance(owner, ProjectObject):
        return isinstance(owner, _WITH_FUNCTIONS)
    is_data = all(
        base.scope.module.once_for_code(base.node, _defines_only_data)
        if isinstance(base, ClassValue)
        else base == _OBJECT
        for base in resolution_order(owner.cls)
    )
    return not is_data or any(attribute.relevant for attribute in owner.state.values())


_WITH_FUNCTIONS: Final = (ClassValue, FunctionValue, ModuleValue, StepFunction, StepObject, Unresolved)
_OBJECT: Final = External("builtins.object")


def _defines_only_data(node: cst.ClassDef) -> bool:
    """Return whether a class body has only fields, with defaults that are literals or made by `field`."""
    values = [
        statement.value
        for statement in statements(node.body)
        if isinstance(statement, cst.Assign | cst.AnnAssign | cst.Expr) and statement.value is not None
    ]
    are_fields = all(isinstance(each, _FIELDS) for each in statements(node.body))
    parts = [part for value in values for part in expressions_below(value)]
    return are_fields and not any(
        isinstance(part, cst.Lambda) or (isinstance(part, cst.Name) and part.value not in _NAMES_OF_DEFAULTS)
        for part in parts
    )


_FIELDS: Final = (cst.Assign, cst.AnnAssign, cst.Expr, cst.Pass)
_NAMES_OF_DEFAULTS: Final = frozenset({"None", "True", "False", "dataclasses", "dict", "field", "list", "set"})


def with_numbers(interpreter: Interpreter, iterable: Value, place: SourcePlace) -> Value:
    """Return the numbers of a short `range` as a collection, unless a loop around it is unrolled over constants.

    Return other values unchanged.
    """
    if not isinstance(iterable, RangeResult) or interpreter.frame.pass_constants or iterable.count > _MAX_NUMBERS:
        return iterable
    numbers = tuple(Element(Constant(number), place) for number in iterable.numbers)
    return make_result_collection(interpreter, "list", numbers)


_MAX_NUMBERS: Final = 32


def iterates_known_constants(interpreter: Interpreter, iterable: cst.BaseExpression) -> bool:
    """Return whether an iterable rearranges collections with known constants, as `reversed(NAMES)` does, or counts."""
    match iterable:
        case cst.Call(func=cst.Name(value="range") as function):
            return look_up(interpreter, function.value) == External("builtins.range")
        case cst.Call(func=cst.Name(value=name) as function, args=[_, *_] as arguments) if name in _REARRANGING:
            is_builtin = look_up(interpreter, function.value) == External(f"builtins.{name}")
            return is_builtin and all(
                not argument.star and (argument.keyword is not None or _is_known(interpreter, argument.value))
                for argument in arguments
            )
        case cst.BinaryOperation(operator=cst.Add(), left=left, right=right):
            return _is_known(interpreter, left) and _is_known(interpreter, right)
        case _:
            return False


_REARRANGING: Final = frozenset({"enumerate", "list", "reversed", "tuple", "zip"})
"""Functions whose results have the elements of their arguments."""


def _is_known(interpreter: Interpreter, node: cst.BaseExpression) -> bool:
    """Return whether the constants in the value of an argument are known."""
    if not isinstance(node, cst.Name | cst.Attribute | cst.Tuple | cst.List | cst.Subscript):
        return isinstance(node, cst.Integer) or iterates_known_constants(interpreter, node)
    values: list[Value] = []
    interpreter.branch(lambda: values.append(interpreter.evaluate(node)))
    return all(isinstance(value, Collection) and value.shows_constants for value in values)


def stores_under_variable(node: cst.For) -> bool:
    """Return whether a loop stores values in a dictionary with its variable as the key, as in `TABLE[name] = f`."""
    variables = frozenset(target_names(node.target))
    return any(
        isinstance(target.target, cst.Subscript) and _has_key(target.target, variables)
        for statement in statements_below(node.body)
        if isinstance(statement, cst.Assign)
        for target in statement.targets
    )


def _has_key(target: cst.Subscript, names: frozenset[str]) -> bool:
    match target.slice:
        case [cst.SubscriptElement(slice=cst.Index(value=cst.Name(value=name)))]:
            return name in names
        case _:
            return False


def _elements(clause: cst.CompFor, module: SourceModule) -> Iterator[cst.CSTNode]:
    """Yield the expressions that a comprehension evaluates in the passes of one of its loops."""
    parent = module.parents.get(id(clause))
    while isinstance(parent, cst.CompFor):
        parent = module.parents.get(id(parent))
    match parent:
        case cst.ListComp(elt=element) | cst.SetComp(elt=element) | cst.GeneratorExp(elt=element):
            yield element
        case cst.DictComp(key=key, value=value):
            yield from (key, value)


def has_constant_keys(interpreter: Interpreter, clause: cst.CompFor, iterable: Value) -> bool:
    """Return whether a comprehension such as `{x.name: x for x in objects}` has constant keys."""
    name = interpreter.module.once_for(clause, _attribute_of_key)
    if name is None or not isinstance(iterable, Collection):
        return False
    interpreter.budget.spend(Limit.ELEMENTS, len(iterable.items))
    return all(_has_constant(interpreter, item.value, name) for item in iterable.items)


def _has_constant(interpreter: Interpreter, owner: Value, name: str) -> bool:
    if isinstance(owner, ProjectObject) and name in owner.state:
        is_member = isinstance(owner.state[name], ProjectObject)  # a member of an enumeration with methods
        return is_member or constant_of(interpreter, owner, name) is not None
    if isinstance(owner, ClassValue) and name == "__name__":
        return interpreter.is_import_time
    cls = owner.cls if isinstance(owner, ProjectObject) else owner
    return isinstance(cls, ClassValue) and isinstance(
        find_member(interpreter, resolution_order(cls), name), Constant | EnumMember
    )


def _attribute_of_key(clause: cst.CompFor, module: SourceModule) -> str | None:
    """Return the attribute in the key of a `{x.name: x for x in objects}` whose values await nothing, or None."""
    match module.parents.get(id(clause)):
        case cst.DictComp(key=cst.Attribute(value=cst.Name(value=variable), attr=cst.Name(value=name)), value=value):
            is_variable = isinstance(clause.target, cst.Name) and clause.target.value == variable
            awaits = any(isinstance(node, cst.Await) for node in expressions_below(value))
            return name if is_variable and not awaits and clause.inner_for_in is None else None
        case _:
            return None


def _name_positions(function: cst.BaseExpression) -> slice:
    """Return the position of the argument that a function looks up, or an empty slice for other functions."""
    match function:
        case cst.Name(value="getattr"):
            return slice(1, 2)
        case cst.Name(value="import_module") | cst.Attribute(attr=cst.Name(value="import_module")):
            return slice(0, 1)
        case _:
            return slice(0, 0)


def _has_item(node: cst.BaseExpression, names: frozenset[str]) -> bool:
    """Return whether an expression is one of some variables, an item of one, or text with one."""
    if isinstance(node, cst.FormattedString | cst.BinaryOperation):
        return any(isinstance(part, cst.Name) and part.value in names for part in expressions_below(node))
    return _item_owner(node) in names


def _item_owner(node: cst.BaseExpression) -> str:
    """Return the name whose value, or an item of whose value, an expression reads. Return "" for other expressions."""
    match node:
        case cst.Name(value=name):
            return name
        case cst.Subscript(value=table) | cst.Call(func=cst.Attribute(value=table, attr=cst.Name(value="get"))):
            return _item_owner(table)
        case _:
            return ""
