"""`stepgraph rules`: what `stepgraph check` looks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from stepgraph.cli.console import look_of_standard_output, write_result
from stepgraph.cli.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from stepgraph.checks.rule import Rule


_FORMATS = ("text", "json", "markdown")
_MOST_NAMED = 5
# A code with two other digits is another code.
_NEAR = 0.8
_FORMAT_HELP = "Text, JSON, or the page of the documentation."


@click.command("rules")
@click.argument("code", required=False)
@click.option(
    "-f", "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help=_FORMAT_HELP
)
def rules(*, code: str | None, form: str) -> ExitCode:
    """List the rules of `stepgraph check`, or explain the one of a CODE (SG101) or name.

    What several codes begin with (SG2) lists these.

    With why it matters, what to do, and examples of what is flagged and what is not.
    """
    from stepgraph.checks.catalogue import RULES

    if code is None:
        write_result(_all(RULES, form))
    elif group := _beginning_with(RULES, code):
        write_result(_all(group, form))
    else:
        write_result(_one(_named(RULES, code), form))
    return ExitCode.CLEAN


def _beginning_with(rules: Sequence[Rule], text: str) -> list[Rule]:
    """Return the rules whose codes begin with a text, which is none itself."""
    beginning = text.strip().upper()
    return [rule for rule in rules if rule.code.startswith(beginning) and rule.code != beginning]


# Each import below is made by the format that needs it, for start-up.


def _all(rules: Sequence[Rule], form: str) -> str:
    if form == "json":
        from stepgraph.json_text import pretty_json
        from stepgraph.report.explained.data import rule_data

        return pretty_json([rule_data(rule) for rule in rules])
    if form == "markdown":
        from stepgraph.report.explained.page import rules_page

        return rules_page(rules)
    from stepgraph.report.explained.plain import rules_table

    return rules_table(rules, look_of_standard_output().width)


def _one(rule: Rule, form: str) -> str:
    if form == "json":
        from stepgraph.json_text import pretty_json
        from stepgraph.report.explained.data import rule_data

        return pretty_json(rule_data(rule))
    if form == "markdown":
        from stepgraph.report.explained.page import rule_section

        return rule_section(rule)
    from stepgraph.report.explained.plain import explanation

    look = look_of_standard_output()
    return explanation(rule, color=look.color, width=look.width)


def _named(rules: Sequence[Rule], name: str) -> Rule:
    """Return the rule of a code or name, in any case. Raises CommandError, with the near ones, if there is none."""
    from difflib import get_close_matches

    known = {text.casefold(): rule for rule in rules for text in (rule.code, rule.name)}
    wanted = name.strip().casefold().replace("_", "-")
    if wanted in known:
        return known[wanted]
    matches = [text for text in known if wanted in text] or get_close_matches(wanted, list(known), cutoff=_NEAR)
    near = list({known[match].code: known[match] for match in matches}.values())[:_MOST_NAMED]
    instead = ", ".join(f"{rule.code} ({rule.name})" for rule in near)
    advice = f"Did you mean {instead}?" if instead else "`stepgraph rules` lists all."
    raise CommandError(ExitCode.ERROR, f"no rule is called `{name}`. {advice}")
