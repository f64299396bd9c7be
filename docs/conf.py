"""How the documentation is built: `sphinx-build -W -b html docs build/docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pygments.lexers.data import JsonLexer

from stepgraph.checks import finding
from stepgraph.syntax.edits import Edit
from stepgraph.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

finding.Edit = Edit  # type: ignore[attr-defined] # which autodoc looks for where the annotation stands

project = "stepgraph"
author = "The stepgraph authors"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["schema/*", "gallery/*"]
myst_heading_anchors = 4

# Docstrings mark code as Markdown does.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"

html_theme = "furo"
html_title = "stepgraph"
html_static_path = ["_static"]
html_css_files = ["site.css"]

# What the library gives, and nobody makes: their fields are told one by one.
_GIVEN: Final = {
    f"stepgraph.{name}"
    for name in (
        *("Analysis", "Finding", "Note", "Problem", "Severity", "Span", "WorkflowAnalysis", "InputError"),
        *("InternalError", "testing.StepSettings", "testing.WorkflowGraph", "testing.WorkflowGraphs"),
    )
}


def _without_arguments(_app: Sphinx, _what: str, name: str, *_others: object) -> tuple[str, None] | None:
    """Return no arguments for what is made by stepgraph alone."""
    return ("", None) if name in _GIVEN else None


def setup(app: Sphinx) -> None:
    """Show JSON with comments as JSON, and results of the library as what they are."""
    app.add_lexer("jsonc", JsonLexer)
    app.connect("autodoc-process-signature", _without_arguments)
