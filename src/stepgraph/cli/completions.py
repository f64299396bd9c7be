"""Completions of arguments: file names, rules, and comma-separated values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

# click's module is imported when a completion is computed, because other runs do not need it.


def complete_files(_context: click.Context, _parameter: click.Parameter, _incomplete: str) -> list[CompletionItem]:
    """Return the request that the shell completes the name of a file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem("", type="file")]


def complete_directories(
    _context: click.Context, _parameter: click.Parameter, _incomplete: str
) -> list[CompletionItem]:
    """Return the request that the shell completes the name of a directory."""
    from click.shell_completion import CompletionItem

    return [CompletionItem("", type="dir")]


def complete_rule(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the rules whose code or name begins with the text: codes, or the names for a lowercase text."""
    from click.shell_completion import CompletionItem

    from stepgraph.checks.catalogue import RULES

    codes = [CompletionItem(rule.code, help=rule.name) for rule in RULES if rule.code.startswith(incomplete.upper())]
    return codes or [CompletionItem(rule.name, help=rule.code) for rule in RULES if rule.name.startswith(incomplete)]


def complete_rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the completions of the last of several comma-separated rules."""
    return _complete_last(lambda last: complete_rule(context, parameter, last), incomplete)


def complete_values(
    values: Sequence[str],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return a function that completes the last of several comma-separated values."""

    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return _complete_last(
            lambda last: [CompletionItem(each) for each in values if each.startswith(last)], incomplete
        )

    return complete


def _complete_last(complete: Callable[[str], Iterable[CompletionItem]], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    before, comma, last = incomplete.rpartition(",")
    return [CompletionItem(f"{before}{comma}{item.value}", help=item.help) for item in complete(last)]
