"""The repetition of a recorded run."""

from __future__ import annotations

import io

import pytest

from stepgraph import start
from stepgraph.cache.recorded_run import Footprint, RecordedRun


class FullDisk(io.BytesIO):
    """A stream that cannot be flushed."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


class ClosedPipe(io.BytesIO):
    """A stream whose reader has exited."""

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("output", "messages", "has_ended"),
    [
        (io.BytesIO(), io.BytesIO(), True),
        (io.BytesIO(), FullDisk(), True),
        (ClosedPipe(), io.BytesIO(), True),
        (FullDisk(), io.BytesIO(), False),
    ],
    ids=["written", "messages lost", "closed pipe", "results lost"],
)
def test_only_lost_results_run_the_command_again(
    output: io.BytesIO, messages: io.BytesIO, monkeypatch: pytest.MonkeyPatch, *, has_ended: bool
) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(output))
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(messages))
    run = RecordedRun(0, [(False, b"result"), (True, b"note")], Footprint((), b"", {}))
    assert start.repeat(run) is has_ended
    for stream in (output, messages):
        stream.close()  # or garbage collection would flush it, and report the error
