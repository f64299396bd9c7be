"""Check short snippets of workflows."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.page import in_run
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.edits.source_edits import Edit
from tests.checks.examples import findings_of_example, module

LEGACY = DependencyMode.LEGACY

_MODULE = """\
{before}
from workers import WorkflowEntrypoint


class Example(WorkflowEntrypoint):
    async def run(self, event, step):
{body}
"""
_STEPS = """\
@step.do("a")
async def a():
    return 1

@step.do("b")
async def b():
    return 2

"""
_REPLAY_MODULE = """\
import asyncio, hashlib, httpx, json, logging, random, requests, time, uuid
from datetime import datetime, timedelta, timezone
from workers import WorkflowEntrypoint, fetch

logger = logging.getLogger(__name__)
{module}

class Example(WorkflowEntrypoint):
    async def run(self, event, step):
{body}

{methods}"""


def module_source(body: str, before: str = "") -> str:
    """Return a module with this body of `run`, and code before the class."""
    return _MODULE.format(before=dedent(before).strip(), body=_indented(body))


def findings_in(body: str, before: str = "") -> list[Finding]:
    """Return the findings in a body of `run` without information."""
    findings = check_analysis(analyze_source(module_source(body, before)))
    return [finding for finding in findings if finding.severity is not Severity.NOTE]


def codes_in(body: str, before: str = "") -> list[str]:
    """Return the codes of the findings in source order."""
    return [finding.code for finding in findings_in(body, before)]


def only_finding(body: str, before: str = "") -> Finding:
    """Return the only finding."""
    (finding,) = findings_in(body, before)
    return finding


def edits_of(finding: Finding) -> tuple[Edit, ...]:
    """Return the edits of the fix of a finding."""
    return () if finding.fix is None else finding.fix.edits


def step_with_config(config: str) -> str:
    """Return a body that declares and calls a step with this configuration."""
    return f'@step.do("charge", config={config})\nasync def charge():\n    return 1\n\nawait charge()'


def project_findings(
    folder: Path, body: str, *, imports: str = "", mode: DependencyMode = DependencyMode.IMPLICIT
) -> tuple[Finding, ...]:
    """Return the findings in a configured project with this body of `run`, without information."""
    findings = findings_of_example(in_run("a body", body, imports=imports, mode=mode), folder)
    return tuple(finding for finding in findings if finding.severity is not Severity.NOTE)


def project_codes(
    folder: Path, body: str, *, imports: str = "", mode: DependencyMode = DependencyMode.IMPLICIT
) -> list[str]:
    """Return the codes of the findings in a configured project in source order."""
    return [finding.code for finding in project_findings(folder, body, imports=imports, mode=mode)]


def findings_in_run(code: str, body: str, imports: str = "import asyncio") -> list[Finding]:
    """Return the findings of a rule in a body of `run` after the declarations of steps `a` and `b`."""
    return _findings(code, _run_source(body, imports))


def findings_in_module(code: str, text: str) -> list[Finding]:
    """Return the findings of a rule in a module."""
    return _findings(code, module("", text).source)


def flagged_in_run(code: str, body: str, imports: str = "import asyncio") -> list[str]:
    """Return the source flagged by a rule in a body of `run` after the declarations of steps `a` and `b`."""
    return _flagged(code, _run_source(body, imports))


def flagged_in_module(code: str, text: str) -> list[str]:
    """Return the source flagged by a rule in a module."""
    return _flagged(code, module("", text).source)


def replay_findings(body: str, code: str, *, methods: str = "", module: str = "") -> list[Finding]:
    """Return the findings of a rule in a workflow with this body of `run` and further code."""
    return _findings(code, _replay_source(body, methods, module))


def replay_lines(body: str, code: str, *, methods: str = "", module: str = "") -> list[str]:
    """Return the lines flagged by a rule in a workflow with this body of `run` and further code."""
    source = _replay_source(body, methods, module)
    lines = source.splitlines()
    return [lines[finding.span.line - 1].strip() for finding in _findings(code, source)]


def _findings(code: str, source: str) -> list[Finding]:
    return [finding for finding in check_analysis(analyze_source(source)) if finding.code == code]


def _flagged(code: str, source: str) -> list[str]:
    lines, findings = source.splitlines(), _findings(code, source)
    assert all(finding.span.line == finding.span.end_line for finding in findings)
    return [lines[f.span.line - 1][f.span.column - 1 : f.span.end_column - 1] for f in findings]


def _run_source(body: str, imports: str) -> str:
    return in_run("", _STEPS + dedent(body).strip("\n") + "\n\n", imports=imports).source


def _replay_source(body: str, methods: str, module: str) -> str:
    return _REPLAY_MODULE.format(module=dedent(module), body=_indented(body), methods=indent(dedent(methods), " " * 4))


def _indented(body: str) -> str:
    return indent(dedent(body).strip(), " " * 8)
