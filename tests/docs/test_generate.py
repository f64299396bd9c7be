"""`python -m docs.generate` writes changed files and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docs.generate.__main__ import main

PICTURE = "docs/gallery/orders.svg"
PARTS = {"gallery": lambda: {PICTURE: "<svg/>\n"}, "rules": lambda: {"docs/rules.md": "# Rules\n"}}


def files(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def printed_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_check_fails_for_outdated_files_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], PARTS, tmp_path) == 1
    assert printed_lines(capsys) == [f"out of date: {PICTURE}", "out of date: docs/rules.md"]
    assert files(tmp_path) == {}
    assert main([], PARTS, tmp_path) == 0
    assert printed_lines(capsys) == [f"written: {PICTURE}", "written: docs/rules.md"]
    assert main(["--check"], PARTS, tmp_path) == 0
    assert files(tmp_path) == {PICTURE: "<svg/>\n", "docs/rules.md": "# Rules\n"}


def test_only_changed_files_are_written(tmp_path: Path) -> None:
    main([], PARTS, tmp_path)
    for path in files(tmp_path):
        os.utime(tmp_path / path, (0, 0))
    (tmp_path / PICTURE).write_text("<svg>of another version</svg>\n", encoding="utf-8")
    main([], PARTS, tmp_path)
    assert (tmp_path / PICTURE).stat().st_mtime > 0
    assert (tmp_path / "docs/rules.md").stat().st_mtime == 0


def test_obsolete_files_are_reported_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([], PARTS, tmp_path)
    gone, page = tmp_path / "docs/gallery/gone.svg", tmp_path / "docs/order.md"
    gone.write_text("<svg/>\n", encoding="utf-8")
    page.write_text("another page\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["--check"], PARTS, tmp_path) == 1
    assert printed_lines(capsys) == ["obsolete: docs/gallery/gone.svg"]
    assert main([], PARTS, tmp_path) == 0
    assert not gone.exists()
    assert page.exists()


def test_a_single_part_is_generated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"], PARTS, tmp_path) == 0
    assert files(tmp_path) == {"docs/rules.md": "# Rules\n"}
    with pytest.raises(SystemExit):
        main(["pictures"], PARTS, tmp_path)
    assert "unknown part: pictures. Available: gallery, rules" in capsys.readouterr().err
