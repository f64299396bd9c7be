"""Color and width of the output, for terminals only."""

from __future__ import annotations

import io
import os
import sys

import pytest

from stepgraph.cli.console import Look, look_of_standard_output
from tests.cli.conftest import Command


class Terminal(io.StringIO):
    """A standard output stream that is a terminal."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


def look_at_terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Look:
    """Return the look of output on a terminal with 100 columns."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return look_of_standard_output()


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((100, 30)))


def test_a_terminal_has_color_and_width(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_at_terminal(monkeypatch) == Look(color=True, width=100)


def test_no_color_disables_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_at_terminal(monkeypatch, NO_COLOR="1") == Look(color=False, width=100)


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_color_can_be_forced_without_a_terminal(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert look_of_standard_output() == Look()
    monkeypatch.setenv(name, "1")
    assert look_of_standard_output() == Look(color=True, width=None)
    monkeypatch.setenv("NO_COLOR", "1")
    assert look_of_standard_output() == Look()


def test_the_option_overrides_the_environment(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1mSG205" in stepgraph("rules", "SG205", "--color", "always").out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in stepgraph("rules", "SG205", "--color", "never").out


def test_an_empty_no_color_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_at_terminal(monkeypatch, NO_COLOR="") == Look(color=True, width=100)


def test_a_dumb_terminal_has_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_at_terminal(monkeypatch, TERM="dumb") == Look(color=False, width=100)


def test_an_unknown_width_is_unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((0, 0)))
    assert look_at_terminal(monkeypatch) == Look(color=True, width=None)


def test_a_zero_width_is_unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> os.terminal_size:
        raise OSError

    monkeypatch.setattr(os, "get_terminal_size", refuse)
    assert look_at_terminal(monkeypatch) == Look(color=True, width=None)


@pytest.mark.parametrize("stdout", [io.StringIO(), None])
def test_files_and_pipes_have_no_color_and_width(monkeypatch: pytest.MonkeyPatch, stdout: io.StringIO | None) -> None:
    monkeypatch.setattr(sys, "stdout", stdout)
    assert look_of_standard_output() == Look(color=False, width=None)


@pytest.mark.parametrize(("variable", "color"), [("WT_SESSION", True), ("ConEmuANSI", True), ("OTHER", False)])
def test_old_windows_consoles_have_no_color(monkeypatch: pytest.MonkeyPatch, variable: str, *, color: bool) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "stdout", Terminal())
    for name in ("TERM", "WT_SESSION", "ConEmuANSI", "ANSICON", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "1")
    assert look_of_standard_output().color is color
