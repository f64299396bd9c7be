"""Attributes of workflow objects that no code defines, such as misspelled methods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.sdk_imports import ENTRYPOINT
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.values.objects import ClassValue, ProjectObject
from stepgraph.ir.name_facts import UndefinedAttribute
from stepgraph.ir.values import External
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.mutation.changes import may_set_computed_attributes

# External base classes whose attributes are known.
_KNOWN_BASES: Final = frozenset([ENTRYPOINT, "abc.ABC", "builtins.object", "typing.Generic"])
# Attributes that the SDK sets.
_SDK_ATTRIBUTES: Final = ("ctx", "env")
# Source text of code that expects or handles missing attributes.
_ATTRIBUTE_HANDLING: Final = (b"AttributeError", b"hasattr(", b"__getattr", b"__dict__", b"vars(")
# A use of `self` other than for an attribute.
_BARE_SELF: Final = re.compile(rb"(?<![\w.])self\b *+(?:[^.]|\Z)")
_PARAMETER: Final = re.compile(rb"\bdef \w++\(\s*+$")
_OWNER: Final = "self."
# Maximum number of bytes before a parameter that are searched for the name of its function.
_CONTEXT_BYTES: Final = 120
# A name in quotes or with an annotation, which may define an attribute.
_QUOTED: Final = re.compile(rb"""["']([\w\x80-\xff]++)(?=["'])""")
_ANNOTATED: Final = re.compile(rb"(?<![\w\x80-\xff])([\w\x80-\xff]++):")
_SIMILARITY: Final = 0.75


def observe_undefined_attribute(
    interpreter: Interpreter, instance: ProjectObject, name: str, place: SourcePlace
) -> None:
    """Record a read of an attribute of `self` that neither the classes of the object nor any assignment defines.

    Classes that pass `self` on are omitted, because the receiving code may set the attribute.
    """
    order = resolution_order(instance.cls)
    if not place.text.startswith(_OWNER) or not all(map(_is_known, order)) or External(ENTRYPOINT) not in order:
        return
    if any(_may_define(module, name) for module in interpreter.modules.scopes):
        return
    modules, key = interpreter.modules, (instance.cls.scope, name)
    if key not in modules.suggested_names:
        modules.suggested_names[key] = modules.suggestions.nearest(
            name, lambda: dict.fromkeys(_attributes(instance, order)), _SIMILARITY
        )
    interpreter.observe(UndefinedAttribute(name, instance.cls.name, place, modules.suggested_names[key]))


def _is_known(owner: object) -> bool:
    """Return whether all attributes of the objects of a class are known."""
    if isinstance(owner, ClassValue):
        is_plain = not owner.caveats and owner.has_plain_metaclass and not owner.decorator_names
        return is_plain and not owner.scope.module.once(_passes_self)
    return isinstance(owner, External) and owner.name in _KNOWN_BASES


def _passes_self(module: SourceModule) -> bool:
    """Return whether a module uses `self` other than for an attribute or as a parameter."""
    source = module.utf_8_source
    starts = (match.start() for match in _BARE_SELF.finditer(source))
    return not all(_PARAMETER.search(source[max(start - _CONTEXT_BYTES, 0) : start]) for start in starts)


def _may_define(module: SourceModule, name: str) -> bool:
    """Return whether a module may set an attribute, or expects that it is missing."""
    return (
        any(map(module.mentions, _ATTRIBUTE_HANDLING))
        or name in module.once(_names_in_text)
        or module.once(may_set_computed_attributes)
        or module.once(assigned_attributes).assigns(name)
    )


def _names_in_text(module: SourceModule) -> frozenset[str]:
    """Return the names in quotes or with an annotation."""
    source = module.utf_8_source
    names = (*_QUOTED.findall(source), *_ANNOTATED.findall(source))
    return frozenset(name.decode(errors="replace") for name in names)


def _attributes(instance: ProjectObject, order: tuple[object, ...]) -> Iterator[str]:
    yield from _SDK_ATTRIBUTES
    yield from instance.state
    for owner in order:
        if isinstance(owner, ClassValue):
            yield from owner.scope.bindings.binders
