"""Pages of instances, whose entries have chosen places in a small graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from stepgraph.execution.instance import EntryState, Instance, PlacedEntry
from stepgraph.execution.log import LogEntry, read_log
from stepgraph.execution.matching.match import LoopPass, Misfit, Place
from stepgraph.model.payload import Graph
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from stepgraph.render.progress import progress_of
from tests.render.graphs import call, do, function, graph, loop

ORDERS: Final[Graph] = graph(
    do("load"),
    loop(do("fetch {page}"), call("pack")),
    {"type": "step_wait_for_event", "name": "approval", "options": {"event_type": "ok", "timeout": "1 day"}},
    do("ship"),
    functions={"pack": function("pack", do("pack it"))},
)
LOAD, LOOP, FETCH, CALL = "orders--load", "orders--node.loop", "orders--node.loop--fetch-page", "nodes[1].nodes[1]"
PACK = "orders--node.loop--call.pack--pack-it"
_STATES: Final[dict[str, EntryState]] = {"step": "running", "sleep": "sleeping", "wait": "waiting"}

Times = tuple[int, int | None]


def time(seconds: int) -> str:
    """Return a time in seconds after noon, on a day of the example."""
    return f"2026-11-28T12:{seconds // 60:02d}:{seconds % 60:02d}.000Z"


def step(name: str, *attempts: Times, failures: int = 0, error: str = "Error: no") -> dict[str, object]:
    """Return a step with the times of its attempts. The first `failures` attempts failed."""
    tries: list[dict[str, object]] = [
        {
            "start": time(start),
            "end": None if end is None else time(end),
            "success": None if end is None else index >= failures,
            "error": {"name": "", "message": error} if index < failures else None,
        }
        for index, (start, end) in enumerate(attempts)
    ]
    end = attempts[-1][1]
    is_over = end is not None and failures < len(attempts)
    ended = {"end": time(end or 0), "success": True} if is_over else {"end": None, "success": None}
    return {"name": name, "type": "step", "start": time(attempts[0][0]), **ended, "attempts": tries}


def failed(name: str, start: int, end: int, error: str = "Error: no") -> dict[str, object]:
    """Return a step that failed for good."""
    return {**step(name, (start, end), failures=1, error=error), "end": time(end), "success": False}


def wait(name: str, start: int, end: int | None = None) -> dict[str, object]:
    ended = None if end is None else time(end)
    return {"name": name, "type": "waitForEvent", "start": time(start), "end": ended, "finished": end is not None}


def at(path: str, *passes: int, calls: Sequence[str] = ()) -> Place:
    """Return a place with the passes of the loop of the graph."""
    return Place(path, tuple(calls), tuple(LoopPass("nodes[1]", number) for number in passes))


def instance(
    places: Mapping[str, Sequence[Place]],
    *steps: dict[str, object],
    following: Sequence[Place] = (),
    misfit: Misfit | None = None,
    failure: int | None = None,
    **fields: object,
) -> Instance:
    """Return an instance whose entries are at these places, by their names in the log."""
    log = read_log({"status": "running", "start": time(0), **fields, "steps": list(steps)})
    shown = log.entries if misfit is None or misfit.index is None else log.entries[: misfit.index]
    entries = tuple(_placed(entry, tuple(places.get(entry.log_name, ()))) for entry in shown)
    return Instance("orders", "Orders", log, entries, {}, tuple(following), misfit, failure=failure)


def _placed(entry: LogEntry, places: tuple[Place, ...]) -> PlacedEntry:
    is_certain = len(places) == 1
    state = _STATES[entry.kind] if entry.outcome == "open" else entry.outcome
    if entry.is_between_attempts:
        state = "retrying"
    return PlacedEntry(entry, places[0] if is_certain else None, () if is_certain else places, state)


def page(example: Instance, drawn: Graph = ORDERS) -> str:
    """Return the page of an instance."""
    return render_page([Page(drawn, "orders", progress=progress_of(example, drawn["workflow"]))])


PLACES: Final[Mapping[str, Sequence[Place]]] = {
    "load-1": [at("nodes[0]")],
    **{f"fetch {number}-1": [at("nodes[1].nodes[0]", number)] for number in (1, 2, 3)},
    **{f"pack it-{number}": [at('functions["pack"].nodes[0]', number, calls=[CALL])] for number in (1, 2)},
    "approval-1": [at("nodes[2]")],
}
WAITING: Final = instance(
    PLACES,
    step("load-1", (0, 2), (4, 6), failures=1, error="Error: the shop does not answer"),
    step("fetch 1-1", (6, 8)),
    step("pack it-1", (8, 9)),
    step("fetch 2-1", (9, 10)),
    step("pack it-2", (10, 11)),
    failed("fetch 3-1", 11, 12, "Error: page 3 is missing"),
    wait("approval-1", 13),
    following=[at("nodes[3]")],
)
"""An instance that waits: `load` was retried, and the loop had three passes, of which the last one failed."""

REFUSED: Final = instance(
    PLACES,
    step("load-1", (0, 2)),
    step("refund-1", (2, 3)),
    misfit=Misfit(1, (at("nodes[1].nodes[0]"), at("nodes[2]"))),
)
"""An instance whose second entry does not fit."""
