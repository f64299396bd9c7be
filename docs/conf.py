"""Configuration of Sphinx: `sphinx-build -W -b html docs build/docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pygments.lexers.data import JsonLexer

from stepgraph.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "stepgraph"
author = "The stepgraph authors"
project_copyright = author
version = release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["schema/*", "gallery/*"]
myst_heading_anchors = 4
suppress_warnings = ["toc.not_included"]  # the index of rules links to the pages of rules

html_theme = "furo"
html_title = "stepgraph"
html_static_path = ["_static"]
html_css_files = ["site.css"]


def setup(app: Sphinx) -> None:
    """Highlight JSON with comments as JSON."""
    app.add_lexer("jsonc", JsonLexer)
