"""Tests that compare each workflow of a project with its snapshot, and their names.

Names are safe to print, and distinct as file names of snapshots on every file system.
"""

from __future__ import annotations

import re
import types
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import pytest

from stepgraph.escaping.file_names import clipped, file_key, numbered
from stepgraph.escaping.plain_text import broken_commands, log_line, visible
from stepgraph.pytest_plugin.selection import SITE, graphs, home
from stepgraph.testing.drawing import FORMS, Form
from stepgraph.testing.workflow_graph import WorkflowGraph
from stepgraph.testing.workflow_graphs import warn_if_incomplete

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from stepgraph.analysis import Analysis, WorkflowAnalysis


_LOWEST_SYRUPY: Final = 7
"""The lowest supported major version. Earlier ones remove the snapshots of tests that are not selected."""

_INPUTS: Final = "inputs"


class WorkflowChanged(Exception):
    """A workflow does not match its snapshot, or has none yet. The message explains the failure."""


class WorkflowItem(pytest.Function):
    """A test of one workflow. Fixtures and syrupy treat it as a test function."""

    source: Path

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the location of the workflow."""
        return self.source, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:  # type: ignore[override]
        """Return the message without a traceback."""
        return str(excinfo.value)


class WorkflowSnapshots(pytest.Module):
    """The workflows of the project, collected from the file that represents them."""

    def _getobj(self) -> types.ModuleType:
        # Fixtures that request the module of a test receive this object.
        return types.ModuleType(SITE)

    def collect(self) -> Iterator[WorkflowItem]:
        """Yield a test for each workflow, and a failing test for unreadable files or a project without workflows.

        Snapshots whose workflows may be in unreadable files get skipped tests. Without a supported version of syrupy,
        a failing test is the only one.
        """
        lack = _lack_of_syrupy(self.config)
        if lack:
            yield self._test(_INPUTS, _failing([lack]), self.path)
            return
        form, update_command = _form(self.config), _update_command(self.config)
        analysis = graphs(self.config).analyze()
        names = _names(analysis.workflows)
        for name, workflow in zip(names, analysis.workflows, strict=True):
            yield self._test(name, _comparing(workflow, form, update_command), Path(workflow.path))
        problems = [*map(str, analysis.problems)] or ([] if names else [_missing_workflow_message(analysis)])
        if problems:
            # A workflow with a snapshot may be in a file that was not read.
            for name in self._without_workflow(names, form):
                yield self._test(name, _skipping(problems[0]), self.path)
            yield self._test(_INPUTS, _failing(problems), self.path)

    def _test(self, name: str, call: Callable[..., None], source: Path) -> WorkflowItem:
        call.__name__ = name
        test = WorkflowItem.from_parent(self, name=name, callobj=call)
        test.source = Path(log_line(str(source.absolute())))
        # Syrupy writes snapshots next to this path, in a directory with its name.
        test.path = home(self.config) / SITE
        return test

    def _without_workflow(self, names: Sequence[str], form: Form) -> list[str]:
        """Return the names of tests whose snapshots exist and whose workflows are missing."""
        from stepgraph.testing.snapshots import EXTENSIONS

        extension = EXTENSIONS[form]
        folder = home(self.config) / extension.snapshot_dirname / SITE
        stems = {path.stem for path in folder.glob(f"*.{extension.file_extension}")}
        # Tests write only files with safe names.
        return sorted(stem for stem in stems - set(names) if safe_name(stem) == stem)


def _lack_of_syrupy(config: pytest.Config) -> str:
    """Return a message if syrupy is missing or too old, or an empty string otherwise."""
    advice = f"workflow snapshots require syrupy {_LOWEST_SYRUPY} or later: pip install 'syrupy>={_LOWEST_SYRUPY}'"
    if not config.pluginmanager.hasplugin("syrupy"):
        return advice
    installed = version("syrupy")
    return "" if int(installed.partition(".")[0]) >= _LOWEST_SYRUPY else f"{advice} (found {installed})"


def _form(config: pytest.Config) -> Form:
    form = config.getini("workflow_snapshots_format")
    form = "outline" if form == "text" else form  # the name of this format on the command line
    if form not in FORMS:
        raise pytest.UsageError(
            f"workflow_snapshots_format: `{log_line(str(form))}` is not supported. Available: {', '.join(FORMS)}"
        )
    return cast("Form", form)


def _update_command(config: pytest.Config) -> str:
    """Return the command that updates the snapshots of workflows, whether an option or a setting enables them."""
    option = "--workflow-snapshots " if config.getoption("workflow_snapshots") else ""
    return f"pytest {option}--snapshot-update"


def _names(workflows: Sequence[WorkflowAnalysis]) -> list[str]:
    """Return the test names of workflows: the class name, or `Class[workflow]` if several workflows have that class.

    If several workflows share both names, the name of the Worker precedes the workflow's name in the brackets.
    """
    classes = Counter(workflow.class_name for workflow in workflows)
    pairs = Counter((workflow.class_name, workflow.name) for workflow in workflows)
    names = []
    for workflow in workflows:
        in_brackets = workflow.name
        if pairs[workflow.class_name, workflow.name] > 1 and workflow.project:
            in_brackets = f"{workflow.project}.{workflow.name}"
        is_alone = classes[workflow.class_name] == 1
        names.append(workflow.class_name if is_alone else f"{workflow.class_name}[{in_brackets}]")
    return names_of_tests(names)


def _comparing(workflow: WorkflowAnalysis, form: Form, update_command: str) -> Callable[..., None]:
    def compare(snapshot: SnapshotAssertion) -> None:
        from stepgraph.testing.difference import explain_mismatch
        from stepgraph.testing.snapshots import matches

        graph = WorkflowGraph.of(workflow)
        warn_if_incomplete(graph)
        if not matches(snapshot, graph, form):
            raise WorkflowChanged("\n".join(explain_mismatch(snapshot, graph, update_command)))

    return compare


def _skipping(problem: str) -> Callable[..., None]:
    def skip(snapshot: SnapshotAssertion) -> None:
        pytest.skip(f"workflow not found, and some inputs could not be read: {problem}")

    return skip


def _failing(problems: Sequence[str]) -> Callable[..., None]:
    def fail() -> None:
        pytest.fail("\n".join(problems), pytrace=False)

    return fail


def _missing_workflow_message(analysis: Analysis) -> str:
    hints = [f"\n{hint}" for hint in analysis.hints]
    return "".join(["no workflow found to compare with a snapshot. `stepgraph list` shows the reason.", *hints])


# Syrupy removes these characters from file names and then does not find the snapshot of a test with such a name.
_REMOVED_CHARACTERS: Final = re.compile(r'[\\/?*:|"<>]')
# In bytes: file systems allow 255, including the suffix and a number.
_MAX_BYTES: Final = 240
_NAMELESS: Final = "workflow"


def names_of_tests(names: Sequence[str]) -> list[str]:
    """Return a unique test name for each name. The test name is also the file name of the snapshot.

    Safe names stay unchanged, and other names are made safe. Names that would collide are numbered.
    """
    safe = [safe_name(name) for name in names]
    unchanged = {file_key(label) for label, name in zip(safe, names, strict=True) if label == name}
    used: set[str] = set()
    unique: list[str] = []
    for label, name in zip(safe, names, strict=True):
        key = file_key(label)
        unique_label = label
        if key in used or (key in unchanged and label != name):
            candidates = numbered(label, "]" if label.endswith("]") else "")
            unique_label = next(each for each in candidates if file_key(each) not in used | unchanged)
        used.add(file_key(unique_label))
        unique.append(unique_label)
    return unique


def safe_name(name: str) -> str:
    """Return a name that is valid for a test and a file."""
    shown = _REMOVED_CHARACTERS.sub("", visible(name))
    if not shown.isascii():
        shown = "".join(each for each in shown if not unicodedata.category(each).startswith("C"))
    shown = broken_commands(shown, lambda character: f"{character}-")
    if len(shown.encode()) > _MAX_BYTES:
        end = "]" if shown.endswith("]") else ""
        shown = clipped(shown, _MAX_BYTES - 1) + end
    return shown or _NAMELESS
