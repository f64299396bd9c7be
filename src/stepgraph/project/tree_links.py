"""Where the symbolic links of a revision lead: inside of it, or nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MOST_FOLLOWED: Final = 40
"""How many links there may be on the way to one file, as in the kernel of Linux."""

_MOST_STEPS: Final = 1_000_000
"""How many parts of paths are looked at for all links together."""


class TooManyLinksError(Exception):
    """Links that lead to each other over and over."""


class TreeLinks:
    """The links of a revision: what each holds, by its path."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = links
        self._steps = 0

    def target(self, path: str) -> str | None:
        """Return the path that a link leads to in the end, which no link is part of; None for one that leads out.

        There need not be anything at that path. Raises TooManyLinksError.
        """
        pending = path.split("/")[::-1]
        real: list[str] = []
        followed = 0
        while pending:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                raise TooManyLinksError
            part = pending.pop()
            if part == "..":
                if not real:
                    return None
                real.pop()
            elif part not in ("", "."):
                link = self._links.get("/".join([*real, part]))
                if link is None:
                    real.append(part)
                    continue
                followed += 1
                if followed > _MOST_FOLLOWED or link.startswith("/") or "\\" in link or "\0" in link:
                    return None
                pending += link.split("/")[::-1]
        return "/".join(real)
