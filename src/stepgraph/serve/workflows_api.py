"""The Workflows API over the source of a project: workflows, their versions, and the graphs of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.analysis import workflow_id
from stepgraph.live.live_project import LiveWorkflow, ProjectState
from stepgraph.phrases import quoted, suggest_names
from stepgraph.project.module_dates import ModuleDates
from stepgraph.report.diff.comparison import VersionComparison
from stepgraph.serve.envelopes import ApiError, ApiResponse, ErrorCode, page_of, result_of
from stepgraph.serve.instance_shapes import STATUSES
from stepgraph.serve.versions import CommitDates, ServedVersion, change_lines

_NOT_DEPLOYED: Final = "nothing is deployed."
_MAX_NAME_LENGTH: Final = 256
"""The maximum length of an unknown name for which similar ones are searched."""

CountInstances: TypeAlias = Callable[[Sequence[str]], Mapping[str, Mapping[str, object]]]
"""Returns the known numbers of instances by workflow name and status."""


class WorkflowsApi(Struct, frozen=True):
    """The part of the API that is read from the source. All methods with a name raise ApiError for an unknown one."""

    state: Callable[[], ProjectState]
    """Returns the current state of the project."""
    versions: Callable[[LiveWorkflow], Sequence[ServedVersion]]
    """Returns the versions of a workflow, newest first."""
    changes: Callable[[LiveWorkflow], VersionComparison | None]
    """Returns the changes of a workflow since the default branch, or None without one."""
    dates: CommitDates
    count_instances: CountInstances

    def workflows(self, parameters: Mapping[str, str]) -> ApiResponse:
        """Return the workflows of the project whose names contain the parameter `search`."""
        wanted = parameters.get("search", "").casefold()
        matching = [workflow for workflow in self.state().workflows if wanted in workflow.name.casefold()]
        return page_of(matching, parameters, self._rows)

    def workflow(self, name: str) -> ApiResponse:
        """Return a workflow."""
        return result_of(self._rows([self.require(name)])[0])

    def workflow_versions(self, name: str, parameters: Mapping[str, str]) -> ApiResponse:
        """Return the versions of a workflow, newest first: the working tree, and the last commits that changed it."""
        return page_of(self.versions(self.require(name)), parameters, lambda page: [each.version for each in page])

    def version(self, name: str, version_id: str) -> ApiResponse:
        """Return a version of a workflow."""
        return result_of(self._version(name, version_id).version)

    def graph(self, name: str, version_id: str) -> ApiResponse:
        """Return a version of a workflow with its graph."""
        return result_of(self._version(name, version_id).graph)

    def update(self, name: str, body: Mapping[str, object]) -> ApiResponse:
        """Return the workflow as it would be after an update, with the changes as messages. Nothing is deployed.

        The class must be one of the project. A new name stands for a workflow that would be created.
        """
        class_name, script_name = body.get("class_name"), body.get("script_name")
        if not isinstance(class_name, str) or not isinstance(script_name, str):
            raise ApiError(400, ErrorCode.INVALID, "`class_name` and `script_name` are required.")
        workflow = self._of_class(name, class_name)
        dates = self.dates.of([workflow.analysis.path])[0]
        return result_of(
            {
                "id": workflow_id(script_name, name),
                "class_name": class_name,
                "created_on": dates.created_on,
                "is_deleted": 0,
                "modified_on": dates.modified_on,
                "name": name,
                "script_name": script_name,
                "terminator_running": 0,
                "triggered_on": None,
                "version_id": workflow.version_id,
            },
            (_NOT_DEPLOYED, *self._changes(workflow)),
        )

    def _changes(self, workflow: LiveWorkflow) -> Iterator[str]:
        comparison = self.changes(workflow)
        if comparison is not None:
            yield from change_lines(comparison)

    def require(self, name: str) -> LiveWorkflow:
        """Return the workflow with a name. Raises ApiError for an unknown name."""
        state = self.state()
        workflow = state.workflow(name)
        if workflow is None:
            names = (each.name for each in state.workflows)
            advice = suggest_names(name[:_MAX_NAME_LENGTH], names, "The project has no workflow.")
            raise ApiError(404, ErrorCode.UNKNOWN, f"no workflow `{name}`. {advice}")
        return workflow

    def _of_class(self, name: str, class_name: str) -> LiveWorkflow:
        workflows = self.state().workflows
        of_class = [each for each in workflows if each.analysis.class_name == class_name]
        if of_class:
            return next((each for each in of_class if each.name == name), of_class[0])
        classes = dict.fromkeys(each.analysis.class_name for each in workflows)
        message = f"no workflow class `{class_name}`. Available: {', '.join(quoted(classes))}."
        raise ApiError(404, ErrorCode.UNKNOWN, message)

    def _version(self, name: str, version_id: str) -> ServedVersion:
        versions = self.versions(self.require(name))
        version = next((each for each in versions if each.id == version_id), None)
        if version is None:
            message = f"`{name}` has no version `{version_id}` in the working tree or its last commits."
            raise ApiError(404, ErrorCode.UNKNOWN, message)
        return version

    def _rows(self, workflows: Sequence[LiveWorkflow]) -> list[dict[str, object]]:
        counts = self.count_instances([workflow.name for workflow in workflows])
        dates = self.dates.of([workflow.analysis.path for workflow in workflows])
        return [
            _row(workflow, each, counts.get(workflow.name, {})) for workflow, each in zip(workflows, dates, strict=True)
        ]


def _row(workflow: LiveWorkflow, dates: ModuleDates, counts: Mapping[str, object]) -> dict[str, object]:
    return {
        "id": workflow.id,
        "class_name": workflow.analysis.class_name,
        "created_on": dates.created_on,
        "instances": {status: _count(counts.get(status)) for status in STATUSES},
        "modified_on": dates.modified_on,
        "name": workflow.name,
        "script_name": workflow.analysis.project,
        "triggered_on": None,
    }


def _count(count: object) -> int:
    return count if type(count) is int else 0
