"""Expressions: what each evaluates to, and what evaluating it does, in the order Python does it."""

from __future__ import annotations

from typing import Any, Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Evaluator, Machine
from stepgraph.interpreter.library.logging_ import is_report
from stepgraph.interpreter.objects.attributes import DESCRIBING, attribute
from stepgraph.interpreter.objects.iteration import entries_of, items_of, materialized
from stepgraph.interpreter.objects.names import bind, look_up
from stepgraph.interpreter.objects.special_methods import call_special, compare, iterated, operate
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    Argument,
    Arguments,
    ClassValue,
    Collection,
    Constant,
    Entry,
    Event,
    FunctionValue,
    GeneratorCall,
    Instance,
    Item,
    Mapping,
    MethodOf,
    Payload,
    Template,
    Unresolved,
    Value,
    Volatile,
    faded,
    possible,
)
from stepgraph.interpreter.python.arguments import bounded, collection, mapping
from stepgraph.interpreter.python.assignment import set_entry
from stepgraph.interpreter.python.boolean import evaluate_boolean, evaluate_conditional
from stepgraph.interpreter.python.comprehensions import evaluate_collection, evaluate_generator, evaluate_mapping
from stepgraph.interpreter.python.constants import (
    binary,
    evaluated,
    formatted,
    is_text,
    joined,
    literal,
    scalar,
    shifted,
    unary,
)
from stepgraph.interpreter.python.definitions import default_values, names_in
from stepgraph.interpreter.python.subscripts import element_at
from stepgraph.interpreter.replay.event import observe_key
from stepgraph.interpreter.replay.step_state import changes_only, method_called, seen
from stepgraph.interpreter.replay.taint import derived, template, used
from stepgraph.interpreter.workflow.awaiting import await_value, is_awaitable
from stepgraph.ir.static_values import CollectionKind
from stepgraph.syntax.module import Place

# `[a] * n` is written out up to this `n`.
MOST_REPETITIONS: Final = 64


def _name(machine: Machine, node: cst.Name) -> Value:
    constant = _KEYWORDS.get(node.value)
    return _read(machine, node, None, look_up(machine, node.value)) if constant is None else constant


def _read(machine: Machine, node: cst.Name | cst.Attribute, owner: Value | None, value: Value) -> Value:
    """Return the value of a name, or of an attribute of `owner`. What a step reads goes into what is kept of it."""
    if machine.in_step and machine.replay.volatiles and not (machine.replay.in_part and _has_parts(value)):
        used(machine, value, machine.place(node))
    if machine.replay.state_changes or (machine.loop_depth and machine.replays):
        seen(machine, node, owner, value)
    return value


_KEYWORDS: Final = {"True": Constant(value=True), "False": Constant(value=False), "None": Constant(None)}


def _has_parts(value: Value) -> bool:
    return isinstance(value, Collection | Mapping | Alternatives)


def _owner(machine: Machine, node: cst.Attribute | cst.Subscript) -> Value:
    """Return the value that something is a part of."""
    in_part, machine.replay.in_part = machine.replay.in_part, True
    owner = machine.evaluate(node.value)
    machine.replay.in_part = in_part
    return owner


def _literal(machine: Machine, node: cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary) -> Value:
    del machine
    return literal(node)


def _concatenated(machine: Machine, node: cst.BaseExpression) -> Value:
    parts: list[tuple[Value, cst.BaseExpression]] = []
    while isinstance(node, cst.ConcatenatedString):
        parts.append((machine.evaluate(node.left), node.left))
        node = node.right
    parts.append((machine.evaluate(node), node))
    values = [value for value, _ in parts]
    if all(isinstance(value, Constant) and isinstance(value.value, bytes) for value in values):
        return Constant(b"".join(v.value for v in values if isinstance(v, Constant) and isinstance(v.value, bytes)))
    return _joined(machine, [(value, machine.place(part)) for value, part in parts])


