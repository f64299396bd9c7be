"""`stepgraph schema`: print the JSON Schemas of JSON output."""

from __future__ import annotations

import click

from stepgraph.cli.console import write_result
from stepgraph.cli.errors import ExitCode

_KINDS = ("graph", "check", "diff")


@click.command("schema")
@click.argument("kind", type=click.Choice(_KINDS), default=_KINDS[0], metavar="[graph|check|diff]")
def schema(*, kind: str) -> ExitCode:
    """Print a JSON Schema.

    That of the version graph that `stepgraph graph -f json` prints for one workflow or, with `check` or `diff`, that of
    the report of `stepgraph check -f json` or `stepgraph diff -f json`.
    """
    from stepgraph.model import json_schema

    schemas = {
        "graph": json_schema.version_graph_schema,
        "check": json_schema.check_report_schema,
        "diff": json_schema.diff_report_schema,
    }
    write_result(schemas[kind]())
    return ExitCode.CLEAN
