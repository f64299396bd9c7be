"""Binary, unary and comparison operators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.containers.changes import MAX_REPETITIONS
from stepgraph.interpreter.objects.containers.container_objects import as_plain_collection
from stepgraph.interpreter.objects.containers.entries import EntryTable, mapping_of
from stepgraph.interpreter.objects.containers.iteration import (
    added_elements,
    copy_attributes,
    copy_elements,
    elements_of,
    entries_of,
)
from stepgraph.interpreter.objects.special_methods import (
    apply_binary_operator,
    call_special,
    compare,
    operand_methods,
)
from stepgraph.interpreter.python.arguments import make_collection, ordered_like
from stepgraph.interpreter.python.constants import (
    add_offset,
    arithmetic_result,
    concatenate,
    fold_binary,
    fold_format,
    fold_unary,
    is_string,
)
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import AttributeDictionary
from stepgraph.interpreter.values.shown_elements import hidden_like
from stepgraph.interpreter.values.unions import Union, as_optional
from stepgraph.ir.values import UNKNOWN, Constant, Nondeterministic, Template, Value
from stepgraph.syntax.module import SourcePlace


def template(interpreter: Interpreter, text: str, parts: Iterable[Value]) -> Template:
    """Return a template for text with unknown parts, tainted if a part is nondeterministic."""
    taint = interpreter.tracer.on_operation(parts)
    return Template(text, taint if isinstance(taint, Nondeterministic) else None)


def concatenate_values(interpreter: Interpreter, parts: list[tuple[Value, SourcePlace]]) -> Value:
    """Return the concatenation of strings and unknown values."""
    result = concatenate(parts)
    return template(interpreter, result.text, [value for value, _ in parts]) if isinstance(result, Template) else result


def evaluate_binary(interpreter: Interpreter, node: cst.BaseExpression) -> Value:
    """Evaluate a left-nested chain of binary operators iteratively, because it may be too long for recursion."""
    chain: list[cst.BinaryOperation] = []
    while isinstance(node, cst.BinaryOperation):
        chain.append(node)
        node = node.left
    value = interpreter.evaluate(node)
    interpreter.work.risk_count += len(chain)
    for operation in reversed(chain):
        value = _apply_operator(interpreter, operation, value, interpreter.evaluate(operation.right))
    return value


def _apply_operator(interpreter: Interpreter, node: cst.BinaryOperation, left: Value, right: Value) -> Value:
    methods = operand_methods(node.operator)
    left = as_plain_collection(interpreter, left, *methods)
    right = as_plain_collection(interpreter, right, *methods)
    result = apply_binary_operator(interpreter, node.operator, left, right, interpreter.place(node))
    if result is not None:
        return result
    operator = type(node.operator)  # `isinstance` is slow, because the types of LibCST have an abstract base class
    if operator is cst.Add:
        result = _concatenate_operands(interpreter, node, left, right)
    else:
        if operator is cst.Multiply and _may_be(right, Collection):
            left, right = right, left  # `2 * items` is `items * 2`
        left = _as_one_collection(interpreter, left)
        result = _combine_collections(interpreter, node, left, right)
    if result is not None:
        return result
    for operand, value in ((node.left, left), (node.right, right)):
        interpreter.escape_operand(value, interpreter.place(operand), "is an operand, which stepgraph does not model")
    result = (
        arithmetic_result(node.operator, left, right)
        or add_offset(node.operator, left, right)
        or (
            fold_format(node.operator, left, right)
            if isinstance(right, Collection)
            else fold_binary(node.operator, left, right)
        )
    )
    if operator is cst.Subtract:
        return interpreter.tracer.on_difference(left, right, result)
    if operator is cst.Add:
        return interpreter.tracer.on_sum(left, right, result, interpreter.place(node))
    return interpreter.tracer.on_operation((left, right), result)


def _concatenate_operands(
    interpreter: Interpreter, node: cst.BinaryOperation, left: Value, right: Value
) -> Value | None:
    """Return the sum of two strings or collections, one of which may be unknown. Return None for other values."""
    if is_string(left) or is_string(right):
        return concatenate_values(
            interpreter, [(left, interpreter.place(node.left)), (right, interpreter.place(node.right))]
        )
    if isinstance(left, Collection) and isinstance(right, Collection):
        result = make_collection(interpreter, left.kind, (*left.items, *right.items))
        result.state.created_empty = left.read_as_empty() and right.read_as_empty()
        return hidden_like((left, right), ordered_like(left, ordered_like(right, result)))
    if isinstance(left, Collection | Union) and isinstance(right, Collection | Union):
        items = (*(elements_of(interpreter, left) or ()), *(elements_of(interpreter, right) or ()))
        kinds = {leaf.kind for leaf in (*union_values(left), *union_values(right)) if isinstance(leaf, Collection)}
        result = make_collection(interpreter, next(iter(kinds)) if len(kinds) == 1 else "list", items)
        result.state.unordered = len(kinds) > 1  # the type of a list of unknown order is unknown
        return ordered_like(left, ordered_like(right, result))
    if isinstance(left, Collection):
        right_elements = added_elements(interpreter, right, interpreter.place(node.right))
        result = make_collection(interpreter, left.kind, (*left.items, *right_elements.items))
        return hidden_like((left, right), ordered_like(left, ordered_like(right_elements, result)))
    return None


def _combine_collections(
    interpreter: Interpreter, node: cst.BinaryOperation, left: Value, right: Value
) -> Value | None:
    """Return the repeated, merged or filtered collection or dictionary `left`. Return None for other values."""
    operator = type(node.operator)
    if operator is cst.BitOr:
        if isinstance(left, Collection) and isinstance(right, Collection):
            return make_collection(interpreter, left.kind, (*left.items, *right.items))
        if isinstance(left, AttributeDictionary):
            left = copy_attributes(interpreter, left, Arguments(), interpreter.place(node.left))
        return _merge_mappings(interpreter, node, left, right) if _may_be(left, Mapping) else None
    if not isinstance(left, Collection):
        return None
    if operator is cst.Multiply:
        return _repeat(interpreter, left, right)
    if operator in _SET_OPERATORS:
        right_items = (
            added_elements(interpreter, right, interpreter.place(node.right)).items if operator is cst.BitXor else ()
        )
        return make_collection(interpreter, left.kind, tuple(map(as_optional, (*left.items, *right_items))))
    return None


def _merge_mappings(interpreter: Interpreter, node: cst.BinaryOperation, left: Value, right: Value) -> Mapping:
    """Return the dictionary `left | right`. The entries of `right` take precedence."""
    table = EntryTable()
    partial = False
    for operand, value in ((node.left, left), (node.right, right)):
        copied = entries_of(interpreter, value, interpreter.place(operand))
        table.add_copied(copied)
        partial = partial or not copied.is_complete
    dictionaries = [leaf for leaf in union_values(left) if isinstance(leaf, Mapping)]
    partial = partial or not all(dictionary.shows_constants for dictionary in dictionaries)
    operands = (*dictionaries, *(leaf for leaf in union_values(right) if isinstance(leaf, Mapping)))
    factory = next((each.default_factory for each in operands if each.default_factory is not None), None)
    return replace(mapping_of(interpreter, table, partial=partial), default_factory=factory)


def _may_be(value: Value, *types: type[Value]) -> bool:
    return any(isinstance(leaf, types) for leaf in union_values(value))


def _as_one_collection(interpreter: Interpreter, value: Value) -> Value:
    """Return one collection with the elements of all cases of a union of collections, or any other value unchanged."""
    kinds = [leaf.kind for leaf in union_values(value) if isinstance(leaf, Collection)]
    return value if not isinstance(value, Union) or not kinds else copy_elements(interpreter, value, kinds[0]) or value


_SET_OPERATORS: Final = (cst.BitAnd, cst.BitXor, cst.Subtract)


def _repeat(interpreter: Interpreter, owner: Collection, count: Value) -> Value:
    """Return the collection `owner * count`. The elements are `many` if the count is large or not constant.

    If the count may be 0, the elements may be missing.
    """
    if isinstance(count, Constant) and isinstance(count.value, int) and 0 <= count.value <= MAX_REPETITIONS:
        items = owner.items * count.value
    else:
        items = tuple(replace(item, many=True, passes=None) for item in owner.items)
        if not _is_positive(count):
            items = tuple(map(as_optional, items))
    return hidden_like((owner,), ordered_like(owner, make_collection(interpreter, owner.kind, items)))


def _is_positive(count: Value) -> bool:
    return isinstance(count, Constant) and isinstance(count.value, int) and count.value > 0


def evaluate_unary(interpreter: Interpreter, node: cst.UnaryOperation) -> Value:
    """Evaluate a unary operation."""
    operand = interpreter.evaluate(node.expression)
    method_name = _UNARY_METHODS.get(type(node.operator))
    result = (
        None if method_name is None else call_special(interpreter, operand, (method_name,), (), interpreter.place(node))
    )
    if result is None and not isinstance(node.operator, cst.Not):
        interpreter.escape_operand(operand, interpreter.place(node), "is an operand, which stepgraph does not model")
    if isinstance(operand, Nondeterministic) and isinstance(node.operator, cst.Not):
        return replace(operand, result_name="")
    return interpreter.tracer.on_operation((operand,), fold_unary(node.operator, operand)) if result is None else result


_UNARY_METHODS: Final[dict[type[cst.BaseUnaryOp], str]] = {
    cst.BitInvert: "__invert__",
    cst.Minus: "__neg__",
    cst.Plus: "__pos__",
}


def _compare_if_true(interpreter: Interpreter, node: cst.Comparison, index: int, left: Value) -> Value:
    """Evaluate a later operand in a chain of comparisons, on the path on which the previous comparisons are true."""
    target = node.comparisons[index]
    operands: list[Value] = []

    def compare_next() -> None:
        operands.append(interpreter.evaluate(target.comparator))
        compare(interpreter, target, left, operands[0], interpreter.place(node))

    path = interpreter.branch(compare_next)
    if path.block.operations or path.changes:
        prefix = node.with_changes(comparisons=node.comparisons[:index], lpar=(), rpar=())
        interpreter.join_branches([(interpreter.text(prefix), path)], None, interpreter.place(node))
    return operands[0]


def evaluate_comparison(interpreter: Interpreter, node: cst.Comparison) -> Value:
    """Evaluate a comparison or a chain of them. In `a < b < c`, `c` is evaluated only if `a < b` is true."""
    left = interpreter.evaluate(node.left)
    operands = [left]
    result: Value = UNKNOWN
    for index, target in enumerate(node.comparisons):
        if index == 0:
            right = interpreter.evaluate(target.comparator)
            interpreter.tracer.on_event_key(
                "asked", right, left, interpreter.place(target.comparator), interpreter.place(node)
            )
            result = compare(interpreter, target, left, right, interpreter.place(node))
            if type(target.operator) is not cst.Is and type(target.operator) is not cst.IsNot:
                result = interpreter.tracer.on_operation((left, right), result)
            continue
        operands.append(right)
        right = _compare_if_true(interpreter, node, index, right)
    if len(node.comparisons) == 1:
        return result
    return interpreter.tracer.on_operation((*operands, right))
