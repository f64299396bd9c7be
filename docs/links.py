"""Links of the built documentation that lead nowhere: `python -m docs.links build/docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Made by the generator's theme, for readers who look for something.
_OF_THE_THEME = ("genindex.html", "search.html", "py-modindex.html")

# Attributes with a URL, by the element.
_LEADING = {
    "a": ("href",),
    "img": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
}


class _Page(HTMLParser):
    """The identities on a page, and where it leads."""

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
        self.targets += ((line, value) for key in _LEADING.get(tag, ()) if (value := named.get(key)))


def dead_links(site: Path) -> Iterator[str]:
    """Yield the links of a site to files or places that it does not have, each as `page:line: target`, in order."""
    root = site.resolve()
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html"))}
    for path, page in pages.items():
        for line, target in page.targets:
            if path.name not in _OF_THE_THEME and not _leads_somewhere(path, target, pages):
                yield f"{path.relative_to(root).as_posix()}:{line}: {target}"


def _leads_somewhere(path: Path, target: str, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    found = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    page = pages.get(found)
    if page is None:
        return found.is_file()
    return not parts.fragment or unquote(parts.fragment) in page.identities


def main(arguments: list[str]) -> int:
    """Print the dead links of a site, and return the exit code: 1 if there are any, 2 for wrong use."""
    if len(arguments) != 1 or not Path(arguments[0], "index.html").is_file():
        sys.stderr.write("usage: python -m docs.links FOLDER, which holds the built documentation\n")
        return 2
    found = list(dead_links(Path(arguments[0])))
    sys.stdout.writelines(f"{link} leads nowhere\n" for link in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