def _joined(machine: Machine, parts: list[tuple[Value, Place]]) -> Value:
    whole = joined(parts)
    return template(machine, whole.text, [v for v, _ in parts]) if isinstance(whole, Template) else whole


def _f_string(machine: Machine, node: cst.FormattedString) -> Value:
    text = ""
    known = True
    fields: list[Value] = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            between = _text_between(node, part.value)
            if between is None:
                return UNKNOWN
            text += between
        elif isinstance(part, cst.FormattedStringExpression):
            folded = _field(machine, part, fields)
            known = known and folded is not None
            text += machine.text(part) if folded is None else folded
    return scalar(text) if known else template(machine, text, fields)


def _text_between(node: cst.FormattedString, text: str) -> str | None:
    """The text between the fields of an f-string: doubled braces are single ones, escapes are what they stand for.

    None where there is an escape that Python refuses.
    """
    text = text.replace("{{", "{").replace("}}", "}")
    if "\\" not in text:
        return text
    prefix = node.prefix.lower().replace("f", "")
    said = evaluated(f"{prefix}{node.quote}{text}{node.quote}")
    return said.value if isinstance(said, Constant) and isinstance(said.value, str) else None


def _field(machine: Machine, field: cst.FormattedStringExpression, fields: list[Value]) -> str | None:
    """Return what a field becomes, None where that is not known; what is in it is one of the `fields`."""
    value = machine.evaluate(field.expression)
    fields.append(value)
    spec = ""
    for part in field.format_spec or ():
        if isinstance(part, cst.FormattedStringText):
            spec += part.value
        elif isinstance(part, cst.FormattedStringExpression):
            inner = _field(machine, part, fields)
            if inner is None:
                return None
            spec += inner
    return None if field.equal is not None else formatted(value, field.conversion, spec)


def _sequence(machine: Machine, node: cst.List | cst.Tuple | cst.Set) -> Value:
    items: list[Item] = []
    for element in node.elements:
        value = machine.evaluate(element.value)
        if isinstance(element, cst.StarredElement):
            items += items_of(machine, value) or (Item(UNKNOWN, machine.place(element.value), many=True),)
        else:
            items.append(Item(value, machine.place(element.value)))
    return collection(machine, _COLLECTIONS[type(node)], tuple(items))


_COLLECTIONS: Final[dict[type[cst.BaseExpression], CollectionKind]] = {
    cst.List: "list",
    cst.Tuple: "tuple",
    cst.Set: "set",
}


def _dict(machine: Machine, node: cst.Dict) -> Value:
    entries: dict[object, Entry] = {}
    partial = False
    for element in node.elements:
        if isinstance(element, cst.DictElement):
            key = machine.evaluate(element.key)
            entry = Entry(
                key, machine.evaluate(element.value), machine.place(element.key), machine.place(element.value)
            )
            _put(entries, entry)
        else:
            spread = machine.evaluate(element.value)
            known = entries_of(machine, spread, machine.place(element.value))
            partial = partial or known is None
            if known is None:
                entries = {name: replace(entry, maybe=True) for name, entry in entries.items()}
            for entry in known or ():
                _put(entries, entry)
    return mapping(machine, tuple(entries.values()), partial=partial)


def _put(entries: dict[object, Entry], entry: Entry) -> None:
    """A later entry of the same constant key replaces the earlier one, in its place."""
    key = (type(entry.key.value), entry.key.value) if isinstance(entry.key, Constant) else entry
    entries[key] = entry


def _call(machine: Machine, node: cst.Call) -> Value:
    since = machine.work.handles
    callee = _callee(machine, node)
    reporting, machine.replay.reporting = machine.replay.reporting, machine.replay.reporting or is_report(node)
    # Python evaluates positional arguments first, those in `*` too, then keywords.
    positional = {id(a): _argument(machine, a) for a in node.args if a.keyword is None and a.star != "**"}
    named = {id(a): _argument(machine, a) for a in node.args if a.keyword is not None or a.star == "**"}
    evaluated = positional | named
    arguments = Arguments(tuple(evaluated[id(argument)] for argument in node.args))
    machine.replay.reporting = reporting
    machine.call_since = since
    return _called(machine, node, callee, arguments)


