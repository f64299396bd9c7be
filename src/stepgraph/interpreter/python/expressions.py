"""Expressions: what each evaluates to, and what evaluating it does, in the order Python does it."""

from __future__ import annotations

from typing import Any, Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Evaluator, Interpreter
from stepgraph.interpreter.library.logging_ import is_report
from stepgraph.interpreter.objects.attributes import DESCRIBING, attribute
from stepgraph.interpreter.objects.iteration import entries_of, items_of, materialized
from stepgraph.interpreter.objects.names import bind, look_up
from stepgraph.interpreter.objects.special_methods import call_special, compare, iterated, operate
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    ClassValue,
    Collection,
    Constant,
    Element,
    Event,
    FunctionValue,
    GeneratorCall,
    Instance,
    Mapping,
    MappingEntry,
    MethodOf,
    Nondeterministic,
    Payload,
    Template,
    Union,
    Unresolved,
    Value,
    possible,
    without_constants,
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


def _name(interpreter: Interpreter, node: cst.Name) -> Value:
    constant = _KEYWORDS.get(node.value)
    return _read(interpreter, node, None, look_up(interpreter, node.value)) if constant is None else constant


def _read(interpreter: Interpreter, node: cst.Name | cst.Attribute, owner: Value | None, value: Value) -> Value:
    """Return the value of a name, or of an attribute of `owner`. What a step reads goes into what is kept of it."""
    if (
        interpreter.in_step
        and interpreter.replay.nondeterministic_count
        and not (interpreter.replay.in_part and _has_parts(value))
    ):
        used(interpreter, value, interpreter.place(node))
    if interpreter.replay.state_changes or (interpreter.loop_depth and interpreter.replays):
        seen(interpreter, node, owner, value)
    return value


_KEYWORDS: Final = {"True": Constant(value=True), "False": Constant(value=False), "None": Constant(None)}


def _has_parts(value: Value) -> bool:
    return isinstance(value, Collection | Mapping | Union)


def _owner(interpreter: Interpreter, node: cst.Attribute | cst.Subscript) -> Value:
    """Return the value that something is a part of."""
    in_part, interpreter.replay.in_part = interpreter.replay.in_part, True
    owner = interpreter.evaluate(node.value)
    interpreter.replay.in_part = in_part
    return owner


def _literal(interpreter: Interpreter, node: cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary) -> Value:
    del interpreter
    return literal(node)


def _concatenated(interpreter: Interpreter, node: cst.BaseExpression) -> Value:
    parts: list[tuple[Value, cst.BaseExpression]] = []
    while isinstance(node, cst.ConcatenatedString):
        parts.append((interpreter.evaluate(node.left), node.left))
        node = node.right
    parts.append((interpreter.evaluate(node), node))
    values = [value for value, _ in parts]
    if all(isinstance(value, Constant) and isinstance(value.value, bytes) for value in values):
        return Constant(b"".join(v.value for v in values if isinstance(v, Constant) and isinstance(v.value, bytes)))
    return _joined(interpreter, [(value, interpreter.place(part)) for value, part in parts])


def _joined(interpreter: Interpreter, parts: list[tuple[Value, Place]]) -> Value:
    whole = joined(parts)
    return template(interpreter, whole.text, [v for v, _ in parts]) if isinstance(whole, Template) else whole


def _f_string(interpreter: Interpreter, node: cst.FormattedString) -> Value:
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
            folded = _field(interpreter, part, fields)
            known = known and folded is not None
            text += interpreter.text(part) if folded is None else folded
    return scalar(text) if known else template(interpreter, text, fields)


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


def _field(interpreter: Interpreter, field: cst.FormattedStringExpression, fields: list[Value]) -> str | None:
    """Return what a field becomes, None where that is not known; what is in it is one of the `fields`."""
    value = interpreter.evaluate(field.expression)
    fields.append(value)
    spec = ""
    for part in field.format_spec or ():
        if isinstance(part, cst.FormattedStringText):
            spec += part.value
        elif isinstance(part, cst.FormattedStringExpression):
            inner = _field(interpreter, part, fields)
            if inner is None:
                return None
            spec += inner
    return None if field.equal is not None else formatted(value, field.conversion, spec)


