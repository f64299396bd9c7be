"""`stepgraph check --fix`, which changes files, and `--diff`, which shows the changes."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import libcst as cst
import pytest
from msgspec.structs import replace

from stepgraph.checks.diagnostic import safe_fix
from stepgraph.cli.check import write_fixed_files
from stepgraph.cli.console import CommandError
from stepgraph.cli.formats import REPORT_FORMATS
from stepgraph.fixing import FixedFile, compute_fixes
from stepgraph.project.root import root_of
from stepgraph.syntax.edits.source_edits import Replacement
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.walk import all_nodes
from tests.cli.conftest import Command
from tests.report.reports import finding

SOURCE = """\
from workers import WorkflowEntrypoint, NonRetryableError


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")   # as written
        async def charge():
            raise NonRetryableError("declined")

        await charge()
        step.sleep( "pause", '5 min' )
"""

FIXED = """\
from workers import WorkflowEntrypoint
from workers.workflows import NonRetryableError


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")   # as written
        async def charge():
            raise NonRetryableError("declined")

        await charge()
        await step.sleep( "pause", '5 minutes' )
"""

DIFFERENCE = """\
--- a/entry.py
+++ b/entry.py
@@ -1,4 +1,5 @@
-from workers import WorkflowEntrypoint, NonRetryableError
+from workers import WorkflowEntrypoint
+from workers.workflows import NonRetryableError
 
 
 class Orders(WorkflowEntrypoint):
@@ -8,4 +9,4 @@
             raise NonRetryableError("declined")
 
         await charge()
