"""What one rule says of a short program."""

from __future__ import annotations

from textwrap import dedent

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.example import in_run, module
from stepgraph.checks.finding import Finding

STEPS = """
@step.do("a")
async def a():
    return 1

@step.do("b")
async def b():
    return 2

"""


def found_in_run(code: str, body: str, imports: str = "import asyncio") -> list[Finding]:
    """Return what a rule finds in the body of `run`, in which `a` and `b` are steps."""
    return _found(code, in_run("", _dedented(STEPS) + _dedented(body), imports=imports).source)


def found_in_module(code: str, source: str) -> list[Finding]:
    """Return what a rule finds in a module."""
    return _found(code, module("", source).source)


def places_in_run(code: str, body: str, imports: str = "import asyncio") -> list[str]:
    """Return the source at which a rule finds something in the body of `run`, in which `a` and `b` are steps."""
    source = in_run("", _dedented(STEPS) + _dedented(body), imports=imports).source
    return _places(source, _found(code, source))


def places_in_module(code: str, text: str) -> list[str]:
    """Return the source at which a rule finds something in a module."""
    source = module("", text).source
    return _places(source, _found(code, source))


def _found(code: str, source: str) -> list[Finding]:
    return [finding for finding in check_analysis(analyze_source(source)) if finding.code == code]


def _places(source: str, found: list[Finding]) -> list[str]:
    lines = source.splitlines()
    assert all(finding.span.line == finding.span.end_line for finding in found)
    return [lines[f.span.line - 1][f.span.column - 1 : f.span.end_column - 1] for f in found]


def _dedented(text: str) -> str:
    return dedent(text).strip("\n") + "\n\n"
