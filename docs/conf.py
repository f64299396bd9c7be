"""How the documentation is built: `sphinx-build -W -b html docs build/docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pygments.lexers.data import JsonLexer

from stepgraph.checks import finding
from stepgraph.syntax.edits import Edit
from stepgraph.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

finding.Edit = Edit  # type: ignore[attr-defined] # which autodoc looks for where the annotation stands

project = "stepgraph"
author = "The stepgraph authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["schema/*", "gallery/*"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"

html_theme = "furo"
html_title = "stepgraph"


def setup(app: Sphinx) -> None:
    """Show JSON with comments as JSON."""
    app.add_lexer("jsonc", JsonLexer)
