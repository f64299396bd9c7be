"""Only a few modules open, list, make and remove files, after checking the path."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import stepgraph

PACKAGE = Path(stepgraph.__file__).parent

GATES = {"project/reading.py", "project/writing.py", "project/temporary.py"}

# Its folder belongs to the user and is outside any repository, and it checks its files itself.
CACHE = "cache/"

ELSEWHERE = {
    # The null device, for output without a reader.
    "cli/console.py": {"os.open"},
    # Files that are installed with this package.
    "checks/page.py": {"read_text"},
    "render/html/document.py": {"read_text"},
    # It lists the names of snapshots without reading them.
    "pytest_plugin/snapshot_tests.py": {"glob"},
}

OF_OS = {
    *("open", "replace", "rename", "renames", "link", "symlink", "unlink", "remove", "mkdir", "makedirs", "rmdir"),
    *("removedirs", "chmod", "chown", "truncate", "utime", "mkfifo", "mknod", "scandir", "listdir", "walk", "fwalk"),
}
OF_PATHS = {
    *("read_text", "read_bytes", "write_text", "write_bytes", "touch", "symlink_to", "hardlink_to", "iterdir", "glob"),
    *("rglob", "rmdir"),
}
MODULES = {"shutil", "tempfile", "glob", "fileinput", "mmap", "linecache"}
OPENING = {"io.open", "codecs.open", "tokenize.open"}
REACHING = re.compile(rf"\b(?:os|open|{'|'.join(sorted(OF_PATHS | MODULES))})\b")
"""A word in each module that reaches the file system. Parsing the others would take most of the time."""


def calls(path: Path) -> Iterator[str]:
    """Yield the names of called functions that reach the file system."""
    source = path.read_text(encoding="utf-8")
    if not REACHING.search(source):
        return
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (name for name in names if name in MODULES)
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            name = imported.get(name, name)
            last = name.rpartition(".")[2]
            is_of_os = name == f"os.{last}" and last in OF_OS
            if is_of_os or name == "open" or name in OPENING or name.startswith(("shutil.", "tempfile.")):
                yield name
            elif last in OF_PATHS and isinstance(node.func, ast.Attribute):
                yield last


@pytest.mark.slow
def test_no_other_module_reaches_the_file_system() -> None:
    modules = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    calls_by_module = {
        name: names
        for name, path in modules.items()
        if name not in GATES and not name.startswith(CACHE) and (names := set(calls(path)))
    }
    assert calls_by_module == ELSEWHERE


def test_calls_that_reach_the_file_system_are_detected(tmp_path: Path) -> None:
    names = {name for gate in GATES for name in calls(PACKAGE / gate)}
    assert {"os.open", "os.scandir", "os.replace", "os.unlink", "tempfile", "shutil.rmtree", "os.symlink"} <= names
    (tmp_path / "a.py").write_text(
        "import io, shutil\nfrom os import replace as put\nopen(1)\nio.open(1)\nput(1, 2)\nPath(1).read_text()\n",
        encoding="utf-8",
    )
    assert set(calls(tmp_path / "a.py")) == {"shutil", "open", "io.open", "os.replace", "read_text"}


def test_real_paths_survive_replaced_links() -> None:
    """`os.path.realpath` raises OSError if a link is replaced while it is read."""
    callers = [path for path in sorted(PACKAGE.rglob("*.py")) if "path.realpath(" in path.read_text(encoding="utf-8")]
    assert [path.relative_to(PACKAGE).as_posix() for path in callers] == ["project/folders.py"]