-        step.sleep( "pause", '5 min' )
+        await step.sleep( "pause", '5 minutes' )
"""


@pytest.fixture
def entry(folder: Path) -> Path:
    path = folder / "entry.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_a_diff_changes_nothing(stepgraph: Command, entry: Path) -> None:
    run = stepgraph("check", "--diff", "entry.py")

    assert run.out == DIFFERENCE
    assert run.messages == ["would fix 3 findings in 1 file"]
    assert run.code == 1
    assert entry.read_text(encoding="utf-8") == SOURCE


@pytest.mark.parametrize("form", sorted(REPORT_FORMATS.keys() - {"text"}))
@pytest.mark.usefixtures("entry")
def test_a_diff_has_no_other_format(stepgraph: Command, form: str) -> None:
    run = stepgraph("check", "--diff", "-f", form, "entry.py")

    assert (run.out, run.code) == ("", 2)
    assert run.messages == [
        "stepgraph: --diff prints a patch, so it cannot be combined with a format. Try `stepgraph check --help`."
    ]


@pytest.mark.usefixtures("entry")
def test_exit_zero_applies_to_a_diff(stepgraph: Command) -> None:
    run = stepgraph("check", "--diff", "--exit-zero", "entry.py")

    assert (run.out, run.code) == (DIFFERENCE, 0)


def test_a_report_of_remaining_findings_has_any_format(stepgraph: Command, entry: Path) -> None:
    run = stepgraph("check", "--fix", "-q", "-o", "report.json", "entry.py")

    assert (run.out, run.messages, run.code) == ("", ["fixed 3 findings in 1 file"], 0)
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["findings"] == []
    assert entry.read_text(encoding="utf-8") == FIXED


@pytest.mark.usefixtures("entry")
def test_an_updated_baseline_succeeds_with_a_diff(stepgraph: Command, folder: Path) -> None:
    run = stepgraph("check", "--diff", "--baseline", "known.json", "--update-baseline")
    assert (run.code, run.out.startswith("--- a/")) == (0, True)
    assert (folder / "known.json").exists()


@pytest.mark.usefixtures("entry")
def test_a_diff_can_be_written_to_a_file(stepgraph: Command) -> None:
    run = stepgraph("check", "--diff", "-o", "fixes.patch", "entry.py")

    assert (run.out, run.code) == ("", 1)
    assert Path("fixes.patch").read_text(encoding="utf-8") == DIFFERENCE


@pytest.mark.slow
def test_fix_changes_files_and_reports_the_rest(stepgraph: Command, entry: Path) -> None:
    entry.chmod(0o640)

    run = stepgraph("check", "--fix", "entry.py")

    assert entry.read_text(encoding="utf-8") == FIXED
    assert entry.stat().st_mode & 0o777 == 0o640
    assert run.out.endswith("no findings in 1 workflow\n")
    assert run.messages == ["fixed 3 findings in 1 file"]
    assert run.code == 0


def test_fixed_files_need_no_second_fix(stepgraph: Command, entry: Path) -> None:
    stepgraph("check", "--fix", "entry.py")

    run = stepgraph("check", "--diff", "entry.py")

    assert (run.out, run.code) == ("", 0)
    assert run.messages == ["nothing to fix"]
    assert entry.read_text(encoding="utf-8") == FIXED


def test_files_without_fixes_are_not_written(stepgraph: Command, entry: Path) -> None:
    entry.write_text(FIXED, encoding="utf-8")
    written = entry.stat().st_mtime_ns

    run = stepgraph("check", "--fix", "entry.py")

    assert (run.messages, run.code) == (["nothing to fix"], 0)
    assert run.out.endswith("no findings in 1 workflow\n")
    assert entry.stat().st_mtime_ns == written


@pytest.mark.usefixtures("entry")
def test_a_file_without_permission_has_its_relative_path(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)

    run = stepgraph("check", "--fix", "entry.py")

    assert (run.messages, run.code) == (["stepgraph: entry.py cannot be written: permission denied."], 2)


def test_an_unfaithful_rewrite_is_not_written(stepgraph: Command, entry: Path) -> None:
    entry.write_text("\x0c" + SOURCE, encoding="utf-8")

    run = stepgraph("check", "--fix", "entry.py")

    assert (run.messages, run.code) == (["nothing to fix"], 1)
    assert entry.read_text(encoding="utf-8") == "\x0c" + SOURCE


def test_a_concurrently_changed_file_is_not_written(entry: Path) -> None:
    fixed = FixedFile("entry.py", "utf-8", b"as it was read", FIXED.encode(), ())

    with pytest.raises(CommandError, match=r"entry\.py has changed since it was read\. Run the command again\."):
        write_fixed_files([fixed], [root_of("entry.py")])

    assert entry.read_text(encoding="utf-8") == SOURCE


def test_git_applies_the_diff(stepgraph: Command, folder: Path, entry: Path) -> None:
    entry.write_bytes(SOURCE.rstrip("\n").replace("\n", "\r\n").encode())
    run = stepgraph("check", "--diff", "entry.py")

    subprocess.run(["git", "apply", "-"], input=run.out.encode(), cwd=folder, check=True)  # noqa: S607 - git is git

    assert entry.read_bytes() == FIXED.rstrip("\n").replace("\n", "\r\n").encode()


def test_ignored_findings_are_not_fixed(stepgraph: Command, entry: Path) -> None:
    text = SOURCE.replace("'5 min' )", "'5 min' )  # stepgraph: ignore[SG203] on purpose")
    entry.write_text(text, encoding="utf-8")

    stepgraph("check", "--fix", "--ignore", "SG125", "entry.py")

    changed = text.replace("'5 min'", "'5 minutes'")
    assert entry.read_text(encoding="utf-8") == changed


def test_standard_input_gets_a_diff(stepgraph: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SOURCE.encode())))

    run = stepgraph("check", "--diff", "-")

    assert run.out == DIFFERENCE.replace("entry.py", "<stdin>")


def test_standard_input_cannot_be_changed(stepgraph: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SOURCE.encode())))

    run = stepgraph("check", "--fix", "-")

    assert run.messages[-1].startswith("stepgraph: --fix cannot change standard input. Use --diff to see the fixes.")
    assert run.code == 2


def test_unsafe_fixes_without_fix_are_a_usage_error(stepgraph: Command) -> None:
    run = stepgraph("check", "--unsafe-fixes")

    assert run.messages == ["stepgraph: --unsafe-fixes requires --fix or --diff. Try `stepgraph check --help`."]
    assert run.code == 2


UNSAFE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        step.sleep("pause", event["delay"])
"""


def test_unsafe_fixes_need_an_option(stepgraph: Command, entry: Path) -> None:
    entry.write_text(UNSAFE, encoding="utf-8")

    run = stepgraph("check", "--fix", "entry.py")

    assert run.messages == ["fixed 1 finding in 1 file; 1 finding can be fixed with --unsafe-fixes"]
    assert run.out.endswith(
        "1 warning in 1 workflow, 1 fixable with --fix --unsafe-fixes\n`stepgraph rules SG212` explains SG212.\n"
    )
    assert entry.read_text(encoding="utf-8") == UNSAFE.replace("step.sleep", "await step.sleep")


