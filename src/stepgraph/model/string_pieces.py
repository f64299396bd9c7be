"""The pieces of strings that expressions join: f-strings, sums, and templates with `format`, `join` or `%`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from string import Formatter


def string_pieces(expression: ast.expr) -> list[str | ast.expr] | None:
    """Return the pieces of a string, or None if the expression does not certainly join strings."""
    match expression:
        case ast.Constant(value=str(literal)):
            return [literal]
        case ast.Call(func=ast.Name(id="str"), args=[argument], keywords=[]):
            return string_pieces(argument) or [argument]
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(template)), attr="format")) as call:
            return _format_pieces(template, call)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(separator)), attr="join"),
            args=[ast.List(elts=items) | ast.Tuple(elts=items)],
            keywords=[],
        ) if items:
            literals = ["", *[separator] * (len(items) - 1), ""]
            return _formatted_pieces(literals, items, "")
        case ast.BinOp(left=ast.Constant(value=str(template)), op=ast.Mod(), right=ast.Tuple(elts=args)):
            return _formatted_pieces(template.split("%s"), args, "%")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            sides = string_pieces(left), string_pieces(right)
            if sides == (None, None):
                return None
            return [*(sides[0] or [left]), *(sides[1] or [right])]
        case ast.JoinedStr(values=values):
            pieces: list[str | ast.expr] = []
            for value in values:
                match value:
                    case ast.FormattedValue(value=inner, conversion=-1 | 115, format_spec=None):
                        pieces += string_pieces(inner) or [inner]
                    case ast.Constant(value=str(characters)):
                        pieces.append(characters)
                    case _:
                        return None
            return pieces
        case _:
            return None


def _format_pieces(template: str, call: ast.Call) -> list[str | ast.expr] | None:
    """Return the pieces of a template such as `pack {}`, `pack {0}` or `pack {item}`.

    Return None for a template with formats, and if the order of evaluation may matter.
    """
    values = {str(index): value for index, value in enumerate(call.args)}
    values |= {each.arg or "": each.value for each in call.keywords}
    literals: list[str] = [""]
    fields: list[str] = []
    try:
        for literal, field, spec, conversion in Formatter().parse(template):
            literals[-1] += literal
            if field is not None:
                if spec or conversion not in {None, "s"}:
                    return None
                fields.append(field)
                literals.append("")
    except ValueError:
        return None
    if not any(fields):
        fields = [str(index) for index in range(len(fields))]
    names = set(fields)
    is_in_order = fields == [*values] or all(map(is_stable, values.values()))
    if names != values.keys() or not is_in_order:
        return None
    return _formatted_pieces(literals, [values[field] for field in fields], "")


def _formatted_pieces(literals: Sequence[str], args: Sequence[ast.expr], marks: str) -> list[str | ast.expr] | None:
    """Return the pieces of a template such as `pack {}` or `pack %s`, with each argument once and in order.

    `literals` are the texts around the arguments. Return None for a template with other marks.
    """
    if len(literals) != len(args) + 1 or any(set(marks) & set(each) for each in literals):
        return None
    if any(isinstance(each, ast.Starred) for each in args):
        return None
    pieces: list[str | ast.expr] = [literals[0]]
    for argument, literal in zip(args, literals[1:], strict=True):
        pieces += [*(string_pieces(argument) or [argument]), literal]
    return [piece for piece in pieces if piece != ""]


def is_stable(expression: ast.expr) -> bool:
    """Return whether two evaluations of an expression after each other have the same value and no effect."""
    match expression:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return is_stable(value)
        case ast.Subscript(value=value, slice=index):
            return is_stable(value) and is_stable(index)
        case _:
            return False
