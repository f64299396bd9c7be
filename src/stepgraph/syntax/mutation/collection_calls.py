"""Functions and methods by their effect on collections, by the last component of their names."""

from __future__ import annotations

from typing import Final

COLLECTION_MUTATORS: Final = frozenset(
    [
        *("add", "append", "clear", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort", "update"),
        *("appendleft", "extendleft", "popleft", "rotate"),
        *("difference_update", "discard", "intersection_update", "symmetric_difference_update"),
        *("move_to_end", "popitem", "subtract"),
    ]
)
"""Methods of lists, deques, sets and dicts that mutate the collection."""
MUTATING_FUNCTIONS: Final = frozenset(
    [
        *("heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort", "insort_left", "insort_right"),
        *("delitem", "iadd", "ior", "setitem", "shuffle"),
    ]
)
"""Functions of the standard library that mutate an argument."""
SPECIAL_MUTATORS: Final = frozenset(
    ["__delitem__", "__iadd__", "__iand__", "__imul__", "__ior__", "__isub__", "__ixor__", "__setitem__"]
)
"""Special methods that mutate the collection, as those of `COLLECTION_MUTATORS`."""
COPYING_CALLS: Final = frozenset(
    [
        *("copy", "deque", "dict", "filter", "frozenset", "iter", "list", "map", "reversed", "set", "sorted", "tuple"),
        "values",
    ]
)
"""Calls that return a new collection with the elements of another one."""
PAIRING_CALLS: Final = frozenset(["enumerate", "items", "zip"])
"""Calls that return a new collection of tuples of elements."""
EXTENDING_METHODS: Final = frozenset(["extend", "extendleft", "update"])
"""Methods that add the elements of a collection to another one."""
ELEMENT_METHODS: Final = frozenset(["get", "pop", "popitem", "popleft", "setdefault", "__getitem__"])
"""Methods that return an element."""
READING_CALLS: Final = frozenset(
    [
        *("all", "any", "bool", "count", "float", "format", "hash", "id", "index", "int", "isinstance", "issubclass"),
        *("join", "len", "max", "min", "print", "range", "repr", "str", "sum", "type"),
        *("critical", "debug", "error", "exception", "info", "log", "warning", "warn"),
        *("deepcopy", "dump", "dumps", "loads"),
        *("do", "sleep", "sleep_until", "wait_for_event"),
    ]
)
"""Calls that keep no reference to their arguments."""
FOLLOWED_CALLS: Final = (
    READING_CALLS
    | COPYING_CALLS
    | PAIRING_CALLS
    | EXTENDING_METHODS
    | ELEMENT_METHODS
    | MUTATING_FUNCTIONS
    | COLLECTION_MUTATORS
)
"""Calls whose effect on the aliases of collections is known."""
