"""`--watch` runs a command again after each change."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from stepgraph.cli.analysis import Cache
from stepgraph.cli.console import ExitCode
from stepgraph.cli.watching import WatchedCommand
from stepgraph.cli.watching import watch as run_repeatedly
from tests.cli.conftest import Command, needs_unix_files
from tests.cli.sources import IMPORT, module, workflow, write, write_orders

SECONDS = 60
"""The deadline for a line of output."""

HELPER = "async def work(step):\n    await step.sleep('wait', '5 min')\n"


class Watcher:
    """A running command with --watch."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stepgraph", *arguments, "--watch"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.rstrip("\n"))

    def run(self) -> list[str]:
        """Return the lines of the next run. The status line comes last, without its time and duration."""
        lines: list[str] = []
        while not (lines and "Ctrl-C" in lines[-1]):
            try:
                lines.append(self._lines.get(timeout=SECONDS))
            except Empty:
                pytest.fail(f"no further run after: {lines}")
        before, _, after = lines.pop().partition("] ")[2].partition("done in ")
        return [*lines, before + after.partition(". ")[2]]

    def close(self) -> None:
        """End the process, and close its output."""
        self.process.kill()
        self._reader.join(SECONDS)
        with self.process:
            pass

    def interrupt(self) -> int:
        """Interrupt the command like Ctrl-C, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS)


Watch = Callable[..., Watcher]


@pytest.fixture
def watch(folder: Path) -> Iterator[Watch]:  # noqa: ARG001 - the command runs there
    """Start `stepgraph` with --watch. The process ends after the test."""
    watchers: list[Watcher] = []

    def start(*arguments: str) -> Watcher:
        watchers.append(Watcher(*arguments))
        return watchers[-1]

    yield start
    for watcher in watchers:
        watcher.close()


def write_helper_project() -> None:
    """Write `orders.py`, whose workflow calls a function of `lib/helper.py`."""
    write("lib/helper.py", HELPER)
    write("orders.py", f"from lib.helper import work\n{module(workflow('Orders', 'rest'))}        await work(step)\n")


@pytest.mark.slow
def test_a_check_runs_again_after_a_change(watch: Watch) -> None:
    write("orders.py", IMPORT + workflow("Orders", "rest").replace("1 hour", "5 min"))
    watcher = watch("check", "-f", "concise")
    assert watcher.run() == [
        "orders.py:6:34: SG205 unknown unit `min`: the engine reads '5 min' as 5 milliseconds.",
        "1 warning in 1 workflow, 1 fixable with --fix",
        "Watching 1 file, press Ctrl-C to stop.",
    ]
    write_orders()
    assert watcher.run() == [
        "",
        "-" * 72,
        "",
        "no findings in 1 workflow",
        "orders.py changed: Watching 1 file, press Ctrl-C to stop.",
    ]


@pytest.mark.slow
def test_a_picture_is_written_again(watch: Watch) -> None:
    write_orders()
    watcher = watch("graph", "-o", "orders.svg")
    assert watcher.run()[0] == "wrote orders.svg (1 step)"
    write("orders.py", module(workflow("Orders", "rest", "again")))
    assert watcher.run() == ["wrote orders.svg (2 steps)", "orders.py changed: Watching 1 file, press Ctrl-C to stop."]


@pytest.mark.slow
def test_locations_are_shown_again(watch: Watch) -> None:
    write_orders()
    watcher = watch("graph", "-o", "orders.html")
    watcher.run()
    write("orders.py", "\n\n" + module(workflow("Orders", "rest")))
    assert watcher.run()[0] == "wrote orders.html (1 step)"
    assert "orders.py:8" in Path("orders.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_imported_module_is_watched(watch: Watch) -> None:
    write_helper_project()
    watcher = watch("check", "orders.py", "-f", "concise")
    assert "SG205" in watcher.run()[0]
    write("lib/helper.py", HELPER.replace("min", "minutes"))
    assert watcher.run()[3:] == [
        "no findings in 1 workflow",
        "lib/helper.py changed: Watching 2 files, press Ctrl-C to stop.",
    ]


@pytest.mark.slow
def test_watching_continues_after_a_syntax_error(watch: Watch) -> None:
    write_orders()
    watcher = watch("graph")
    watcher.run()
    write("orders.py", f"{IMPORT}class Orders(WorkflowEntrypoint:\n")
    assert "orders.py:2:32: syntax error: invalid syntax." in watcher.run()
    write_orders()
    assert watcher.run()[3].startswith("Orders")


@needs_unix_files
@pytest.mark.slow
def test_watching_continues_after_an_unreadable_file(watch: Watch) -> None:
    write_orders()
    watcher = watch("check", "-f", "concise")
    watcher.run()
    Path("orders.py").unlink()
    os.mkfifo("orders.py")
    watcher.run()
    Path("orders.py").unlink()
    write_orders()
    lines = watcher.run()
    assert "no findings in 1 workflow" in lines


@pytest.mark.slow
def test_watching_waits_for_the_first_workflow(watch: Watch) -> None:
    watcher = watch("check", "-f", "concise")
    assert watcher.run()[1].startswith("stepgraph: no workflow found in the current directory")
    write_orders()
    assert watcher.run()[3] == "no findings in 1 workflow"


@pytest.mark.slow
def test_a_new_directory_is_watched(watch: Watch) -> None:
    write_orders()
    watcher = watch("check", "-f", "concise")
    watcher.run()
    write("services/returns/returns.py", module(workflow("Returns", "rest")))
    assert watcher.run()[3] == "no findings in 2 workflows"
    write("services/returns/returns.py", module(workflow("Returns", "rest"), workflow("Refunds", "rest")))
    assert watcher.run()[3] == "no findings in 3 workflows"


@pytest.mark.slow
def test_a_removed_directory_is_noticed(watch: Watch) -> None:
    write_orders()
    write("services/returns.py", module(workflow("Returns", "rest")))
    watcher = watch("check", "-f", "concise")
    assert watcher.run()[0] == "no findings in 2 workflows"
    shutil.rmtree("services")
    assert watcher.run()[3] == "no findings in 1 workflow"
    write("services/returns.py", module(workflow("Returns", "rest")))
    assert watcher.run()[3] == "no findings in 2 workflows"


@pytest.mark.slow
def test_an_atomic_save_is_one_change(watch: Watch) -> None:
    write_orders()
    watcher = watch("check", "-f", "concise")
    watcher.run()
    write("orders.py.tmp", module(workflow("Orders", "rest", "again")))
    Path("orders.py.tmp").replace("orders.py")
    assert watcher.run()[-1] == "orders.py changed: Watching 1 file, press Ctrl-C to stop."


@pytest.mark.slow
def test_many_changes_are_few_runs(watch: Watch) -> None:
    write_orders()
    watcher = watch("check", "-f", "concise")
    watcher.run()
    Path("new").mkdir()
    for number in range(20):
        write(f"new/workflow_{number}.py", module(workflow(f"Workflow{number}", "rest")))
    Path("new").rename("renamed")
    runs = [watcher.run()]
    while "no findings in 21 workflows" not in runs[-1]:
        runs.append(watcher.run())
    assert len(runs) <= 10


@pytest.mark.slow
def test_settings_are_watched(watch: Watch) -> None:
    write("orders.py", IMPORT + workflow("Orders", "rest").replace("1 hour", "5 min"))
    watcher = watch("check", "-f", "concise", "orders.py")
    assert watcher.run()[1] == "1 warning in 1 workflow, 1 fixable with --fix"
    write("pyproject.toml", '[tool.stepgraph]\nignore = ["SG205"]\n')
    assert watcher.run()[3:] == [
        "no findings in 1 workflow",
        "pyproject.toml added: Watching 2 files, press Ctrl-C to stop.",
    ]


@pytest.mark.slow
def test_a_wrangler_configuration_is_watched(watch: Watch) -> None:
    write_orders()
    watcher = watch("graph", "orders.py")
    watcher.run()
    write("wrangler.toml", "name = 1\n")
    assert watcher.run()[3].startswith("wrangler.toml:1:8: ")


@pytest.mark.slow
def test_irrelevant_files_cause_no_run(watch: Watch) -> None:
    write_orders()
    watcher = watch("check", "-f", "concise")
    watcher.run()
    for path in ("notes.md", ".git/a.py", ".venv/b.py", "node_modules/c.py", "__pycache__/d.py"):
        write(path, "x = 1\n")
    write("orders.py", module(workflow("Orders", "again")))
    assert watcher.run()[-1] == "orders.py changed: Watching 1 file, press Ctrl-C to stop."


@needs_unix_files
@pytest.mark.slow
def test_links_out_of_the_repository_are_not_followed(watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "outside.py").write_text("x = 1\n", encoding="utf-8")
    write_orders()
    Path(".git").mkdir()
    Path("folder").symlink_to(outside)
    Path("file.py").symlink_to(outside / "outside.py")
    watcher = watch("check", "-f", "concise")
    watcher.run()
    (outside / "outside.py").write_text("x = 2\n", encoding="utf-8")
    write("orders.py", module(workflow("Orders", "again")))
    assert watcher.run()[-1] == "orders.py changed: Watching 2 files, press Ctrl-C to stop."


@needs_unix_files
@pytest.mark.slow
def test_file_names_need_not_be_valid_unicode(watch: Watch) -> None:
    write_orders()
    watcher = watch("check", "-f", "concise")
    watcher.run()
    Path(os.fsdecode(b"\xff.py")).write_text("x = 1\n", encoding="utf-8")
    watcher.run()
    write("orders.py", module(workflow("Orders", "again")))
    assert watcher.run()[3] == "no findings in 1 workflow"


@pytest.mark.slow
@needs_unix_files
def test_ctrl_c_ends_the_command(watch: Watch) -> None:
    write_orders()
    watcher = watch("check")
    watcher.run()
    assert watcher.interrupt() == 130


@pytest.mark.slow
@needs_unix_files
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_of_a_finalizer_ends_the_command(folder: Path) -> None:  # noqa: ARG001 - the command runs there
    class Interrupted:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    def run(_: Cache) -> ExitCode:
        Interrupted()
        return ExitCode.CLEAN

    # Shells start commands in the background with this signal ignored.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_repeatedly(WatchedCommand(run, ["."], output=None, is_text=True, quiet=True))
    finally:
        signal.signal(signal.SIGINT, handler)


@pytest.mark.slow
@needs_unix_files
def test_a_closed_pipe_ends_the_command(folder: Path) -> None:
    write_orders()
    command = [sys.executable, "-m", "stepgraph", "check", "--watch", "-q"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(SECONDS) == 0


@pytest.mark.slow
def test_json_is_not_separated(watch: Watch) -> None:
    write_orders()
    watcher = watch("check", "-f", "jsonl")
    watcher.run()
    write("orders.py", module(workflow("Orders", "again")))
    assert "-" * 72 not in watcher.run()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--fix"], "--watch cannot be combined with --fix, which would change files while you edit them."),
        (["check", "--diff"], "--watch cannot be combined with --diff, which prints a single patch."),
        (
            ["check", "--baseline", "b.json", "--update-baseline"],
            "--watch cannot be combined with --update-baseline, which would record each new finding.",
        ),
        (["graph", "-o", "a.svg", "--check"], "--watch cannot be combined with --check, which compares files once."),
        (["graph", "-"], "--watch cannot read standard input again. Name files or directories."),
    ],
)
def test_contradicting_options_are_usage_errors(stepgraph: Command, arguments: list[str], message: str) -> None:
    run = stepgraph(*arguments, "--watch")
    assert (run.code, run.messages) == (2, [f"stepgraph: {message} Try `stepgraph {arguments[0]} --help`."])


def test_a_missing_path_is_an_error(stepgraph: Command) -> None:
    run = stepgraph("check", "missing.py", "--watch")
    assert (run.code, run.messages) == (2, ["stepgraph: cannot watch missing.py: file not found."])


def test_a_name_after_w_suggests_the_option_for_workflows(stepgraph: Command) -> None:
    (message,) = stepgraph("graph", "-w", "orders").messages
    assert message == ("stepgraph: cannot watch orders: file not found. To select a workflow, use `--workflow orders`.")


def test_a_missing_watchfiles_is_an_error(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.project.change_watch.find_spec", lambda _: None)
    run = stepgraph("check", "--watch")
    message = (
        "stepgraph: --watch requires the extra `watch`, which is not installed. Run `pip install 'stepgraph[watch]'`."
    )
    assert (run.code, run.messages) == (2, [message])


@pytest.mark.slow
@needs_unix_files
def test_a_terminal_is_cleared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    write_orders()
    reader, terminal = os.openpty()
    command = [sys.executable, "-m", "stepgraph", "check", "--watch"]
    with subprocess.Popen(command, cwd=folder, stdout=terminal, stderr=subprocess.DEVNULL) as process:
        os.close(terminal)
        assert os.read(reader, 100).startswith(b"\x1b[2J\x1b[3J\x1b[H")
        process.kill()
    os.close(reader)
