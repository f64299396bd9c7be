"""The values that calls pass for the parameters of functions."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.hashing import short_digest
from stepgraph.syntax.definitions.attribute_values import value_of_attributes, value_of_elements, value_of_item
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.function_calls import arguments_for, is_collection, names_function, parameter_position
from stepgraph.syntax.definitions.loop_elements import EACH_OF, ITEM_OF
from stepgraph.syntax.definitions.name_replacement import Numbers, UnknownDefinitionError
from stepgraph.syntax.definitions.normal_values import PASSED, expression_text
from stepgraph.syntax.definitions.object_sources import ObjectSource, global_object
from stepgraph.syntax.definitions.value_sources import ValueSources
from stepgraph.syntax.definitions.variable_definitions import VariableDefinitions
from stepgraph.syntax.module import SourcePlace


def passed_values(
    definitions: VariableDefinitions, parameter: cst.Param, owner: cst.FunctionDef, attribute: str
) -> str:
    """Return the values that calls pass for a parameter, or an empty string without known calls.

    If an attribute is read, these are the values of the attribute.
    """
    name, expansion = parameter.name.value, definitions.expansion
    if owner is expansion.scope.run:
        return f"<parameter {parameter_position(name, owner)} of run>"
    if expansion.opaque is not None and owner is expansion.opaque.node:
        return expansion.opaque.read(name, attribute)
    calls = expansion.scope.calls.get(owner, ())
    if expansion.is_parametric and calls:
        read = f".{attribute}" if attribute and not is_collection(name, owner) else ""
        return expansion.scope.parameter_mark(f"{name}{read}", owner)
    with expansion.following(owner, name, attribute):
        expansion.spend(len(calls))
        texts = {passed_by(definitions, call, owner, parameter, [attribute] if attribute else ()) for call in calls}
    return f"{PASSED}{'; '.join(sorted(texts))}>" if texts else ""


def passed_by(
    called: VariableDefinitions,
    call: SourcePlace,
    owner: cst.FunctionDef,
    parameter: cst.Param,
    attributes: Sequence[str] = (),
) -> str:
    """Return the value that a call passes for a parameter of a called function, or for an attribute of its object."""
    if not names_function(call.node, owner):
        return _sources_of(call, called, owner, parameter)
    caller = VariableDefinitions(call.module, functions_around(call), called.expansion)
    name = parameter.name.value
    arguments = arguments_for(name, parameter_position(name, owner), owner, call.node)
    if attributes[:1] == [ITEM_OF]:
        default = ObjectSource(parameter.default or parameter.name, called, owner, called.functions.index(owner) + 1)
        return _item_of(arguments, attributes[1:], caller, call.node, default)
    if attributes[:1] == [EACH_OF] and isinstance(call.node, cst.Call):
        value = value_of_elements(parameter, owner, ObjectSource(call.node, caller, call.node, 0), attributes[1:])
        called.expansion.reads.update(() if value else (f".{each}" for each in attributes[1:]))
        return value or f"<each of {passed_by(called, call, owner, parameter)}>"
    if attributes and arguments:
        return _attribute_of(arguments, attributes, caller, call.node)
    if arguments:
        texts = (f"{each.star}{caller.expand(call.module.text(each.value), call.node, 0)}" for each in arguments)
        listed = ", ".join(texts)
        return f"[{listed}]" if parameter is owner.params.star_arg else listed
    if parameter.default is None:
        raise UnknownDefinitionError
    return called.text_of(parameter.default, owner, called.functions.index(owner) + 1)


def _attribute_of(
    arguments: Sequence[cst.Arg], attributes: Sequence[str], caller: VariableDefinitions, call: cst.CSTNode
) -> str:
    """Return the value of an attribute of the only argument that a call passes for a parameter."""
    match arguments:
        case [cst.Arg(value=value, star="")]:
            code = f"({expression_text(value)}).{'.'.join(attributes)}"
            return value_of_attributes(caller, value, attributes, call) or caller.expand(code, call, 0)
        case _:
            raise UnknownDefinitionError


def _item_of(
    arguments: Sequence[cst.Arg],
    names: Sequence[str],
    caller: VariableDefinitions,
    call: cst.CSTNode,
    default: ObjectSource,
) -> str:
    """Return the value of attributes of an item of a collection whose key a call passes.

    `names` are the components of the name of the collection, which the called function reads, and the attributes.
    `default` is the default of the parameter, or the parameter itself if it has none.
    """
    match arguments:
        case [cst.Arg(value=value, star="")]:
            key = ObjectSource(value, caller, call, 0)
        case [] if not isinstance(default.expression, cst.Name):
            key = default
        case _:
            raise UnknownDefinitionError
    collection, used = global_object(names, default.definitions) or (None, 0)
    if collection is None:
        raise UnknownDefinitionError
    return value_of_item(collection, names[:used], key, names[used:]) or _subscript_of(names, used, key, default)


def _subscript_of(names: Sequence[str], used: int, key: ObjectSource, called: ObjectSource) -> str:
    """Return an expression for attributes of the item with a key in a collection, by the code of the collection."""
    numbers = Numbers()
    whole = called.definitions.code(".".join(names[:used]), called.at, called.function, numbers)
    item = key.definitions.code(expression_text(key.expression), key.at, key.function, numbers)
    key.definitions.expansion.reads.update(f".{each}" for each in names[used:])
    return numbers.defined(".".join((f"{whole}[{item}]", *names[used:])))


def _sources_of(call: SourcePlace, called: VariableDefinitions, owner: cst.FunctionDef, parameter: cst.Param) -> str:
    """Return a digest of the code that decides all arguments of a call, for one that does not show them."""
    sources = ValueSources(call.module, called.expansion.scope)
    texts = [sources.of([call.node], functions_around(call), call.node)]
    if parameter.default is not None:
        default = called.text_of(parameter.default, owner, called.functions.index(owner) + 1)
        texts.append(short_digest(default))
    called.expansion.reads |= sources.reads
    return "_".join(("s", *texts, str(parameter_position(parameter.name.value, owner))))
