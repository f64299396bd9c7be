"""The thread with a large stack."""

from __future__ import annotations

import os
import signal
import sys
import threading
import weakref

import pytest

from stepgraph import large_stack
from stepgraph.large_stack import STACK_BYTES, keep_thread, run_with_large_stack
from stepgraph.model.note import InputError
from stepgraph.project.forked import may_fork


@pytest.fixture(autouse=True)
def _no_idle_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the block in which all tests run."""
    large_stack.end_idle_thread()
    monkeypatch.setattr(large_stack, "_idle_thread", large_stack.IdleThread())


@pytest.fixture
def rejected_sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Stack sizes that the system rejects, in the order of the attempts."""
    sizes: list[int] = []
    start = threading.Thread.start

    def start_or_raise(thread: threading.Thread) -> None:
        if threading.stack_size() in sizes:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_raise)
    return sizes


@pytest.mark.parametrize("count", range(len(STACK_BYTES)))
def test_a_smaller_stack_is_the_fallback(rejected_sizes: list[int], count: int) -> None:
    rejected_sizes += STACK_BYTES[:count]
    assert run_with_large_stack(sys.getrecursionlimit) == STACK_BYTES[count] // 1_342


def test_no_memory_for_a_stack_is_an_input_error(rejected_sizes: list[int]) -> None:
    rejected_sizes += STACK_BYTES
    with pytest.raises(InputError, match=r"^stepgraph: not enough memory for a stack of 64 MB"):
        run_with_large_stack(lambda: None)


def test_windows_gets_the_smallest_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert run_with_large_stack(sys.getrecursionlimit) == STACK_BYTES[-1] // 1_342


def test_nested_calls_share_the_thread() -> None:
    def nested() -> tuple[threading.Thread, threading.Thread]:
        return threading.current_thread(), run_with_large_stack(threading.current_thread)

    outer, inner = run_with_large_stack(nested)
    assert inner is outer


def test_the_thread_ends_with_its_call() -> None:
    assert not run_with_large_stack(threading.current_thread).is_alive()


def test_calls_in_a_block_share_the_thread() -> None:
    with keep_thread():
        first, second = (run_with_large_stack(threading.current_thread) for _ in range(2))
    assert first is second


def test_overlapping_calls_have_a_thread_each() -> None:
    threads: list[threading.Thread] = []

    def outer() -> None:
        other = threading.Thread(target=lambda: threads.append(run_with_large_stack(threading.current_thread)))
        other.start()
        other.join()
        threads.append(threading.current_thread())

    with keep_thread():
        run_with_large_stack(outer)
    assert threads[0] is not threads[1]


def test_the_thread_ends_with_the_outermost_block() -> None:
    with keep_thread():
        with keep_thread():
            thread = run_with_large_stack(threading.current_thread)
        is_alive = thread.is_alive()
    assert (is_alive, thread.is_alive()) == (True, False)


def test_a_call_after_an_exception_shares_the_thread() -> None:
    with keep_thread():
        thread = run_with_large_stack(threading.current_thread)
        with pytest.raises(ZeroDivisionError):
            run_with_large_stack(lambda: 1 // 0)
        assert run_with_large_stack(threading.current_thread) is thread


def test_the_idle_thread_keeps_no_result() -> None:
    class Result:
        pass

    with keep_thread():
        result = weakref.ref(run_with_large_stack(Result))
        assert result() is None


def test_the_idle_thread_is_no_obstacle_to_a_fork() -> None:
    others = threading.active_count()
    with keep_thread():
        run_with_large_stack(lambda: None)
        may_fork()
        assert threading.active_count() == others


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_child_of_a_process_with_an_idle_thread_starts_its_own() -> None:
    with keep_thread():
        run_with_large_stack(int)
        process = os.fork()
        if process == 0:
            signal.alarm(10)  # ends a child that waits for the thread of its parent
            run_with_large_stack(int)
            os._exit(0)
        assert os.waitpid(process, 0)[1] == 0


def test_limits_are_restored() -> None:
    before = sys.getrecursionlimit(), threading.stack_size()
    run_with_large_stack(lambda: None)
    assert (sys.getrecursionlimit(), threading.stack_size()) == before


def test_overlapping_calls_restore_the_recursion_limit() -> None:
    usual, entered, left = sys.getrecursionlimit(), threading.Event(), threading.Event()

    def first() -> int:
        entered.set()
        assert left.wait(5)
        return sys.getrecursionlimit()

    limits: list[int] = []
    thread = threading.Thread(target=lambda: limits.append(run_with_large_stack(first)))
    thread.start()
    assert entered.wait(5)
    limits.append(run_with_large_stack(sys.getrecursionlimit))
    left.set()
    thread.join()
    assert (limits, sys.getrecursionlimit()) == ([STACK_BYTES[0] // 1_342] * 2, usual)


def test_calls_at_any_depth_map_no_memory() -> None:
    """Without one large block, the frame of `called` maps a new block at one of the depths in each of the 500 calls."""
    resource = pytest.importorskip("resource", reason="Windows does not count page faults")

    def called() -> int:
        return max(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)

    def page_faults(depth: int) -> int:
        if depth:
            return page_faults(depth - 1)
        before: int = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(500):
            called()
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_minflt) - before

    assert run_with_large_stack(lambda: max(map(page_faults, range(200)))) < 100
