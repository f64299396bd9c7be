"""Check the links of the built documentation: `python -m docs.links build/docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Pages of the theme, such as the search page.
_THEME_PAGES = ("genindex.html", "search.html", "py-modindex.html")

# Attributes that contain a URL, by element.
_URL_ATTRIBUTES = {
    "a": ("href",),
    "img": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
}


class _Page(HTMLParser):
    """The ids on a page, and the targets of its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.identities: set[str] = set()
        self.targets: list[tuple[int, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        names = ("id", "name") if tag == "a" else ("id",)
        self.identities |= {value for key in names if (value := named.get(key))}
        line = self.getpos()[0]
        self.targets += ((line, value) for key in _URL_ATTRIBUTES.get(tag, ()) if (value := named.get(key)))


def dead_links(site: Path) -> Iterator[str]:
    """Yield links to missing files and ids as `page:line: target`, in order."""
    root = site.resolve()
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html"))}
    for path, page in pages.items():
        for line, target in page.targets:
            if path.name not in _THEME_PAGES and not _is_reachable(path, target, pages):
                yield f"{path.relative_to(root).as_posix()}:{line}: {target}"


def _is_reachable(path: Path, target: str, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    dead = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    page = pages.get(dead)
    if page is None:
        return dead.is_file()
    return not parts.fragment or unquote(parts.fragment) in page.identities


def main(arguments: list[str]) -> int:
    """Print the dead links of a site, and return the exit code: 1 for dead links, 2 for a usage error."""
    if len(arguments) != 1 or not Path(arguments[0], "index.html").is_file():
        sys.stderr.write("usage: python -m docs.links DIRECTORY (the built documentation)\n")
        return 2
    dead = list(dead_links(Path(arguments[0])))
    sys.stdout.writelines(f"{link} does not exist\n" for link in dead)
    return int(bool(dead))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
