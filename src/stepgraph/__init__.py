"""Version graphs of Cloudflare Python Workflows, built without deploying or running them.

    from stepgraph import analyze_file

    for workflow in analyze_file("src/entry.py").workflows:
        print(workflow.name, workflow.has_dag, workflow.step_count, workflow.complete)
        response = workflow.version_graph()

Find problems before deployment:

    from stepgraph import analyze_paths, check_analysis

    for finding in check_analysis(analyze_paths(".")):
        print(finding)

Show how far a running instance got, from its log:

    from pathlib import Path
    from stepgraph import instance

    print(instance(Path("log.json"), workflow).next_names)

The analyzed code is never imported or executed. The `notes` of a workflow list everything that is unresolved.
"""

from stepgraph.lazy_names import lazy_names

TYPE_CHECKING = False  # as type checkers know it; importing `typing` takes longer than repeating a recorded run

__all__ = [
    "Analysis",
    "Applicability",
    "Attempt",
    "Code",
    "Finding",
    "Fix",
    "InputError",
    "Instance",
    "InstanceLog",
    "InternalError",
    "LogEntry",
    "LoopPass",
    "Misfit",
    "ModuleDates",
    "NodeProgress",
    "Note",
    "Place",
    "PlacedEntry",
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
    "instance",
]

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis, WorkflowAnalysis
    from stepgraph.api import analyze_file, analyze_paths, analyze_source, check_analysis, instance
    from stepgraph.checks.diagnostic import Applicability, Finding, Fix, RelatedLocation, Severity
    from stepgraph.execution.instance import Instance
    from stepgraph.execution.log import Attempt, InstanceLog, LogEntry
    from stepgraph.execution.matching.match import LoopPass, Misfit, Place
    from stepgraph.execution.matching.placed_entry import PlacedEntry
    from stepgraph.execution.progress import NodeProgress
    from stepgraph.model.note import InputError, InternalError, Note, Problem, ProblemKind
    from stepgraph.model.span import Code, Span
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
            "instance": "stepgraph.api",
            "Applicability": "stepgraph.checks.diagnostic",
            "Finding": "stepgraph.checks.diagnostic",
            "Fix": "stepgraph.checks.diagnostic",
            "RelatedLocation": "stepgraph.checks.diagnostic",
            "Severity": "stepgraph.checks.diagnostic",
            "Instance": "stepgraph.execution.instance",
            "Attempt": "stepgraph.execution.log",
            "InstanceLog": "stepgraph.execution.log",
            "LogEntry": "stepgraph.execution.log",
            "LoopPass": "stepgraph.execution.matching.match",
            "Misfit": "stepgraph.execution.matching.match",
            "Place": "stepgraph.execution.matching.match",
            "PlacedEntry": "stepgraph.execution.matching.placed_entry",
            "NodeProgress": "stepgraph.execution.progress",
            "Code": "stepgraph.model.span",
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
