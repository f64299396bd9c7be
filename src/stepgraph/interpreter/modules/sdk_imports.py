"""The base class of workflows in the SDK, and imports of SDK names from modules that do not define them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.ir.facts import Fact
from stepgraph.ir.name_facts import WrongAttribute, WrongImport
from stepgraph.syntax.bindings import imported_module
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import statements

ENTRYPOINT: Final = "workers.WorkflowEntrypoint"
_BASE_CLASS: Final = "WorkflowEntrypoint"


class SdkName(Struct, frozen=True):
    """A name that programs commonly import from the wrong module."""

    module: str | None
    """The module to import the name from, or None for a name that only the SDK for JavaScript defines."""
    definers: tuple[str, ...] = ()
    """All modules that define the name."""


_UNKNOWN: Final = SdkName(None)
# Verified with the modules of the SDK.
_NAMES: Final = {
    _BASE_CLASS: SdkName("workers", ("workers", "workers.entrypoints")),
    "NonRetryableError": SdkName("workers.workflows", ("workers.workflows",)),
    "WorkflowStep": SdkName(None),
    "WorkflowEvent": SdkName(None),
}
# Names by which programs import the base class.
_NAMES_OF_BASES: Final = frozenset({"Workflow", "WorkflowBase", "BaseWorkflow"})
# All public names of modules of the SDK, with submodules.
_NAMES_OF_MODULE: Final = {
    "workers": frozenset(
        (
            *("Blob", "BlobEnding", "BlobValue", "Body", "Context", "DurableObject", "FetchKwargs"),
            *("FetchResponse", "File", "FormData", "FormDataValue", "Headers", "JSBody", "Request"),
            *("RequestInitCfProperties", "Response", "WorkerEntrypoint", "WorkflowEntrypoint", "asgi", "blob"),
            *("entrypoints", "env", "fetch", "formdata", "gateway", "handler", "import_from_javascript"),
            *("patch_env", "python_from_rpc", "python_to_rpc", "request", "response", "rpc", "types", "utils"),
            *("waitUntil", "wait_until", "workflows", "wsgi"),
        )
    ),
    "workers.workflows": frozenset({"NonRetryableError"}),
}
# Packages that lack the names of `_NAMES` in all modules but their definers. JavaScript has the modules
# `cloudflare:workers` and `cloudflare:workflows`.
_PACKAGES: Final = frozenset({"cloudflare", "cloudflare_workers", "cloudflare_workflows", "js", "pyodide", "workers"})


def unguarded_wrong_imports(module: SourceModule) -> tuple[WrongImport, ...]:
    """Return the wrong imports among the top-level statements of a module, which no `try` guards."""
    if not any(module.mentions(word.encode()) for word in ("workers", *_NAMES)):
        return ()
    imports = (statement for statement in statements(module.tree) if isinstance(statement, cst.ImportFrom))
    return tuple(wrong_import for statement in imports for wrong_import in wrong_imports(module, statement))


def wrong_imports(module: SourceModule, statement: cst.ImportFrom) -> Iterator[WrongImport]:
    """Yield the names that a statement imports from a module that does not define them."""
    level, source = imported_module(statement)
    if level or isinstance(statement.names, cst.ImportStar) or source.split(".")[0] not in _PACKAGES:
        return
    for alias in statement.names:
        definition = _definition_elsewhere(source, alias.evaluated_name)
        if definition is not None:
            name, places = alias.evaluated_name, (SourcePlace(module, alias.name), SourcePlace(module, statement))
            yield WrongImport(
                name, source, definition.module, *places, suggestion=_similar_name(source, definition, name)
            )


def wrong_attribute(module: str, name: str, place: SourcePlace) -> WrongAttribute | None:
    """Return the fault in an expression `module.name` that the module does not define. Return None if it may succeed.

    An expression that expects the failure, by a handler that names the AttributeError, counts as successful.
    """
    definition = _definition_elsewhere(module, name)
    if definition is None or module.split(".", maxsplit=1)[0] not in _PACKAGES:
        return None
    from stepgraph.syntax.body_errors import catches_by_name

    if not isinstance(place.node, cst.Attribute) or catches_by_name(place.node, place.module, "AttributeError"):
        return None
    places = SourcePlace(place.module, place.node.attr), place
    return WrongAttribute(name, module, definition.module, *places, suggestion=_similar_name(module, definition, name))


def _definition_elsewhere(module: str, name: str) -> SdkName | None:
    """Return where the SDK defines a name that a module does not define, or None if the module may define it."""
    definition = _NAMES.get(name)
    if definition is not None:
        return None if module in definition.definers else definition
    names = _NAMES_OF_MODULE.get(module)
    return None if names is None or name in names or name.startswith("_") else _UNKNOWN


def _similar_name(module: str, definition: SdkName, name: str) -> str | None:
    """Return the name of a module that a program probably means by a name that the SDK does not define."""
    if definition is not _UNKNOWN:
        return None
    if module == "workers" and name in _NAMES_OF_BASES:
        return _BASE_CLASS
    # Imported here because only a fault needs it.
    from stepgraph.phrases import near_names

    return next(iter(near_names(name, sorted(_NAMES_OF_MODULE[module]), 0.8)), None)


def means_entrypoint(name: str, facts: Iterable[Fact]) -> bool:
    """Return whether the dotted name of an imported class means the SDK's base class of workflows.

    The class of a wrong import or attribute among the `facts` is treated as if it were correct.
    """
    source, _, class_name = name.rpartition(".")
    if class_name != _BASE_CLASS:
        return False
    return source in _NAMES[_BASE_CLASS].definers or any(
        isinstance(fact, WrongImport | WrongAttribute) and (fact.module, fact.name) == (source, class_name)
        for fact in facts
    )