def _sequence(interpreter: Interpreter, node: cst.List | cst.Tuple | cst.Set) -> Value:
    items: list[Element] = []
    for element in node.elements:
        value = interpreter.evaluate(element.value)
        if isinstance(element, cst.StarredElement):
            items += items_of(interpreter, value) or (Element(UNKNOWN, interpreter.place(element.value), many=True),)
        else:
            items.append(Element(value, interpreter.place(element.value)))
    return collection(interpreter, _COLLECTIONS[type(node)], tuple(items))


_COLLECTIONS: Final[dict[type[cst.BaseExpression], CollectionKind]] = {
    cst.List: "list",
    cst.Tuple: "tuple",
    cst.Set: "set",
}


def _dict(interpreter: Interpreter, node: cst.Dict) -> Value:
    entries: dict[object, MappingEntry] = {}
    partial = False
    for element in node.elements:
        if isinstance(element, cst.DictElement):
            key = interpreter.evaluate(element.key)
            entry = MappingEntry(
                key,
                interpreter.evaluate(element.value),
                interpreter.place(element.key),
                interpreter.place(element.value),
            )
            _put(entries, entry)
        else:
            spread = interpreter.evaluate(element.value)
            known = entries_of(interpreter, spread, interpreter.place(element.value))
            partial = partial or known is None
            if known is None:
                entries = {name: replace(entry, maybe=True) for name, entry in entries.items()}
            for entry in known or ():
                _put(entries, entry)
    return mapping(interpreter, tuple(entries.values()), partial=partial)


def _put(entries: dict[object, MappingEntry], entry: MappingEntry) -> None:
    """A later entry of the same constant key replaces the earlier one, in its place."""
    key = (type(entry.key.value), entry.key.value) if isinstance(entry.key, Constant) else entry
    entries[key] = entry


def _call(interpreter: Interpreter, node: cst.Call) -> Value:
    since = interpreter.work.task_ids
    callee = _callee(interpreter, node)
    reporting, interpreter.replay.reporting = (
        interpreter.replay.reporting,
        interpreter.replay.reporting or is_report(node),
    )
    # Python evaluates positional arguments first, those in `*` too, then keywords.
    positional = {id(a): _argument(interpreter, a) for a in node.args if a.keyword is None and a.star != "**"}
    named = {id(a): _argument(interpreter, a) for a in node.args if a.keyword is not None or a.star == "**"}
    evaluated = positional | named
    arguments = Arguments(tuple(evaluated[id(argument)] for argument in node.args))
    interpreter.replay.reporting = reporting
    interpreter.call_since = since
    return _called(interpreter, node, callee, arguments)


def _called(interpreter: Interpreter, node: cst.Call, callee: Value, arguments: Arguments) -> Value:
    value = _unfolded(interpreter.call(callee, arguments, interpreter.place(node)))
    if interpreter.replay.nondeterministic_count:
        if _is_of_text(node.func):
            value = derived(interpreter, (argument.value for argument in arguments.items), value)
        if interpreter.in_step and isinstance(callee, MethodOf):
            used(interpreter, value, interpreter.place(node))
    return value


def _is_of_text(function: cst.BaseExpression) -> bool:
    """Whether what is called is a method of text as written: `"".join(...)`, `"{}".format(...)`."""
    return isinstance(function, cst.Attribute) and isinstance(function.value, cst.BaseString)


def _callee(interpreter: Interpreter, node: cst.Call) -> Value:
    changing, interpreter.replay.changing = (
        interpreter.replay.changing,
        interpreter.replay.changing or changes_only(node),
    )
    callee = interpreter.evaluate(node.func)
    interpreter.replay.changing = changing
    if isinstance(callee, MethodOf | Union):
        method_called(interpreter, node, callee)
    return callee


def _unfolded(value: Value) -> Value:
    """A call is never folded, whatever it gives."""
    return without_constants(value) if isinstance(value, Constant | Template) else value


def _argument(interpreter: Interpreter, argument: cst.Arg) -> Argument:
    value = interpreter.evaluate(argument.value)
    if argument.star == "*":
        value = _spread(interpreter, value, interpreter.place(argument.value))
    keyword = None if argument.keyword is None else argument.keyword.value
    return Argument(value, interpreter.place(argument.value), keyword, argument.star)


def _spread(interpreter: Interpreter, value: Value, place: Place) -> Value:
    """Return the elements of a value as arguments, which evaluates a generator."""
    value = materialized(interpreter, iterated(interpreter, value, place))
    if isinstance(value, GeneratorCall | Mapping):
        return collection(interpreter, "list", items_of(interpreter, value) or (Element(UNKNOWN, place, many=True),))
    return value


