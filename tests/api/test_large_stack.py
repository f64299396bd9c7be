"""The stack of an analysis: as large as there is room for."""

from __future__ import annotations

import sys
import threading

import pytest

from stepgraph.large_stack import STACK_BYTES, run_with_large_stack
from stepgraph.model.note import InputError


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of stacks for which no thread can be started."""
    sizes: list[int] = []
    start = threading.Thread.start

    def started(thread: threading.Thread) -> None:
        if threading.stack_size() in sizes:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", started)
    return sizes


@pytest.mark.parametrize("count", range(len(STACK_BYTES)))
def test_a_smaller_stack_is_used_where_there_is_no_room(refused: list[int], count: int) -> None:
    refused += STACK_BYTES[:count]
    assert run_with_large_stack(sys.getrecursionlimit) == STACK_BYTES[count] // 1_342


def test_no_room_is_an_error_of_the_input(refused: list[int]) -> None:
    refused += STACK_BYTES
    with pytest.raises(InputError, match=r"^stepgraph: not enough memory for a stack of 64 MB"):
        run_with_large_stack(lambda: None)


def test_windows_commits_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert run_with_large_stack(sys.getrecursionlimit) == STACK_BYTES[-1] // 1_342


def test_deep_code_asks_for_no_further_thread() -> None:
    def nested() -> tuple[threading.Thread, threading.Thread]:
        return threading.current_thread(), run_with_large_stack(threading.current_thread)

    outer, inner = run_with_large_stack(nested)
    assert inner is outer


def test_the_limits_of_before_are_restored() -> None:
    before = sys.getrecursionlimit(), threading.stack_size()
    run_with_large_stack(lambda: None)
    assert (sys.getrecursionlimit(), threading.stack_size()) == before
