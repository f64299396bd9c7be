"""Version graphs of Cloudflare Python Workflows, built without deploying or running them.

    from stepgraph import analyze_file

    for workflow in analyze_file("src/orders.py").workflows:
        print(workflow.name, workflow.has_dag, workflow.step_count, workflow.complete)
        response = workflow.version_graph()

Find problems before deployment:

    from stepgraph import analyze_paths, check_analysis

    for finding in check_analysis(analyze_paths(["."])):
        print(finding)

The analyzed code is never imported or executed. The `notes` of a workflow list everything that is unresolved.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis, WorkflowAnalysis
    from stepgraph.api import analyze_file, analyze_paths, analyze_source, check_analysis
    from stepgraph.checks.diagnostic import Finding, Severity
    from stepgraph.model.note import InputError, InternalError, Note, Problem
    from stepgraph.model.span import Span
    from stepgraph.project.module_dates import ModuleDates
    from stepgraph.version import __version__

__all__ = [
    "Analysis",
    "Finding",
    "InputError",
    "InternalError",
    "ModuleDates",
    "Note",
    "Problem",
    "Severity",
    "Span",
    "WorkflowAnalysis",
    "__version__",
    "analyze_file",
    "analyze_paths",
    "analyze_source",
    "check_analysis",
]

# The module of each name. Modules are imported on first access, because the pytest plugin imports this package in every
# session, even one without workflows.
_MODULES = {
    "Analysis": "stepgraph.analysis",
    "WorkflowAnalysis": "stepgraph.analysis",
    "analyze_file": "stepgraph.api",
    "analyze_paths": "stepgraph.api",
    "analyze_source": "stepgraph.api",
    "check_analysis": "stepgraph.api",
    "Finding": "stepgraph.checks.diagnostic",
    "Severity": "stepgraph.checks.diagnostic",
    "InternalError": "stepgraph.model.note",
    "InputError": "stepgraph.model.note",
    "Note": "stepgraph.model.note",
    "Problem": "stepgraph.model.note",
    "Span": "stepgraph.model.span",
    "ModuleDates": "stepgraph.project.module_dates",
    "__version__": "stepgraph.version",
}


def __getattr__(name: str) -> object:
    module_name = _MODULES.get(name)
    if module_name is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(module_name), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
