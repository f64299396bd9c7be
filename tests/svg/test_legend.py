from __future__ import annotations

import pytest

from stepgraph.render.svg.figures.legend import legend

ONE_COLUMN = legend(has_badges=False)


@pytest.mark.parametrize(("room", "columns"), [(0, 1), (400, 1), (600, 2), (1000, 3), (5000, 3)])
def test_columns_fill_the_width_of_the_picture(room: int, columns: int) -> None:
    assert ONE_COLUMN.widened(room).columns == columns


def test_columns_share_the_height() -> None:
    two = ONE_COLUMN.widened(600)
    assert two.right_extent <= 600
    assert two.height < ONE_COLUMN.height * 0.6
