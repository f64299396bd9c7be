"""`stepgraph schema`: the JSON Schema of a version graph."""

from __future__ import annotations

import click

from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.streams import write_result


@click.command("schema")
def schema() -> ExitCode:
    """Print the JSON Schema of the version graph that `stepgraph graph -f json` prints for one workflow."""
    from stepgraph.model.json_schema import version_graph_schema

    write_result(version_graph_schema())
    return ExitCode.CLEAN
