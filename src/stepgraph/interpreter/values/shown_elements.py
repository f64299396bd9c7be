"""Elements of containers as the graph may show them, also where code unpacks the container: `f(*names, **options)`."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.values.containers import (
    Collection,
    Element,
    ElementT,
    Mapping,
    MappingEntry,
    hide_constants,
)
from stepgraph.interpreter.values.steps import Payload
from stepgraph.ir.values import Constant, ExternalResult, NameArgument, Template, Value
from stepgraph.syntax.module import SourcePlace


class EntriesByKey(Struct):
    """The last entry of each constant key of a dictionary."""

    certain: dict[object, MappingEntry] = field(default_factory=dict)
    """The entries that must be present, and that no later entry may replace."""
    uncertain: dict[object, MappingEntry] = field(default_factory=dict)
    """The entries that may be missing or replaced."""
    is_complete: bool = True
    """Whether the dictionary has no uncertain entries, and none whose key is unknown."""

    @classmethod
    def of(cls, entries: Iterable[MappingEntry]) -> EntriesByKey:
        """Return the entries, in the order of the dictionary, by key."""
        by_key = cls()
        for entry in entries:
            by_key._add(entry)
        by_key.is_complete = by_key.is_complete and not by_key.uncertain
        return by_key

    def _add(self, entry: MappingEntry) -> None:
        if type(entry.key) is not Constant:
            self.is_complete = False
            if not entry.value.relevant:  # a step or function replaces no name, duration or setting
                self.uncertain |= self.certain
                self.certain = {}
            return
        is_uncertain = entry.many or entry.may_be_missing
        present, absent = (self.uncertain, self.certain) if is_uncertain else (self.certain, self.uncertain)
        present[entry.key.value] = entry
        absent.pop(entry.key.value, None)


def hides_constants(owner: Collection | Mapping) -> bool:
    """Return whether a container has constants that the graph must not show, because they may have changed.

    Constants in arguments are already unknown.
    """
    has_constants = not owner.is_argument and any(_is_folded(element.value) for element in owner.state.contents)
    return has_constants and not owner.shows_constants


def hidden_like(sources: Iterable[Value], copy: Collection) -> Collection:
    """Return a new collection with the elements of `sources`, whose constants are hidden if those of a source are."""
    containers = (source for source in sources if isinstance(source, Collection | Mapping))
    return replace(copy, hidden=True) if any(map(hides_constants, containers)) else copy


def shown_items(owner: Collection, place: SourcePlace) -> tuple[Element, ...]:
    """Return the elements of a collection that is unpacked at `place`."""
    return tuple(_shown(owner, owner.items, place))


def shown_entries(owner: Mapping, place: SourcePlace) -> tuple[MappingEntry, ...]:
    """Return the entries of a dictionary that is unpacked at `place`."""
    return tuple(_shown(owner, owner.entries, place))


def _shown(owner: Collection | Mapping, elements: Iterable[ElementT], place: SourcePlace) -> Iterable[ElementT]:
    """Yield the elements, without constants that may have changed.

    The source of such a constant is the code that unpacks it. The same applies to data that a caller passes, whose own
    source differs by call.
    """
    is_hidden = hides_constants(owner)
    for element in elements:
        if is_hidden and not element.value.relevant:
            yield replace(element, value=_hidden(owner, element.value), place=place)
        elif owner.is_argument and _is_data(element.value):
            yield replace(element, place=place)
        elif is_hidden:
            yield replace(element, value=hide_constants(element.value))
        else:
            yield element


def _hidden(owner: Collection | Mapping, value: Value) -> Value:
    is_kind = isinstance(value, ExternalResult) and owner.shows_kinds and owner.state.has_followed_changes
    return value if is_kind else hide_constants(value)


def _is_folded(value: Value) -> bool:
    return isinstance(value, Constant | Template)


def _is_data(value: Value) -> bool:
    return not value.relevant or isinstance(value, Mapping | NameArgument | Payload)
