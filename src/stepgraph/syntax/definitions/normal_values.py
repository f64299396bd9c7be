"""The normal form of values in definitions."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.source_text import formatted_text

NO_MODULE: Final = cst.Module([])
"""The module of expressions that are parsed or built here."""
PASSED: Final = "<passed "
"""The start of the definition of a parameter, before the different values that calls pass."""


def normal_text(text: str) -> str:
    """Return an expression in normal form, or a name as it is."""
    if text.isidentifier():
        return text
    from stepgraph.model.expressions import normal_expression

    return normal_expression(text)


def expression_text(expression: cst.BaseExpression) -> str:
    """Return the source of an expression on one line. The expression may belong to any module, or to none."""
    return formatted_text(NO_MODULE, expression)


def normal_expression_text(expression: cst.BaseExpression) -> str:
    """Return the source of an expression in normal form."""
    return normal_text(expression_text(expression))


def normal_test_text(text: str) -> str:
    """Return a condition in normal form, with assigned values in place of the assignments in it."""
    from stepgraph.model.expressions import normal_condition

    if ":=" in text:
        try:
            text = expression_text(parse_value(f"({text})"))
        except cst.ParserSyntaxError:
            return text
    return normal_condition(text)


def parse_value(text: str) -> cst.BaseExpression:
    """Return an expression, perhaps with a format such as `!r:>3`, as an f-string. Raises ParserSyntaxError.

    Assigned values replace assignments in the expression.
    """
    try:
        expression = cst.parse_expression(text)
    except cst.ParserSyntaxError:
        return cst.parse_expression(f'f"""{{{text}}}"""')
    if ":=" not in text:
        return expression
    # Imported here because few expressions contain assignments.
    from stepgraph.syntax.definitions.assignment_expressions import without_assignments

    return without_assignments(expression)


def parsed_prefix(value: tuple[str, int] | None) -> tuple[cst.BaseExpression, int] | None:
    """Return the value of a prefix of a dotted name as an expression, and the number of components of the prefix."""
    return None if value is None else (parse_value(value[0]), value[1])


def passed_constant(definition: str) -> str:
    """Return the constant that all calls pass for a parameter, or an empty string for another definition."""
    if not definition.startswith(PASSED):
        return ""
    # Imported here because few conditions and names depend on parameters.
    from stepgraph.model.expressions import constant_truth

    value = definition.removeprefix(PASSED).removesuffix(">")
    return value if constant_truth(value) is not None else ""


def is_literal(text: str) -> bool:
    """Return whether an expression is a literal, not an identifier for code."""
    # Imported here because few conditions depend on the attributes of objects.
    from stepgraph.model.expressions import constant_truth

    return text == "None" or constant_truth(text) is not None


def is_scalar(text: str) -> bool:
    """Return whether an expression is a literal other than a collection."""
    return is_literal(text) and not text.startswith(("[", "(", "{"))