def _attribute(interpreter: Interpreter, node: cst.Attribute) -> Value:
    owner, name = _owner(interpreter, node), node.attr.value
    observe_key(interpreter, "attribute", owner, Constant(name), interpreter.place(node.value), interpreter.place(node))
    value = attribute(interpreter, owner, name, interpreter.place(node))
    if value is UNKNOWN and isinstance(owner, Instance) and name.startswith("__") and name not in DESCRIBING:
        value = MethodOf(owner, name)  # one of those that every object has
    return _read(interpreter, node, owner, value)


def _subscript(interpreter: Interpreter, node: cst.Subscript) -> Value:
    part = _part(interpreter, node, _owner(interpreter, node))
    if interpreter.in_step and interpreter.replay.nondeterministic_count:
        used(interpreter, part, interpreter.place(node))
    return part


def _part(interpreter: Interpreter, node: cst.Subscript, owner: Value) -> Value:
    key: Value = UNKNOWN
    key_node: cst.BaseExpression = node
    for element in node.slice:
        if isinstance(element.slice, cst.Index):
            key_node = element.slice.value
            key = interpreter.evaluate(key_node)
        elif isinstance(element.slice, cst.Slice):
            return _sliced(interpreter, owner, element.slice)
    if len(node.slice) > 1:
        key = UNKNOWN
        parts = [element.slice.value for element in node.slice if isinstance(element.slice, cst.Index)]
        key_node = cst.Tuple([cst.Element(part) for part in parts], lpar=[], rpar=[])
    observe_key(interpreter, "read", owner, key, interpreter.place(node.value), interpreter.place(node))
    return _element(interpreter, owner, key, interpreter.place(key_node), interpreter.place(node))


def _element(interpreter: Interpreter, owner: Value, key: Value, key_place: Place, place: Place) -> Value:
    if isinstance(owner, Union) and any(isinstance(case.value, Instance) for case in owner.cases):
        return interpreter.choose(owner, lambda chosen: _element(interpreter, chosen, key, key_place, place))
    found = call_special(interpreter, owner, ("__getitem__",), (key,), place)
    if found is None and isinstance(owner, ClassValue):
        found = _parametrized(interpreter, owner, key, place)
    if found is not None:
        return found
    if not isinstance(owner, _SUBSCRIPTED):
        interpreter.escape_operand(owner, place, "is subscripted in a way that is not followed")
    if isinstance(owner, Mapping) and owner.missing is not None:
        _fill_missing(interpreter, owner, key, key_place, place)
    element = element_at(owner, key, key_place, place)
    if isinstance(owner, Collection | Mapping):
        interpreter.store.pass_over_others(owner, element)
    return element


def _fill_missing(interpreter: Interpreter, owner: Mapping, key: Value, key_place: Place, place: Place) -> None:
    """Add an entry to a `defaultdict` that is asked for one of a constant key that it lacks."""
    known = all(isinstance(entry.key, Constant) for entry in owner.entries)
    if owner.missing is None or not known or not isinstance(key, Constant):
        return
    if not any(entry.key == key for entry in owner.entries):
        set_entry(interpreter, owner, key, interpreter.call(owner.missing, Arguments(), place), key_place, place)


_SUBSCRIPTED: Final = (Union, ClassValue, Collection, Event, Mapping, Payload, Unresolved)


def _parametrized(interpreter: Interpreter, owner: ClassValue, key: Value, place: Place) -> Value | None:
    """Return what `__class_getitem__` of a class of the project gives, None where it has none."""
    method = interpreter.attribute(owner, "__class_getitem__", place)
    if not isinstance(method, FunctionValue):
        return None
    given = Arguments((Argument(key, place),))
    return interpreter.call(method if method.receiver is not None else replace(method, receiver=owner), given, place)


def _sliced(interpreter: Interpreter, owner: Value, node: cst.Slice) -> Value:
    bounds: list[Any] = [_bound(interpreter, part) for part in (node.lower, node.upper, node.step)]
    if isinstance(owner, Nondeterministic):
        return replace(owner, gives="")
    if isinstance(owner, Union):
        owner = _any_of_lists(interpreter, owner)
    if isinstance(owner, Unresolved):
        return owner
    if not isinstance(owner, Collection) or _constant_items(owner):
        interpreter.escape_operand(owner, interpreter.place(node), "is sliced in a way that is not followed")
        return UNKNOWN
    if owner.has_known_order and all(isinstance(bound, int | None) for bound in bounds):
        kept = owner.items[slice(*bounds)]
        identities = set(map(id, kept))
        interpreter.store.pass_over(item for item in owner.items if id(item) not in identities)
        return collection(interpreter, owner.kind, kept)
    copy = collection(interpreter, owner.kind, tuple(map(possible, owner.items)))
    copy.state.unordered = True
    return copy


