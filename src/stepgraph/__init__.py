"""Version graphs of Cloudflare Python Workflows, before deployment and without running them.

    from stepgraph import analyze_file

    for workflow in analyze_file("src/orders.py").workflows:
        print(workflow.name, workflow.has_dag, workflow.steps, workflow.complete)
        response = workflow.version_graph()

And what will fail or surprise at run time:

    from stepgraph import analyze_paths, check_analysis

    for finding in check_analysis(analyze_paths(["."])):
        print(finding)

Nothing is imported or executed of what is analysed. What the analysis cannot resolve is in the workflow's `notes`.
"""

from stepgraph.analysis import Analysis, WorkflowAnalysis
from stepgraph.api import analyze_file, analyze_paths, analyze_source, check_analysis
from stepgraph.checks.finding import Finding
from stepgraph.checks.severity import Severity
from stepgraph.internal_error import InternalError
from stepgraph.model.note import InputError, Note, Problem
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
