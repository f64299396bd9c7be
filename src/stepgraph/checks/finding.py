"""Findings: diagnostics as users see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.diagnostic import Severity
from stepgraph.model.span import Span

if TYPE_CHECKING:
    from stepgraph.syntax.edits import Edit
else:
    # Edits refer to syntax nodes, so the import would load LibCST. `help()` and signatures need only the name.
    Edit = object


class Finding(Struct, frozen=True):
    """A problem that a rule reports at a location in a source file or a configuration."""

    code: str
    """The code of the rule: `SG101`."""
    severity: Severity
    """The severity of the rule, or the severity from the settings."""
    message: str
    """The problem and its consequence."""
    advice: str
    """The change to make."""
    span: Span
    """The location of the problem."""
    workflow: str = ""
    """The name of the workflow. Empty for findings about a project."""
    edits: tuple[Edit, ...] = ()
    """The edits of `--fix`. A cached finding has none, even if it is fixable."""
    fixable: bool = False
    """Whether `--fix` can fix the problem, because only one fix is correct."""

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}: {self.message} {self.advice}".rstrip() + f" [{self.code}]"
