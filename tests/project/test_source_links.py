"""Links to source code: templates, and permalinks to the current commit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.model.span import Code
from stepgraph.project.source_links import AUTO, SourceLinks, is_template, permalink_template
from tests.cli.repositories import commit, git, make_repository, needs_git

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/o/r/blob/main/{path}#L{line}",
        "http://localhost:8080/{path}?line={line}",
        "vscode://file{file}:{line}",
        "idea://open?file={file}&line={line}",
    ],
)
def test_urls_of_pages_and_editors_are_templates(url: str) -> None:
    assert is_template(url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert({path})",
        "javascript://example.com/%0aalert({path})",
        "data:text/html,{path}",
        "file:///{path}",
        "https://{path}/",
        "https://user:secret@example.com/{path}",
        "https://example.com",
        "https://example.com/no-path#L{line}",
        "https://example.com/{path}{column}",
        'https://example.com/{path}" onclick=alert(1)',
        "https://example.com/{path} {line}",
        "https://-example.com/{path}",
        "https://exämple.com/{path}",
        "{path}",
        "",
    ],
)
def test_other_text_is_not_a_template(url: str) -> None:
    assert not is_template(url)


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r/blob/C/{path}#L{line}"),
        ("https://user:token@github.com/o/r", "https://github.com/o/r/blob/C/{path}#L{line}"),
        ("git@github.com:o/r.git", "https://github.com/o/r/blob/C/{path}#L{line}"),
        ("ssh://git@github.example.com:22/o/r.js.git", "https://github.example.com/o/r.js/blob/C/{path}#L{line}"),
        ("git@gitlab.com:group/part/r.git", "https://gitlab.com/group/part/r/-/blob/C/{path}#L{line}"),
    ],
)
def test_remotes_on_github_and_gitlab_have_permalinks(remote: str, url: str) -> None:
    assert permalink_template(remote, COMMIT) == url.replace("C", COMMIT)


@pytest.mark.parametrize(
    "remote",
    [
        "https://example.com/o/r.git",
        "https://notgithub.com/o/r",
        "/srv/git/r.git",
        "../r",
        "file:///github.com/o/r",
        "ext::sh -c evil% github.com/o/r",
        "https://github.com/o/../r",
        "https://github.com/o/r?x={path}",
        "https://github.com/o/r\nhttps://github.com/o/r",
        "javascript:github.com/o/r",
        "git@github.com:r",
    ],
)
def test_other_remotes_have_no_permalinks(remote: str) -> None:
    assert permalink_template(remote, COMMIT) is None


@given(st.text(alphabet='ahtps:/@.github.com#?"<>{}%-_ \n', max_size=60))
def test_any_permalink_is_a_plain_https_url(remote: str) -> None:
    template = permalink_template(remote, COMMIT)
    assert template is None or re.fullmatch(r"https://[a-z0-9.-]+/[\w./-]+/\{path\}#L\{line\}", template)


def code(path: str, content: bytes = b"") -> Code:
    return Code(path, content, (), 12, 12, 14)


def test_names_of_files_are_percent_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    links = SourceLinks("https://example.com/{path}#L{line}")
    assert links.url(code('a b/"><ö{line}#?.py')) == "https://example.com/a%20b/%22%3E%3C%C3%B6%7Bline%7D%23%3F.py#L12"
    file = SourceLinks("vscode://file{file}:{line}").url(code("a.py"))
    assert file == f"vscode://file{tmp_path.resolve().as_posix()}/a.py:12"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Change into a directory of a repository with the file `src/orders.py`, and return its commit."""
    monkeypatch.chdir(tmp_path)
    make_repository()
    git("remote", "add", "origin", "git@github.com:o/r.git")
    Path("src").mkdir()
    Path("src/orders.py").write_bytes(b"1\n")
    identity = commit()
    monkeypatch.chdir("src")
    return identity


@needs_git
def test_an_unmodified_file_has_a_permalink(repository: str) -> None:
    url = f"https://github.com/o/r/blob/{repository}/src/orders.py#L12"
    assert SourceLinks(AUTO).url(code("orders.py", b"1\n")) == url
    assert SourceLinks(AUTO).url(code("orders.py", b"1\r\n")) == url


@needs_git
@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(("path", "content"), [("orders.py", b"2\n"), ("other.py", b"1\n"), ("../../x.py", b"1\n")])
def test_modified_and_untracked_files_have_no_permalink(path: str, content: bytes) -> None:
    links = SourceLinks(AUTO)
    assert links.url(code(path, content)) == ""
    assert links.warning.startswith("no links to source code")


def test_files_outside_of_repositories_have_no_permalink(tmp_path: Path) -> None:
    assert SourceLinks(AUTO).of(code(f"{tmp_path}/orders.py")) == ()
