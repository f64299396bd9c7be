"""Signatures of calls: the parts of arguments that affect steps. Calls with equal signatures share a summary."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.containers import Collection, Mapping, MappingEntry, as_argument
from stepgraph.interpreter.values.heap_cells import DEEPEST
from stepgraph.interpreter.values.objects import EnumMember, FunctionValue, LexicalScope
from stepgraph.interpreter.values.steps import EventPart, Payload
from stepgraph.ir.values import Absent, Constant, Value, affects_tasks
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import SourcePlace

Key: TypeAlias = tuple[object, ...]
"""The key of a call: its function, the state that affects all calls, and the keys of its arguments."""

# Maximum number of parts of the arguments that the signature of a call compares.
MAX_SIGNATURE_PARTS: Final = 2_000
# Maximum number of summaries of a function that differ only in the sizes of the arguments. Further calls share one
# summary.
MAX_SIZE_VARIANTS: Final = 8


class CallKey(Struct, frozen=True):
    """The key of a call, and the part of it that is equal for all levels of a recursion that need only one summary."""

    exact: Key
    generalized: object
    """None for an outermost call, whose part is only computed when a recursive call is compared with it."""


class Signature(Struct):
    """A builder of keys for the arguments of a call. Calls with equal keys have equal summaries.

    Collections are compared by their elements, or by identity after `MAX_SIGNATURE_PARTS` parts.
    """

    has_sizes: bool = False
    """Whether collections without relevant elements differ if their keys or numbers of elements differ."""
    omits_sizes: bool = False
    """Whether a key would be different with `has_sizes`."""
    is_recursive: bool = False
    """Whether the call is recursive. Parts of the event in collections do not count then, as each level adds some."""
    parts: int = 0
    """The number of parts compared so far."""

    def key_of(self, value: Value, depth: int, *, has_constants: bool = False) -> object:
        """Return the key of a value at a nesting depth.

        The key is the part of the value that affects summaries, or None if no part does.
        """
        if depth > DEEPEST or self.parts > MAX_SIGNATURE_PARTS:
            return value
        match value:
            case Collection():
                return self._key_of_collection(value, depth)
            case Mapping():
                return self._key_of_mapping(value, depth)
            case _:
                self.parts += value.parts
                is_constant = isinstance(value, Constant | EnumMember) and (has_constants or not depth)
                if self.is_recursive and depth and isinstance(value, Payload | EventPart):
                    return None
                # Calling None runs no steps, while calling an unknown value may run any step.
                is_distinct = value.relevant or value.tainted or is_constant or isinstance(value, Absent)
                return value if is_distinct or affects_tasks(value) else None

    def _key_of_collection(self, value: Collection, depth: int) -> object:
        items = value.items
        self.parts += len(items)
        if value.is_empty:
            return ()
        parts = tuple(self.key_of(item.value, depth + 1, has_constants=not value.hidden) for item in items)
        if value.lazy is not None:
            parts += tuple(self.key_of(operand, depth + 1) for operand in value.lazy.operands)
        if all(part is None for part in parts) and not self._has_size(value):
            return None
        return (
            value.kind,
            value.has_definite_order,
            tuple((item.many, item.may_be_missing) for item in items),
            parts,
        )

    def _key_of_mapping(self, value: Mapping, depth: int) -> object:
        entries = value.entries
        self.parts += len(entries)
        if value.is_empty:
            return ()
        keys = tuple(
            (
                _entry_key(entry),
                entry.many,
                entry.may_be_missing,
                self.key_of(entry.key, depth + 1),
                self.key_of(entry.value, depth + 1, has_constants=not value.hidden),
            )
            for entry in entries
        )
        is_distinct = any(key[-2:] != (None, None) for key in keys) or self._has_size(value)
        return (value.partial, keys) if is_distinct else None

    def _has_size(self, value: Collection | Mapping) -> bool:
        has_size = value.parameter is None
        self.omits_sizes = self.omits_sizes or (has_size and not self.has_sizes)
        return has_size and self.has_sizes


def _entry_key(entry: MappingEntry) -> object:
    return entry.key if isinstance(entry.key, Constant | EnumMember) else entry.has_distinct_keys


def call_key(interpreter: Interpreter, callee: FunctionValue, scope: LexicalScope, signature: Signature) -> Key:
    """Return the key of a call: its function, the state that affects all calls, and the keys of its arguments."""
    key = (
        id(callee.node),  # without a hash in Python, because each use of the key computes the hash
        callee.scope,
        interpreter.in_step,
        len(interpreter.store.events.reopened),
        len(interpreter.store.events.revised),
        len(interpreter.store.events.shuffled),
        *callee.managers,
        *(signature.key_of(value, 0) for value in scope.names.values()),
    )
    interpreter.budget.spend(Limit.ELEMENTS, signature.parts)
    return key


def is_distinguished(interpreter: Interpreter, callee: FunctionValue, key: Key, general_key: Key) -> bool:
    """Return whether a call gets its own summary for the sizes of its arguments. Recursive calls do not."""
    if is_recursive(interpreter, callee):
        return False
    variants = interpreter.size_variants.setdefault(general_key, set())
    if len(variants) < MAX_SIZE_VARIANTS:
        variants.add(key)
    return key in variants


def is_recursive(interpreter: Interpreter, callee: FunctionValue) -> bool:
    """Return whether a call of a function is recursive, because another call of it is being interpreted."""
    return bool(interpreter.active_functions.get(callee.node))


def scope_without_sizes(interpreter: Interpreter, callee: FunctionValue, scope: LexicalScope) -> LexicalScope:
    """Return a scope that represents calls with collections of any size.

    Collections with relevant elements are unchanged.
    """
    general = Signature(is_recursive=is_recursive(interpreter, callee))
    values = dict(scope.names)
    for parameter in parameters(callee.node.params):
        name = parameter.name.value
        value = values[name]
        if isinstance(value, Collection | Mapping) and general.key_of(value, 0) is None:
            place = SourcePlace(callee.scope.module, parameter.name)
            values[name] = as_argument(value, has_names=value.has_names, parameter=place)
    return replace(scope, names=interpreter.store.new(values))
