"""Links to lines of source files: URLs from a template, or permalinks to a commit on GitHub or GitLab.

A template is a URL with `{path}` or `{file}`, and `{line}`. Remotes, file names and templates may be hostile: only URLs
of known schemes with a well-formed host are produced, and paths are percent-encoded. The network is never used.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.escaping.report_fields import url_path
from stepgraph.model.span import Code
from stepgraph.project.folders import folder_of, path_from, real_path, repository_root
from stepgraph.project.git import blob_id, git_setting, revision_of
from stepgraph.project.git_folders import HEAD
from stepgraph.project.sources import STANDARD_INPUT_NAME

LineUrl: TypeAlias = tuple[str, ...]
"""The parts of a URL between its line numbers, or an empty tuple without a URL."""

AUTO: Final = "auto"
SCHEMES: Final = (
    *("https", "http", "vscode", "vscode-insiders", "vscodium", "cursor", "windsurf", "zed"),
    *("idea", "pycharm", "txmt", "subl"),
)
"""The schemes of web pages, and of editors that open a file at a line."""

_SHA1_DIGITS: Final = 40
_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_TEMPLATE: Final = re.compile(
    rf"(?:https?://{_HOST}(?::[0-9]{{1,5}})?/|(?:{'|'.join(SCHEMES[2:])})://)"
    r"(?:[\w.~!$&'()*+,;=:@%/?#-]|\{(?:path|file|line)\})*",
    re.ASCII,
)
_HOST_NAME: Final = re.compile(_HOST, re.ASCII)
_NAME: Final = re.compile(r"[\w.-]+", re.ASCII)
_REMOTE_SCHEMES: Final = frozenset({"https", "http", "ssh", "git"})
_MAX_PORT_DIGITS: Final = 5


def is_template(url: str) -> bool:
    """Return whether text is a template of links: a URL of an allowed scheme that contains the path of the file."""
    return _TEMPLATE.fullmatch(url) is not None and ("{path}" in url or "{file}" in url)


def permalink_template(remote: str, commit: str) -> str | None:
    """Return the template of permalinks to a commit in the repository at the URL of a git remote.

    Returns None unless the host is GitHub or GitLab. Credentials in the URL are dropped.
    """
    address = _host_and_path(remote)
    if address is None:
        return None
    host, path = address[0].lower(), address[1].removesuffix(".git")
    labels = host.split(".")
    if labels[-2:] == ["github", "com"] or labels[0] == "github":
        return f"https://{host}/{path}/blob/{commit}/{{path}}#L{{line}}"
    if "gitlab" in labels:
        return f"https://{host}/{path}/-/blob/{commit}/{{path}}#L{{line}}"
    return None


def _host_and_path(remote: str) -> tuple[str, str] | None:
    """Return the host and the path of a remote, a URL or `user@host:path`. Returns None for other text."""
    scheme, separator, location = remote.partition("://")
    if separator:
        authority, _, path = location.partition("/")
        user, _, server = authority.rpartition("@")
        is_known = scheme in _REMOTE_SCHEMES
    else:
        authority, _, path = remote.partition(":")
        user, _, server = authority.rpartition("@")
        path, is_known = path.removeprefix("/"), _NAME.fullmatch(user) is not None
    host, colon, port = server.partition(":")
    has_valid_port = port.isdecimal() and len(port) <= _MAX_PORT_DIGITS if colon else True
    names = path.removesuffix("/").split("/")
    is_path = len(names) > 1 and all(_NAME.fullmatch(name) and name not in {".", ".."} for name in names)
    if not (is_known and "@" not in user and has_valid_port and _HOST_NAME.fullmatch(host) and is_path):
        return None
    return host, "/".join(names)


class SourceLinks(Struct):
    """Makes links to the files of an analysis, one for each line."""

    template: str
    """The template, or `AUTO` for permalinks to the current commit."""
    _urls: dict[str, LineUrl] = field(default_factory=dict)
    """The links to the files so far, by path."""
    _permalinks: dict[str, str | None] = field(default_factory=dict)
    """The templates of permalinks, by the root of their repository."""

    def of(self, code: Code) -> LineUrl:
        """Return the link to the file of some code. With `AUTO`, modified and untracked files have none."""
        if code.path not in self._urls:
            self._urls[code.path] = self._link(code)
        return self._urls[code.path]

    def url(self, code: Code) -> str:
        """Return the URL of some code, or an empty string without a link."""
        return str(code.line).join(self.of(code))

    @property
    def warning(self) -> str:
        """A warning if none of the files so far has a permalink, otherwise an empty string."""
        if self.template != AUTO or not self._urls or any(self._urls.values()):
            return ""
        return (
            "no links to source code: `--source-url auto` requires files that are unmodified in the current commit,"
            " and a remote `origin` on GitHub or GitLab."
        )

    def _link(self, code: Code) -> LineUrl:
        if code.path == STANDARD_INPUT_NAME:
            return ()
        root = repository_root(folder_of(code.path) or ".")
        path = code.path if root is None else path_from(root, code.path)
        template = self._permalink(root, path, code.content) if self.template == AUTO else self.template
        return () if template is None else _parts(template, path, real_path(code.path))

    def _permalink(self, root: str | None, path: str, content: bytes) -> str | None:
        """Return the template of permalinks for a file that is unmodified in the current commit, otherwise None."""
        if root is None:
            return None
        if root not in self._permalinks:
            self._permalinks[root] = _permalink_of(root)
        template = self._permalinks[root]
        return template if template is not None and _is_committed(root, path, content) else None


def _permalink_of(root: str) -> str | None:
    """Return the template of permalinks to the current commit of a repository, or None if its remote is unknown."""
    revision, remote = revision_of(root, HEAD), git_setting(root, "remote.origin.url")
    return None if revision is None or remote is None else permalink_template(remote, revision.commit)


def _is_committed(root: str, path: str, content: bytes) -> bool:
    """Return whether the current commit has a file with this content, regardless of line ends."""
    committed = blob_id(root, path)
    return committed in {_git_hash(text, len(committed)) for text in (content, content.replace(b"\r\n", b"\n"))}


def _git_hash(content: bytes, length: int) -> str:
    """Return the object id that git computes for a file, in hexadecimal digits of the length."""
    name = "sha1" if length == _SHA1_DIGITS else "sha256"
    return hashlib.new(name, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _parts(template: str, path: str, file: str) -> LineUrl:
    absolute = file.replace(os.sep, "/")
    names = {"{path}": url_path(path), "{file}": url_path(f"/{absolute.removeprefix('/')}")}
    url = re.sub(r"\{(?:path|file)\}", lambda match: names[match.group()], template)
    return tuple(url.split("{line}"))