def _called(machine: Machine, node: cst.Call, callee: Value, arguments: Arguments) -> Value:
    value = _unfolded(machine.call(callee, arguments, machine.place(node)))
    if machine.replay.volatiles:
        if _is_of_text(node.func):
            value = derived(machine, (argument.value for argument in arguments.items), value)
        if machine.in_step and isinstance(callee, MethodOf):
            used(machine, value, machine.place(node))
    return value


def _is_of_text(function: cst.BaseExpression) -> bool:
    """Whether what is called is a method of text as written: `"".join(...)`, `"{}".format(...)`."""
    return isinstance(function, cst.Attribute) and isinstance(function.value, cst.BaseString)


def _callee(machine: Machine, node: cst.Call) -> Value:
    changing, machine.replay.changing = machine.replay.changing, machine.replay.changing or changes_only(node)
    callee = machine.evaluate(node.func)
    machine.replay.changing = changing
    if isinstance(callee, MethodOf | Alternatives):
        method_called(machine, node, callee)
    return callee


def _unfolded(value: Value) -> Value:
    """A call is never folded, whatever it gives."""
    return faded(value) if isinstance(value, Constant | Template) else value


def _argument(machine: Machine, argument: cst.Arg) -> Argument:
    value = machine.evaluate(argument.value)
    if argument.star == "*":
        value = _spread(machine, value, machine.place(argument.value))
    keyword = None if argument.keyword is None else argument.keyword.value
    return Argument(value, machine.place(argument.value), keyword, argument.star)


def _spread(machine: Machine, value: Value, place: Place) -> Value:
    """Return the elements of a value as arguments, which evaluates a generator."""
    value = materialized(machine, iterated(machine, value, place))
    if isinstance(value, GeneratorCall | Mapping):
        return collection(machine, "list", items_of(machine, value) or (Item(UNKNOWN, place, many=True),))
    return value


def _attribute(machine: Machine, node: cst.Attribute) -> Value:
    owner, name = _owner(machine, node), node.attr.value
    observe_key(machine, "attribute", owner, Constant(name), machine.place(node.value), machine.place(node))
    value = attribute(machine, owner, name, machine.place(node))
    if value is UNKNOWN and isinstance(owner, Instance) and name.startswith("__") and name not in DESCRIBING:
        value = MethodOf(owner, name)  # one of those that every object has
    return _read(machine, node, owner, value)


def _subscript(machine: Machine, node: cst.Subscript) -> Value:
    part = _part(machine, node, _owner(machine, node))
    if machine.in_step and machine.replay.volatiles:
        used(machine, part, machine.place(node))
    return part


def _part(machine: Machine, node: cst.Subscript, owner: Value) -> Value:
    key: Value = UNKNOWN
    key_node: cst.BaseExpression = node
    for element in node.slice:
        if isinstance(element.slice, cst.Index):
            key_node = element.slice.value
            key = machine.evaluate(key_node)
        elif isinstance(element.slice, cst.Slice):
            return _sliced(machine, owner, element.slice)
    if len(node.slice) > 1:
        key = UNKNOWN
        parts = [element.slice.value for element in node.slice if isinstance(element.slice, cst.Index)]
        key_node = cst.Tuple([cst.Element(part) for part in parts], lpar=[], rpar=[])
    observe_key(machine, "read", owner, key, machine.place(node.value), machine.place(node))
    return _element(machine, owner, key, machine.place(key_node), machine.place(node))


