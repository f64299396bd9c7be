"""`stepgraph rules` and `stepgraph schema`: explain the rules, and print the schemas of JSON output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from stepgraph.cli.completion import complete_rule
from stepgraph.cli.console import CommandError, ExitCode, look_of_standard_output, write_result
from stepgraph.cli.output_options import color_option

if TYPE_CHECKING:
    from stepgraph.checks.rule import Rule


_RULE_FORMATS = ("text", "json", "markdown")
_MAX_NAMES = 5
# Codes that differ in two digits are not similar.
_MIN_SIMILARITY = 0.8
_FORMAT_HELP = "Output format."
_ALL_HELP = "Show all examples, the evidence for the rule, and how to suppress its findings."


@click.command("rules")
@click.argument("code", required=False, shell_complete=complete_rule)
@click.option(
    "-f",
    "--format",
    "output_format",
    type=click.Choice(_RULE_FORMATS),
    default="text",
    show_default=True,
    help=_FORMAT_HELP,
)
@color_option
@click.option(
    "--all",
    "whole",
    is_flag=True,
    help=_ALL_HELP,
)
def rules(*, code: str | None, output_format: str, whole: bool) -> ExitCode:
    """List the rules of `stepgraph check`, or explain a single rule.

    CODE is a code such as SG101, or a name. A prefix such as SG2 lists all rules whose codes start with it.
    """
    from stepgraph.checks.catalogue import RULES

    if code is None:
        write_result(_render_all(RULES, output_format))
    elif group := _rules_with_prefix(RULES, code):
        write_result(_render_all(group, output_format))
    else:
        write_result(_render_rule(_find_rule(RULES, code), output_format, whole=whole))
    return ExitCode.CLEAN


def _rules_with_prefix(rules: Sequence[Rule], text: str) -> list[Rule]:
    """Return the rules whose code starts with a prefix, except the rule with exactly this code."""
    beginning = text.strip().upper()
    return [rule for rule in rules if rule.code.startswith(beginning) and rule.code != beginning]


# The functions below import the code of one format, because start-up time counts.


def _render_all(rules: Sequence[Rule], output_format: str) -> str:
    if output_format == "json":
        return _render_json(rules)
    if output_format == "markdown":
        from stepgraph.report.rules import rules_index

        return rules_index(rules)
    from stepgraph.report.rules import rules_table

    return rules_table(rules, look_of_standard_output().width)


def _render_json(rules: Sequence[Rule]) -> str:
    from stepgraph.json_text import pretty_json
    from stepgraph.report.rules import rules_report

    return pretty_json(rules_report(rules))


def _render_rule(rule: Rule, output_format: str, *, whole: bool) -> str:
    if output_format == "json":
        return _render_json([rule])
    if output_format == "markdown":
        from stepgraph.report.rules import rule_page

        return rule_page(rule)
    from stepgraph.report.rules import explanation

    look = look_of_standard_output()
    return explanation(rule, whole=whole, color=look.color, width=look.width)


def _find_rule(rules: Sequence[Rule], name: str) -> Rule:
    """Return the rule with a code or name, ignoring case. Raises CommandError, with similar rules, if it is unknown."""
    from difflib import get_close_matches

    rules_by_name = {text.casefold(): rule for rule in rules for text in (rule.code, rule.name)}
    key = name.strip().casefold().replace("_", "-")
    if key in rules_by_name:
        return rules_by_name[key]
    matches = [text for text in rules_by_name if key in text] or get_close_matches(
        key, list(rules_by_name), cutoff=_MIN_SIMILARITY
    )
    similar = list({rules_by_name[match].code: rules_by_name[match] for match in matches}.values())[:_MAX_NAMES]
    suggestions = ", ".join(f"{rule.code} ({rule.name})" for rule in similar)
    advice = f"Did you mean {suggestions}?" if suggestions else "`stepgraph rules` lists all rules."
    raise CommandError(ExitCode.ERROR, f"unknown rule `{name}`. {advice}")


_SCHEMA_KINDS = ("graph", "check", "diff", "instance", "replay", "rules", "why")


@click.command("schema")
@click.argument(
    "kind", type=click.Choice(_SCHEMA_KINDS), default=_SCHEMA_KINDS[0], metavar=f"[{'|'.join(_SCHEMA_KINDS)}]"
)
def schema(*, kind: str) -> ExitCode:
    """Print the JSON Schema of the JSON output of a command.

    The default is the schema of a version graph (`stepgraph graph -f json`). The other
    kinds are the commands whose output the schema describes.
    """
    from stepgraph.model import json_schema

    schemas = {
        "graph": json_schema.version_graph_schema,
        "check": json_schema.check_report_schema,
        "diff": json_schema.diff_report_schema,
        "instance": json_schema.instance_report_schema,
        "replay": json_schema.replay_report_schema,
        "rules": json_schema.rules_report_schema,
        "why": json_schema.failure_report_schema,
    }
    write_result(schemas[kind]())
    return ExitCode.CLEAN
