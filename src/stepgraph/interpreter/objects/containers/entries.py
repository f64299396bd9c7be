"""Entries of dictionaries, with the order and precedence of their keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.arguments import make_mapping
from stepgraph.interpreter.values.containers import Collection, Mapping, MappingEntry
from stepgraph.interpreter.values.objects import ClassValue, EnumMember, FunctionValue, ProjectObject, member_slot
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.tasks import Task
from stepgraph.interpreter.values.unions import as_optional, on_some_paths
from stepgraph.ir.values import Constant, NameArgument, Value
from stepgraph.limits import Limit


class CopiedEntries(Struct, frozen=True):
    """The entries that an operation copies into a dictionary."""

    entries: tuple[MappingEntry, ...]
    is_complete: bool
    """Whether there are no other entries, which may replace those of the dictionary."""
    is_ordered: bool = True
    """Whether the order of the entries is certain."""


class EntryTable:
    """The entries of a dictionary that is built one entry at a time.

    A later entry for the same exact key replaces the earlier entries, and takes the position of an earlier entry
    that must be present. A later entry that may be missing replaces none, but takes precedence over them.
    """

    def __init__(self, entries: Iterable[MappingEntry] = ()) -> None:
        self._entries: dict[object, MappingEntry] = {}
        """Entries that must be present, by exact key, and all other entries, by their identity."""
        self._optional: dict[object, list[_Identity]] = {}
        """The identities of the entries that may be missing, by exact key."""
        self.replaced: list[MappingEntry] = []
        """The entries that later entries have replaced."""
        self.is_ordered = True
        """Whether the position of each entry is certain."""
        self.contents: tuple[MappingEntry, ...] | None = None
        """The elements of the dictionary whose table this is, if any."""
        self.is_exact = True
        """Whether each entry must be present and has an exact key."""
        for entry in entries:
            self.add(entry)

    @property
    def entries(self) -> tuple[MappingEntry, ...]:
        """The entries, in the order of the dictionary."""
        return tuple(self._entries.values())

    def add(self, entry: MappingEntry) -> None:
        """Add an entry, which sets a key to a value."""
        key = exact_key(entry.key)
        if key is None:
            self.is_exact = False
            self._entries[_Identity(entry)] = entry
        elif _may_be_missing(entry):
            self.is_exact = False
            identity = _Identity(entry)
            self._optional.setdefault(key, []).append(identity)
            self._entries[identity] = entry
        else:
            if self._optional:
                self.replaced += self._remove_optional(key)
            if key in self._entries:
                self.replaced.append(self._entries[key])
            self._entries[key] = entry

    def add_copied(self, copied: CopiedEntries) -> None:
        """Add copied entries. If others may be copied too, all entries so far may be missing."""
        if not copied.is_complete:
            self.make_optional()
        self.is_ordered = self.is_ordered and copied.is_ordered
        for entry in copied.entries:
            self.add(entry)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def last(self) -> MappingEntry:
        """The last entry in the order of the dictionary."""
        return next(reversed(self._entries.values()))

    def find(self, key: object) -> MappingEntry | None:
        """Return the entry with an exact key. Return None without one, or if other entries may have the key."""
        return self._entries.get(key) if self.is_exact else None

    def add_default(self, entry: MappingEntry) -> bool:
        """Set an exact key to a value unless the key has a value. Return whether the entry was added."""
        key = exact_key(entry.key)
        if key is None or key in self._entries:
            return False
        present = self._remove_optional(key)
        self.add(entry)
        for optional in present:
            self.add(optional)
        return True

    def make_optional(self) -> None:
        """Mark every entry as possibly missing."""
        entries = [as_optional(entry) for entry in self.entries]
        self._entries, self._optional = {}, {}
        for entry in entries:
            self.add(entry)

    def _remove_optional(self, key: object) -> list[MappingEntry]:
        """Remove and return the optional entries of an exact key. The position of the key may then be uncertain."""
        identities = self._optional.pop(key, [])
        if identities and key not in self._entries:
            positions = list(self._entries)
            self.is_ordered = self.is_ordered and positions[-len(identities) :] == identities
        return [self._entries.pop(identity) for identity in identities]


def table_of(owner: Mapping) -> EntryTable:
    """Return the table of a dictionary, to look up keys. It is built again only after a change by other code."""
    if owner.is_argument or owner.parameter is not None:
        return EntryTable(owner.entries)
    table = owner.state.table
    if table is not None and table.contents is owner.state.contents:
        owner.state.budget.spend(Limit.ELEMENTS)
        owner.state.record_read()
        return table
    entries = owner.entries
    table = EntryTable(entries)
    if not table.replaced:
        table.contents, owner.state.table = entries, table
    return table


class _Identity:
    """A unique table key for an entry that may be missing or whose key is not constant."""

    __slots__ = ("entry",)

    def __init__(self, entry: MappingEntry) -> None:
        self.entry = entry


def _may_be_missing(entry: MappingEntry) -> bool:
    return entry.may_be_missing or entry.many


class IteratedEntries(Struct, frozen=True):
    """The entries that an iteration over a dictionary may visit."""

    entries: tuple[MappingEntry, ...]
    """The entries. An entry with `may_be_missing` is absent on some paths, or replaced by one with an equal key."""
    is_ordered: bool
    """Whether each entry has a certain position."""


def iterated_entries(mapping: Mapping) -> IteratedEntries:
    """Return the entries for an iteration over a dictionary. Keys that are not constant may be equal."""
    later: set[object] = set()
    iterated: list[MappingEntry] = []
    is_ordered = True
    for entry in reversed(mapping.entries):
        key = _comparable(entry.key)
        if key in later or None in later or (key is None and later):
            iterated.append(as_optional(entry))
            is_ordered = False
        elif key is None and entry.many and not entry.has_distinct_keys:
            iterated.append(replace(entry, value=on_some_paths(entry.value)))
        else:
            iterated.append(entry)
        later.add(key)
    return IteratedEntries(tuple(reversed(iterated)), is_ordered)


def as_key(value: Value) -> Value:
    """Return a value as the key of a dictionary. The text of an argument that names an entry is a constant."""
    return Constant(value.value) if isinstance(value, NameArgument) else value


def exact_key(key: Value) -> object:
    """Return an object that is equal for equal keys.

    Return None for a key that is neither a constant nor a class nor a certain member of an enumeration, nor a tuple of
    these. A class of a function is not exact, because each call creates another one.
    """
    match key:
        case Constant(value=value):
            return (value,)
        case EnumMember(key=value) if value is not None:
            return value
        case ClassValue(metaclass=None) if not key.scope.is_local:
            return key.node
        case Collection(kind="tuple"):
            return _key_of_tuple(key, exact_key)
        case _:
            return None


def may_be_equal(first: Value, second: Value) -> bool:
    """Return whether two keys may be equal."""
    keys = _comparable(first), _comparable(second)
    return None in keys or keys[0] == keys[1]


def _comparable(key: Value) -> object:
    """Return an object that differs for keys that must differ. Return None for a key that may equal any other key."""
    match key:
        case EnumMember(key=value) if value is not None:
            return value
        case Constant(value=value) | EnumMember(value=Constant(value=value)):
            return (value,)
        case StepFunction(definition=definition):
            return definition
        case FunctionValue(node=node) | ClassValue(node=node):
            return node
        case Task(task_id=task_id):
            return task_id
        case Collection(kind="tuple"):
            return _key_of_tuple(key, _comparable)
        case _:
            return None


def _key_of_tuple(key: Collection, key_of: Callable[[Value], object]) -> object:
    """Return the keys of all elements of a tuple. Return None if an element is uncertain or has no key."""
    if not key.has_definite_order:
        return None
    keys = tuple(key_of(item.value) for item in key.items)
    return None if None in keys else ("tuple", keys)


def mapping_of(interpreter: Interpreter, table: EntryTable, *, partial: bool = False) -> Mapping:
    """Return a new dictionary with the entries of a table."""
    if table.replaced:
        interpreter.store.record_unselected(table.replaced)
    mapping = make_mapping(interpreter, table.entries, partial=partial)
    mapping.state.unordered = not table.is_ordered
    return mapping


def key_texts(entries: Sequence[MappingEntry]) -> dict[int, str]:
    """Return the text of each key, by `id` of the entry.

    The text is the source of the key. For a key without a source, as in `dict(x=a)`, it is the formatted constant or
    the name of the class or member of an enumeration.
    """
    keys: dict[int, Value] = {}
    shared: set[int] = set()
    for entry in entries:
        node = id(entry.key_place.node)
        if keys.setdefault(node, entry.key) != entry.key or entry.key_place.node is entry.place.node:
            shared.add(node)
    return {
        id(entry): (_key_text(entry.key) if id(entry.key_place.node) in shared else None) or entry.key_place.text
        for entry in entries
    }


def _key_text(key: Value) -> str | None:
    match key:
        case Constant(value=str() as value):
            return json.dumps(value, ensure_ascii=False)
        case Constant(value=value):
            return repr(value)
        case ClassValue(name=name):
            return name
        case EnumMember(cls=owner, name=str(name)):
            return f"{owner.name}.{name}"
        case ProjectObject(cls=owner):
            return _member_text(owner, key)
        case _:
            return None


def _member_text(owner: ClassValue, value: ProjectObject) -> str | None:
    """Return the name of a member of an enumeration, such as `Kind.FAST`. Return None for other objects."""
    for name in owner.scope.bindings.binders:
        if owner.scope.names.get(member_slot(name)) == value:
            return f"{owner.name}.{name}"
    return None
