"""`-o FILE` is written atomically, and never overwrites a source."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stepgraph.cli.formats import DIFF_FORMATS, FORMATS, REPORT_FORMATS, SUFFIXES
from tests.cli.conftest import Command, Run, needs_unix_files
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write, write_orders, write_unresolved

GRAPH = ["graph", "orders.py", "-f", "json", "-o"]


@pytest.fixture(autouse=True)
def orders(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    write_orders()


def permissions(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_the_file_has_the_printed_text(stepgraph: Command) -> None:
    printed = stepgraph("graph", "orders.py", "-f", "json").out
    assert stepgraph(*GRAPH, "graph.json") == Run(0, "", ["wrote graph.json (1 step)"])
    assert Path("graph.json").read_bytes() == printed.encode()
    assert names() == ["graph.json", "orders.py"]


@pytest.mark.parametrize(("name", "form"), [("a.json", "json"), ("a.svg", "svg"), ("a.dot", "dot"), ("a", "text")])
def test_the_suffix_selects_the_format(stepgraph: Command, name: str, form: str) -> None:
    printed = stepgraph("graph", "orders.py", "-f", form).out
    assert stepgraph("graph", "orders.py", "-o", name) == Run(0, "", [f"wrote {name} (1 step)"])
    assert Path(name).read_bytes() == printed.encode()


def test_markdown_has_the_diagram_in_a_block(stepgraph: Command) -> None:
    chart = stepgraph("graph", "orders.py", "-f", "mermaid").out
    assert stepgraph("graph", "orders.py", "-o", "a.md") == Run(0, "", ["wrote a.md (1 step)"])
    assert Path("a.md").read_text(encoding="utf-8") == f"## Orders\n\n```mermaid\n{chart}```\n"


GRAPH_SUFFIXES = [*(form.suffix for form in FORMATS.values()), ".md"]
CHECK_SUFFIXES = [form.suffix for form in REPORT_FORMATS.values()]
DIFF_SUFFIXES = [form.suffix for form in DIFF_FORMATS.values()]


@pytest.mark.parametrize(
    ("command", "name", "suffixes"),
    [
        ("graph", "flow.gif", GRAPH_SUFFIXES),
        ("graph", "flow.bmp", GRAPH_SUFFIXES),
        ("graph", "flow.jsonl", GRAPH_SUFFIXES),
        ("check", "report.html", CHECK_SUFFIXES),
        ("diff", "changes.htm", DIFF_SUFFIXES),
        ("check", "report.markdown", CHECK_SUFFIXES),
        ("diff", "changes.SVG", DIFF_SUFFIXES),
    ],
)
def test_an_unsupported_suffix_is_refused(stepgraph: Command, command: str, name: str, suffixes: list[str]) -> None:
    sides = ["orders.py", "orders.py"] if command == "diff" else ["orders.py"]
    run = stepgraph(command, *sides, "-o", name)
    assert (run.code, run.out) == (2, "")
    *others, last = (suffix for suffix in suffixes if suffix.rfind(".") == 0)
    format_advice = "" if name.endswith((".gif", ".bmp")) else ", or set the format with -f"
    advice = f"Use {', '.join(others)} or {last}{format_advice}. Try `stepgraph {command} --help`."
    assert run.messages == [f"stepgraph: unsupported file extension `{Path(name).suffix}`. {advice}"]
    assert not Path(name).exists()


@pytest.mark.parametrize(
    ("command", "suffix"),
    [
        (command, suffix)
        for command, suffixes in (("graph", GRAPH_SUFFIXES), ("check", CHECK_SUFFIXES), ("diff", DIFF_SUFFIXES))
        for suffix in sorted(SUFFIXES)
        if not suffix.endswith(tuple(suffixes))
    ],
)
def test_suffixes_of_other_commands_are_refused(stepgraph: Command, command: str, suffix: str) -> None:
    sides = ["orders.py", "orders.py"] if command == "diff" else ["orders.py"]
    assert stepgraph(command, *sides, "-o", f"output{suffix}").code == 2
    assert not Path(f"output{suffix}").exists()


@pytest.mark.parametrize("name", ["flow.pdf", "FLOW.PDF"])
def test_a_pdf_is_refused_with_advice(stepgraph: Command, name: str) -> None:
    (message,) = stepgraph("graph", "orders.py", "-o", name).messages
    assert message.endswith(
        " or .md. For a PDF, write an SVG, and print it from a browser. Try `stepgraph graph --help`."
    )


@pytest.mark.parametrize("name", ["report.concise.txt", "REPORT.CONCISE.TXT", "report.log"])
def test_other_suffixes_are_text(stepgraph: Command, name: str) -> None:
    assert stepgraph("graph", "orders.py", "-o", name) == Run(0, "", [f"wrote {name} (1 step)"])


def test_format_allows_most_suffixes(stepgraph: Command) -> None:
    assert stepgraph("graph", "orders.py", "-f", "svg", "-o", "flow.xml").code == 0
    assert Path("flow.xml").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("selected", "name", "other"), [("svg", "flow.html", "flow.svg"), ("html", "flow.png", "flow.html")]
)
def test_a_suffix_of_another_picture_is_refused(stepgraph: Command, selected: str, name: str, other: str) -> None:
    advice = f"Write to `{other}`, or omit `-f {selected}`. Try `stepgraph graph --help`."
    assert stepgraph("graph", "orders.py", "-f", selected, "-o", name).messages == [
        f"stepgraph: `{name}` would contain {selected} output, and programs would not open it. {advice}"
    ]


@pytest.mark.parametrize("name", ["flow.pdf", "flow.JPG"])
def test_a_suffix_of_other_pictures_is_refused(stepgraph: Command, name: str) -> None:
    problem = f"`{name}` would contain svg output, and programs would not open it."
    assert stepgraph("graph", "orders.py", "-f", "svg", "-o", name).messages == [
        f"stepgraph: {problem} Write to `flow.svg`. Try `stepgraph graph --help`."
    ]
    assert not Path(name).exists()


def test_an_existing_file_is_replaced(stepgraph: Command) -> None:
    Path("graph.json").write_text("old " * 10_000, encoding="utf-8")
    stepgraph(*GRAPH, "graph.json")
    assert Path("graph.json").read_text(encoding="utf-8").startswith("{")
    assert names() == ["graph.json", "orders.py"]


@needs_unix_files
def test_a_new_file_has_the_permissions_of_any_new_file(stepgraph: Command) -> None:
    previous = os.umask(0o027)
    try:
        stepgraph(*GRAPH, "graph.json")
    finally:
        os.umask(previous)
    assert permissions("graph.json") == 0o640


@needs_unix_files
def test_a_file_keeps_its_permissions(stepgraph: Command) -> None:
    Path("graph.json").touch(mode=0o600)
    Path("graph.json").chmod(0o604)
    stepgraph(*GRAPH, "graph.json")
    assert permissions("graph.json") == 0o604


@needs_unix_files
@pytest.mark.parametrize("target", ["real/graph.json", "../outside.json", "nowhere.json", "graph.json"])
def test_a_link_is_replaced_and_not_followed(stepgraph: Command, folder: Path, target: str) -> None:
    write("real/graph.json", "old")
    write("../outside.json", "secret")
    Path("graph.json").symlink_to(target)
    assert stepgraph(*GRAPH, "graph.json") == Run(0, "", ["wrote graph.json (1 step)"])
    assert not Path("graph.json").is_symlink()
    assert Path("graph.json").read_text(encoding="utf-8").startswith("{")
    assert Path("real/graph.json").read_text(encoding="utf-8") == "old"
    assert (folder.parent / "outside.json").read_text(encoding="utf-8") == "secret"
    assert not Path("nowhere.json").exists()


@needs_unix_files
@pytest.mark.parametrize("name", ["out/graph.json", "out/", "out", "out/new/"])
def test_a_link_out_of_the_repository_is_refused(stepgraph: Command, folder: Path, name: str) -> None:
    outside = folder.parent / "outside"
    outside.mkdir(exist_ok=True)
    Path("out").symlink_to(outside)
    run = stepgraph(*GRAPH, name)
    shown = "out" if name == "out/graph.json" else name
    assert run.messages == [
        (
            f"stepgraph: {shown} cannot be written: a symbolic link in its path leads out of the repository."
            " Remove the link."
        )
    ]
    assert run.code == 2
    assert list(outside.iterdir()) == []


@needs_unix_files
@pytest.mark.parametrize("name", [".git/hooks/pre-commit", ".GIT/config", "hooks/pre-commit", ".git/", ".git"])
def test_the_git_directory_is_never_written(stepgraph: Command, name: str) -> None:
    write(".git/hooks/sample", "old")
    write(".GIT/sample", "old")
    Path("hooks").symlink_to(".git/hooks")
    run = stepgraph("graph", "orders.py", "-f", "text", "-o", name)
    assert run.code == 2
    assert run.messages[0].endswith("cannot be written: the path is inside `.git`. Name another file or directory.")
    assert [path.name for path in Path(".git/hooks").iterdir()] == ["sample"]


@needs_unix_files
def test_a_link_to_a_non_file_is_not_replaced(stepgraph: Command) -> None:
    Path("zero.json").symlink_to("/dev/zero")
    for name in ("zero.json", "/dev/stdout", "/dev/fd/1"):
        run = stepgraph(*GRAPH, name)
        assert run.messages == [
            f"stepgraph: {name} is not a regular file, so it cannot be replaced. Omit -o to write to standard output."
        ]
    assert Path("zero.json").is_symlink()


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file(stepgraph: Command, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    Path("graph.json").write_text("old", encoding="utf-8")

    def fail(*_: object, **_folders: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    assert stepgraph(*GRAPH, "graph.json") == Run(
        2, "", ["stepgraph: graph.json cannot be written: no space left on device."]
    )
    assert Path("graph.json").read_text(encoding="utf-8") == "old"
    assert names() == ["graph.json", "orders.py"]


def test_an_interrupted_write_keeps_the_old_file(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("graph.json").write_text("old", encoding="utf-8")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    assert stepgraph(*GRAPH, "graph.json").code == 130
    assert Path("graph.json").read_text(encoding="utf-8") == "old"
    assert names() == ["graph.json", "orders.py"]


def stale_file(digits: str, age: int) -> Path:
    """Create a temporary file of a run that was killed a number of seconds ago."""
    path = Path(f".stepgraph-{digits}.tmp")
    path.write_text("half", encoding="utf-8")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_old_temporary_files_are_removed(stepgraph: Command) -> None:
    old, young = stale_file("0" * 16, 4_000), stale_file("1" * 16, 10)
    stepgraph(*GRAPH, "graph.json")
    assert not old.exists()
    # Another run may be about to write it.
    assert young.exists()


def test_other_files_are_not_removed(stepgraph: Command) -> None:
    foreign = [stale_file(name, 4_000) for name in ("0" * 15, "0" * 15 + "x", "0" * 16 + ".tmp.py")]
    stepgraph(*GRAPH, "graph.json")
    assert all(path.exists() for path in foreign)


def refuses_the_source(stepgraph: Command, *arguments: str) -> None:
    before = Path("orders.py").read_bytes()
    run = stepgraph("graph", "-f", "json", *arguments)
    assert (run.code, run.out) == (2, "")
    assert run.messages == [
        f"stepgraph: {arguments[-1]} is a source file, so it is not overwritten. Name another file."
    ]
    assert Path("orders.py").read_bytes() == before


def test_a_source_is_not_overwritten(stepgraph: Command) -> None:
    refuses_the_source(stepgraph, "orders.py", "-o", "orders.py")


def test_a_source_is_not_overwritten_by_another_name(stepgraph: Command, folder: Path) -> None:
    refuses_the_source(stepgraph, "orders.py", "-o", f"{folder}/../{folder.name}/orders.py")


@needs_unix_files
def test_a_source_is_not_overwritten_through_a_link(stepgraph: Command) -> None:
    Path("soft").symlink_to("orders.py")
    Path("hard").hardlink_to("orders.py")
    refuses_the_source(stepgraph, "orders.py", "-o", "soft")
    refuses_the_source(stepgraph, "orders.py", "-o", "hard")


def test_searched_files_are_not_overwritten(stepgraph: Command) -> None:
    write("other.py", "x = 1\n")
    run = stepgraph("graph", ".", "-o", "other.py")
    assert run.messages == ["stepgraph: other.py is a source file, so it is not overwritten. Name another file."]


@pytest.mark.parametrize("name", ["wrangler.json", "helpers.py"])
def test_configurations_and_imports_are_not_overwritten(stepgraph: Command, name: str) -> None:
    main = "from workers import WorkflowEntrypoint\nfrom helpers import rest\n\n\nclass Orders(WorkflowEntrypoint):\n"
    write("entry.py", main + "    async def run(self, event, step):\n        await rest(step)\n")
    write("helpers.py", "async def rest(step):\n    await step.sleep('rest', 1)\n")
    workflow = '{"name": "orders", "binding": "O", "class_name": "Orders"}'
    write("wrangler.json", f'{{"main": "entry.py", "workflows": [{workflow}]}}\n')
    run = stepgraph("graph", "-o", name)
    assert (run.code, run.messages) == (
        2,
        [f"stepgraph: {name} is a source file, so it is not overwritten. Name another file."],
    )


@pytest.mark.parametrize("name", ["pyproject.toml", ".gitignore"])
def test_settings_are_not_overwritten(stepgraph: Command, name: str) -> None:
    write(name, "# settings\n")
    run = stepgraph("check", "orders.py", "-o", name)
    assert (run.code, run.messages) == (
        2,
        [f"stepgraph: {name} is a configuration file, so it is not overwritten. Name another file."],
    )
    assert Path(name).read_text() == "# settings\n"


def test_the_baseline_is_not_overwritten_by_a_report(stepgraph: Command) -> None:
    stepgraph("check", "orders.py", "--baseline", "base.json", "--update-baseline")
    before = Path("base.json").read_bytes()
    run = stepgraph("check", "orders.py", "--baseline", "base.json", "-f", "json", "-o", "base.json")
    assert run.messages == ["stepgraph: base.json is a source file, so it is not overwritten. Name another file."]
    assert Path("base.json").read_bytes() == before


def test_the_baseline_is_not_overwritten_by_a_drawing(stepgraph: Command) -> None:
    stepgraph("check", "orders.py", "--baseline", "base.json", "--update-baseline")
    write("pyproject.toml", "[tool.stepgraph]\nbaseline = 'base.json'\n")
    run = stepgraph("graph", "orders.py", "--findings", "-f", "svg", "-o", "base.json")
    assert run.messages == ["stepgraph: base.json is a source file, so it is not overwritten. Name another file."]


def test_an_invalid_source_is_not_overwritten(stepgraph: Command) -> None:
    write("broken.py", SYNTAX_ERROR)
    stepgraph("graph", "broken.py", "-o", "broken.py")
    assert Path("broken.py").read_text(encoding="utf-8") == SYNTAX_ERROR


def test_a_missing_directory_is_refused(stepgraph: Command) -> None:
    assert stepgraph(*GRAPH, "out/graph.json") == Run(
        2, "", ["stepgraph: out/graph.json cannot be written: the directory does not exist. Create it first."]
    )


def test_an_empty_name_is_refused(stepgraph: Command) -> None:
    assert stepgraph(*GRAPH, "").messages == ["stepgraph: '' is not the name of a file. Name a file."]


def test_a_long_name_is_refused(stepgraph: Command) -> None:
    name = "x" * 300
    assert stepgraph(*GRAPH, name).messages == [f"stepgraph: {name} cannot be written: file name too long."]


@needs_unix_files
def test_a_device_is_not_replaced(stepgraph: Command) -> None:
    run = stepgraph(*GRAPH, "/dev/null")
    assert run.messages == [
        "stepgraph: /dev/null is not a regular file, so it cannot be replaced. Omit -o to write to standard output."
    ]
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_file_without_permission_is_refused(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("graph.json").write_text("old", encoding="utf-8")

    def not_allowed(*_: object) -> bool:
        return False

    monkeypatch.setattr(os, "access", not_allowed)
    assert stepgraph(*GRAPH, "graph.json").messages == ["stepgraph: graph.json cannot be written: permission denied."]
    assert Path("graph.json").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("old", ["old", None])
def test_a_failed_input_writes_nothing(stepgraph: Command, old: str | None) -> None:
    if old is not None:
        Path("graph.json").write_text(old, encoding="utf-8")
    run = stepgraph("graph", "orders.py", "missing.py", "-f", "json", "-o", "graph.json")
    assert (run.code, run.out) == (2, "")
    assert run.messages[-1] == "stepgraph: graph.json was not written because an input is unreadable or invalid."
    assert (Path("graph.json").read_text(encoding="utf-8") if Path("graph.json").exists() else None) == old


def test_no_graph_writes_nothing(stepgraph: Command) -> None:
    write("empty.py", module(workflow("Empty")))
    run = stepgraph("graph", "empty.py", "-o", "graph.txt")
    assert run.code == 1
    assert run.messages[-1] == "stepgraph: graph.txt was not written because the workflow has no graph."
    assert not Path("graph.txt").exists()


def test_a_graph_that_is_null_is_written_as_json(stepgraph: Command) -> None:
    write("empty.py", module(workflow("Empty")))
    assert stepgraph("graph", "empty.py", "-f", "json", "-o", "graph.json").code == 1
    assert '"graph": null' in Path("graph.json").read_text(encoding="utf-8")


@pytest.mark.slow
def test_redirected_standard_input_is_not_overwritten() -> None:
    before = Path("orders.py").read_bytes()
    command = [sys.executable, "-m", "stepgraph", "graph", "-", "-o", "orders.py"]
    with Path("orders.py").open("rb") as source:
        run = subprocess.run(command, stdin=source, capture_output=True, check=False)
    stderr = b"stepgraph: orders.py is a source file, so it is not overwritten. Name another file.\n"
    assert (run.returncode, run.stdout, run.stderr) == (2, b"", stderr)
    assert Path("orders.py").read_bytes() == before


@pytest.mark.slow
def test_without_standard_input_a_file_is_replaced() -> None:
    Path("graph.json").write_text("old", encoding="utf-8")
    line = f"{sys.executable} -m stepgraph graph orders.py -f json -o graph.json <&-"
    assert subprocess.run(["sh", "-c", line], check=False).returncode == 0  # noqa: S607
    assert Path("graph.json").read_text(encoding="utf-8") != "old"


def test_a_written_incomplete_graph_refers_to_check(stepgraph: Command) -> None:
    write_unresolved()
    assert stepgraph("graph", "orders.py", "-o", "a.svg") == Run(
        0, "", ["wrote a.svg (1 step, incomplete: 1 note, see `stepgraph check`)"]
    )


@pytest.mark.parametrize("name", ["a.svg", "out/"])
def test_quiet_writes_without_a_message(stepgraph: Command, name: str) -> None:
    write_unresolved()
    assert stepgraph("graph", "orders.py", "-q", "-o", name) == Run(0, "", [])