def _any_of_lists(interpreter: Interpreter, owner: Union) -> Value:
    """Return a collection of what is in any of several, as a list is at each pass of a loop: `todo = todo[10:]`."""
    items: dict[int, Element] = {id(item.value): item for item in items_of(interpreter, owner) or ()}
    kept = collection(interpreter, "list", tuple(items.values()))
    kept.state.unordered = True
    return kept if items else UNKNOWN


def _bound(interpreter: Interpreter, part: cst.BaseExpression | None) -> object:
    """Return a bound of a slice, None where it has none."""
    value = Constant(None) if part is None else interpreter.evaluate(part)
    return value.value if isinstance(value, Constant) else value


def _constant_items(value: Collection) -> bool:
    return all(not item.value.relevant for item in value.items)


def _binary(interpreter: Interpreter, node: cst.BaseExpression) -> Value:
    """A chain of operators leans to the left and may be long: it is walked, not recursed into."""
    chain: list[cst.BinaryOperation] = []
    while isinstance(node, cst.BinaryOperation):
        chain.append(node)
        node = node.left
    value = interpreter.evaluate(node)
    for operation in reversed(chain):
        value = _combined(interpreter, operation, value, interpreter.evaluate(operation.right))
    return value


def _combined(interpreter: Interpreter, node: cst.BinaryOperation, left: Value, right: Value) -> Value:
    found = operate(interpreter, node.operator, left, right, interpreter.place(node))
    if found is not None:
        return found
    if isinstance(node.operator, cst.Add):
        if is_text(left) or is_text(right):
            return _joined(interpreter, [(left, interpreter.place(node.left)), (right, interpreter.place(node.right))])
        if isinstance(left, Collection) and isinstance(right, Collection):
            return collection(interpreter, left.kind, (*left.items, *right.items))
        if isinstance(left, Collection | Union) and isinstance(right, Collection | Union):
            return collection(
                interpreter, "list", (*(items_of(interpreter, left) or ()), *(items_of(interpreter, right) or ()))
            )
    if isinstance(node.operator, cst.BitOr) and isinstance(left, Collection) and isinstance(right, Collection):
        return collection(interpreter, left.kind, (*left.items, *right.items))
    if isinstance(node.operator, cst.BitOr) and isinstance(left, Mapping):
        return _join_elements(interpreter, left, right, interpreter.place(node.right))
    if isinstance(node.operator, cst.Multiply) and isinstance(left, Collection):
        return _repeated(interpreter, left, right)
    if isinstance(node.operator, cst.Add) and isinstance(left, Collection):
        # A list with others after it that are not known.
        rest = items_of(interpreter, right) or (Element(UNKNOWN, interpreter.place(node.right), many=True),)
        return collection(interpreter, left.kind, (*left.items, *rest))
    if isinstance(node.operator, _SET_OPERATORS) and isinstance(left, Collection):
        others = (items_of(interpreter, right) or ()) if isinstance(node.operator, cst.BitXor) else ()
        return collection(interpreter, left.kind, tuple(map(possible, (*left.items, *others))))
    for operand, value in ((node.left, left), (node.right, right)):
        interpreter.escape_operand(value, interpreter.place(operand), "is an operand in a way that is not followed")
    found = shifted(node.operator, left, right) or binary(node.operator, left, right)
    return derived(interpreter, (left, right), found)


def _join_elements(interpreter: Interpreter, left: Mapping, right: Value, place: Place) -> Mapping:
    """Return a dictionary of the entries of two: those of the second one count."""
    known = entries_of(interpreter, right, place)
    entries: dict[object, MappingEntry] = {}
    for entry in left.entries:
        _put(entries, replace(entry, maybe=entry.maybe or known is None))
    for entry in known or ():
        _put(entries, entry)
    partial = left.partial or known is None or not left.shows_constants
    return mapping(interpreter, tuple(entries.values()), partial=partial)


_SET_OPERATORS: Final = (cst.BitAnd, cst.BitXor, cst.Subtract)


