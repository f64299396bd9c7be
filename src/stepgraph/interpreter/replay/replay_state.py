"""What is to be known of code that the engine runs again: after which steps it stands, and what it shares with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.objects.values import UNKNOWN, HeapCell, LexicalScope, Nondeterministic, Value
from stepgraph.syntax.module import Place

# The slot of a name or attribute; a collection as a whole, with "".
StateKey: TypeAlias = tuple[HeapCell, str]


class NondeterministicUse(Struct, frozen=True):
    """A place at which a volatile value goes into what the engine keeps."""

    nondeterministic: Nondeterministic
    place: Place


class StateChange(Struct, frozen=True):
    """A change that the body of a `step` makes outside of itself, in a `function` that it is or calls."""

    changed: str
    place: Place
    step: cst.CSTNode | None
    function: cst.CSTNode | None


class StateRead(Struct, frozen=True):
    """A name in a scope, or an attribute of an `owner`, that is read; or the text of a name, which is bound."""

    scope: LexicalScope
    node: cst.Name | cst.Attribute | str
    owner: Value | None = None
    value: Value = UNKNOWN


class StateUse(Struct, frozen=True):
    """A place at which state is read that a step has changed."""

    key: StateKey
    change: StateChange
    place: Place


class Reached(Struct, frozen=True):
    """What code comes after: the checkpoint, and what steps have changed."""

    last_step: int
    state_changes: Mapping[StateKey, StateChange]


class ReplayState(Struct):
    """Where reading stands, as far as it matters to code that runs again. `entry` is the function that is `run`.

    The `last_step` is the number of the last step, sleep or wait that the code being read comes after, of as many as
    there are `step_count`. `nondeterministic_count` counts the values made that are others when the code runs again, `uses` are
    those of them in what the engine keeps; `seeded` tells that chance gives no such values. While it is `reporting`,
    what is read is but printed or logged.

    The body of a `step` that is being read sees as its own what is newer than `step_since`. `state_changes` are those
    that bodies of steps make to what is older, `state_uses` where that is read, `state_reads` what is read and bound in
    the loops being read, in order. What is made only where it is not there yet is `made_if_missing`: by serial and key.
    What is read while it is `changing` is read to be changed, and while it is `in_part`, for what is a part of it.
    """

    entry: cst.CSTNode | None = None
    last_step: int = 0
    step_count: int = 0
    nondeterministic_count: int = 0
    uses: list[NondeterministicUse] = field(default_factory=list)
    seeded: bool = False
    reporting: bool = False
    step: cst.CSTNode | None = None
    step_since: int = 0
    state_changes: Mapping[StateKey, StateChange] = field(default_factory=dict)
    state_uses: list[StateUse] = field(default_factory=list)
    state_reads: list[StateRead] = field(default_factory=list)
    made_if_missing: set[tuple[int, str]] = field(default_factory=set)
    changing: bool = False
    in_part: bool = False

    @property
    def reached(self) -> Reached:
        """What the code being read comes after."""
        return Reached(self.last_step, self.state_changes)

    def go_to(self, reached: Reached) -> None:
        """Go on with code that comes after something else."""
        self.last_step, self.state_changes = reached.last_step, reached.state_changes

    def join_paths(self, ways: Sequence[Reached]) -> None:
        """Go on after one of several ways: after no more steps than on each of them, and what any step has changed."""
        self.last_step = min(way.last_step for way in ways)
        if any(way.state_changes is not self.state_changes for way in ways):
            self.state_changes = {key: found for way in ways for key, found in way.state_changes.items()}

    def change(self, key: StateKey, change: StateChange | None) -> None:
        """Say that a step has changed some state, or, with None, that it is anew."""
        changes = {other: found for other, found in self.state_changes.items() if other != key}
        self.state_changes = changes if change is None else {**changes, key: change}

    def check(self) -> None:
        """Say that what follows comes after a step, sleep or wait, of which the engine keeps that it is over."""
        self.step_count += 1
        self.last_step = self.step_count
