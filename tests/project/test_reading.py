"""Reading files, and messages about paths that are not readable files."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from stepgraph.model.note import InputError, Problem
from stepgraph.project.reading import read_named

on_unix = pytest.mark.skipif(sys.platform == "win32", reason="there is no such file on Windows")


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problem_of(path: str) -> Problem:
    with pytest.raises(InputError) as caught:
        read_named(path)
    return caught.value.problem


def test_the_bytes_of_a_file_are_returned(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = 1\r\n\ty\f")
    assert read_named("a.py") == b"\xef\xbb\xbfx = 1\r\n\ty\f"


def test_an_empty_file_has_no_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    assert read_named("a.py") == b""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is of Linux")
def test_a_file_without_a_size_is_read_completely() -> None:
    assert b"Name:" in read_named("/proc/self/status")


def test_a_missing_file_is_a_problem() -> None:
    assert problem_of("a.py") == Problem("a.py", "file not found.", "Paths are relative to the working directory.")


def test_a_path_through_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert problem_of("a/b.py").message == "file not found: a part of the path is not a directory."


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "file not found."),
        ("a\0.py", "file not found: paths cannot contain null characters."),
        ("a" * 300, "the name is too long for the file system."),
    ],
)
def test_an_impossible_path_is_reported(path: str, message: str) -> None:
    assert problem_of(path).message == message


def test_the_node_id_of_a_class_suggests_the_option() -> None:
    Path("orders.py").touch()
    assert problem_of("orders.py::Orders").advice == "Did you mean `orders.py --workflow Orders`?"
    assert problem_of("other.py::Orders").advice == "Paths are relative to the working directory."


def test_a_pattern_without_files() -> None:
    assert problem_of("src/*.py").advice == (
        "The shell found no file for the pattern. Name a directory to search it for Python files."
    )


def test_a_folder_is_not_a_file() -> None:
    assert problem_of(".") == Problem(".", "a directory, not a Python file.", "Name the files in it.")


@on_unix
def test_a_pipe_is_rejected_without_blocking() -> None:
    os.mkfifo("pipe.py")
    assert problem_of("pipe.py") == Problem(
        "pipe.py", "a pipe, not a file.", "To read from it, redirect it to standard input and pass `-`."
    )


@on_unix
def test_a_device_is_refused() -> None:
    assert problem_of("/dev/zero").message == "a device, not a file."


@on_unix
def test_a_socket_is_refused() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.py")
        assert problem_of("socket.py").message == "a socket, not a file."


def test_a_link_to_itself_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to("a.py")
    assert problem_of("a.py").message == "a symbolic link that leads back to itself."


def test_link_to_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to("b.py")
    assert problem_of("a.py").message == "a symbolic link that leads to a missing file."


def test_a_file_without_permission_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").touch()

    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    assert problem_of("a.py") == Problem("a.py", "permission denied.", "Make it readable, or omit it.")


def test_a_failure_while_reading_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").touch()

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    assert problem_of("a.py").message == "input/output error."
