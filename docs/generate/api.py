"""The page on the library, name by name, from its docstrings, which are Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from types import FunctionType
from typing import Final, TypeAlias

import stepgraph
import stepgraph.testing
from docs.generate.tables import cell

PAGE: Final = "docs/reference/api.md"

Public: TypeAlias = type[object] | FunctionType

_START: Final = """\
# The library, name by name

What `stepgraph` and `stepgraph.testing` export, from their docstrings. [The library](library.md) has examples. `Graph`,
`Node`, `VersionGraph` and `Version` are typed dictionaries for the payloads of the API, in `stepgraph.model.payload`;
[JSON Schemas](schemas.md) has their fields. `pydantic.TypeAdapter(VersionGraph)` validates data by them.
"""

# Fields that stepgraph itself needs, and that may be others in the next version.
_OWN: Final[Mapping[str, frozenset[str]]] = {
    "Analysis": frozenset({"external", "project", "read", "footprint"}),
    "WorkflowAnalysis": frozenset({"locate", "locate_node", "subject"}),
    "Finding": frozenset({"edits"}),
}
# Made by those who use the library, so that it matters how; all others are given.
_MADE: Final = frozenset({"ModuleDates"})


def api_files() -> dict[str, str]:
    """Return the page."""
    return {PAGE: api_page()}


def api_page() -> str:
    """Return the page, in Markdown."""
    parts = [_START]
    for module in (stepgraph, stepgraph.testing):
        parts.append(f"## {module.__name__}\n")
        names = [name for name in module.__all__ if not name.startswith("_")]
        for public in sorted((getattr(module, name) for name in names), key=_place):
            parts += _described(public)
    return "\n".join(parts)


def _place(public: Public) -> tuple[bool, bool, str]:
    """Return where something stands: functions first, errors last."""
    is_class = isinstance(public, type)
    return is_class, isinstance(public, type) and issubclass(public, Exception), public.__name__


def _described(public: Public) -> Iterator[str]:
    yield f"### {public.__name__}\n"
    if isinstance(public, FunctionType):
        yield f"```python\n{_signature(public.__name__, public)}\n```\n"
        yield _told(public)
        return
    if public.__name__ in _MADE:
        yield f"```python\n{_signature(public.__name__, public)}\n```\n"
    yield _told(public)
    if issubclass(public, Enum):
        yield "".join(f"- `{member.name}`: `{member.value!r}`\n" for member in public)
        return
    yield from _fields(public)
    for name, member in vars(public).items():
        if name == "__call__" or not name.startswith("_"):
            yield from _member(public.__name__, name, member)


def _fields(public: type[object]) -> Iterator[str]:
    hidden = _OWN.get(public.__name__, frozenset())
    annotations = inspect.get_annotations(public)
    shown = {name: kind for name, kind in annotations.items() if name not in hidden and not name.startswith("_")}
    if shown:
        rows = "".join(f"| `{name}` | `{cell(_kind(kind))}` |\n" for name, kind in shown.items())
        yield f"| field | type |\n| --- | --- |\n{rows}"


def _member(owner: str, name: str, member: object) -> Iterator[str]:
    """Yield a method, or a property as what it gives."""
    if isinstance(member, property | cached_property):
        asked = member.fget if isinstance(member, property) else member.func
        kind = inspect.get_annotations(asked)["return"] if asked else ""
        yield f"**`{name}: {kind}`**\n\n{_told(member)}"
    elif isinstance(member, FunctionType | staticmethod | classmethod):
        function = member if isinstance(member, FunctionType) else member.__func__
        # The fixture that is called.
        shown = "workflow_graph" if name == "__call__" else name
        if not isinstance(member, FunctionType):
            shown = f"{owner}.{name}"
        yield f"**`{_signature(shown, function)}`**\n\n{_told(function)}"


def _signature(name: str, function: Callable[..., object]) -> str:
    """Return how something is called, with types as they are written."""
    signature = inspect.signature(function)
    parameters = [parameter for parameter in signature.parameters.values() if parameter.name not in {"self", "cls"}]
    written = []
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in written:
            written.append("*")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        written.append(f"{parameter.name}: {_kind(parameter.annotation)}{default}")
    gives = (
        "" if signature.return_annotation in {signature.empty, None} else f" -> {_kind(signature.return_annotation)}"
    )
    return f"{name}({', '.join(written)}){gives}"


def _kind(annotation: object) -> str:
    """Return a type as it is written."""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _told(documented: object) -> str:
    """Return what something says of itself, a line a paragraph."""
    text = inspect.getdoc(documented)
    if not text:
        raise ValueError(f"{documented} has no docstring")
    return "\n".join(f"{' '.join(paragraph.split())}\n" for paragraph in text.split("\n\n"))