def _element(machine: Machine, owner: Value, key: Value, key_place: Place, place: Place) -> Value:
    if isinstance(owner, Alternatives) and any(isinstance(option.value, Instance) for option in owner.options):
        return machine.choose(owner, lambda chosen: _element(machine, chosen, key, key_place, place))
    found = call_special(machine, owner, ("__getitem__",), (key,), place)
    if found is None and isinstance(owner, ClassValue):
        found = _parametrized(machine, owner, key, place)
    if found is not None:
        return found
    if not isinstance(owner, _SUBSCRIPTED):
        machine.escape_operand(owner, place, "is subscripted in a way that is not followed")
    if isinstance(owner, Mapping) and owner.missing is not None:
        _fill_missing(machine, owner, key, key_place, place)
    element = element_at(owner, key, key_place, place)
    if isinstance(owner, Collection | Mapping):
        machine.store.pass_over_others(owner, element)
    return element


def _fill_missing(machine: Machine, owner: Mapping, key: Value, key_place: Place, place: Place) -> None:
    """Add an entry to a `defaultdict` that is asked for one of a constant key that it lacks."""
    known = all(isinstance(entry.key, Constant) for entry in owner.entries)
    if owner.missing is None or not known or not isinstance(key, Constant):
        return
    if not any(entry.key == key for entry in owner.entries):
        set_entry(machine, owner, key, machine.call(owner.missing, Arguments(), place), key_place, place)


_SUBSCRIPTED: Final = (Alternatives, ClassValue, Collection, Event, Mapping, Payload, Unresolved)


def _parametrized(machine: Machine, owner: ClassValue, key: Value, place: Place) -> Value | None:
    """Return what `__class_getitem__` of a class of the project gives, None where it has none."""
    method = machine.attribute(owner, "__class_getitem__", place)
    if not isinstance(method, FunctionValue):
        return None
    given = Arguments((Argument(key, place),))
    return machine.call(method if method.receiver is not None else replace(method, receiver=owner), given, place)


def _sliced(machine: Machine, owner: Value, node: cst.Slice) -> Value:
    bounds: list[Any] = [_bound(machine, part) for part in (node.lower, node.upper, node.step)]
    if isinstance(owner, Volatile):
        return replace(owner, gives="")
    if isinstance(owner, Alternatives):
        owner = _any_of_lists(machine, owner)
    if isinstance(owner, Unresolved):
        return owner
    if not isinstance(owner, Collection) or _constant_items(owner):
        machine.escape_operand(owner, machine.place(node), "is sliced in a way that is not followed")
        return UNKNOWN
    if owner.has_known_order and all(isinstance(bound, int | None) for bound in bounds):
        kept = owner.items[slice(*bounds)]
        identities = set(map(id, kept))
        machine.store.pass_over(item for item in owner.items if id(item) not in identities)
        return collection(machine, owner.kind, kept)
    copy = collection(machine, owner.kind, tuple(map(possible, owner.items)))
    copy.state.unordered = True
    return copy


def _any_of_lists(machine: Machine, owner: Alternatives) -> Value:
    """Return a collection of what is in any of several, as a list is at each pass of a loop: `todo = todo[10:]`."""
    items: dict[int, Item] = {id(item.value): item for item in items_of(machine, owner) or ()}
    kept = collection(machine, "list", tuple(items.values()))
    kept.state.unordered = True
    return kept if items else UNKNOWN


def _bound(machine: Machine, part: cst.BaseExpression | None) -> object:
    """Return a bound of a slice, None where it has none."""
    value = Constant(None) if part is None else machine.evaluate(part)
    return value.value if isinstance(value, Constant) else value


def _constant_items(value: Collection) -> bool:
    return all(not item.value.relevant for item in value.items)


def _binary(machine: Machine, node: cst.BaseExpression) -> Value:
    """A chain of operators leans to the left and may be long: it is walked, not recursed into."""
    chain: list[cst.BinaryOperation] = []
    while isinstance(node, cst.BinaryOperation):
        chain.append(node)
        node = node.left
    value = machine.evaluate(node)
    for operation in reversed(chain):
        value = _combined(machine, operation, value, machine.evaluate(operation.right))
    return value


