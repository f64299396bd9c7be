"""Workflows of which only the body of `run` is written down."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Unpack

from tests.execution.running import Execution, Options, execute

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
    """Run this as the body of a workflow's `run`."""
    return execute(source_of(body), **options)


def source_of(body: str) -> str:
    """Return the module with a workflow that has this as the body of its `run`."""
    return _MODULE + indent(dedent(body), " " * 8)
