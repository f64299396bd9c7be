"""What rules have in common: the digit behind `SG`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.checks.rule import Rule


class Group(Struct, frozen=True):
    """Rules of one kind: how their codes begin, a title, what that means, and the tag that programs know them by."""

    prefix: str
    title: str
    meaning: str
    tag: str


GROUPS: Final = (
    Group("SG1", "Fails at run time", "The engine or the SDK refuses it, so that the instance fails.", "failure"),
    Group("SG2", "Does something else than it says", "It runs, and not as it reads.", "surprise"),
    Group("SG3", "Breaks on replay", "Code outside of steps runs again after a sleep, a restart or a retry.", "replay"),
    Group("SG0", "The analysis itself", "What could not be read, resolved, or ignored.", "analysis"),
)


def group_of(rule: Rule) -> Group:
    """Return the group of a rule. Raises StopIteration where its code begins like none."""
    return next(group for group in GROUPS if rule.code.startswith(group.prefix))
