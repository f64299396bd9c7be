"""The timeline of an instance: rows, and the axis with breaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stepgraph.execution.instance import instance_of
from stepgraph.execution.log import read_log
from stepgraph.model.payload import Graph
from stepgraph.phrases import elapsed_text
from stepgraph.render.progress import progress_of
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.timeline import Omission, Timeline, TimelineRow, ticks, time_axis, timeline_of
from stepgraph.render.view import View
from tests.render.graphs import do, graph, loop

DAY = 24 * 60 * 60 * 1000
ERROR = {"name": "Error", "message": "busy"}


def at(time: int | None) -> str | None:
    if time is None:
        return None
    return (datetime(2026, 11, 2, 9, 14, tzinfo=UTC) + timedelta(milliseconds=time)).isoformat()


def step(name: str, start: int, end: int | None, *attempts: tuple[int, int | None, bool | None]) -> dict[str, object]:
    parts = attempts or ((start, end, None if end is None else True),)
    return {
        "name": name,
        "type": "step",
        "start": at(start),
        "end": at(end),
        "success": None if end is None else parts[-1][2],
        "attempts": [
            {"start": at(begin), "end": at(over), "success": success, "error": ERROR if success is False else None}
            for begin, over, success in parts
        ],
    }


def timeline(example: Graph, *steps: dict[str, object], status: str = "running") -> Timeline:
    log = read_log({"status": status, "start": at(0), "steps": list(steps)})
    drawn = timeline_of(progress_of(instance_of(log, example), example["workflow"]))
    assert drawn is not None
    return drawn


def rows(drawn: Timeline) -> list[str]:
    return [f"{row.name} {row.text}" if isinstance(row, TimelineRow) else row.text for row in drawn.rows]


def test_attempts_and_the_time_between_them_are_spans() -> None:
    retried = step("a-1", 0, 1300, (0, 100, False), (1100, 1300, True))
    (row,) = timeline(graph(do("a")), retried).rows
    assert isinstance(row, TimelineRow)
    assert [span.kind for span in row.spans] == ["failed", "pause", "work"]


def test_an_open_step_has_no_end() -> None:
    _, row = timeline(graph(do("a"), do("b")), step("a-1", 0, 5), step("b-1", 5, None)).rows
    assert isinstance(row, TimelineRow)
    assert [(span.kind, span.end, row.text) for span in row.spans] == [("open", None, "since 09:14:00 UTC")]


def test_many_runs_of_a_step_share_a_row() -> None:
    runs = [step(f"a-{number}", number * 10, number * 10 + 5) for number in range(1, 31)]
    assert rows(timeline(graph(loop(do("a"))), *runs)) == ["a (30 runs) 150 ms"]


def test_a_long_timeline_omits_rows_but_no_failure() -> None:
    names = [f"s{number}" for number in range(60)]
    steps = [step(f"{name}-1", index * 10, index * 10 + 5) for index, name in enumerate(names)]
    steps[30] = step("s30-1", 300, 305, (300, 305, False))
    drawn = timeline(graph(*map(do, names)), *steps, status="errored")
    assert [row.entries for row in drawn.rows if isinstance(row, Omission)] == [23, 22]
    assert "s30 5 ms" in rows(drawn)


def test_a_long_wait_leaves_room_for_short_steps() -> None:
    steps = [step("a-1", 0, 100), step("b-1", 110, 3 * DAY), step("c-1", 3 * DAY + 10, 3 * DAY + 60)]
    axis = time_axis(timeline(graph(do("a"), do("b"), do("c")), *steps), 500, 50)
    assert [each.text for each in axis.breaks] == ["2 d 23 h"]
    base = axis.position(axis.times[0])
    widths = [axis.position(axis.times[index + 1]) - axis.position(axis.times[index]) for index in (0, 4)]
    assert base == 0
    assert [round(width) for width in widths] == [265, 132]
    assert axis.position(axis.times[-1]) == 500


def test_steps_of_similar_length_have_a_linear_axis() -> None:
    axis = time_axis(timeline(graph(do("a"), do("b")), step("a-1", 0, 1000), step("b-1", 1000, 4000)), 400, 50)
    assert axis.breaks == ()
    assert [axis.position(time) for time in axis.times] == [0, 100, 400]


def test_ticks_are_at_round_distances() -> None:
    assert [elapsed_text(tick) for tick in ticks(0, 3 * 60_000, 4)] == ["1 min", "2 min", "3 min"]
    assert list(ticks(0, 10**18, 4)) == []


def test_a_log_without_times_has_no_timeline() -> None:
    example = graph(do("a"))
    log = read_log({"steps": [{"name": "a-1", "type": "step", "success": True}]})
    progress = progress_of(instance_of(log, example), example["workflow"])
    assert timeline_of(progress) is None
    assert 'class="timeline"' not in render_svg(example, View(progress=progress)).text


@pytest.mark.slow
def test_dense_bars_are_drawn_as_one() -> None:
    example = graph(loop(do("a")))
    runs = [step(f"a-{number}", number, number + 1) for number in range(1, 1000)]
    log = read_log({"status": "running", "start": at(0), "steps": runs})
    progress = progress_of(instance_of(log, example), example["workflow"])
    assert render_svg(example, View(progress=progress)).text.count('class="span') == 1


def test_only_bars_of_failures_are_striped() -> None:
    example = graph(do("a"), do("b"), do("c"))
    steps = [
        step("a-1", 0, 500),
        step("b-1", 500, 1000, (500, 1000, False)),
        step("c-1", 1000, 1001, (1000, 1001, False)),
    ]
    log = read_log({"status": "errored", "start": at(0), "steps": steps})
    text = render_svg(example, View(progress=progress_of(instance_of(log, example), example["workflow"]))).text
    assert (text.count('class="span work"'), text.count('class="span failed"'), text.count('class="stripes"')) == (
        1,
        2,
        1,
    )
