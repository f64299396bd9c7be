"""Draw the layers of import-linter's contract, with the first sentence of each package's docstring."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final, TypeAlias

from docs.generate.files import ROOT

PICTURE: Final = "docs/explanation/layers.svg"

Layer: TypeAlias = Sequence[str]

# Sizes in pixels. A layer is a box with one line for each module.
_WIDTH: Final = 900
_LINE: Final = 22
_PADDING: Final = 8
_GAP: Final = 8
_LEFT: Final = 44
_PURPOSE: Final = 186

_PACKAGE: Final = "stepgraph"
# The entry point is omitted.
_ENTRY: Final = "__main__"

_STYLE: Final = """\
text { font: 13px Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif; fill: #4d5b69 }
.module { font: bold 13px ui-monospace, SFMono-Regular, Menlo, Consolas, Liberation Mono, monospace; fill: #16202a }
.paper { fill: #ffffff }
.layer { fill: #ecf4fd; stroke: #2f6fb0; stroke-width: 1.2 }
.way { fill: none; stroke: #4b5b6b; stroke-width: 1.5; stroke-linejoin: round }
@media (prefers-color-scheme: dark) {
text { fill: #a9b6c3 }
.module { fill: #e6edf3 }
.paper { fill: #0d1117 }
.layer { fill: #14263a; stroke: #6ea8e0 }
.way { stroke: #a9b6c3 }
}"""


def layers_files() -> dict[str, str]:
    """Return the picture by its path."""
    return {PICTURE: picture(read_layers())}


def read_layers() -> list[Layer]:
    """Return the modules of each layer, from top to bottom."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract.get("containers") == [_PACKAGE])
    layers = ([name.strip() for name in layer.split("|")] for layer in contract["layers"])
    return [layer for layer in layers if layer != [_ENTRY]]


def purpose(name: str) -> str:
    """Return the first sentence of the docstring of a module or package, without the period."""
    path = ROOT / "src/stepgraph" / name
    module = path.with_suffix(".py")
    source = module if module.is_file() else path / "__init__.py"
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    if not docstring:
        raise ValueError(f"{source} has no docstring")
    return " ".join(docstring.split("\n\n")[0].split()).partition(". ")[0].rstrip(".").replace("`", "")


def picture(layers: Sequence[Layer]) -> str:
    """Return the picture of layers as SVG."""
    body = list(_body(layers))
    height = 2 * _GAP + sum(_height(layer) + _GAP for layer in layers)
    size = f'width="{_WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="layers-title" {size}'
    lines = [
        f'{head} viewBox="0 0 {_WIDTH} {height}">',
        '<title id="layers-title">The layers of stepgraph: each imports from those below it alone</title>',
        f"<style>\n{_STYLE}\n</style>",
        f'<rect class="paper" {size}/>',
        f'<path class="way" d="M 26 {2 * _GAP} V {height - 2 * _GAP} m -5 -8 l 5 8 l 5 -8"/>',
        f'<text transform="translate(16 {height // 2}) rotate(-90)" text-anchor="middle">imports</text>',
        *body,
        "</svg>",
    ]
    return "\n".join([*lines, ""])


def _body(layers: Sequence[Layer]) -> Iterator[str]:
    top = _GAP + _GAP // 2
    width = _WIDTH - _LEFT - _GAP
    for layer in layers:
        yield f'<rect class="layer" x="{_LEFT}" y="{top}" width="{width}" height="{_height(layer)}" rx="6"/>'
        for number, name in enumerate(layer):
            line = top + _PADDING + number * _LINE + 15
            yield f'<text class="module" x="{_LEFT + 14}" y="{line}">{name}</text>'
            yield f'<text x="{_PURPOSE}" y="{line}">{escape(purpose(name), quote=False)}</text>'
        top += _height(layer) + _GAP


def _height(layer: Layer) -> int:
    return 2 * _PADDING + len(layer) * _LINE - 2
