"""`stepgraph schema`: the JSON Schemas of what is written in JSON."""

from __future__ import annotations

import click

from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.streams import write_result

_KINDS = ("graph", "check")


@click.command("schema")
@click.argument("kind", type=click.Choice(_KINDS), default=_KINDS[0], metavar="[graph|check]")
def schema(*, kind: str) -> ExitCode:
    """Print a JSON Schema.

    That of the version graph that `stepgraph graph -f json` prints for one workflow or, with `check`, that of the
    report of `stepgraph check -f json`.
    """
    from stepgraph.model.json_schema import check_report_schema, version_graph_schema

    write_result(check_report_schema() if kind == "check" else version_graph_schema())
    return ExitCode.CLEAN
