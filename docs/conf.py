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
exclude_patterns = ["schema/*", "gallery/*", "skills/*"]
myst_heading_anchors = 4
smartquotes_action = "q"  # no dashes: `--from` in the help of a command is an option

html_theme = "furo"
html_title = "stepgraph"
html_static_path = ["_static", "gallery/orders.dark.svg"]
html_extra_path = ["llms.txt"]  # at the root of the site
html_css_files = ["site.css"]
html_use_index = False  # no page defines index entries
html_theme_options = {
    "source_repository": "https://github.com/stepgraph/stepgraph/",
    "source_branch": "main",
    "source_directory": "docs/",
    "top_of_page_buttons": ["view"],
}


def setup(app: Sphinx) -> None:
    """Highlight JSON with comments as JSON, and put the pages of rules below their index in the navigation."""
    app.add_lexer("jsonc", JsonLexer)
    app.connect("source-read", _add_rules_to_navigation)


def _add_rules_to_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    if page == "reference/rules":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\nrules/SG[1-9]*\nrules/SG0*\n```\n"
