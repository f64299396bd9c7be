"""Step names, conditions and loops with the definitions of variables in place of their names.

Renaming a variable does not change them: `pack {item}` becomes `pack {__0 with __0 = <each of items>}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.construct_text import enclosing_clause
from stepgraph.syntax.definitions.bound_values import expression_without_settings, numbered_elements, settings_of
from stepgraph.syntax.definitions.counting_loops import count_of
from stepgraph.syntax.definitions.definition_scope import DefinitionExpansion, DefinitionScope, functions_around
from stepgraph.syntax.definitions.loop_elements import may_change_item
from stepgraph.syntax.definitions.name_replacement import Numbers, UnknownDefinitionError, with_effects
from stepgraph.syntax.definitions.normal_values import (
    PASSED,
    expression_text,
    is_literal,
    normal_test_text,
    normal_text,
    parse_value,
)
from stepgraph.syntax.definitions.variable_definitions import VariableDefinitions
from stepgraph.syntax.definitions.write_index import locations_in
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.source_text import formatted_text
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_of

_MAX_RESULT: Final = 2_000
"""The maximum length of a text with definitions."""


def defined_name(name: str, place: SourcePlace, scope: DefinitionScope, *, is_parametric: bool = False) -> str:
    """Return the name of a step in a graph, with definitions in place of the local variables in its braces.

    The variables are those at `place`. Digests of their sources stand for unknown definitions. Return an empty string
    without braces. `is_parametric` is the field of the expansion.
    """
    from stepgraph.model.literal_texts import braced_parts

    if "{" not in name:
        return ""
    parts = list(braced_parts(name))
    text = _defined(parts, place, DefinitionExpansion(scope, is_parametric=is_parametric), is_name=True)
    if text or is_parametric:
        return text
    digests = [_with_sources(part, place, scope) if is_expression else part for part, is_expression in parts]
    return "".join(digests) if all(digest or not part for digest, (part, _) in zip(digests, parts, strict=True)) else ""


def passed_value(call: SourcePlace, function: SourcePlace, parameter: str, scope: DefinitionScope) -> str:
    """Return the value that a call passes for a parameter, with marks for the parameters around the call.

    `parameter` may name an attribute, such as `runner.prefix`. Return an empty string if a definition is unknown.
    """
    # Imported here because few calls decide names.
    from stepgraph.syntax.definitions.passed_values import passed_by

    owner = function.node
    if not isinstance(owner, cst.FunctionDef):
        return ""
    expansion = DefinitionExpansion(scope, is_parametric=True)
    definitions = VariableDefinitions(function.module, (owner, *functions_around(function)), expansion)
    name, *attributes = parameter.split(".")
    only = next(each for each in parameters(owner.params) if each.name.value == name)
    try:
        value = passed_by(definitions, call, owner, only, attributes)
    except (UnknownDefinitionError, cst.ParserSyntaxError):
        return ""
    value = with_effects(value, expansion.effects_before(call))
    return value if len(value) <= _MAX_RESULT else ""


def defined_expression(text: str, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return an expression with definitions in place of its local variables, as `defined_name` does."""
    return _defined([(text, True)], place, DefinitionExpansion(scope), is_name=False)


