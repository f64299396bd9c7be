"""The exception types in the heads of handlers, as the payload shows them: `ValueError` or `(KeyError, TypeError)`."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from itertools import product

from stepgraph.model.parsed_code import parse_expression


def are_unrelated(first: str, second: str) -> bool:
    """Return whether two handlers name built-in types none of which is a base class of another.

    Classes that derive from both do not count.
    """
    types = _built_in_types(first), _built_in_types(second)
    if not all(types):
        return False
    pairs = product(*types)
    return not any(issubclass(first, second) or issubclass(second, first) for first, second in pairs)


def _built_in_types(text: str) -> Sequence[type[BaseException]]:
    """Return the types of a handler, or an empty list if one of them is not a built-in exception."""
    expression = parse_expression(text)
    if expression is None:
        return []
    nodes = expression.elts if isinstance(expression, ast.Tuple) else [expression]
    types = [getattr(builtins, each.id, None) if isinstance(each, ast.Name) else None for each in nodes]
    exceptions = [each for each in types if isinstance(each, type) and issubclass(each, BaseException)]
    return exceptions if len(exceptions) == len(types) else []
