"""Commands and options that users of ruff, mypy, pytest, zizmor and Terraform try."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from stepgraph.cli.aliases import COMMAND_ALIASES, OPTION_ALIASES
from stepgraph.cli.main import commands
from stepgraph.cli.usage_errors import _OPTION_ADVICE, COMMAND_ADVICE, advice_on_option
from stepgraph.version import __version__
from tests.cli.conftest import Command, Run
from tests.cli.sources import module, workflow, write

CONTEXT = click.Context(commands)
NAMES = commands.list_commands(CONTEXT)


def options_of(name: str) -> set[str]:
    command = commands.get_command(CONTEXT, name)
    assert command is not None
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


@pytest.fixture(autouse=True)
def orders(folder: Path) -> None:  # noqa: ARG001 - it changes into it
    write("entry.py", module(workflow("Orders", "charge")))


@pytest.mark.parametrize(
    ("alias", "command"),
    [
        (["lint"], ["check"]),
        (["ls"], ["list"]),
        (["draw", "-f", "mermaid"], ["graph", "-f", "mermaid"]),
        (["rule", "SG205"], ["rules", "SG205"]),
        (["explain", "SG205"], ["rules", "SG205"]),
        (["help"], ["--help"]),
        (["help", "help"], ["--help"]),
        (["help", "check"], ["check", "--help"]),
        (["help", "lint"], ["check", "--help"]),
        (["-h"], ["--help"]),
        (["check", "-h"], ["check", "--help"]),
        (["check", "--output-format", "json"], ["check", "-f", "json"]),
        (["check", "--output-format=json"], ["check", "-f", "json"]),
        (["check", "--format=sarif"], ["check", "-f", "sarif"]),
        (["check", "--format=SARIF"], ["check", "-f", "sarif"]),
        (["check", "-format=json"], ["check", "-f", "json"]),
        (["check", "--select=ALL"], ["check"]),
        (["check", "--select", "ALL"], ["check", "--select", "SG"]),
        (["check", "--extend-ignore", "SG2"], ["check", "--ignore", "SG2"]),
        (["graph", "--collapse", "loop"], ["graph", "--fold", "loop"]),
        (["check", "--no-color"], ["check", "--color", "never"]),
        (["check", "-no-color"], ["check", "--color", "never"]),
        (["graph", "--no-colors"], ["graph", "--color", "never"]),
        (["list", "--output-format", "json"], ["list", "-f", "json"]),
    ],
    ids=str,
)
def test_aliases_have_the_same_result(stepgraph: Command, alias: list[str], command: list[str]) -> None:
    run = stepgraph(*alias)
    assert run.code == 0
    assert run == stepgraph(*command)


@pytest.mark.parametrize("arguments", [["-V"], ["--version"], ["version"]])
def test_the_version_has_three_spellings(stepgraph: Command, arguments: list[str]) -> None:
    assert stepgraph(*arguments) == Run(0, f"stepgraph {__version__}\n", [])


@pytest.mark.parametrize("option", ["--output-file", "--out", "-output", "-out"])
def test_aliases_of_output_write_the_file(stepgraph: Command, option: str) -> None:
    assert stepgraph("check", option, "report.json").messages == ["wrote report.json: no findings in 1 workflow"]
    assert stepgraph("check", f"{option}=report.sarif").messages == ["wrote report.sarif: no findings in 1 workflow"]
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["entry.py", "report.json", "report.sarif"]


def test_the_value_of_an_option_may_be_an_option(stepgraph: Command) -> None:
    assert stepgraph("check", "-o", "-q", "-f", "json").code == 0
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["-q", "entry.py"]


def test_a_missing_value_is_reported_for_the_short_option(stepgraph: Command) -> None:
    message = "stepgraph: option `-f` requires a value. Write `-f [text|json]`."
    assert stepgraph("list", "-f").messages == [f"{message} Try `stepgraph list --help`."]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--collapse", "loops"], "invalid value for {}: unknown kind `loops`. Did you mean `loop`?"),
        (["--collapse=loops"], "invalid value for {}: unknown kind `loops`. Did you mean `loop`?"),
        (["-collapse", "loops"], "invalid value for {}: unknown kind `loops`. Did you mean `loop`?"),
        (["--collapse"], "option {} requires a value. Write `--fold KIND,...`."),
    ],
)
def test_errors_name_the_alias_that_was_written(stepgraph: Command, arguments: list[str], error: str) -> None:
    message = error.format("`--collapse` (an alias of `--fold`)")
    assert stepgraph("graph", *arguments).messages == [f"stepgraph: {message} Try `stepgraph graph --help`."]


def test_errors_name_an_option_that_was_written(stepgraph: Command) -> None:
    message = "invalid value for `--fold`: unknown kind `loops`. Did you mean `loop`?"
    run = stepgraph("graph", "--collapse", "if", "--fold", "loops")
    assert run.messages == [f"stepgraph: {message} Try `stepgraph graph --help`."]


def test_arguments_after_two_dashes_are_not_aliases(stepgraph: Command) -> None:
    assert stepgraph("list", "--", "--no-color").messages == [
        "--no-color: file not found. Paths are relative to the working directory."
    ]


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("plan", "`stepgraph diff` shows changes and their effect on running instances."),
        ("show", "`stepgraph graph` draws workflows, and `stepgraph render` draws saved graphs."),
        ("validate", "`stepgraph check` finds problems."),
        ("format", "`stepgraph check --fix` applies fixes. stepgraph does not format code."),
        ("config", "Settings are in `[tool.stepgraph]` of `pyproject.toml`."),
        ("exlain", "Did you mean `rules`?"),
    ],
)
def test_unknown_commands_name_the_right_one(stepgraph: Command, command: str, advice: str) -> None:
    message = f"stepgraph: unknown command `{command}`. {advice} Try `stepgraph --help`."
    assert stepgraph(command) == Run(2, "", [message])


@pytest.mark.parametrize(
    ("arguments", "option", "advice"),
    [
        (["check", "--show-fixes"], "--show-fixes", "`--diff` shows the fixes without applying them."),
        (["check", "--fix-only"], "--fix-only", "Use `--fix` with `--exit-zero`."),
        (["check", "--no-fix"], "--no-fix", "Files change only with `--fix`."),
        (["check", "--verbose"], "--verbose", "There is no verbose output. `-f json` prints all data."),
        (["check", "-v"], "-v", "There is no verbose output. `-f json` prints all data."),
        (["check", "-vv"], "-vv", "There is no verbose output. `-f json` prints all data."),
        (["-v"], "-v", "`-V` prints the version."),
        (["check", "--silent"], "--silent", "Use `--quiet`, and redirect the output to discard it."),
        (["check", "-k", "x"], "-k", "Use `--workflow NAME`."),
        (["graph", "-k", "x"], "-k", "Use `--workflow NAME`."),
        (["check", "--show-error-codes"], "--show-error-codes", "Findings always show their codes."),
        (
            ["check", "--min-severity=high"],
            "--min-severity",
            "`--fail-on` sets the lowest severity that fails the check, and `--ignore` hides rules.",
        ),
        (["check", "-j4"], "-j", "The number of processes is chosen automatically."),
        (["check", "-j", "4"], "-j", "The number of processes is chosen automatically."),
        (["check", "--version"], "--version", "`stepgraph -V` prints the version."),
        (["check", "--sarif"], "--sarif", "Use `-f sarif`."),
        (["check", "-json"], "-json", "Use `-f json`."),
        (["graph", "-Tsvg"], "-Tsvg", "Use `--format`."),
        (["graph", "--mmd"], "--mmd", "Use `-f mermaid`."),
        (["diff", "-detailed-exitcode"], "-detailed-exitcode", "Use `--fail-on any`."),
        (["diff", "--base=main"], "--base", "Use `--from REV`."),
        (["--fix"], "--fix", "It is an option of `stepgraph check`."),
        (["graph", "--extend-ignore=SG2"], "--extend-ignore", "It is an option of `stepgraph check`."),
        (
            ["check", "--legend"],
            "--legend",
            "It is an option of `stepgraph graph`, `stepgraph instance` and `stepgraph render`.",
        ),
        (
            ["graph", "--exclude", "x"],
            "--exclude",
            "Set `exclude` or `extend-exclude` in `[tool.stepgraph]` of `pyproject.toml`.",
        ),
        (["check", "-Werror"], "-Werror", "Use `--fail-on warning`."),
        (["check", "-e", "prod"], "-e", "Use `--env NAME`."),
        (
            ["check", "--severity", "error"],
            "--severity",
            "`--fail-on` sets the lowest severity that fails the check, and `--ignore` hides rules.",
        ),
        (["check", "--stdin"], "--stdin", "Use `-` as the path for standard input."),
        (["check", "--fixx"], "--fixx", "Did you mean `--fix`?"),
        (["--json"], "--json", "Use `stepgraph graph -f json`."),
        (["--sarif"], "--sarif", "Use `stepgraph check -f sarif`."),
    ],
    ids=str,
)
def test_unknown_options_name_the_right_one(stepgraph: Command, arguments: list[str], option: str, advice: str) -> None:
    run = stepgraph(*arguments)
    command = "stepgraph" if arguments[0].startswith("-") else f"stepgraph {arguments[0]}"
    assert run == Run(2, "", [f"stepgraph: unknown option `{option}`. {advice} Try `{command} --help`."])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "-o"], "option `-o` requires a value. Write `-o FILE`. Try `stepgraph check --help`."),
        (
            ["check", "--fail-on"],
            "option `--fail-on` requires a value. Write `--fail-on [error|warning|new]`. Try `stepgraph check --help`.",
        ),
        (["check", "--strict=1"], "option `--strict` takes no value. Write `--strict`. Try `stepgraph check --help`."),
        (["-C"], "option `-C` requires a value. Write `-C DIR`. Try `stepgraph --help`."),
        (["check", "--max-lines", "3"], "unknown option `--max-lines`. Try `stepgraph check --help`."),
        (["schema", "graph", "check"], "unexpected argument `check`. Try `stepgraph schema --help`."),
    ],
    ids=str,
)
def test_a_missing_or_extra_value_is_named(stepgraph: Command, arguments: list[str], message: str) -> None:
    assert stepgraph(*arguments) == Run(2, "", [f"stepgraph: {message}"])


def test_a_word_with_one_dash_is_not_a_short_option(stepgraph: Command) -> None:
    """`render` has neither JSON output nor `-j`, whose advice would be misleading."""
    assert stepgraph("render", "-json", "x") == Run(
        2, "", ["stepgraph: unknown option `-json`. Try `stepgraph render --help`."]
    )


def test_a_format_as_output_file_is_a_usage_error(stepgraph: Command) -> None:
    message = "stepgraph: `json` is a format. Use `-f json`, or `-o ./json` for a file."
    assert stepgraph("check", "--output", "json") == Run(2, "", [f"{message} Try `stepgraph check --help`."])
    assert stepgraph("check", "-o", "./json").code == 0


def test_aliases_are_not_names_of_commands_or_options() -> None:
    assert set(COMMAND_ALIASES.values()) <= set(NAMES)
    assert not {*COMMAND_ALIASES, *COMMAND_ADVICE} & set(NAMES)
    assert [name for command in NAMES for name in OPTION_ALIASES if name in options_of(command)] == []


@pytest.mark.parametrize("option", _OPTION_ADVICE)
def test_advice_on_an_option_applies_to_a_command(option: str) -> None:
    """Advice that names only missing options would never be shown."""
    if option == "-w" and "--watch" not in options_of("check"):
        pytest.skip("`--watch` is not an option yet")
    assert [name for name in NAMES if advice_on_option(option, options_of(name), ())]


@pytest.mark.parametrize(
    "text", [*COMMAND_ADVICE.values(), *sorted({text for each in _OPTION_ADVICE.values() for text in each})]
)
def test_advice_names_existing_commands(text: str) -> None:
    assert set(re.findall(r"`stepgraph ([a-z]+)", text)) <= set(NAMES)


def test_no_alias_is_in_the_help(stepgraph: Command) -> None:
    listed = re.findall(r"^  ([a-z]+) ", stepgraph("--help").out, re.MULTILINE)
    assert [name for name in listed if name in NAMES] == NAMES
    assert not set(listed) & {*COMMAND_ALIASES, "help", "version"}
