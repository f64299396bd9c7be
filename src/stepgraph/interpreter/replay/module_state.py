"""Variables of modules that run-time code changes, and the conditions in `run` that read them.

A Worker keeps its modules until it restarts, so these variables are shared by the instances and replays in one Worker,
and lost afterwards. Changes by the code of a module while it is imported are the same in each Worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.replay.step_state import collection_key, is_global, root_of, slot_of
from stepgraph.interpreter.replay.tracer import StateKey
from stepgraph.interpreter.values.objects import BuiltinMethod, LexicalScope
from stepgraph.ir.replay_facts import ModuleStateCondition
from stepgraph.ir.values import Value
from stepgraph.syntax.emptiness_tests import emptiness_tests
from stepgraph.syntax.free_names import names_read
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS

_RESETTING_METHOD = "clear"


class _Test(Struct, frozen=True):
    """A condition that reads a variable of a module before the run has set the variable."""

    name: str
    keys: tuple[StateKey, ...]
    place: SourcePlace
    controlled_statement: SourcePlace
    first_branch: int


class ModuleState(Struct):
    """The changes of module variables by run-time code, and the tests of these variables, in order of evaluation."""

    interpreter: Interpreter
    changes: dict[StateKey, SourcePlace] = field(default_factory=dict)
    """The first change of each variable or collection."""
    fills: dict[tuple[StateKey, int], SourcePlace] = field(default_factory=dict)
    """The first change of each variable or collection after a test whether it is empty, by key and `id` of the test."""
    resets: set[StateKey] = field(default_factory=set)
    """The variables that code has set to a value that does not depend on earlier runs."""
    tests: dict[tuple[int, str], _Test] = field(default_factory=dict)
    """The first evaluation of each test that reads a variable, by `id` of the test and name."""

    def record_assignment(self, target: cst.Name, source: SourcePlace | None) -> None:
        """Record the assignment of a global variable. A value computed from the same variable is no reset."""
        if not self._is_run_time:
            return
        keys = self._keys(target.value)
        self._change(keys, self.interpreter.place(target))
        is_augmented = isinstance(self.interpreter.module.parents.get(id(target)), cst.AugAssign)
        if not is_augmented and (source is None or target.value not in names_read(source.node, source.module)):
            self.resets.update(keys)

    def record_change(self, target: cst.BaseExpression) -> None:
        """Record the change of an element of a variable, or an augmented assignment."""
        if not self._is_run_time or not isinstance(root := root_of(target), cst.Name):
            return
        keys, place = self._keys(root.value), self.interpreter.place(target)
        self._change(keys, place)
        if _replaces_all_elements(place, root):
            self.resets.update(keys)

    def record_method_call(self, call: cst.Call, callee: Value) -> None:
        """Record a method call that changes a collection, such as `CACHE.update(...)`."""
        methods = [each for each in union_values(callee) if isinstance(each, BuiltinMethod)]
        mutators = {method.name for method in methods if method.name in COLLECTION_MUTATORS}
        if not mutators or not isinstance(call.func, cst.Attribute) or not self._is_run_time:
            return
        root = root_of(call.func.value)
        keys = self._keys(root.value) if isinstance(root, cst.Name) else ()
        self._change(keys, self.interpreter.place(call))
        if mutators == {_RESETTING_METHOD} and root is call.func.value:
            self.resets.update(keys)

    def record_test(self, test: SourcePlace, controlled_statement: SourcePlace, first_branch: int) -> None:
        """Record a test in replayed code that reads a variable before the run has set it."""
        if not self.interpreter.replays:
            return
        for name in names_read(test.node, test.module):
            key = id(test.node), name
            if key not in self.tests and (keys := self._keys(name)) and self.resets.isdisjoint(keys):
                self.tests[key] = _Test(name, keys, test, controlled_statement, first_branch)

    def observe_tests(self) -> None:
        """Record a fact for each test of a variable that run-time code changes."""
        for test in self.tests.values():
            changes = (self.changes.get(key) or self.fills.get((key, id(test.place.node))) for key in test.keys)
            for change in islice(filter(None, changes), 1):
                self.interpreter.observe(
                    ModuleStateCondition(test.name, change, test.place, test.controlled_statement, test.first_branch)
                )

    @property
    def _is_run_time(self) -> bool:
        return self.interpreter.replays or self.interpreter.in_step

    def _keys(self, name: str, within: LexicalScope | None = None) -> tuple[StateKey, ...]:
        """Return the keys of a variable of a module: its slot and the collection in it. Other names have none."""
        scope = within or self.interpreter.frame.scope
        slot = slot_of(scope, name) if is_global(scope, name) else None
        if slot is None:
            return ()
        collection = collection_key(slot[0].get(name))
        return (slot,) if collection is None else (slot, collection)

    def _change(self, keys: tuple[StateKey, ...], place: SourcePlace) -> None:
        """Record a change. A variable that is filled once, when it is empty, is the same in later runs."""
        tests = [*self._emptiness_tests(keys, place)] if keys else []
        for key in keys:
            if not tests:
                self.changes.setdefault(key, place)
            for test in tests:
                self.fills.setdefault((key, test), place)

    def _emptiness_tests(self, keys: tuple[StateKey, ...], place: SourcePlace) -> Iterator[int]:
        """Yield the `id` of each test whether the variable with these keys is empty, before code and its callers."""
        frame: Frame | None = self.interpreter.frame
        current: SourcePlace | None = place
        while frame is not None and current is not None:
            for name, test in emptiness_tests(current):
                if any(key in keys for key in self._keys(name, frame.scope)):
                    yield id(test)
            current, frame = frame.call_place, frame.caller


def _replaces_all_elements(target: SourcePlace, variable: cst.Name) -> bool:
    """Return whether a statement assigns or deletes all elements, as in `ITEMS[:] = []`.

    Elements computed from the same variable do not count.
    """
    match target.node:
        case cst.Subscript(
            value=owner, slice=[cst.SubscriptElement(slice=cst.Slice(lower=None, upper=None, step=None))]
        ) if owner is variable:
            pass
        case _:
            return False
    parents = target.module.parents
    statement = parents.get(id(target.node))
    if isinstance(statement, cst.AssignTarget):
        statement = parents.get(id(statement))
    if isinstance(statement, cst.Assign):
        return variable.value not in names_read(statement.value, target.module)
    return isinstance(statement, cst.Del)
