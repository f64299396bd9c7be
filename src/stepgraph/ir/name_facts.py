"""Facts about names: imports, missing names, and missing attributes of modules, classes, objects and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import StepDefinition
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.syntax.python_names import ImportableName


class WrongImport(Fact, Struct, frozen=True):
    """An import of a name of the Workflows API from a module that does not define it."""

    name: str
    module: str
    defining_module: str | None
    """The SDK module that defines the name, or None if no module defines it."""
    place: SourcePlace
    """The location of the name."""
    statement: SourcePlace
    """The location of the import statement."""
    suggestion: str | None = None
    """The most similar name that the module defines, if no module defines the name."""


class MissingName(Fact, Struct, frozen=True):
    """An import of a name that a module of the project does not define."""

    name: str
    path: str
    """The path of the module from which the name is imported."""
    place: SourcePlace
    """The location of the name."""
    statement: SourcePlace
    """The location of the import statement."""
    shadows_sdk: bool = False
    """Whether the module has the name of the SDK's module `workers`."""


class UnresolvedCall(Fact, Struct, frozen=True):
    """A call of a value that may lead to a step but cannot be resolved."""

    place: SourcePlace
    cause: SourcePlace
    """The location from which the value comes, such as an import."""


class CircularImport(Fact, Struct, frozen=True):
    """An import of a name from a module that binds it only after it has imported the importing module."""

    name: str
    path: str
    """The path of the module from which the name is imported."""
    place: SourcePlace
    """The location of the name."""
    importing: SourcePlace
    """The statement of that module which is being executed."""


class ImportCorrection(Struct, frozen=True):
    """The correction of an import that a Worker cannot load."""

    written: str
    """The name of the module in the statement, with the dots of a relative import."""
    statement: str = ""
    """The correct statement, the correct name in quotes for a call, or an empty string if it is unknown."""
    module: str | None = None
    """The name to import from; empty for `import NAME`. None if the statement cannot be changed alone."""
    conflict: str = ""
    """The name of the module if Python or the platform has a module of this name, or an empty string."""


class WrongAttribute(Fact, Struct, frozen=True):
    """A name of the Workflows API that is read from a module that does not define it."""

    name: str
    module: str
    defining_module: str | None
    """The SDK module that defines the name, or None if no module defines it."""
    place: SourcePlace
    """The location of the name."""
    expression: SourcePlace
    """The location of the expression, which starts with the module."""
    suggestion: str | None = None
    """The most similar name that the module defines, if no module defines the name."""


class UnloadableImport(Fact, Struct, frozen=True):
    """An import of a module of the Worker by a name that does not exist at run time."""

    correction: ImportCorrection
    package: str
    """The package of the importing module; empty for a top-level module."""
    root: str
    """The module root of the Worker."""
    at_load: bool
    """Whether the statement runs when the Worker loads the module."""
    place: SourcePlace
    """The location of a `from` import, of the alias in another import, or of the name that a call imports."""


class MissingImport(Fact, Struct, frozen=True):
    """A name of the platform or of the standard library that is used without an import."""

    name: str
    imported: ImportableName
    """The import that the code probably lacks."""
    place: SourcePlace
    """The location of the name."""
    at_load: bool
    """Whether the module uses the name when it is loaded, outside of functions."""
    is_member_of_class: bool
    """Whether an enclosing class has an attribute of this name, which methods can only read from the instance."""


class UndefinedName(Fact, Struct, frozen=True):
    """A use of a name that nothing defines, and that no import of the platform or of the standard library provides."""

    name: str
    place: SourcePlace
    """The location of the name."""
    at_load: bool
    """Whether the module uses the name when it is loaded, outside of functions."""
    is_member_of_class: bool
    """Whether an enclosing class has an attribute of this name."""
    suggestion: str | None = None
    """The most similar name that the code can read, if any."""


class UndefinedAttribute(Fact, Struct, frozen=True):
    """A read of an attribute of an object or a class of the project that no code defines."""

    name: str
    class_name: str
    place: SourcePlace
    """The location of the attribute expression, or of the call of the attribute."""
    suggestion: str | None
    """The most similar attribute of the object or class, if any."""


class UndefinedMember(Fact, Struct, frozen=True):
    """A read of an attribute of a module, or of a class or function in it, which has the same name as the module."""

    name: str
    owner: str
    """The dotted name: the module, or the class or function. The other one has the attribute."""
    place: SourcePlace


class TypeOnlyName(Fact, Struct, frozen=True):
    """A name that code reads, although only type checkers run its import."""

    name: str
    at_load: bool
    """Whether the module uses the name when it is loaded, outside of functions."""
    place: SourcePlace


class MethodMissing(Fact, Struct, frozen=True):
    """A call of a nonexistent method of the step object."""

    method: str
    place: SourcePlace
    """The location of the callee."""


class StepAttributeMissing(Fact, Struct, frozen=True):
    """A read of an attribute that a declared step lacks, because it is a function, as in `charge.result`."""

    attribute: str
    step: StepDefinition
    place: SourcePlace
    """The location of the attribute expression."""
