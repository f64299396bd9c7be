"""Special files, unusual file names, and files that change or vanish during reading."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stepgraph.api import analyze_paths
from tests.hostile.conftest import Command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such files and names")

ORDERS = """from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1)
"""

COMMANDS = [("graph",), ("check",), ("list",), ("graph", "-f", "html"), ("check", "-f", "sarif")]
FILE_COMMANDS = [("graph",), ("check",), ("list",), ("render",), ("diff", "orders.py"), ("graph", "-f", "json")]

ODD_NAMES = {
    "line breaks": b"a\nb\r.py",
    "no text": b"\xff\xfe.py",
    "255 bytes": b"a" * 252 + b".py",
    "a dash first": b"-rf.py",
    "only a dash": b"-.py",
    "an option": b"--format=json.py",
    "escapes": b"\x1b]0;title\x07.py",
    "text from right to left": "\u202eyp.py".encode(),
    "quotes": b"'\"`$(touch made).py",
    "spaces": b"  .py",
    "a colon": b"a:1:2.py",
    "characters of HTML": b"<script>&amp;.py",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_may_have_any_name(stepgraph: Command, command: tuple[str, ...], name: bytes) -> None:
    path = Path(os.fsdecode(name))
    path.write_text(ORDERS, encoding="utf-8")
    result = stepgraph(*command, ".")
    assert (result.code, result.is_graceful) == (0, True)
    assert list(Path().iterdir()) == [path]
    assert "\x1b" not in result.out + result.err


@pytest.mark.parametrize("command", FILE_COMMANDS)
@pytest.mark.parametrize("name", ["pipe.py", "loop.py", "nowhere.py", "folder.py", "zero.py", "socket.py"])
def test_special_files_are_refused_or_skipped(stepgraph: Command, command: tuple[str, ...], name: str) -> None:
    Path("orders.py").write_text(ORDERS, encoding="utf-8")
    os.mkfifo("pipe.py")
    Path("loop.py").symlink_to("loop.py")
    Path("nowhere.py").symlink_to("gone.py")
    Path("folder.py").mkdir()
    Path("zero.py").symlink_to("/dev/zero")
    os.mknod("socket.py", 0o140644)
    result = stepgraph(*command, name)
    assert result.is_graceful
    assert result.code in (1, 2, 3)
    assert stepgraph(*command[:1], *(["orders.py"] if command[0] == "diff" else []), ".").is_graceful


@pytest.mark.parametrize(
    "name", ["wrangler.toml", "wrangler.json", "wrangler.jsonc", "pyproject.toml", ".git", ".gitignore", "known.json"]
)
@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device", "noise"])
def test_configuration_files_may_be_of_any_kind(stepgraph: Command, name: str, kind: str) -> None:
    Path("orders.py").write_text(ORDERS, encoding="utf-8")
    match kind:
        case "pipe":
            os.mkfifo(name)
        case "folder":
            Path(name).mkdir()
        case "loop":
            Path(name).symlink_to(name)
        case "device":
            Path(name).symlink_to("/dev/zero")
        case _:
            Path(name).write_bytes(b"stepgraph\xff\0[[[{{{" * 1_000)
    for command in (("graph", "."), ("check", ".", "--baseline", "known.json")):
        assert stepgraph(*command).is_graceful


def problems_while(monkeypatch: pytest.MonkeyPatch, event: str) -> list[str]:
    """Analyze a directory whose files change just before they are opened, and return the problems."""
    opened = os.open

    def disturbed(path: str, flags: int, *rest: int) -> int:
        name = os.fspath(path)
        if name.endswith(".py") and Path(name).is_file():
            match event:
                case "vanishes":
                    Path(name).unlink()
                case "grows":
                    with Path(name).open("a", encoding="utf-8") as file:
                        file.write("# more\n" * 10_000)
                case "is cut":
                    os.truncate(name, 40)
                case _:
                    Path(name).unlink()
                    Path(name).mkdir()
        return opened(path, flags, *rest)

    monkeypatch.setattr(os, "open", disturbed)
    return [str(problem) for problem in analyze_paths(["."]).problems]


@pytest.mark.slow
@pytest.mark.parametrize("event", ["vanishes", "grows", "is cut", "becomes a folder"])
def test_files_may_change_before_they_are_opened(folder: Path, monkeypatch: pytest.MonkeyPatch, event: str) -> None:
    for name in "abc":
        (folder / f"{name}.py").write_text(f"from {name} import x\n{ORDERS}", encoding="utf-8")
    problems = problems_while(monkeypatch, event)
    assert all("\n" not in problem for problem in problems)


def test_a_file_that_grows_during_reading_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "orders.py").write_text(ORDERS, encoding="utf-8")
    read = os.read
    grown: list[int] = []

    def growing(descriptor: int, size: int) -> bytes:
        content = read(descriptor, size)
        if len(grown) < 3:
            grown.append(1)
            with (folder / "orders.py").open("a", encoding="utf-8") as file:
                file.write('        await step.sleep("again", 1)\n')
        return content

    monkeypatch.setattr(os, "read", growing)
    (workflow,) = analyze_paths(["orders.py"]).workflows
    assert workflow.graph is not None
    assert 1 <= len(workflow.graph["workflow"]["nodes"]) <= 4


ODD_BYTES = {
    "UTF-16": ORDERS.encode("utf-16"),
    "UTF-7": b"# coding: utf-7\n" + ORDERS.encode("utf-7"),
    "EBCDIC": b"# coding: cp037\n" + ORDERS.encode("cp037"),
    "escapes": b"# coding: unicode_escape\n" + ORDERS.encode("unicode_escape"),
    "raw escapes": b"# coding: raw_unicode_escape\n" + ORDERS.encode("raw_unicode_escape"),
    "punycode": b"# coding: punycode\n" + ORDERS.encode("punycode"),
    "idna": b"# coding: idna\n" + ORDERS.encode(),
    "base64": b"# coding: base64\n" + ORDERS.encode(),
    "zip": b"# coding: zlib\n" + ORDERS.encode(),
    "the system's own": b"# coding: mbcs\n" + ORDERS.encode(),
    "a codec of a path": b"# coding: ../../etc/passwd\n" + ORDERS.encode(),
    "a long name": b"# coding: " + b"x" * 100_000 + b"\n" + ORDERS.encode(),
    "a null byte": ORDERS.encode() + b"\0",
    "only null bytes": b"\0" * 100_000,
    "carriage returns": ORDERS.replace("\n", "\r").encode(),
    "all line ends": ORDERS.replace("\n", "\r\n", 3).encode() + b"\r\r\n",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + ORDERS.encode(),
    "form feeds": b"\x0c\n" * 1_000 + ORDERS.encode(),
    "vertical tabs": ORDERS.replace("    ", "\x0b").encode(),
    "no line end": ORDERS.encode().rstrip(),
    "a backslash at the end": ORDERS.encode() + b"\\",
    "unicode spaces": ORDERS.replace(" ", "\u2003").encode(),
    "surrogates": ORDERS.replace("rest", "\ud800").encode("utf-8", "surrogatepass"),
    "digits of Arabic": ORDERS.replace("1", "\u0661").encode(),
    "every byte": bytes(range(256)) * 100,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
}


@pytest.mark.parametrize("content", ODD_BYTES.values(), ids=ODD_BYTES.keys())
def test_a_file_may_hold_any_bytes(stepgraph: Command, content: bytes) -> None:
    Path("orders.py").write_bytes(content)
    assert stepgraph("graph", "orders.py").is_graceful
    assert stepgraph("check", ".", "--diff").is_graceful
