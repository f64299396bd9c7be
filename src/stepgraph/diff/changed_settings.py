"""The differences between the code of the settings of a step in two versions, in the words for settings in payloads.

`{'timeout': '1 minute'}` and `{'timeout': '2 minutes'}` differ in `timeout 1 minute → 2 minutes`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, TypeAlias

from stepgraph.diff.step_types import TRAITS, Setting
from stepgraph.diff.wording import changed_setting
from stepgraph.model.details import without_mark_numbers
from stepgraph.model.expressions import changed_constant
from stepgraph.model.literal_texts import with_literals
from stepgraph.model.parsed_code import parse_expression

_MAX_DIFFERENCES: Final = 4
"""The maximum number of settings whose changes are shown."""

_Difference: TypeAlias = tuple[tuple[str, ...], ast.expr | None, ast.expr | None]
"""The keys that lead to a value, and the values of both versions, or None for a missing one."""


def changed_settings(kind: str, before: str, after: str) -> list[str]:
    """Return a phrase for each setting of a step with another value, or no phrases if one of them is unknown.

    The texts have the form of `ComputedTexts.parametric_settings`.
    """
    sides = [with_literals(without_mark_numbers(each)) for each in (before, after)]
    if sides[0][1] != sides[1][1]:
        return []  # A variable in the code has another definition.
    old, new = (parse_expression(code) for code, _ in sides)
    if old is None or new is None:
        return []
    try:
        differences = [*_differences(old, new, ())]
        phrases = [_phrase(kind, *each) for each in differences]
    except (ValueError, RecursionError):
        return []
    return phrases if len(phrases) <= _MAX_DIFFERENCES and all(phrases) else []


def _differences(old: ast.expr | None, new: ast.expr | None, path: tuple[str, ...]) -> Iterator[_Difference]:
    """Yield the values that differ in two expressions, of which dictionaries with constant keys are compared by key."""
    items = _items(old), _items(new)
    if items[0] is not None and items[1] is not None:
        for key in {**items[0], **items[1]}:
            yield from _differences(items[0].get(key), items[1].get(key), (*path, key))
    elif old is None or new is None or ast.dump(old) != ast.dump(new):
        yield path, old, new


def _items(expression: ast.expr | None) -> dict[str, ast.expr] | None:
    """Return the values of a dictionary by its keys, none for a missing one, or None for another expression."""
    if expression is None:
        return {}
    if not isinstance(expression, ast.Dict):
        return None
    keys = [key.value for key in expression.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return dict(zip(keys, expression.values, strict=True)) if len(keys) == len(expression.keys) else None


def _phrase(kind: str, path: tuple[str, ...], old: ast.expr | None, new: ast.expr | None) -> str:
    """Return the change of a setting, or an empty string if it is unknown."""
    setting = _setting(kind, path)
    if setting is not None:
        try:
            values = [None if each is None else ast.literal_eval(each) for each in (old, new)]
        except ValueError:
            pass
        else:
            return changed_setting(setting, *values)
    constants = None if old is None or new is None else changed_constant(ast.unparse(old), ast.unparse(new))
    subject = f"{setting.noun}: value" if setting is not None else "value"
    return "" if constants is None else "{} {} changed to {}".format(subject, *constants)


def _setting(kind: str, path: tuple[str, ...]) -> Setting | None:
    """Return the setting at the keys of a config, or the timeout of an event wait, or None."""
    full = ("options", "timeout") if kind == "step_wait_for_event" else ("config", *path)
    return next((each for each in TRAITS[kind].settings if each.path == full), None)
