"""Snapshots of pictures, one file each, for visual review of changes."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from stepgraph.model.payload import Graph
from stepgraph.render.folding import Folding
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.view import View
from tests.render.graphs import (
    LEAVE,
    LEAVE_LOOP,
    ORDERS,
    block,
    branch,
    call,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
)


class SvgFile(SingleFileSnapshotExtension):
    """A snapshot in an SVG file."""

    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def pictures(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SvgFile)


SMALL = graph(do("load"), call("notify"), call("notify"), functions={"notify": function("notify", do("send"))})

N_SHAPE = graph(
    parallel(
        "all",
        do("a", starts=1, resolves=2),
        do("b", starts=1, resolves=3),
        do("c, after a", starts=2, resolves=4),
        do("d, after a and b", starts=3, resolves=4),
        do("not waited for", starts=2),
    )
)

EXITS = graph(
    loop(
        protected(
            block(do("try"), either(branch("done", LEAVE_LOOP), branch("over", LEAVE))),
            catch=block(do("undo")),
            final=block(do("tidy up")),
        )
    ),
    do("after the loop"),
)

CJK = graph(
    do("発注を確認する"),
    either(
        branch("顧客.残高 < 合計", do("高い金額の注文を、担当者が確認するまで待って、結果を顧客に知らせる")),
        branch(None),
    ),
    class_name="注文",
)


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_a_small_workflow_in_each_theme(theme: str, pictures: SnapshotAssertion) -> None:
    views = {"auto": View(), "light": View(theme="light"), "dark": View(theme="dark")}
    assert render_svg(SMALL, views[theme]).text == pictures


@pytest.mark.parametrize(
    ("drawn", "view"),
    [
        pytest.param(ORDERS, View(theme="light"), id="nodes of all types"),
        pytest.param(ORDERS, View(theme="light", folding=Folding(depth=1)), id="folded to one level"),
        pytest.param(ORDERS, View(theme="light", folding=Folding(kinds=("loop", "try"))), id="loops and try folded"),
        pytest.param(SMALL, View(theme="light", expand="none"), id="no function expanded"),
        pytest.param(SMALL, View(theme="light", expand="all"), id="all functions expanded"),
        pytest.param(SMALL, View(theme="light", legend=True), id="with a legend"),
        pytest.param(N_SHAPE, View(theme="light"), id="a group whose clocks are an N"),
        pytest.param(EXITS, View(theme="light"), id="ways out through finally"),
        pytest.param(CJK, View(theme="light"), id="wide letters"),
    ],
)
def test_the_picture_of(drawn: Graph, view: View, pictures: SnapshotAssertion) -> None:
    assert render_svg(drawn, view).text == pictures
