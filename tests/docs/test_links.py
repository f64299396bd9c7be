"""Links on pages are valid on GitHub and in the built site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate.files import ROOT
from docs.links import dead_links, main

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), ROOT / "fixtures/README.md"])

_FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(<?([^)>\s]+)>?\)|(?:href|src|srcset)=\"([^\"]+)\"")


def prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the ids that GitHub generates for headings, and explicit ids."""
    text = prose(page)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    heading_ids = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return heading_ids | set(re.findall(r'id="([^"]+)"', text))


@pytest.mark.slow
def test_links_within_the_repository_are_valid() -> None:
    dead = []
    for page in PAGES:
        for target in (markdown_target or html_target for markdown_target, html_target in _LINK.findall(prose(page))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists() or (anchor and anchor not in anchors(file)):
                dead.append(f"{page.relative_to(ROOT)}: {target}")
    assert dead == []


def test_dead_links_of_a_site_are_reported_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.html").write_text(
        '<a href="other.html#there">a</a>\n<a href="other.html#gone">b</a>\n<a href="https://example.com">c</a>\n'
        '<img src="gone.svg"><a href="#here">d</a><p id="here">\n'
        '<picture><source srcset="dark.svg"></picture><meta name="viewport"><a href="#viewport">e</a>',
        encoding="utf-8",
    )
    (tmp_path / "other.html").write_text('<h1 id="there">Other</h1><a href="index.html">back</a>', encoding="utf-8")
    assert list(dead_links(tmp_path)) == [
        "index.html:2: other.html#gone",
        "index.html:4: gone.svg",
        "index.html:5: dark.svg",
        "index.html:5: #viewport",
    ]
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines()[1] == "index.html:4: gone.svg does not exist"


def test_a_folder_without_a_site_is_a_usage_error(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 2
    assert main([]) == 2
