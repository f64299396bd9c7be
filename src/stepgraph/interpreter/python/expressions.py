"""Evaluation of expressions, in Python's evaluation order."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import NOT_MODELED, evaluate_unknown
from stepgraph.interpreter.interpreter import Evaluator, HandlerTable, Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.library.models import may_raise_unseen
from stepgraph.interpreter.objects.attributes.access import METADATA_ATTRIBUTES, constant_name, get_attribute
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.entries import EntryTable, as_key, mapping_of
from stepgraph.interpreter.objects.names import bind, is_bound_in_body, look_up
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.python.arguments import is_unordered, make_collection, merge_repeated, tasks_of_each_pass
from stepgraph.interpreter.python.constants import (
    evaluate_literal,
    evaluate_literal_source,
    format_constant,
    to_constant,
)
from stepgraph.interpreter.python.definitions import default_values, qualified_names
from stepgraph.interpreter.replay.tracer import NO_TRACER
from stepgraph.interpreter.summaries import returned_by
from stepgraph.interpreter.values.calls import Argument, Arguments, GeneratorCall
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry, hide_alternatives
from stepgraph.interpreter.values.objects import AttributeDictionary, BuiltinMethod, FunctionValue, ProjectObject
from stepgraph.interpreter.values.shown_elements import hidden_like
from stepgraph.interpreter.values.steps import Event, Payload, StepFunction
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import await_value, is_awaitable
from stepgraph.interpreter.workflow.step_api import observe_step_attribute
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import (
    UNKNOWN,
    Constant,
    Template,
    Unresolved,
    Value,
)
from stepgraph.syntax.load_names import type_only_names
from stepgraph.syntax.module import SourcePlace


def _evaluate_name(interpreter: Interpreter, node: cst.Name) -> Value:
    constant = _KEYWORDS.get(node.value)
    if constant is not None:
        return constant
    value = look_up(interpreter, node.value)
    if node.value in interpreter.module.once(type_only_names):
        from stepgraph.interpreter.modules.missing_imports import observe_type_only_name

        observe_type_only_name(interpreter, node)
    elif value is UNKNOWN:
        # Imported here because the names of short workflows are known.
        from stepgraph.syntax.python_names import IMPORTABLE_NAMES

        if node.value in IMPORTABLE_NAMES:
            from stepgraph.interpreter.modules.missing_imports import import_missing

            value = import_missing(interpreter, node)
        elif interpreter.tracer is not NO_TRACER and not interpreter.frame.scope.bindings.binds(node.value):
            from stepgraph.interpreter.modules.missing_imports import observe_undefined_name

            observe_undefined_name(interpreter, node)
    elif isinstance(value, Unresolved):
        # Imported here because few values of variables are unresolved.
        from stepgraph.interpreter.objects.attributes.member_loops import member_in_pass

        value = member_in_pass(interpreter, node, value)
    interpreter.tracer.on_read(node, None, value)
    return value


_KEYWORDS: Final = {"True": Constant(value=True), "False": Constant(value=False), "None": Constant(None)}


def evaluate_owner(interpreter: Interpreter, node: cst.Attribute | cst.Subscript) -> Value:
    """Evaluate the object whose attribute or element is accessed."""
    if interpreter.tracer is NO_TRACER:  # the most frequent contexts cost more than what they do without a check
        return interpreter.evaluate(node.value)
    with interpreter.tracer.base():
        return interpreter.evaluate(node.value)


def _evaluate_literal(
    interpreter: Interpreter, node: cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary
) -> Value:
    del interpreter
    return evaluate_literal(node)


def _evaluate_concatenation(interpreter: Interpreter, node: cst.BaseExpression) -> Value:
    from stepgraph.interpreter.python.operators import concatenate_values

    parts: list[tuple[Value, cst.BaseExpression]] = []
    while isinstance(node, cst.ConcatenatedString):
        parts.append((interpreter.evaluate(node.left), node.left))
        node = node.right
    parts.append((interpreter.evaluate(node), node))
    values = [value for value, _ in parts]
    if all(isinstance(value, Constant) and isinstance(value.value, bytes) for value in values):
        return Constant(b"".join(v.value for v in values if isinstance(v, Constant) and isinstance(v.value, bytes)))
    return concatenate_values(interpreter, [(value, interpreter.place(part)) for value, part in parts])


def _evaluate_f_string(interpreter: Interpreter, node: cst.FormattedString) -> Value:
    from stepgraph.interpreter.python.operators import template

    text = ""
    is_constant = True
    values: list[Value] = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            literal_text = _decode_literal_text(node, part.value)
            if literal_text is None:
                return UNKNOWN
            text += literal_text
        elif isinstance(part, cst.FormattedStringExpression):
            field_text = _evaluate_field(interpreter, part, values)
            is_constant = is_constant and field_text is not None
            text += interpreter.text(part) if field_text is None else field_text
    return to_constant(text) if is_constant else template(interpreter, text, values)


def _decode_literal_text(node: cst.FormattedString, text: str) -> str | None:
    """Decode the literal text of an f-string, including doubled braces and escape sequences.

    Return None for an escape sequence that Python rejects.
    """
    text = text.replace("{{", "{").replace("}}", "}")
    if "\\" not in text:
        return text
    prefix = node.prefix.lower().replace("f", "")
    decoded = evaluate_literal_source(f"{prefix}{node.quote}{text}{node.quote}")
    return decoded.value if isinstance(decoded, Constant) and isinstance(decoded.value, str) else None


def _evaluate_field(interpreter: Interpreter, field: cst.FormattedStringExpression, values: list[Value]) -> str | None:
    """Evaluate a field, and append its values to `values`. Return its text, or None if the text is not constant."""
    value = interpreter.evaluate(field.expression)
    values.append(value)
    spec = ""
    for part in field.format_spec or ():
        if isinstance(part, cst.FormattedStringText):
            spec += part.value
        elif isinstance(part, cst.FormattedStringExpression):
            first_value = len(values)
            spec_text = _evaluate_field(interpreter, part, values)
            for spec_value in values[first_value:]:
                interpreter.escape_operand(spec_value, interpreter.place(part), f"is a format specifier{NOT_MODELED}")
            if spec_text is None:
                return None
            spec += spec_text
    return None if field.equal is not None else format_constant(value, field.conversion, spec)


def _evaluate_sequence(interpreter: Interpreter, node: cst.List | cst.Tuple | cst.Set) -> Value:
    from stepgraph.interpreter.objects.containers.iteration import added_elements

    items: list[Element] = []
    unpacked: list[Value] = []
    has_uncertain_order = False
    for element in node.elements:
        value = interpreter.evaluate(element.value)
        if type(element) is cst.StarredElement:
            unpacked.append(value)
            added = added_elements(interpreter, value, interpreter.place(element.value))
            has_uncertain_order = has_uncertain_order or is_unordered(added)
            items += added.items
        else:
            items.append(Element(value, interpreter.place(element.value)))
    collection = make_collection(interpreter, _COLLECTION_KINDS[type(node)], tuple(items))
    collection.state.created_empty = not items
    collection.state.unordered = has_uncertain_order
    return hidden_like(unpacked, collection)


_COLLECTION_KINDS: Final[dict[type[cst.BaseExpression], CollectionKind]] = {
    cst.List: "list",
    cst.Tuple: "tuple",
    cst.Set: "set",
}


def _evaluate_dict(interpreter: Interpreter, node: cst.Dict) -> Value:
    table = EntryTable()
    partial = False
    module = interpreter.module
    for element in node.elements:
        if isinstance(element, cst.DictElement):
            entry = MappingEntry(
                as_key(interpreter.evaluate(element.key)),
                interpreter.evaluate(element.value),
                SourcePlace(module, element.key),
                SourcePlace(module, element.value),
            )
            table.add(entry)
        else:
            spread = interpreter.evaluate(element.value)
            from stepgraph.interpreter.objects.containers.iteration import entries_of

            copied = entries_of(interpreter, spread, interpreter.place(element.value))
            partial = partial or not copied.is_complete
            table.add_copied(copied)
    mapping = mapping_of(interpreter, table, partial=partial)
    mapping.state.created_empty = not node.elements
    return mapping


def _evaluate_call(interpreter: Interpreter, node: cst.Call) -> Value:
    last_task_id = interpreter.work.last_task_id
    callee = _evaluate_callee(interpreter, node)
    if not isinstance(callee, FunctionValue):  # the code of a project function counts itself
        interpreter.work.risk_count += 1
    frame = interpreter.frame
    frame.raises_unseen = frame.raises_unseen or may_raise_unseen(callee)
    if interpreter.tracer is NO_TRACER or not node.args:
        arguments = _evaluate_arguments(interpreter, node)
    else:
        with interpreter.tracer.arguments(node, callee):
            arguments = _evaluate_arguments(interpreter, node)
    interpreter.task_id_before_call = last_task_id
    result = interpreter.call(callee, arguments, interpreter.place(node))
    if isinstance(result, (Collection, Constant, Mapping, Template)):
        result = hide_alternatives(result)  # calls are never folded
    return interpreter.tracer.on_result(node, callee, arguments, result)


def _evaluate_arguments(interpreter: Interpreter, node: cst.Call) -> Arguments:
    """Evaluate positional arguments, including `*` arguments, before keyword arguments, as Python does."""
    for argument in node.args:
        if argument.star:
            return _evaluate_starred_arguments(interpreter, node)
    # Without stars, positional arguments come first.
    return Arguments(
        tuple(
            [
                Argument(
                    interpreter.evaluate(argument.value),
                    interpreter.place(argument.value),
                    None if argument.keyword is None else argument.keyword.value,
                )
                for argument in node.args
            ]
        )
    )


def _evaluate_starred_arguments(interpreter: Interpreter, node: cst.Call) -> Arguments:
    positional = {id(a): _evaluate_argument(interpreter, a) for a in node.args if a.keyword is None and a.star != "**"}
    keywords = {id(a): _evaluate_argument(interpreter, a) for a in node.args if a.keyword is not None or a.star == "**"}
    evaluated = positional | keywords
    return Arguments(tuple(evaluated[id(argument)] for argument in node.args))


def _evaluate_callee(interpreter: Interpreter, node: cst.Call) -> Value:
    if interpreter.tracer is NO_TRACER or type(node.func) is cst.Name:
        callee = interpreter.evaluate(node.func)
    else:
        with interpreter.tracer.callee(node):
            callee = interpreter.evaluate(node.func)
    if isinstance(callee, BuiltinMethod | Union):
        interpreter.tracer.on_method_call(node, callee)
    return callee


def _evaluate_argument(interpreter: Interpreter, argument: cst.Arg) -> Argument:
    value = interpreter.evaluate(argument.value)
    if argument.star == "**":
        value = as_collection(interpreter, value, "keys", "__getitem__")
    if argument.star == "*":
        value = _unpack_argument(interpreter, value, interpreter.place(argument.value))
    elif argument.star == "**" and isinstance(value, Union | AttributeDictionary) and value.relevant:
        value = _copy_entries(interpreter, value, interpreter.place(argument.value))
    elif argument.star == "**" and isinstance(value, ProjectObject):
        interpreter.escape(value, interpreter.place(argument.value), f"is unpacked{NOT_MODELED}")
    keyword = None if argument.keyword is None else argument.keyword.value
    return Argument(value, interpreter.place(argument.value), keyword, argument.star)


def _copy_entries(interpreter: Interpreter, value: Value, place: SourcePlace) -> Mapping:
    """Return a dictionary with the entries of a `**` argument. Those of different cases may be missing."""
    from stepgraph.interpreter.objects.containers.iteration import entries_of

    copied = entries_of(interpreter, value, place)
    table = EntryTable()
    table.add_copied(copied)
    return mapping_of(interpreter, table, partial=not copied.is_complete)


def _unpack_argument(interpreter: Interpreter, value: Value, place: SourcePlace) -> Value:
    """Return the value of a `*` argument, as a collection if it is a generator, iterator or dictionary."""
    from stepgraph.interpreter.objects.containers.iteration import elements_of, materialize_generator
    from stepgraph.interpreter.objects.special_methods import iterator_of

    value = materialize_generator(interpreter, iterator_of(interpreter, value, place), exhausts=True)
    if isinstance(value, GeneratorCall | Mapping):
        return make_collection(
            interpreter, "list", elements_of(interpreter, value) or (Element(UNKNOWN, place, many=True),)
        )
    return value


def _evaluate_attribute(interpreter: Interpreter, node: cst.Attribute) -> Value:
    return attribute_of(interpreter, node, evaluate_owner(interpreter, node))


def attribute_of(interpreter: Interpreter, node: cst.Attribute, owner: Value) -> Value:
    """Return the value of an attribute reference whose object has the value `owner`."""
    name, place = node.attr.value, interpreter.place(node)
    if type(owner) is Event or type(owner) is Payload:  # few objects are events
        interpreter.tracer.on_event_key("attribute", owner, Constant(name), interpreter.place(node.value), place)
    elif type(owner) is StepFunction:
        observe_step_attribute(interpreter, owner, name, place)
    value = get_attribute(interpreter, owner, name, place)
    if name == "__name__" and isinstance(node.value, cst.Name) and is_bound_in_body(interpreter, node.value.value):
        value = constant_name(interpreter, owner) or value
    if (
        value is UNKNOWN
        and isinstance(owner, ProjectObject)
        and name.startswith("__")
        and name not in METADATA_ATTRIBUTES
    ):
        value = BuiltinMethod(owner, name)  # a method of `object`
    interpreter.tracer.on_read(node, owner, value)
    return value


def _evaluate_subscript(interpreter: Interpreter, node: cst.Subscript) -> Value:
    from stepgraph.interpreter.python.subscripts import element_of, evaluate_key

    owner = evaluate_owner(interpreter, node)
    interpreter.work.risk_count += 1
    return element_of(interpreter, node, owner, evaluate_key(interpreter, node))


def _evaluate_lambda(interpreter: Interpreter, node: cst.Lambda) -> Value:
    interpreter.tracer.on_function(node)
    scope = interpreter.frame.scope
    return FunctionValue(
        node, scope, qualified_names(scope, "lambda"), defaults=default_values(interpreter, node.params)
    )


def _evaluate_template_string(interpreter: Interpreter, node: cst.TemplatedString) -> Value:
    """Evaluate `t"{a}"`, whose fields escape into the template object."""
    for part in node.parts:
        if isinstance(part, cst.TemplatedStringExpression):
            value, place = interpreter.evaluate(part.expression), interpreter.place(part.expression)
            interpreter.escape(value, place, "is put into a template string, which stepgraph does not model")
    return UNKNOWN


def _evaluate_starred(interpreter: Interpreter, node: cst.StarredElement) -> Value:
    return interpreter.evaluate(node.value)


def _evaluate_ellipsis(interpreter: Interpreter, node: cst.Ellipsis) -> Value:
    del interpreter, node
    return UNKNOWN


def _evaluate_await(interpreter: Interpreter, node: cst.Await) -> Value:
    if not interpreter.frame.is_async:
        from stepgraph.interpreter.modules.unloadable_imports import observe_misplaced_await

        observe_misplaced_await(interpreter, node, "await")
    first_operation = len(interpreter.operations)
    value = interpreter.evaluate(node.expression)
    interpreter.work.await_external_coroutine(node)
    return await_value(interpreter, value, interpreter.place(node), first_operation)


def _evaluate_named_expression(interpreter: Interpreter, node: cst.NamedExpr) -> Value:
    value = interpreter.evaluate(node.value)
    if isinstance(node.target, cst.Name):
        bind(interpreter, node.target.value, value)
    return value


def _evaluate_yield(interpreter: Interpreter, node: cst.Yield) -> Value:
    from stepgraph.interpreter.objects.containers.iteration import elements_of

    if isinstance(node.value, cst.From):
        value = interpreter.evaluate(node.value.item)
        if is_awaitable(value):
            return await_value(interpreter, value, interpreter.place(node))
        yields = (
            *interpreter.frame.yields,
            *(replace(item, many=True) for item in elements_of(interpreter, value) or ()),
        )
        interpreter.frame.yields[:] = merge_repeated(yields)
        return _delegated_result(interpreter, value, interpreter.place(node))
    yielded = Constant(None) if node.value is None else interpreter.evaluate(node.value)
    if interpreter.frame.at_yield is not None:
        interpreter.frame.at_yield(yielded)
    elif yielded.relevant and node.value is not None:
        yielded = tasks_of_each_pass(interpreter, yielded, interpreter.frame.last_task_id)
        interpreter.frame.yields.append(Element(yielded, interpreter.place(node.value), many=True))
    return UNKNOWN


def _delegated_result(interpreter: Interpreter, value: Value, place: SourcePlace) -> Value:
    """Return the value of a `yield from`, which is the value that the generator returns."""
    generators = [leaf for leaf in union_values(value) if isinstance(leaf, GeneratorCall)]
    results = [returned_by(interpreter, call.function, call.arguments) for call in generators]
    return union_of_values(results, [place.text] * len(results), place.text, place)


_PACKAGE: Final = "stepgraph.interpreter.python"

EVALUATORS: Final[HandlerTable[type[cst.CSTNode], Evaluator]] = HandlerTable(
    {
        cst.Name: _evaluate_name,
        cst.Integer: _evaluate_literal,
        cst.Float: _evaluate_literal,
        cst.Imaginary: _evaluate_literal,
        cst.SimpleString: _evaluate_literal,
        cst.ConcatenatedString: _evaluate_concatenation,
        cst.FormattedString: _evaluate_f_string,
        cst.Tuple: _evaluate_sequence,
        cst.List: _evaluate_sequence,
        cst.Set: _evaluate_sequence,
        cst.Dict: _evaluate_dict,
        cst.Call: _evaluate_call,
        cst.Attribute: _evaluate_attribute,
        cst.Subscript: _evaluate_subscript,
        cst.Lambda: _evaluate_lambda,
        cst.Await: _evaluate_await,
        cst.NamedExpr: _evaluate_named_expression,
        cst.Yield: _evaluate_yield,
        cst.Ellipsis: _evaluate_ellipsis,
        cst.StarredElement: _evaluate_starred,
        cst.TemplatedString: _evaluate_template_string,
    },
    {
        cst.ListComp: f"{_PACKAGE}.comprehensions:evaluate_comprehension",
        cst.SetComp: f"{_PACKAGE}.comprehensions:evaluate_comprehension",
        cst.DictComp: f"{_PACKAGE}.comprehensions:evaluate_dict_comprehension",
        cst.GeneratorExp: f"{_PACKAGE}.generator_expressions:evaluate_generator_expression",
        cst.BinaryOperation: f"{_PACKAGE}.operators:evaluate_binary",
        cst.BooleanOperation: f"{_PACKAGE}.boolean:evaluate_boolean",
        cst.UnaryOperation: f"{_PACKAGE}.operators:evaluate_unary",
        cst.Comparison: f"{_PACKAGE}.operators:evaluate_comparison",
        cst.IfExp: f"{_PACKAGE}.boolean:evaluate_conditional",
    },
    default=evaluate_unknown,
)
