"""Code with classes, and its graph."""

from __future__ import annotations

import textwrap

from tests.semantics.notation import graph_of_module, module_of

HEAD = """\
import attr
import dataclasses
import functools
import typing
from contextlib import asynccontextmanager
from functools import partialmethod, total_ordering

from elsewhere import Mixin, traced
from workers import WorkflowEntrypoint

"""


def graph_of(source: str) -> str:
    """Return the graph of the workflow `W` of a module. It must be complete."""
    assert notes_of(source) == []
    return graph_of_module(HEAD + textwrap.dedent(source))


def notes_of(source: str) -> list[str]:
    """Return the codes of the notes that make the graph of `W` incomplete."""
    (workflow,) = (w for w in module_of(HEAD + textwrap.dedent(source)).workflows if w.class_name == "W")
    assert workflow.complete == (not any(note.incomplete for note in workflow.notes))
    return [note.code for note in workflow.notes if note.incomplete]
