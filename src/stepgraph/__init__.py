"""Version graphs of Cloudflare Python Workflows, built without deploying or running them.

    from stepgraph import analyze_file

    for workflow in analyze_file("src/entry.py").workflows:
        print(workflow.name, workflow.has_dag, workflow.step_count, workflow.complete)
        response = workflow.version_graph()

Find problems before deployment:

    from stepgraph import analyze_paths, check_analysis

    for finding in check_analysis(analyze_paths(".")):
        print(finding)

The analyzed code is never imported or executed. The `notes` of a workflow list everything that is unresolved.
"""

from typing import TYPE_CHECKING

from stepgraph.lazy_names import lazy_names

__all__ = [
    "Analysis",
    "Applicability",
    "Code",
    "Finding",
    "Fix",
    "InputError",
    "InternalError",
    "ModuleDates",
    "Note",
    "Problem",
    "ProblemKind",
    "RelatedLocation",
    "Severity",
    "Span",
    "WorkflowAnalysis",
    "__version__",
    "analyze_file",
    "analyze_paths",
    "analyze_source",
    "check_analysis",
]

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis, WorkflowAnalysis
    from stepgraph.api import analyze_file, analyze_paths, analyze_source, check_analysis
    from stepgraph.checks.diagnostic import Applicability, Finding, Fix, RelatedLocation, Severity
    from stepgraph.model.code import Code
    from stepgraph.model.note import InputError, InternalError, Note, Problem, ProblemKind
    from stepgraph.model.span import Span
    from stepgraph.project.module_dates import ModuleDates
    from stepgraph.version import __version__
else:
    # Type checkers do not see `__getattr__`, which would make them accept every name. Modules are imported on first
    # access, because the pytest plugin imports this package in every session, even one without workflows.
    __getattr__, __dir__ = lazy_names(
        globals(),
        {
            "Analysis": "stepgraph.analysis",
            "WorkflowAnalysis": "stepgraph.analysis",
            "analyze_file": "stepgraph.api",
            "analyze_paths": "stepgraph.api",
            "analyze_source": "stepgraph.api",
            "check_analysis": "stepgraph.api",
            "Applicability": "stepgraph.checks.diagnostic",
            "Finding": "stepgraph.checks.diagnostic",
            "Fix": "stepgraph.checks.diagnostic",
            "RelatedLocation": "stepgraph.checks.diagnostic",
            "Severity": "stepgraph.checks.diagnostic",
            "Code": "stepgraph.model.code",
            "InputError": "stepgraph.model.note",
            "InternalError": "stepgraph.model.note",
            "Note": "stepgraph.model.note",
            "Problem": "stepgraph.model.note",
            "ProblemKind": "stepgraph.model.note",
            "Span": "stepgraph.model.span",
            "ModuleDates": "stepgraph.project.module_dates",
            "__version__": "stepgraph.version",
        },
    )
