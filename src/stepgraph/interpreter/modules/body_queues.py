"""The runs of module and class bodies that are in progress or wait."""

from __future__ import annotations

from typing import Protocol

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.syntax.module import SourcePlace


class LateImport(Struct, frozen=True):
    """A module of the project that a function, or a call of `import_module`, imports."""

    scope: LexicalScope
    place: SourcePlace
    """The location of the import."""
    is_conditional: bool
    """Whether the import runs on only some paths."""
    is_nested: bool
    """Whether the import runs while other modules load, as a call `import_module("jobs")` in a module body does."""
    names: frozenset[str] = frozenset()
    """The collections of other modules that the module may fill, and the names whose definitions mention them."""


class BodyRun(Struct, eq=False):
    """The run of a module or class body, limited to the statements that may affect some collections."""

    scope: LexicalScope
    statements: tuple[tuple[cst.CSTNode, frozenset[str]], ...]
    """The statements in source order, each with the names that it binds. Imports nested in a statement precede it."""
    late: LateImport | None = None
    """The import in a function that loads the module; None if a module body imports it."""
    index: int = 0
    """The index of the next statement to run."""
    is_entered: bool = False
    """Whether the modules that the next statement imports, or its class body, are running or have run."""
    is_waiting: bool = False
    """Whether the run begins after all others, unless one of these imports the module first."""


class RunQueue(Struct, eq=False):
    """A run of one or more bodies."""

    runs: list[BodyRun]
    """The stack of runs in progress, with an imported module above its importer."""
    names: frozenset[str]
    """The collections that the run fills, and the names whose definitions mention them."""
    follows_imports: bool
    """Whether each imported module runs at its import."""
    is_running: bool = False
    """Whether a statement of the run is being executed. Otherwise the run is paused."""
    latest_runs: dict[LexicalScope, BodyRun] = field(default_factory=dict)
    """The latest run of each body, also after its end."""

    def push(self, run: BodyRun) -> None:
        """Add a run above all others."""
        self.runs.append(run)
        self.latest_runs[run.scope] = run


class ProgramSharing(Protocol):
    """The workflows that may share runs of all modules."""

    def is_shared(self, names: frozenset[str]) -> bool:
        """Return whether an earlier workflow needed the run that a value needs if it depends on `names`."""

    def record(self, names: frozenset[str]) -> None:
        """Record that a workflow needs a run that evaluates `names`."""
