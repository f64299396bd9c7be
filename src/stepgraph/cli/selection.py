"""The workflow that `--workflow` asks for."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.analysis import Analysis, WorkflowAnalysis
from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode

_MOST_NAMES = 8


def select(analysis: Analysis, name: str | None) -> Sequence[WorkflowAnalysis]:
    """Return the workflows of that name or class name, all for None.

    Raises CommandError, with the names that are near, if there is none.
    """
    workflows = analysis.workflows
    if name is None:
        return workflows
    chosen = [workflow for workflow in workflows if name in (workflow.name, workflow.class_name)]
    if chosen:
        return chosen
    for external in analysis.external:
        if name in (external.configured.name, external.configured.class_name):
            worker = external.configured.script_name
            raise CommandError(ExitCode.ERROR, f"the class of `{name}` is in another Worker, `{worker}`.")
    raise CommandError(ExitCode.ERROR, f"no workflow is named `{name}`. {_names_instead(workflows, name)}")


def _names_instead(workflows: Sequence[WorkflowAnalysis], name: str) -> str:
    from difflib import get_close_matches

    names = list(dict.fromkeys(name for workflow in workflows for name in (workflow.class_name, workflow.name)))
    by_folded = {known.casefold(): known for known in reversed(names)}
    near = [by_folded[match] for match in get_close_matches(name.casefold(), list(by_folded))]
    if near:
        return f"Did you mean {_quoted(near)}?"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"There are {_quoted(names[:_MOST_NAMES])}{more}." if len(names) > 1 else f"There is {_quoted(names)}."


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
