"""Run workflows that are defined only by the body of `run`."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Unpack

from tests.execution.runner import Execution, Options, execute

_MODULE = """\
import asyncio
import datetime

from pyodide.ffi import JsException
from workers import WorkflowEntrypoint
from workers.workflows import NonRetryableError


class Workflow(WorkflowEntrypoint):
    async def run(self, event, step):
"""


def run(body: str, **options: Unpack[Options]) -> Execution:
    """Execute this code as the body of a workflow's `run`."""
    return execute(module_source(body), **options)


def module_source(body: str) -> str:
    """Return a module whose workflow has this code as the body of `run`."""
    return _MODULE + indent(dedent(body), " " * 8)
