"""`stepgraph lsp`: the language server for editors."""

from __future__ import annotations

import sys

import click

from stepgraph.cli.console import CommandError, ExitCode, is_terminal, write_message
from stepgraph.phrases import missing_extra

_STDIO_HELP = "Use standard input and output, which is the default. Many editors add it."


@click.command("lsp")
@click.option("--stdio", is_flag=True, help=_STDIO_HELP)
def lsp(*, stdio: bool) -> ExitCode:
    """Start the language server for an editor.

    The editor starts this command, and speaks the Language Server Protocol on its standard input and output. Setups for
    many editors are in the documentation. Requires stepgraph[lsp].
    """
    del stdio
    from importlib.util import find_spec

    if find_spec("pygls") is None:
        raise CommandError(ExitCode.ERROR, f"{missing_extra('`stepgraph lsp`', 'lsp')}.")
    from stepgraph.cli.live_projects import open_live_project
    from stepgraph.lsp.features import serve_editor

    if sys.stdin is None or sys.stdout is None:
        raise CommandError(ExitCode.ERROR, "lsp requires standard input and output: an editor starts this command.")
    if is_terminal(sys.stdin):
        write_message("This command waits for an editor, which starts it. Press Ctrl-C to stop.")
    return ExitCode.CLEAN if serve_editor(open_live_project) else ExitCode.FINDINGS