def test_unsafe_fixes_are_applied(stepgraph: Command, entry: Path) -> None:
    entry.write_text(UNSAFE, encoding="utf-8")

    run = stepgraph("check", "--fix", "--unsafe-fixes", "entry.py")

    assert run.messages == ["fixed 2 findings in 1 file"]
    expected = UNSAFE.replace("step.sleep", "await step.sleep").replace('["delay"]', '["payload"]["delay"]')
    assert entry.read_text(encoding="utf-8") == expected


def test_two_wrong_names_of_an_import_are_fixed_at_once(stepgraph: Command, entry: Path) -> None:
    text = SOURCE.replace("from workers import", "from js import")
    entry.write_text(text, encoding="utf-8")

    run = stepgraph("check", "--fix", "entry.py")

    assert run.messages[0] == "fixed 4 findings in 1 file"
    assert entry.read_text(encoding="utf-8") == FIXED


_UNAWAITED = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        total = 10

        @step.do("charge")
        async def charge(total=total):
            return total

        charge()
"""


def test_fixes_are_repeated_until_nothing_changes(stepgraph: Command, entry: Path) -> None:
    """SG101 reports only steps that run, so the first fix uncovers it."""
    entry.write_text(_UNAWAITED, encoding="utf-8")
    diff = stepgraph("check", "--diff", "--unsafe-fixes", "entry.py")

    run = stepgraph("check", "--fix", "--unsafe-fixes", "entry.py")

    assert run.messages[0] == "fixed 2 findings in 1 file"
    assert run.out.endswith("no findings in 1 workflow\n")
    fixed = _UNAWAITED.replace("(total=total)", "()").replace("charge()\n", "await charge()\n")
    assert entry.read_text(encoding="utf-8") == fixed
    assert "-        async def charge(total=total):\n+        async def charge():\n" in diff.out
    assert "-        charge()\n+        await charge()\n" in diff.out


def test_a_diff_does_not_remove_findings_from_the_baseline(stepgraph: Command, entry: Path) -> None:
    run = stepgraph("check", "--diff", "--baseline", "known.json", "--update-baseline", "entry.py")

    assert run.messages == ["wrote known.json: 3 findings", "would fix 3 findings in 1 file"]
    assert stepgraph("check", "--baseline", "known.json", "entry.py").messages == []
    assert entry.read_text(encoding="utf-8") == SOURCE


def test_remaining_findings_are_written_to_the_baseline_once(stepgraph: Command, entry: Path) -> None:
    entry.write_text(_UNAWAITED, encoding="utf-8")
    run = stepgraph("check", "--fix", "--baseline", "known.json", "--update-baseline", "entry.py")

    assert run.messages == [
        "fixed 1 finding in 1 file; 1 finding can be fixed with --unsafe-fixes",
        "wrote known.json: 1 finding",
    ]
    assert stepgraph("check", "--baseline", "known.json", "entry.py").messages == []


def test_contradictory_fixes_are_not_combined() -> None:
    module = parse_module(b"nap = 5\n", "entry.py")
    place = SourcePlace(module, next(node for node in all_nodes(module.tree) if isinstance(node, cst.Integer)))
    fixes = [safe_fix(Replacement(place, "6")), safe_fix(Replacement(place, "7"))]

    (file,) = compute_fixes([replace(finding("odd."), fix=fix) for fix in fixes], unsafe=False)

    assert (file.after, len(file.findings)) == (b"nap = 6\n", 1)


def test_a_symbolic_link_is_written_through(stepgraph: Command, entry: Path) -> None:
    directory = entry.with_name("other.py")
    directory.mkdir()
    entry.rename(directory / "entry.py")
    (directory / "link.py").symlink_to("entry.py")

    run = stepgraph("check", "--fix", "other.py/link.py")

    assert run.code == 0
    assert (directory / "link.py").is_symlink()
    assert (directory / "entry.py").read_text(encoding="utf-8") == FIXED


def test_findings_in_the_baseline_are_fixed(
    stepgraph: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("entry.py").write_text(SOURCE, encoding="utf-8")
    baseline = ("--baseline", "known.json")
    assert stepgraph("check", *baseline, "--update-baseline").code == 0
    assert stepgraph("check", *baseline).code == 0
    stepgraph("check", *baseline, "--fix")
    assert Path("entry.py").read_text(encoding="utf-8") == FIXED
