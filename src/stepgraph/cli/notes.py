"""Saying on standard error what a graph does not show."""

from __future__ import annotations

from stepgraph.cli.streams import tell
from stepgraph.cli.subject import Subject


def tell_notes(subject: Subject, *, quiet: bool) -> None:
    """Write the notes of a workflow to standard error, a line each; where it has no graph, first that."""
    if subject.graph is None:
        tell(subject.without_graph())
    if quiet:
        return
    for note in subject.notes:
        tell(f"{note} [{note.code}]")
