"""The values of attributes that only initializers write, which are constants of an object.

`runner.prefix` is `"late: "` for `runner = StepRunner(step, prefix="late: ")`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.syntax.bindings import dotted_names
from stepgraph.syntax.definitions.called_functions import called_function
from stepgraph.syntax.definitions.class_hierarchy import PlacedClass, class_around
from stepgraph.syntax.definitions.constant_attributes import (
    FUNCTION_NAME,
    ConstantAttributes,
    fields_of,
    initializers_of,
    stored_attribute,
)
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.enumerations import member_value
from stepgraph.syntax.definitions.function_calls import (
    CALL_METHOD,
    INITIALIZER,
    DefinedFunction,
    arguments_for,
    guarded_value,
    names_function,
    parameter_position,
    returned_function,
    returned_value,
    returns_receiver,
)
from stepgraph.syntax.definitions.listed_collections import ElementValues, elements_of, mark_of_elements
from stepgraph.syntax.definitions.loop_elements import ITEM_OF, is_item
from stepgraph.syntax.definitions.name_replacement import Numbers
from stepgraph.syntax.definitions.normal_values import expression_text, is_literal, normal_expression_text
from stepgraph.syntax.definitions.object_sources import (
    ElementLoop,
    ObjectSource,
    binder_of,
    class_in,
    class_named,
    global_collection,
    global_object,
    is_global,
    item_with,
    items_of,
    keywords_of,
    loop_over,
    parameter_of,
    part_of,
    unshared_collection,
)
from stepgraph.syntax.definitions.variable_definitions import SimpleCall, VariableDefinitions
from stepgraph.syntax.definitions.write_index import CodeEvent
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import statements

_MAX_LOOKUPS: Final = 40
"""The maximum number of expressions that are followed to the value of an attribute."""
_LOOKUPS_PER_ELEMENT: Final = 4
_METHOD_DECORATORS: Final = ("staticmethod", "classmethod")
_PROPERTIES: Final = ("property", "cached_property")


class Resolution(Struct):
    """The search for the value of one attribute or item."""

    numbers: Numbers
    remaining: int = _MAX_LOOKUPS
    is_in_loop: bool = False
    """Whether the lookups of the elements of a loop have been added."""

    def value(self, source: ObjectSource, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the value of attributes of an object, or None unless they are constants of one class."""
        definitions = source.definitions
        self.remaining -= 1
        if self.remaining < 0:
            return None
        if not path:
            text = expression_text(source.expression)
            return definitions.numbered(text, source.at, source.function, self.numbers)
        if is_item(path[0]) and not isinstance(source.expression, cst.Name):
            is_constant = isinstance(source.expression, cst.Tuple) or not definitions.may_change_item(path[0])
            return self._of_item(source, path) if is_constant else None
        match source.expression:
            case cst.Name(name):
                return self._of_variable(name, source, path)
            case cst.Attribute(value=value, attr=cst.Name(name)):
                return self.value(ObjectSource(value, definitions, source.at, source.function), (name, *path))
            case cst.Call() as call:
                return self._of_call(SimpleCall(call, definitions, source.at, source.function), path)
            case cst.Subscript():
                return self.of_subscript(source, path)
            case _:
                return None

    def of_subscript(self, source: ObjectSource, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the value of attributes of an item of a collection in a variable of a module, or None."""
        match source.expression:
            case cst.Subscript(value=collection, slice=[cst.SubscriptElement(cst.Index(key))]):
                names = dotted_names(collection)
                variable, computed = global_collection(names, source), replace(source, expression=key)
                return None if variable is None else self.of_item(variable, names, computed, path)
            case _:
                return None

    def of_item(
        self, collection: ObjectSource, names: Sequence[str], key: ObjectSource, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value of attributes of the item with a computed key in a collection with a dotted name, or None.

        If a parameter is the key, a mark stands for the value, and each call decides it.
        """
        item = item_with(key)
        if item:
            is_constant = unshared_collection(names, key) is not None
            return (self._of_item if is_constant else self.value)(collection, (item, *path))
        loop = loop_over(key.expression.value, key) if isinstance(key.expression, cst.Name) else None
        if loop is not None and not loop.path:
            name = ".".join((loop.name, ITEM_OF, *names, *path))
            return self._each(loop, name, lambda each: self.of_item(collection, names, each, path))
        owner, expansion, read = parameter_of(key), key.definitions.expansion, global_collection(names, key)
        if owner is None or any(map(is_item, path)) or not expansion.has_marks_for(owner[1]):
            return None
        if read is None or read.at is not collection.at or not self._are_known(collection, names, key, path):
            return None
        parameter, function = owner
        mark = ".".join((parameter, ITEM_OF, *names, *path))
        return self.numbers.of(function, mark, expansion.scope.parameter_mark(mark, function))

    def _are_known(
        self, collection: ObjectSource, names: Sequence[str], key: ObjectSource, path: Sequence[str]
    ) -> bool:
        """Return whether the values of attributes of all items of a collection are known."""
        known_items, identity = collection.definitions.expansion.scope.known_items, (collection.at, ".".join(path))
        if identity not in known_items:
            items = items_of(collection)
            self.remaining += _LOOKUPS_PER_ELEMENT * len(items)
            outside, self.numbers = self.numbers, Numbers()
            is_constant = unshared_collection(names, key) is not None
            value_of = self._of_item if is_constant else self.value
            values = [value_of(collection, (each, *path)) for each in items]
            self.numbers = outside
            known_items[identity] = bool(values) and all(each is not None for each in values)
        return known_items[identity]

    def _of_variable(self, name: str, source: ObjectSource, path: Sequence[str]) -> cst.BaseExpression | None:
        definitions = source.definitions
        loop = loop_over(name, source)
        if loop is not None:
            return self._of_loop(loop, path)
        if is_item(path[0]) and not is_global(name, source):
            return None  # The collection may change.
        match binder_of(name, source):
            case cst.Param() as parameter, index:
                return self._of_parameter(parameter, definitions.functions[index], definitions, path)
            case cst.BaseExpression() as value, index, at:
                return self.value(ObjectSource(value, definitions, at, index), path)
            case _ if is_global(name, source):
                return self._of_global((name, *path), source)
            case _:
                return None

    def _of_global(self, names: Sequence[str], source: ObjectSource) -> cst.BaseExpression | None:
        """Return the value of attributes of an object in a variable of a module, or None."""
        definitions, scope = source.definitions, source.definitions.expansion.scope
        owner = scope.classes.class_of(cst.Name(names[0]), definitions.module)
        if owner is not None:
            return member_value(owner[0], names[1:])
        *before, last = names
        function = scope.globals.function(before, definitions.module) if last == FUNCTION_NAME else None
        if function is not None:
            return cst.SimpleString(repr(function.node.name.value)) if function.node is function.binder else None
        variable, used = global_object(names, definitions) or (None, 0)
        if variable is None or used == len(names):
            return None
        if variable.at is source.at and isinstance(source.at, cst.FunctionDef):
            # The argument of its decorator.
            return cst.SimpleString(repr(source.at.name.value)) if [*names[used:]] == [FUNCTION_NAME] else None
        if is_item(names[used]) and unshared_collection(names[:used], source) is not None:
            return self._of_item(variable, names[used:])
        return self.value(variable, names[used:])

    def _of_item(self, collection: ObjectSource, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the value of attributes of an item of a literal collection that nothing changes."""
        item = items_of(collection).get(path[0])
        return None if item is None else self.value(replace(collection, expression=item), path[1:])

    def _of_loop(self, loop: ElementLoop, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the values of a part of the elements that a loop assigns to a variable, if all are constants."""
        whole = (*loop.path, *path)
        value = self._each(loop, ".".join((loop.name, *path)), lambda each: self.value(each, whole))
        return self._of_passed_elements(loop.iterable, whole) if value is None else value

    def _of_passed_elements(self, collection: ObjectSource, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return a mark for attributes of the elements of a collection that each call passes, or None."""
        definitions = collection.definitions
        constants, module = ConstantAttributes(definitions.expansion.scope.classes), definitions.module
        if any(is_item(each) or not constants.is_of_any(each, module) for each in path):
            return None
        function, name, mark = mark_of_elements(collection, path) or (None, "", "")
        return None if function is None else self.numbers.of(function, name, mark)

    def _each(
        self, loop: ElementLoop, name: str, value_of: Callable[[ObjectSource], cst.BaseExpression | None]
    ) -> cst.BaseExpression | None:
        """Return the values of each element of a loop, in a variable with a name, if all are constants."""
        values = self._values(elements_of(loop.iterable) or (), value_of)
        if values.common:
            return cst.parse_expression(values.common)
        variable = f"{name} of {id(loop.iterable.at)}"
        return self.numbers.of(loop.owner, variable, values.definition) if values.texts else None

    def element_values(self, elements: Sequence[ObjectSource], path: Sequence[str]) -> ElementValues:
        """Return the values of a part of each element."""
        return self._values(elements, lambda each: self.value(each, path))

    def _values(
        self, elements: Sequence[ObjectSource], value_of: Callable[[ObjectSource], cst.BaseExpression | None]
    ) -> ElementValues:
        """Return the values for each element."""
        if not self.is_in_loop:
            self.is_in_loop, self.remaining = True, self.remaining + _LOOKUPS_PER_ELEMENT * len(elements)
        outside, self.numbers = self.numbers, Numbers()
        values = [value_of(each) for each in elements]
        inside, self.numbers = self.numbers, outside
        texts = [normal_expression_text(each) for each in values if each is not None]
        if len(texts) < len(elements):
            return ElementValues()
        return ElementValues(texts, inside.defined(f"[{', '.join(texts)}]"))

    def _of_parameter(
        self, parameter: cst.Param, owner: cst.FunctionDef, definitions: VariableDefinitions, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        name, expansion = parameter.name.value, definitions.expansion
        call = expansion.calls.get(owner)
        if call is not None:
            match arguments_for(name, parameter_position(name, owner), owner, call.node):
                case [cst.Arg(value=value, star="")]:
                    with expansion.calling(owner, None):
                        return self.value(part_of(call, value), path)
                case [] if parameter.default is not None:
                    outer = definitions.functions.index(owner) + 1
                    return self.value(ObjectSource(parameter.default, definitions, owner, outer), path)
            return None
        opaque = expansion.opaque if expansion.opaque is not None and owner is expansion.opaque.node else None
        if opaque is None and not expansion.has_marks_for(owner):
            return self._of_all_calls(parameter, owner, definitions, path)
        constants, module = ConstantAttributes(expansion.scope.classes), definitions.module
        is_first = next(iter(owner.params.params), None) is parameter
        receiver = class_around(owner, module) if is_first else None
        others = path if receiver is None else path[1:]
        if receiver is not None and not constants.is_of_receivers(path[0], (receiver, module)):
            return None
        if not all(constants.is_of_any(each, module) for each in others):
            return None
        names = ".".join((name, *path))
        if opaque is None:
            return self.numbers.of(owner, names, expansion.scope.parameter_mark(names, owner))
        opaque.parameters.add(names)
        position = parameter_position(name, owner)
        return self.numbers.of(owner, names, f"<parameter {'.'.join((str(position), *path))}>")

    def _of_all_calls(
        self, parameter: cst.Param, owner: cst.FunctionDef, definitions: VariableDefinitions, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value of attributes of the objects that calls pass for a parameter, if it is the same for all."""
        expansion, name = definitions.expansion, parameter.name.value
        is_known = expansion.opaque is None and not expansion.is_parametric and owner is not expansion.scope.run
        calls = expansion.scope.calls.get(owner, ()) if is_known else ()
        failures, key = expansion.scope.failed_lookups, (owner, ".".join((name, *path)), self.is_in_loop)
        remaining = self.remaining
        if not calls or (remaining <= failures.get(key, -1) and not expansion.calls):
            return None
        texts: set[str] = set()
        value: cst.BaseExpression | None = None
        for call in calls:
            arguments = arguments_for(name, parameter_position(name, owner), owner, call.node)
            if not names_function(call.node, owner) or len(arguments) != 1 or arguments[0].star:
                return None
            caller = VariableDefinitions(call.module, functions_around(call), expansion)
            value = self.value(ObjectSource(arguments[0].value, caller, call.node, 0), path)
            texts.add("" if value is None else self.numbers.defined(normal_expression_text(value)))
        if value is None and len(texts) == 1 and not expansion.calls:
            failures[key] = remaining
        return value if len(texts) == 1 else None

    def _of_call(self, call: SimpleCall, path: Sequence[str]) -> cst.BaseExpression | None:
        match call.node:
            case cst.Call(func=cst.Name("getattr" as name), args=[cst.Arg(value=value), cst.Arg(literal), *_]) if (
                attribute := string_of(literal)
            ) is not None:
                source = part_of(call, value)
                return self.value(source, (attribute, *path)) if is_global(name, source) else None
        owner = class_in(call)
        if owner is not None:
            return self._of_new_object(owner, call, path)
        if isinstance(call.node.func, cst.Call):
            factory = SimpleCall(call.node.func, call.caller, call.at, call.function)
            return self._of_returned_function(factory, call, path)
        return self._of_function(called_function(call) or self._method(call), call, path)

    def _of_returned_function(
        self, factory: SimpleCall, call: SimpleCall, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value of attributes of an object that a function makes which another call returns."""
        expansion, owner = call.caller.expansion, class_in(factory)
        if owner is not None:
            method = expansion.scope.globals.class_method(CALL_METHOD, owner)
            is_returned = method is not None and returns_receiver(method)
            return self._of_new_object(owner, factory, path) if is_returned else None
        called = called_function(factory) or self._method(factory)
        if called is None or called.node in expansion.calls:
            return None
        with expansion.calling(called.node, factory):
            return self._of_function(returned_function(called), call, path)

    def _of_function(
        self, called: DefinedFunction | None, call: SimpleCall, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value of attributes of an object that a simple function returns."""
        if called is None:
            return None
        text = returned_value(called, is_awaited=False, decorators=_METHOD_DECORATORS)
        stored = stored_attribute(called, path[0])
        if stored is not None:
            return self._inside(called, call, *stored, path[1:])
        value = guarded_value(called) if text is None else cst.parse_expression(text)
        *_, last = called.node.body.body
        return None if value is None else self._inside(called, call, value, last, path)

    def _method(self, call: SimpleCall) -> DefinedFunction | None:
        """Return the method that a call of a member of an object runs, or None for an unknown class or member."""
        match call.node.func:
            case cst.Attribute(value=value, attr=cst.Name(member)):
                owner = self._class_of(part_of(call, value)) or class_named(value, call)
                return None if owner is None else call.caller.expansion.scope.globals.class_method(member, owner)
            case _:
                return None

    def _class_of(self, source: ObjectSource) -> PlacedClass | None:
        """Return the class of the object that a variable holds, or that a call makes."""
        self.remaining -= 1
        match source.expression:
            case cst.Call() as node if self.remaining >= 0:
                call = SimpleCall(node, source.definitions, source.at, source.function)
                return class_in(call) or self._class_of_result(call)
            case cst.Name(name) if self.remaining >= 0:
                match binder_of(name, source):
                    case cst.BaseExpression() as value, index, at:
                        return self._class_of(ObjectSource(value, source.definitions, at, index))
                    case None if is_global(name, source):
                        variable, _ = global_object((name,), source.definitions) or (None, 0)
                        return None if variable is None else self._class_of(variable)
        return None

    def _class_of_result(self, call: SimpleCall) -> PlacedClass | None:
        """Return the class of the object that a simple function returns, or None."""
        if isinstance(call.node.func, cst.Call):
            factory = called_function(SimpleCall(call.node.func, call.caller, call.at, call.function))
            called = None if factory is None else returned_function(factory)
        else:
            called = called_function(call) or self._method(call)
        text = None if called is None else returned_value(called, is_awaited=False, decorators=_METHOD_DECORATORS)
        if called is None or text is None:
            return None
        *_, last = called.node.body.body
        return self._class_of(ObjectSource(cst.parse_expression(text), _definitions_in(called, call), last, 0))

    def _of_new_object(self, owner: PlacedClass, call: SimpleCall, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the value of attributes of the object that a call of a class makes."""
        scope = call.caller.expansion.scope
        name, *_ = path
        constants = ConstantAttributes(scope.classes)
        method = scope.globals.class_method(name, owner)
        if method is not None:
            return self._of_property(method, call, path)
        if not constants.is_constant(name, owner):
            return None
        write = next(constants.writes(name, owner), None)
        if write is not None:
            return self._of_write(write, initializers_of(owner, scope.classes), call, path)
        if name in fields_of(owner[0]):
            return self._of_field(owner, call, path)
        text = None if path[1:] else scope.globals.of_class_member(name, *owner)
        return None if text is None or not is_literal(text) else cst.parse_expression(text)

    def _of_property(self, method: DefinedFunction, call: SimpleCall, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the value of a simple property of the object that a call of a class makes."""
        value = returned_value(method, is_awaited=False, decorators=_PROPERTIES) if method.node.decorators else None
        if value is None:
            return None
        *_, last = statements(method.node.body)
        read = cst.Call(cst.Attribute(call.node, method.node.name))
        return self._inside(method, replace(call, node=read), cst.parse_expression(value), last, path[1:])

    def _of_write(
        self, event: CodeEvent, initializers: Sequence[DefinedFunction], call: SimpleCall, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value that one of the initializers stores, which calls of `super()` run after each other."""
        if not initializers:
            return None
        first, *others = initializers
        if event.function is first.node:
            return self._of_initializer(first, event.statement, call, path)
        for statement in statements(first.node.body):
            match statement:
                case cst.Expr(
                    value=cst.Call(func=cst.Attribute(cst.Call(func=cst.Name("super"))) as named) as inner
                ) if named.attr.value == INITIALIZER:
                    expansion = call.caller.expansion
                    caller = VariableDefinitions(first.module, (first.node,), expansion)
                    with expansion.calling(first.node, call):
                        return self._of_write(event, others, SimpleCall(inner, caller, statement, 0), path)
        return None

    def _of_initializer(
        self, initializer: DefinedFunction, statement: cst.CSTNode, call: SimpleCall, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value that the only assignment of an initializer stores."""
        if not any(each is statement for each in statements(initializer.node.body)):
            return None
        match statement:
            case (
                cst.Assign(targets=[cst.AssignTarget(cst.Attribute())], value=value)
                | cst.AnnAssign(target=cst.Attribute(), value=cst.BaseExpression() as value)
            ):
                return self._inside(initializer, call, value, statement, path[1:])
            case _:
                return None

    def _of_field(self, owner: PlacedClass, call: SimpleCall, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the argument for a field of a data class, or its default."""
        (node, module), keywords = owner, keywords_of(call)
        if keywords is None:
            return None
        fields = fields_of(node)
        positional = [part_of(call, each.value) for each in call.node.args if each.keyword is None and not each.star]
        index = [*fields].index(path[0])
        value = keywords.get(path[0], positional[index] if index < len(positional) else None)
        if value is not None:
            return self.value(value, path[1:])
        default = fields[path[0]].value
        if default is None or isinstance(default, cst.Call):
            return None
        if path[1:]:
            definitions = VariableDefinitions(module, (), call.caller.expansion)
            return self.value(ObjectSource(default, definitions, node, 0), path[1:])
        text = call.caller.expansion.scope.globals.of_expression(default, module, node)
        return cst.parse_expression(text) if is_literal(text) else None

    def _inside(
        self,
        called: DefinedFunction,
        call: SimpleCall,
        value: cst.BaseExpression,
        at: cst.CSTNode,
        path: Sequence[str],
    ) -> cst.BaseExpression | None:
        """Return the value of attributes of an object in a called function, with the arguments of the call."""
        expansion = call.caller.expansion
        if called.node in expansion.calls:
            return None
        with expansion.calling(called.node, call):
            return self.value(ObjectSource(value, _definitions_in(called, call), at, 0), path)


def _definitions_in(called: DefinedFunction, call: SimpleCall) -> VariableDefinitions:
    """Return the definitions inside a function that a call runs."""
    enclosing = functions_around(SourcePlace(called.module, called.binder))
    return VariableDefinitions(called.module, (called.node, *enclosing), call.caller.expansion)
