"""The writes of attributes of the objects of a class."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from stepgraph.syntax.definitions.class_hierarchy import ClassHierarchy, PlacedClass, class_around
from stepgraph.syntax.definitions.write_index import ANY_ATTRIBUTE, CodeEvent, write_index
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import attribute_targets


def attribute_writes(name: str, owner: PlacedClass, classes: ClassHierarchy) -> Iterator[CodeEvent]:
    """Yield the statements that may write an attribute of an object of a class, except those in bodies of classes."""
    for module in classes.modules_with(owner[1]):
        writes = write_index(module).writes
        for event in (*writes.get(f".{name}", ()), *writes.get(ANY_ATTRIBUTE, ())):
            writer = writer_of_own_object(event, name)
            if writer is None or classes.are_related(writer, owner):
                yield event


def module_writes(name: str, module: SourceModule, classes: ClassHierarchy) -> Iterator[CodeEvent]:
    """Yield the statements that may write a variable of a module as an attribute of the module."""
    for each in classes.modules_with(module):
        events = write_index(each).writes.get(f".{name}", ())
        yield from (event for event in events if writer_of_own_object(event, name) is None)


def writer_of_own_object(event: CodeEvent, name: str) -> PlacedClass | None:
    """Return the class of the method with a statement, if it only writes the attribute of the receiver, or None."""
    function = event.function
    writer = None if function is None else class_around(function, event.module)
    if function is None or writer is None or not function.params.params:
        return None
    receiver = function.params.params[0].name.value
    owners = [each for each, attribute in attribute_targets(event.statement) if attribute == name]
    is_own = bool(owners) and all(isinstance(each, cst.Name) and each.value == receiver for each in owners)
    return (writer, event.module) if is_own else None
