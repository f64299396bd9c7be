"""Logs with a missing or replaced part: reading and placing them fails with input errors only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from stepgraph import InputError
from stepgraph.execution.instance import instance_of
from stepgraph.execution.log import read_log
from stepgraph.report.instance.json_report import render_json
from tests.instances.short_logs import FOLDER
from tests.render.graphs import block, do, graph, loop, protected

GRAPH = graph(loop(protected(block(do("flaky")), catch=block(do("b")))))
PARTS: tuple[object, ...] = (None, 10**40, "", "9999-12-31T23:59:59-14:00", "sleep", [], [{}])


def damaged(value: object) -> Iterator[object]:
    """Yield JSON data with each part missing, and with each part replaced by each of `PARTS`."""
    yield from PARTS
    if isinstance(value, dict):
        for key, item in value.items():
            yield {name: value[name] for name in value if name != key}
            yield from ({**value, key: part} for part in damaged(item))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield from ([*value[:index], part, *value[index + 1 :]] for part in damaged(item))


@pytest.mark.slow
def test_damaged_logs() -> None:
    log = json.loads((FOLDER / "terminated_while_retrying.json").read_bytes())
    for data in damaged(log):
        with suppress(InputError):
            json.loads(render_json(instance_of(read_log(data), GRAPH)))
