"""What instances in flight may have run, and where they may be waiting, for all that tell what a change means."""

from __future__ import annotations

from stepgraph.diff.changes.frames import Frames
from stepgraph.diff.changes.group import Group
from stepgraph.diff.running.counts import Names
from stepgraph.diff.running.waits import waits_of


class Instances:
    """The instances that were started with the old workflow, and resume with the new one.

    `known` are the new elements that there were, `kept` the old ones that there still are.
    """

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.old, self.new = frames.old.tree, frames.new.tree
        self.old_names, self.new_names = Names(self.old), Names(self.new)
        self.known = {number for number, old in enumerate(frames.pairs.to_old) if old is not None}
        self.kept = {number for number, new in enumerate(frames.pairs.to_new) if new is not None}
        self.old_waits = waits_of(self.old)
        # An instance can wait only where there was a wait before.
        self._waits_in_both = waits_of(self.new, self.known)

    def wait_in_both(self, number: int) -> str | None:
        """Return the wait at or after a new element at which instances may be waiting: one that is not new itself."""
        wait = self._waits_in_both.later[number]
        wait = self._waits_in_both.inside[number] if wait is None else wait
        return None if wait is None else self.quoted(self.frames.old_of(wait))

    def inside(self, old: int) -> str | None:
        """Return the first wait in an old element."""
        return self._quoted_wait(self.old_waits.inside[old])

    def later(self, old: int) -> str | None:
        """Return the first wait that may be met once an old element has run."""
        return self._quoted_wait(self.old_waits.later[old])

    def at_or_after(self, old: int) -> str | None:
        """Return a wait at which an instance may be that has run an old element, or begun with it."""
        return self._quoted_wait(self.old_waits.at_or_after(old))

    def first_wait(self, group: Group) -> str | None:
        """Return the first wait at which instances may be that have run what is in both versions."""
        return next((wait for old in group.old if (wait := self.at_or_after(old)) is not None), None)

    def quoted(self, old: int) -> str:
        """Return the name of an old step as it is told."""
        return f"'{self.old[old].name}'"

    def _quoted_wait(self, wait: int | None) -> str | None:
        return None if wait is None else self.quoted(wait)
