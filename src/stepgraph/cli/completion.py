"""`stepgraph completion`: print the completion script of a shell, and answer its requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from stepgraph.cli.console import ExitCode, write_result

_SHELLS: Final = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", required=False, type=click.Choice(_SHELLS), metavar="bash|zsh|fish")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.pass_context
def completion(context: click.Context, *, shell: str | None, words: tuple[str, ...]) -> ExitCode:
    """Print the completion script of a shell.

    Load it when the shell starts:

    \b
    bash  eval "$(stepgraph completion bash)"      in ~/.bashrc
    zsh   eval "$(stepgraph completion zsh)"       in ~/.zshrc
    fish  stepgraph completion fish | source       in ~/.config/fish/config.fish
    """  # noqa: D301 - click reads the control character
    if shell is None:
        raise click.UsageError(f"missing shell. Available: {', '.join(_SHELLS)}.")
    # The script itself passes the words of the command line, up to the cursor.
    if words:
        write_result("".join(_completion_lines(context.find_root().command, words)))
        return ExitCode.CLEAN
    from stepgraph.cli.completion_scripts import SCRIPTS

    write_result(SCRIPTS[shell])
    return ExitCode.CLEAN


def _completion_lines(group: click.Command, words: Sequence[str]) -> list[str]:
    """Return a line with kind, value and description for each completion of the last word."""
    from click.shell_completion import ShellComplete

    from stepgraph.escaping.plain_text import log_line

    *arguments, incomplete = words
    items = ShellComplete(group, {}, "stepgraph", "").get_completions(arguments, incomplete)
    return [f"{item.type}\t{item.value}\t{' '.join(log_line(item.help or '').split())}\n" for item in items]