def _repeated(interpreter: Interpreter, owner: Collection, times: Value) -> Value:
    """`[a, b] * 2`; a number that is not known, or large, is any number."""
    if isinstance(times, Constant) and isinstance(times.value, int) and 0 <= times.value <= MOST_REPETITIONS:
        return collection(interpreter, owner.kind, owner.items * times.value)
    return collection(interpreter, owner.kind, tuple(replace(item, many=True, passes=None) for item in owner.items))


def _unary(interpreter: Interpreter, node: cst.UnaryOperation) -> Value:
    operand = interpreter.evaluate(node.expression)
    name = _SPECIAL_UNARY.get(type(node.operator))
    found = None if name is None else call_special(interpreter, operand, (name,), (), interpreter.place(node))
    if found is None and not isinstance(node.operator, cst.Not):
        interpreter.escape_operand(operand, interpreter.place(node), "is an operand in a way that is not followed")
    if isinstance(operand, Nondeterministic) and isinstance(node.operator, cst.Not):
        return replace(operand, gives="")
    return derived(interpreter, (operand,), unary(node.operator, operand)) if found is None else found


_SPECIAL_UNARY: Final[dict[type[cst.BaseUnaryOp], str]] = {
    cst.BitInvert: "__invert__",
    cst.Minus: "__neg__",
    cst.Plus: "__pos__",
}


def _comparison(interpreter: Interpreter, node: cst.Comparison) -> Value:
    """`a < b < c` evaluates `c` only if `a < b`."""
    left = interpreter.evaluate(node.left)
    result: Value = UNKNOWN
    for index, target in enumerate(node.comparisons):
        if index == 0:
            right = interpreter.evaluate(target.comparator)
            observe_key(
                interpreter, "asked", right, left, interpreter.place(target.comparator), interpreter.place(node)
            )
            result = compare(interpreter, target, left, right, interpreter.place(node))
            if not isinstance(target.operator, cst.Is | cst.IsNot):
                result = derived(interpreter, (left, right), result)
            continue
        block = interpreter.block_of(lambda compared=target.comparator: interpreter.evaluate(compared))  # type: ignore[misc]
        if not block.operations:
            continue
        shorter = node.with_changes(comparisons=node.comparisons[:index], lpar=(), rpar=())
        interpreter.emit_choice([(interpreter.text(shorter), block)], None, interpreter.place(node))
    return result if len(node.comparisons) == 1 else UNKNOWN


def _lambda(interpreter: Interpreter, node: cst.Lambda) -> Value:
    scope = interpreter.frame.scope
    return FunctionValue(node, scope, names_in(scope, "lambda"), defaults=default_values(interpreter, node.params))


def _template_string(interpreter: Interpreter, node: cst.TemplatedString) -> Value:
    """`t"{a}"` holds the values of its fields."""
    for part in node.parts:
        if isinstance(part, cst.TemplatedStringExpression):
            value, place = interpreter.evaluate(part.expression), interpreter.place(part.expression)
            interpreter.escape(value, place, "is put into a template string, which is not followed")
    return UNKNOWN


def _starred(interpreter: Interpreter, node: cst.StarredElement) -> Value:
    return interpreter.evaluate(node.value)


def _ellipsis(interpreter: Interpreter, node: cst.Ellipsis) -> Value:
    del interpreter, node
    return UNKNOWN


def _await(interpreter: Interpreter, node: cst.Await) -> Value:
    first = len(interpreter.operations)
    return await_value(interpreter, interpreter.evaluate(node.expression), interpreter.place(node), first)


def _named(interpreter: Interpreter, node: cst.NamedExpr) -> Value:
    value = interpreter.evaluate(node.value)
    if isinstance(node.target, cst.Name):
        bind(interpreter, node.target.value, value)
    return value


def _yield(interpreter: Interpreter, node: cst.Yield) -> Value:
    if isinstance(node.value, cst.From):
        value = interpreter.evaluate(node.value.item)
        if is_awaitable(value):
            return await_value(interpreter, value, interpreter.place(node))
        yields = (*interpreter.frame.yields, *(replace(item, many=True) for item in items_of(interpreter, value) or ()))
        interpreter.frame.yields = list(bounded(yields))
        return UNKNOWN
    given = Constant(None) if node.value is None else interpreter.evaluate(node.value)
    if interpreter.frame.at_yield is not None:
        interpreter.frame.at_yield(given)
    elif given.relevant and node.value is not None:
        interpreter.frame.yields.append(Element(given, interpreter.place(node.value), many=True))
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
