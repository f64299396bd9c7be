"""Output files whose directory another process replaces before they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.project.writing import WriteError, target_of


@pytest.mark.parametrize("replaced", ["out", "out/nested"])
def test_a_directory_that_becomes_a_link_is_refused(replaced: str, tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    (project / "out/nested").mkdir(parents=True)
    (outside / "nested").mkdir(parents=True)
    target = target_of(str(project / "out/nested/graph.svg"))
    (project / replaced).rename(project / "moved")
    (project / replaced).symlink_to(outside)

    with pytest.raises(WriteError, match="cannot be written: not a directory"):
        target.write(b"<svg/>")

    assert [path.name for path in outside.rglob("*")] == ["nested"]
