"""What is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.severity import Severity
from stepgraph.model.span import Span

if TYPE_CHECKING:
    from stepgraph.syntax.edits import Edit
else:
    # Edits name nodes of trees, so importing them would import LibCST; `help()` and signatures need only the name.
    Edit = object


class Finding(Struct, frozen=True):
    """A place in a source file, or a configuration, at which a rule found something.

    `code` is the rule's, `message` says what is wrong and what comes of it, `advice` what to do. `workflow` is the name
    of the workflow, empty where none is meant. It is `fixable` if there is one right answer, which `--fix` writes.
    """

    code: str
    severity: Severity
    message: str
    advice: str
    span: Span
    workflow: str = ""
    # They put it right. A finding that was kept from before is `fixable` by edits that it does not know.
    edits: tuple[Edit, ...] = ()
    fixable: bool = False

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}: {self.message} {self.advice}".rstrip() + f" [{self.code}]"
