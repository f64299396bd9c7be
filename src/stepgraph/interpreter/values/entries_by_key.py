"""Entries of dictionaries whose values the graph shows, by key."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from stepgraph.interpreter.values.containers import MappingEntry
from stepgraph.ir.values import Constant


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
        if not isinstance(entry.key, Constant):
            self.is_complete = False
            if not entry.value.relevant:  # a step or function replaces no name, duration or setting
                self.uncertain |= self.certain
                self.certain = {}
            return
        is_uncertain = entry.many or entry.may_be_missing
        present, absent = (self.uncertain, self.certain) if is_uncertain else (self.certain, self.uncertain)
        present[entry.key.value] = entry
        absent.pop(entry.key.value, None)