def _combined(machine: Machine, node: cst.BinaryOperation, left: Value, right: Value) -> Value:
    found = operate(machine, node.operator, left, right, machine.place(node))
    if found is not None:
        return found
    if isinstance(node.operator, cst.Add):
        if is_text(left) or is_text(right):
            return _joined(machine, [(left, machine.place(node.left)), (right, machine.place(node.right))])
        if isinstance(left, Collection) and isinstance(right, Collection):
            return collection(machine, left.kind, (*left.items, *right.items))
        if isinstance(left, Collection | Alternatives) and isinstance(right, Collection | Alternatives):
            return collection(machine, "list", (*(items_of(machine, left) or ()), *(items_of(machine, right) or ())))
    if isinstance(node.operator, cst.BitOr) and isinstance(left, Collection) and isinstance(right, Collection):
        return collection(machine, left.kind, (*left.items, *right.items))
    if isinstance(node.operator, cst.BitOr) and isinstance(left, Mapping):
        return _united(machine, left, right, machine.place(node.right))
    if isinstance(node.operator, cst.Multiply) and isinstance(left, Collection):
        return _repeated(machine, left, right)
    if isinstance(node.operator, cst.Add) and isinstance(left, Collection):
        # A list with others after it that are not known.
        rest = items_of(machine, right) or (Item(UNKNOWN, machine.place(node.right), many=True),)
        return collection(machine, left.kind, (*left.items, *rest))
    if isinstance(node.operator, _SET_OPERATORS) and isinstance(left, Collection):
        others = (items_of(machine, right) or ()) if isinstance(node.operator, cst.BitXor) else ()
        return collection(machine, left.kind, tuple(map(possible, (*left.items, *others))))
    for operand, value in ((node.left, left), (node.right, right)):
        machine.escape_operand(value, machine.place(operand), "is an operand in a way that is not followed")
    found = shifted(node.operator, left, right) or binary(node.operator, left, right)
    return derived(machine, (left, right), found)


def _united(machine: Machine, left: Mapping, right: Value, place: Place) -> Mapping:
    """Return a dictionary of the entries of two: those of the second one count."""
    known = entries_of(machine, right, place)
    entries: dict[object, Entry] = {}
    for entry in left.entries:
        _put(entries, replace(entry, maybe=entry.maybe or known is None))
    for entry in known or ():
        _put(entries, entry)
    partial = left.partial or known is None or not left.shows_constants
    return mapping(machine, tuple(entries.values()), partial=partial)


_SET_OPERATORS: Final = (cst.BitAnd, cst.BitXor, cst.Subtract)


def _repeated(machine: Machine, owner: Collection, times: Value) -> Value:
    """`[a, b] * 2`; a number that is not known, or large, is any number."""
    if isinstance(times, Constant) and isinstance(times.value, int) and 0 <= times.value <= MOST_REPETITIONS:
        return collection(machine, owner.kind, owner.items * times.value)
    return collection(machine, owner.kind, tuple(replace(item, many=True, passes=None) for item in owner.items))


def _unary(machine: Machine, node: cst.UnaryOperation) -> Value:
    operand = machine.evaluate(node.expression)
    name = _SPECIAL_UNARY.get(type(node.operator))
    found = None if name is None else call_special(machine, operand, (name,), (), machine.place(node))
    if found is None and not isinstance(node.operator, cst.Not):
        machine.escape_operand(operand, machine.place(node), "is an operand in a way that is not followed")
    if isinstance(operand, Volatile) and isinstance(node.operator, cst.Not):
        return replace(operand, gives="")
    return derived(machine, (operand,), unary(node.operator, operand)) if found is None else found


_SPECIAL_UNARY: Final[dict[type[cst.BaseUnaryOp], str]] = {
    cst.BitInvert: "__invert__",
    cst.Minus: "__neg__",
    cst.Plus: "__pos__",
}