def defined_condition(text: str, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return the normal form of a condition with definitions in place of its local variables."""
    condition = normal_test_text(text)
    return defined_value(_without_settings(condition) if "await " in condition else condition, place, scope)


def _without_settings(condition: str) -> str:
    """Return a condition without the settings and functions of the steps in it, as in the value of a variable."""
    try:
        return expression_text(expression_without_settings(parse_value(condition)))
    except cst.ParserSyntaxError:
        return condition


def parametric_condition(text: str, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return the normal form of a condition with definitions, in which marks stand for the parameters of functions."""
    from stepgraph.model.expressions import normal_condition

    expansion = DefinitionExpansion(scope, is_parametric=True)
    return "" if ":=" in text else _defined([(normal_condition(text), True)], place, expansion, is_name=False)


def parametric_settings(place: SourcePlace, name: str, scope: DefinitionScope) -> str:
    """Return the settings in the call that declares a step or event wait, with marks for parameters of functions.

    `name` is the name of the step in the graph. Return an empty string for literals, which the graph shows.
    """
    settings = [formatted_text(place.module.tree, each) for each in settings_of(place.node)]
    if all(map(is_literal, settings)):
        return ""
    # Imported here because many graphs contain no computed settings.
    from stepgraph.syntax.definitions.factory_calls import factory_calls

    expansions = factory_calls(place, name, scope) or [DefinitionExpansion(scope, is_parametric=True)]
    parts = [(each, True) for each in settings]
    texts = dict.fromkeys(_defined(parts, place, each, is_name=False) for each in expansions)
    return f"{PASSED}{', '.join(sorted(texts))}>" if len(texts) > 1 else next(iter(texts))


def defined_value(text: str, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return an expression as `defined_expression` does, or with a digest of its sources if a definition is unknown."""
    # Without parentheses, an assignment expression would be read as a variable with a format.
    expression = f"({text})" if ":=" in text else text
    return defined_expression(expression, place, scope) or _with_sources(expression, place, scope)


def defined_loop(place: SourcePlace, scope: DefinitionScope) -> str:
    """Return the head of a loop without its variable, and with definitions in place of other variables.

    The node is that of `loop_head`, or a call of `map`. Return an empty string for a comprehension with several loops.
    """
    match place.node:
        case cst.For(iter=iterable):
            return f"for each of {_elements_or_same(iterable, place, scope)}"
        case cst.While() if (count := count_of(place.node, place.module)) is not None and count.is_fixed(
            partial(_may_change_item, place, scope)
        ):
            return f"for each of {_elements_or_same(count.range, place, scope)}"
        case cst.While(test=test):
            return f"while {defined_test(test, place, scope)}"
        case cst.Call(func=cst.Name("map"), args=[_, *arguments]) if not any(each.star for each in arguments):
            iterables = (_defined_or_same(each.value, place, scope) for each in arguments)
            return f"for each of {', '.join(iterables)}"
        case cst.CompFor() as clause:
            return _defined_clause(place, clause, scope)
        case cst.BaseExpression() if (enclosing := enclosing_clause(place)) is not None:
            return _defined_clause(place, enclosing, scope)
        case _:
            return ""


def _may_change_item(place: SourcePlace, scope: DefinitionScope, item: str) -> bool:
    return any(may_change_item(item, each) for each in scope.writes.modules_with(place.module))


def _defined_clause(place: SourcePlace, clause: cst.CompFor, scope: DefinitionScope) -> str:
    """Return the head of the only loop of a comprehension, with its conditions."""
    outer_nodes = ancestors_of(place.module.parents, clause)
    comprehension = next((each for each in outer_nodes if isinstance(each, COMPREHENSIONS)), None)
    if comprehension is None or comprehension.for_in is not clause or clause.inner_for_in is not None:
        return ""
    iterable = _elements_or_same(clause.iter, SourcePlace(place.module, comprehension), scope)
    tests = ((each.test, SourcePlace(place.module, each.test)) for each in clause.ifs)
    conditions = "".join(f" if {defined_test(test, at, scope)}" for test, at in tests)
    return f"for each of {iterable}{conditions}"


def _elements_or_same(iterable: cst.BaseExpression, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return a list as long as the listed collection of a loop, or another collection as `_defined_or_same` does."""
    # Imported here because only loops need it.
    from stepgraph.syntax.definitions.attribute_values import listed_head

    definitions = VariableDefinitions(place.module, functions_around(place), DefinitionExpansion(scope))
    elements = numbered_elements(iterable)
    return listed_head(definitions, elements, place.node, 0) or _defined_or_same(elements, place, scope)


def _defined_or_same(expression: cst.BaseExpression, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return an expression with definitions in place of its variables, or without changes if these are unknown."""
    text = formatted_text(place.module.tree, expression)
    return defined_value(text, place, scope) or normal_text(text)


def defined_test(test: cst.BaseExpression, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return a test in normal form, with definitions in place of its variables if these are known."""
    text = formatted_text(place.module.tree, test)
    return defined_condition(text, place, scope) or normal_text(text)


def _with_sources(text: str, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return digests of the code that an expression depends on in its place, or an empty string for a pattern."""
    # Imported here because only expressions without a definition need it.
    from stepgraph.syntax.definitions.value_sources import ValueSources

    try:
        expression = parse_value(text)
    except cst.ParserSyntaxError:
        return ""
    sources, functions = ValueSources(place.module, scope), functions_around(place)

    def digested(part: cst.BaseExpression) -> str:
        match part:
            case cst.UnaryOperation(operator=cst.Not(), expression=operand):
                return f"not ({digested(operand)})"
            case cst.BooleanOperation(left=left, operator=operator, right=right):
                return f"({digested(left)}) {'and' if isinstance(operator, cst.And) else 'or'} ({digested(right)})"
            case _:
                return f"x_{sources.of([part], functions, place.node)}"

    return with_effects(digested(expression), scope.effects.of({*locations_in(expression), *sources.reads}, place))


def _defined(
    parts: Sequence[tuple[str, bool]], place: SourcePlace, expansion: DefinitionExpansion, *, is_name: bool
) -> str:
    """Return texts with definitions in place of the local variables in those that are expressions.

    The pieces of a name are separated, and do not depend on the way in which the code joins them.
    """
    from stepgraph.model.expressions import joined_pieces

    definitions = VariableDefinitions(place.module, functions_around(place), expansion)
    numbers = Numbers()
    pieces: list[tuple[str, bool]] = []
    try:
        for text, is_expression in parts:
            code = definitions.code(text, place.node, 0, numbers) if is_expression else text
            pieces += joined_pieces(code) if is_expression and is_name else [(code, is_expression)]
    except (UnknownDefinitionError, cst.ParserSyntaxError):
        return ""
    defined = numbers.defined("".join(f"\0{text}\0" if is_code and is_name else text for text, is_code in pieces))
    defined = with_effects(defined, expansion.effects_before(place))
    return defined if len(defined) <= _MAX_RESULT else ""
