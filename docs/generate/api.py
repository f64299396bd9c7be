"""Generate the reference page of the library from its docstrings, which are Markdown."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from itertools import pairwise
from textwrap import dedent
from types import FunctionType
from typing import Final, TypeAlias

import stepgraph
import stepgraph.testing
from docs.generate.tables import cell
from stepgraph.drawing.methods import GraphDrawing

PAGE: Final = "docs/reference/api.md"

Public: TypeAlias = type[object] | FunctionType

_START: Final = """\
# The library, name by name

The public names of `stepgraph` and `stepgraph.testing`. [The library](library.md) has examples. `Graph`, `Node`,
`VersionGraph` and `Version` are typed dictionaries for the payloads of the API, in `stepgraph.model.payload`;
[JSON Schemas](schemas.md) has their fields. `pydantic.TypeAdapter(VersionGraph)` validates data.
"""

# Fields for internal use, which may change with any version.
_INTERNAL_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "Analysis": frozenset({"external", "project", "read", "inputs"}),
    "WorkflowAnalysis": frozenset(
        {"locate", "locate_node", "locate_code", "locate_site", "find_node", "describe", "compute_texts", "subject"}
    ),
    "Fix": frozenset({"edits"}),
    "WorkflowGraph": frozenset({"describe", "compute_texts", "locate_node", "find_node"}),
}
# Classes that users instantiate. The page shows their signatures.
_CONSTRUCTED: Final = frozenset({"ModuleDates", "WorkflowGraphs"})


def api_files() -> dict[str, str]:
    """Return the page by its path."""
    return {PAGE: api_page()}


def api_page() -> str:
    """Return the page in Markdown."""
    parts = [_START]
    for module in (stepgraph, stepgraph.testing):
        parts.append(f"## {module.__name__}\n")
        names = [name for name in module.__all__ if not name.startswith("_")]
        for public in sorted((getattr(module, name) for name in names), key=_sort_key):
            parts += _section(public)
    return "\n".join(parts)


def _sort_key(public: Public) -> tuple[bool, bool, str]:
    """Sort functions first and errors last."""
    is_class = isinstance(public, type)
    return is_class, isinstance(public, type) and issubclass(public, Exception), public.__name__


def _section(public: Public) -> Iterator[str]:
    yield f"### {public.__name__}\n"
    if isinstance(public, FunctionType):
        yield f"```python\n{_signature(public.__name__, public)}\n```\n"
        yield _docstring(public)
        return
    if public.__name__ in _CONSTRUCTED:
        yield f"```python\n{_signature(public.__name__, public)}\n```\n"
    yield _docstring(public)
    if issubclass(public, Enum):
        yield from _members(public)
        return
    yield from _fields(public)
    drawing = vars(GraphDrawing) if issubclass(public, GraphDrawing) else {}
    for name, member in (*vars(public).items(), *drawing.items()):
        if name == "__call__" or not name.startswith("_"):
            yield from _member(public.__name__, name, member)


def _members(enumeration: type[Enum]) -> Iterator[str]:
    """Yield the list of the members of an enumeration."""
    docstrings = _attribute_docstrings(enumeration)
    for member in enumeration:
        docstring = docstrings.get(member.name)
        yield f"- `{member.name}`: `{member.value!r}`{'' if docstring is None else f'. {cell(docstring)}'}"
    yield ""


def _fields(public: type[object]) -> Iterator[str]:
    """Yield the table of the fields of a class. Raises KeyError for a field without a docstring."""
    hidden = _INTERNAL_FIELDS.get(public.__name__, frozenset())
    annotations = inspect.get_annotations(public)
    shown = {name: kind for name, kind in annotations.items() if name not in hidden and not name.startswith("_")}
    if not shown:
        return
    docstrings = _attribute_docstrings(public)
    rows = [("field", "type", "meaning"), ("---", "---", "---")]
    rows += [(f"`{name}`", f"`{cell(_type_text(kind))}`", cell(docstrings[name])) for name, kind in shown.items()]
    yield "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _attribute_docstrings(public: type[object]) -> Mapping[str, str]:
    """Return the docstrings of attributes: the string literals below assignments, which are lost at run time."""
    (definition,) = ast.parse(dedent(inspect.getsource(public))).body
    docstrings: dict[str, str] = {}
    for statement, below in pairwise(definition.body if isinstance(definition, ast.ClassDef) else []):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(docstring))),
            ):
                docstrings[name] = docstring
            case _:
                pass
    return docstrings


def _member(owner: str, name: str, member: object) -> Iterator[str]:
    """Yield the signature and the docstring of a method or property."""
    if isinstance(member, property | cached_property):
        getter = member.fget if isinstance(member, property) else member.func
        kind = inspect.get_annotations(getter)["return"] if getter else ""
        yield f"**`{name}: {kind}`**\n\n{_docstring(member)}"
    elif isinstance(member, FunctionType | staticmethod | classmethod):
        function = member if isinstance(member, FunctionType) else member.__func__
        # The fixture `workflow_graph` is an instance.
        shown = "workflow_graph" if name == "__call__" else name
        if not isinstance(member, FunctionType):
            shown = f"{owner}.{name}"
        yield f"**`{_signature(shown, function)}`**\n\n{_docstring(function)}"


def _signature(name: str, function: Callable[..., object]) -> str:
    """Return the signature of a function, with types as in the source."""
    signature = inspect.signature(function)
    parameters = [parameter for parameter in signature.parameters.values() if parameter.name not in {"self", "cls"}]
    parameter_texts = []
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameter_texts:
            parameter_texts.append("*")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        parameter_texts.append(f"{parameter.name}: {_type_text(parameter.annotation)}{default}")
    result = signature.return_annotation
    returns = "" if result in {signature.empty, "None"} else f" -> {_type_text(result)}"
    return f"{name}({', '.join(parameter_texts)}){returns}"


def _type_text(annotation: object) -> str:
    """Return a type as in the source."""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _docstring(documented: object) -> str:
    """Return the docstring of an object, one line per paragraph."""
    text = inspect.getdoc(documented)
    if not text:
        raise ValueError(f"{documented} has no docstring")
    return "\n".join(f"{' '.join(paragraph.split())}\n" for paragraph in text.split("\n\n"))