def _comparison(machine: Machine, node: cst.Comparison) -> Value:
    """`a < b < c` evaluates `c` only if `a < b`."""
    left = machine.evaluate(node.left)
    result: Value = UNKNOWN
    for index, target in enumerate(node.comparisons):
        if index == 0:
            right = machine.evaluate(target.comparator)
            observe_key(machine, "asked", right, left, machine.place(target.comparator), machine.place(node))
            result = compare(machine, target, left, right, machine.place(node))
            if not isinstance(target.operator, cst.Is | cst.IsNot):
                result = derived(machine, (left, right), result)
            continue
        block = machine.block_of(lambda compared=target.comparator: machine.evaluate(compared))  # type: ignore[misc]
        if not block.operations:
            continue
        shorter = node.with_changes(comparisons=node.comparisons[:index], lpar=(), rpar=())
        machine.emit_choice([(machine.text(shorter), block)], None, machine.place(node))
    return result if len(node.comparisons) == 1 else UNKNOWN


def _lambda(machine: Machine, node: cst.Lambda) -> Value:
    scope = machine.frame.scope
    return FunctionValue(node, scope, names_in(scope, "lambda"), defaults=default_values(machine, node.params))


def _template_string(machine: Machine, node: cst.TemplatedString) -> Value:
    """`t"{a}"` holds the values of its fields."""
    for part in node.parts:
        if isinstance(part, cst.TemplatedStringExpression):
            value, place = machine.evaluate(part.expression), machine.place(part.expression)
            machine.escape(value, place, "is put into a template string, which is not followed")
    return UNKNOWN


def _starred(machine: Machine, node: cst.StarredElement) -> Value:
    return machine.evaluate(node.value)


def _ellipsis(machine: Machine, node: cst.Ellipsis) -> Value:
    del machine, node
    return UNKNOWN


def _await(machine: Machine, node: cst.Await) -> Value:
    first = len(machine.operations)
    return await_value(machine, machine.evaluate(node.expression), machine.place(node), first)


def _named(machine: Machine, node: cst.NamedExpr) -> Value:
    value = machine.evaluate(node.value)
    if isinstance(node.target, cst.Name):
        bind(machine, node.target.value, value)
    return value


def _yield(machine: Machine, node: cst.Yield) -> Value:
    if isinstance(node.value, cst.From):
        value = machine.evaluate(node.value.item)
        if is_awaitable(value):
            return await_value(machine, value, machine.place(node))
        yields = (*machine.frame.yields, *(replace(item, many=True) for item in items_of(machine, value) or ()))
        machine.frame.yields = list(bounded(yields))
        return UNKNOWN
    given = Constant(None) if node.value is None else machine.evaluate(node.value)
    if machine.frame.at_yield is not None:
        machine.frame.at_yield(given)
    elif given.relevant and node.value is not None:
        machine.frame.yields.append(Item(given, machine.place(node.value), many=True))
    return UNKNOWN


EVALUATORS: Final[dict[type[cst.CSTNode], Evaluator]] = {
    cst.Name: _name,
    cst.Integer: _literal,
    cst.Float: _literal,
    cst.Imaginary: _literal,
    cst.SimpleString: _literal,
    cst.ConcatenatedString: _concatenated,
    cst.FormattedString: _f_string,
    cst.Tuple: _sequence,
    cst.List: _sequence,
    cst.Set: _sequence,
    cst.Dict: _dict,
    cst.ListComp: evaluate_collection,
    cst.SetComp: evaluate_collection,
    cst.DictComp: evaluate_mapping,
    cst.GeneratorExp: evaluate_generator,
    cst.Call: _call,
    cst.Attribute: _attribute,
    cst.Subscript: _subscript,
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: evaluate_boolean,
    cst.UnaryOperation: _unary,
    cst.Comparison: _comparison,
    cst.IfExp: evaluate_conditional,
    cst.Lambda: _lambda,
    cst.Await: _await,
    cst.NamedExpr: _named,
    cst.Yield: _yield,
    cst.Ellipsis: _ellipsis,
    cst.StarredElement: _starred,
    cst.TemplatedString: _template_string,
}
