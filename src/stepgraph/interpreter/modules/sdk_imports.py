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


# Verified with the modules of the SDK.
_NAMES: Final = {
    _BASE_CLASS: SdkName("workers", ("workers", "workers.entrypoints")),
    "NonRetryableError": SdkName("workers.workflows", ("workers.workflows",)),
    "WorkflowStep": SdkName(None),
    "WorkflowEvent": SdkName(None),
}
# Packages that lack these names in all modules but the ones above. JavaScript has the modules `cloudflare:workers` and
# `cloudflare:workflows`.
_PACKAGES: Final = frozenset({"cloudflare", "cloudflare_workers", "cloudflare_workflows", "js", "pyodide", "workers"})


def unguarded_wrong_imports(module: SourceModule) -> tuple[WrongImport, ...]:
    """Return the wrong imports among the top-level statements of a module, which no `try` guards."""
    if not any(module.mentions(name.encode()) for name in _NAMES):
        return ()
    imports = (statement for statement in statements(module.tree) if isinstance(statement, cst.ImportFrom))
    return tuple(wrong_import for statement in imports for wrong_import in wrong_imports(module, statement))


def wrong_imports(module: SourceModule, statement: cst.ImportFrom) -> Iterator[WrongImport]:
    """Yield the names that a statement imports from a module that does not define them."""
    level, source = imported_module(statement)
    if level or isinstance(statement.names, cst.ImportStar) or source.split(".")[0] not in _PACKAGES:
        return
    for alias in statement.names:
        definition = _NAMES.get(alias.evaluated_name)
        if definition is not None and source not in definition.definers:
            places = SourcePlace(module, alias.name), SourcePlace(module, statement)
            yield WrongImport(alias.evaluated_name, source, definition.module, *places)


def wrong_attribute(module: str, name: str, place: SourcePlace) -> WrongAttribute | None:
    """Return the fault in an expression `module.name` that the module does not define. Return None if it may succeed.

    An expression that expects the failure, by a handler that names the AttributeError, counts as successful.
    """
    definition = _NAMES.get(name)
    if definition is None or module in definition.definers or module.split(".", maxsplit=1)[0] not in _PACKAGES:
        return None
    from stepgraph.syntax.body_errors import catches_by_name

    if not isinstance(place.node, cst.Attribute) or catches_by_name(place.node, place.module, "AttributeError"):
        return None
    return WrongAttribute(name, module, definition.module, SourcePlace(place.module, place.node.attr), place)


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
