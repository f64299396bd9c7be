"""`stepgraph serve`: a live page of the workflows, and the Workflows API over the working tree."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Final, TypeVar

import click
from msgspec import Struct

from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import CommandError, ExitCode, write_message, write_result
from stepgraph.cli.input_options import Environment, configuration_option, configuration_path, environment_option
from stepgraph.phrases import missing_extra

R = TypeVar("R")

EDITORS: Final = {
    "vscode": "vscode://file{file}:{line}",
    "cursor": "cursor://file{file}:{line}",
    "idea": "idea://open?file={file}&line={line}",
    "pycharm": "pycharm://open?file={file}&line={line}",
    "subl": "subl://open?url=file://{file}&line={line}",
    "vscodium": "vscodium://file{file}:{line}",
    "windsurf": "windsurf://file{file}:{line}",
    "zed": "zed://file{file}:{line}",
}
"""The URL that opens a file in each editor."""

_NO_EDITOR: Final = "none"
_PORT_HELP = "Port on this machine. By default, the first free port from 8788."
_DEV_SERVER_HELP = (
    "Address of `wrangler dev` or `pywrangler dev`. By default, port 8787 of this machine if one runs there."
)
_OPEN_HELP = "Open the page in the browser."
_EDITOR_HELP = "Editor for links to source code: `zed`, `idea`, `none`, or a URL.  [default: vscode]"
_QUIET_HELP = "Print only the URL."


def _complete_editors(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in (*EDITORS, _NO_EDITOR) if name.startswith(incomplete)]


def _editor_template(_context: click.Context, _parameter: click.Parameter, value: str) -> str | None:
    """Return the template of links for the value of --editor, or None for `none`. Raises BadParameter."""
    if value == _NO_EDITOR:
        return None
    if value in EDITORS:
        return EDITORS[value]
    # Imported here because most values are names, and start-up time counts.
    from stepgraph.project.source_links import SCHEMES, is_template

    if not is_template(value):
        message = (
            f"`{value}` is neither a known editor nor a URL with {{file}} or {{path}}. Available: "
            f"{', '.join((*EDITORS, _NO_EDITOR))}. Schemes of URLs: {', '.join(SCHEMES)}."
        )
        raise click.BadParameter(message)
    return value


def _stop_with_input(_context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click
    """Stop the server when the program that has started it ends, and with it standard input."""
    if value:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()


def _stop_at_end_of_input() -> None:
    """Interrupt the server at the end of standard input, as Ctrl-C does."""
    with suppress(OSError):
        while os.read(0, 1_024):
            pass
    signal.raise_signal(signal.SIGINT)


class _PageOptions(Struct, frozen=True):
    """The options of the page and of its URL."""

    opens_browser: bool
    source_url: str | None
    """The template of links to source code, or None for no links."""
    quiet: bool


def _page_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options --open, --editor and -q to a command, as one argument `page`."""

    @click.option("--open", "opens_browser", is_flag=True, help=_OPEN_HELP)
    @click.option(
        "--editor",
        "source_url",
        default="vscode",
        metavar="NAME|URL",
        callback=_editor_template,
        help=_EDITOR_HELP,
        shell_complete=_complete_editors,
    )
    @click.option("-q", "--quiet", is_flag=True, help=_QUIET_HELP)
    @wraps(command)
    def with_page(*, opens_browser: bool, source_url: str | None, quiet: bool, **options: object) -> R:
        return command(page=_PageOptions(opens_browser, source_url, quiet), **options)

    return with_page


@click.command("serve")
@click.argument("paths", nargs=-1, metavar="[PATHS]...", shell_complete=complete_files)
@environment_option()
@configuration_option
@click.option("--port", type=click.IntRange(0, 65_535), metavar="PORT", help=_PORT_HELP)
@click.option("--dev-server", metavar="URL", help=_DEV_SERVER_HELP)
@click.option("--stop-with-input", is_flag=True, hidden=True, expose_value=False, callback=_stop_with_input)
@_page_options
def serve(
    *,
    paths: tuple[str, ...],
    environment: Environment,
    configuration: str | None,
    port: int | None,
    dev_server: str | None,
    page: _PageOptions,
) -> ExitCode:
    """Serve live pages and the Workflows API of your project.

    The pages show the picture, the findings and the changes of each workflow, and follow each save. Instances on
    `wrangler dev` are followed, too. No file is written, and only programs on this machine get an answer. Press
    Ctrl-C to stop. Requires stepgraph[serve].
    """
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("starlette", "uvicorn", "watchfiles")):
        raise CommandError(ExitCode.ERROR, f"{missing_extra('`stepgraph serve`', 'serve')}.")
    selected = (paths or (".",)) if configuration is None else (configuration_path(configuration, paths),)
    for path in selected:
        if not os.path.exists(path):
            raise CommandError(ExitCode.ERROR, f"cannot serve {path}: file not found.")
    from stepgraph.cli.live_projects import open_live_project
    from stepgraph.remote.local_api import DevServers
    from stepgraph.serve.server import Output, ServerOptions
    from stepgraph.serve.server import serve as run_server

    project = open_live_project(lambda: selected, environment.name, needs_configuration=environment.is_option)
    options = ServerOptions(selected, environment.name, port, page.opens_browser, page.source_url)
    output = Output(_url_writer(quiet=page.quiet), (lambda _: None) if page.quiet else write_message)
    dev_servers = DevServers(dev_server)
    failure = None if page.quiet else dev_servers.failure()
    if failure is not None:
        write_message(f"{failure.problem} Its instances appear on the pages once it answers.")
    run_server(project, options, dev_servers, output)
    return ExitCode.CLEAN


def _url_writer(*, quiet: bool) -> Callable[[str], object]:
    def write(url: str) -> None:
        write_result(f"{url}\n")
        if not quiet:
            write_message("Press Ctrl-C to stop.")

    return write
