"""Running the rules over the body of `run`."""

from __future__ import annotations

from textwrap import dedent, indent

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.finding import Finding

_IMPORTS = """\
import asyncio, hashlib, httpx, json, logging, random, requests, time, uuid
from datetime import datetime, timedelta, timezone
from workers import WorkflowEntrypoint, fetch

logger = logging.getLogger(__name__)


class Example(WorkflowEntrypoint):
"""


def of_run(body: str, code: str, *, methods: str = "", module: str = "") -> list[Finding]:
    """Return what the rule of a code finds in a workflow with this body of `run`."""
    return [
        finding for finding in check_analysis(analyze_source(_source(body, methods, module))) if finding.code == code
    ]


def lines_of(body: str, code: str, *, methods: str = "", module: str = "") -> list[str]:
    """Return the lines that the rule of a code flags, without their indents."""
    lines = _source(body, methods, module).splitlines()
    return [lines[f.span.line - 1].strip() for f in of_run(body, code, methods=methods, module=module)]


def _source(body: str, methods: str, module: str) -> str:
    run = "    async def run(self, event, step):\n" + indent(dedent(body).strip(), " " * 8) + "\n"
    return _IMPORTS.replace("\nclass ", f"{dedent(module)}\nclass ") + run + "\n" + indent(dedent(methods), " " * 4)
