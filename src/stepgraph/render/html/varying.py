"""Heights that may change, as they stand in a page: the value, and beside it what a script makes others of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from stepgraph.render.svg.lengths import BEGIN, END

_MARK: Final = re.compile(f"{BEGIN}([0-9]+):(-?[0-9]+):(-?[0-9]+){END}")
_VARIATION: Final = r"{\1,\2}"
_VALUE: Final = r"\3"
_ATTRIBUTE: Final = re.compile(f' ([A-Za-z-]++)="([^"{BEGIN}]*+{BEGIN}[^"]*+)"')


def with_variations(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a drawing with values in place of its marks.

    An element with marks also gets `data-vary="height={3,-8};d=M0 0V{3,20}"`: its attributes with `{variable,number}`
    where a variable plus a number stands. Marks are in attributes only, and text of the source cannot hold one.
    """
    for line in lines:
        yield _varied(line) if BEGIN in line else line


def _varied(line: str) -> str:
    varying = [f"{name}={_MARK.sub(_VARIATION, value)}" for name, value in _ATTRIBUTE.findall(line)]
    end = line.index("/>" if line.endswith("/>") else ">")
    return _MARK.sub(_VALUE, f'{line[:end]} data-vary="{";".join(varying)}"{line[end:]}')
