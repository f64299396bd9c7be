"""The option `--workflow`, and the workflows that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode
from stepgraph.phrases.near_names import near_names, quoted

if TYPE_CHECKING:
    from stepgraph.project.sources import ExternalWorkflow

_MOST_NAMES = 8


class Named(Protocol):
    """Anything with a name, and with that of a workflow class."""

    @property
    def name(self) -> str:
        """The name of the workflow."""

    @property
    def class_name(self) -> str:
        """The name of its class."""


NamedWorkflow = TypeVar("NamedWorkflow", bound=Named)

workflow_option = click.option(
    "--workflow",
    "workflows",
    multiple=True,
    metavar="NAME",
    help="Only the workflow, or workflow class, of this name. Repeat it for several.",
)


def select(
    subjects: Sequence[NamedWorkflow], names: Sequence[str], external: Sequence[ExternalWorkflow] = ()
) -> Sequence[NamedWorkflow]:
    """Return the workflows with one of these names or class names, in their order; all if there are no names.

    Raises CommandError, with the names that are near, for a name that no workflow has.
    """
    if not names:
        return subjects
    known = {name for subject in subjects for name in (subject.name, subject.class_name)}
    for name in names:
        if name not in known:
            raise _unknown_name(subjects, name, external)
    return [subject for subject in subjects if subject.name in names or subject.class_name in names]


def _unknown_name(subjects: Sequence[Named], name: str, external: Sequence[ExternalWorkflow]) -> CommandError:
    for other in external:
        if name in (other.configured.name, other.configured.class_name):
            worker = other.configured.script_name
            return CommandError(ExitCode.ERROR, f"the class of `{name}` is in another Worker, `{worker}`.")
    return CommandError(ExitCode.ERROR, f"no workflow is named `{name}`. {_names_instead(subjects, name)}")


def _names_instead(subjects: Sequence[Named], name: str) -> str:
    names = list(dict.fromkeys(known for subject in subjects for known in (subject.class_name, subject.name)))
    near = near_names(name, names)
    if near:
        return f"Did you mean {', '.join(quoted(near))}?"
    shown = ", ".join(quoted(names[:_MOST_NAMES]))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"There {'are' if len(names) > 1 else 'is'} {shown}{more}."
