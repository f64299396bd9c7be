"""Messages of usage errors, with advice on names of commands and options that other tools have.

Only runs that end in a usage error import this module.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

import click

from stepgraph.cli.aliases import COMMAND_ALIASES, OPTION_ALIASES
from stepgraph.phrases import quoted

_SHORT_OPTION: Final = 2
"""The length of a short option."""
_FEW_CHOICES: Final = 3
"""Maximum number of choices that are all listed, even if one resembles the invalid value."""
_NAMED_OPTION: Final = re.compile(r"`(--?[\w-]+)")
_REJECTED_VALUE: Final = re.compile(r"'?(.*?)'? is not ", re.DOTALL)
"""The beginning of click's message about a value of the wrong type."""
_EXTRA_ARGUMENTS: Final = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
"""Click's message about arguments that a command does not take."""
_FORMAT_SYNONYMS: Final = {"md": "markdown", "mmd": "mermaid", "txt": "text", "json-lines": "jsonl"}


def usage_message(error: click.ClickException) -> str:
    """Return the message of a usage error in one line, with the command whose help to read."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        context = click.Context(click.Command("stepgraph"), info_name="stepgraph")
    if isinstance(error, click.NoSuchOption):
        message = _unknown_option_message(error, context)
    elif isinstance(error, click.BadOptionUsage):
        message = _option_value_message(error, context)
    elif isinstance(error, click.MissingParameter) and error.param is not None:
        message = f"missing {_parameter_name(error.param, context)}"
    elif isinstance(error, click.BadParameter) and error.param is not None:
        message = _invalid_value_message(error, error.param, context)
    elif extra := _EXTRA_ARGUMENTS.fullmatch(error.message):
        message = f"unexpected argument `{extra[1]}`"
    else:
        message = error.format_message()
    message = message if message.endswith("?") else f"{message.removesuffix('.')}."
    return f"stepgraph: {message} Try `{context.command_path} --help`."


def _option_value_message(error: click.BadOptionUsage, context: click.Context) -> str:
    """Return the message for an option without its required value, or with a value although it takes none."""
    name = error.option_name
    option = next((each for each in context.command.params if name in (*each.opts, *each.secondary_opts)), None)
    if not isinstance(option, click.Option):
        return error.format_message()
    if option.is_flag:
        return f"option `{name}` takes no value. Write `{name}`."
    # `make_metavar` has another signature in each version of click.
    record = option.get_help_record(context)
    value = "VALUE" if record is None else record[0].rpartition(" ")[2]
    return f"option {_quoted_option(name, context)} requires a value. Write `{name} {value}`."


def _invalid_value_message(error: click.BadParameter, parameter: click.Parameter, context: click.Context) -> str:
    """Return the message for a value that an option or argument does not accept."""
    name = _parameter_name(parameter, context)
    rejected = _REJECTED_VALUE.match(error.message)
    if rejected is not None and isinstance(parameter.type, click.types.BoolParamType):
        # The value of a flag comes from its environment variable.
        return f"invalid value `{rejected[1]}` for {parameter.envvar}: expected 1, true, yes, on, 0, false, no or off"
    if rejected is None or not isinstance(parameter.type, click.Choice | click.IntRange):
        return f"invalid value for {name}: {error.message}"
    value = rejected[1]
    if isinstance(parameter.type, click.IntRange):
        return f"invalid value `{value}` for {name}: expected {_range_text(parameter.type)}"
    choices = [str(choice) for choice in parameter.type.choices]
    meant = _FORMAT_SYNONYMS.get(value.lower(), value.lower())
    similar = get_close_matches(meant, choices, 1) if len(choices) > _FEW_CHOICES else []
    advice = f"Did you mean `{similar[0]}`?" if similar else f"Available: {', '.join(choices)}"
    return f"invalid value `{value}` for {name}. {advice}"


def _range_text(accepted: click.IntRange) -> str:
    if accepted.max is None:
        return f"a whole number of at least {accepted.min}"
    return f"a whole number from {accepted.min} to {accepted.max}"


def _parameter_name(parameter: click.Parameter, context: click.Context) -> str:
    """Return the longest name of an option in backquotes, or the name of an argument in the usage line."""
    if isinstance(parameter, click.Option):
        return _quoted_option(max(parameter.opts, key=len), context)
    name = (parameter.name or "").upper()
    return name if isinstance(parameter.type, click.Choice) else parameter.human_readable_name.strip("[].")


def _quoted_option(name: str, context: click.Context) -> str:
    """Return an option in backquotes. If the user wrote an alias instead, return the alias and the option."""
    written = {str(argument).partition("=")[0] for argument in context.find_root().obj or ()}
    aliases = [alias for alias, target in OPTION_ALIASES.items() if target == name]
    alias = next((alias for alias in aliases if not written.isdisjoint((alias, alias[1:]))), None)
    return f"`{name}`" if alias is None or name in written else f"`{alias}` (an alias of `{name}`)"


def unknown_command_message(name: str, available: Sequence[str]) -> str:
    """Return the message for a command that is none of the `available` ones."""
    if name in COMMAND_ADVICE:
        advice = COMMAND_ADVICE[name]
    elif similar := get_close_matches(name, [*available, *COMMAND_ALIASES], 1):
        advice = f"Did you mean `{COMMAND_ALIASES.get(similar[0], similar[0])}`?"
    else:
        advice = f"Available: {', '.join(available)}."
    return f"unknown command `{name}`. {advice}"


def _unknown_option_message(error: click.NoSuchOption, context: click.Context) -> str:
    option, argument = error.option_name, _argument_of(error.option_name, context)
    available = _options(context.command)
    formats = _formats(context.command)
    advice = (
        advice_on_option(f"-{argument}" if argument != option else option, available, formats)
        or (advice_on_option(option, available, formats) if _begins_with_option(argument) else None)
        or _advice_on_other_commands(option, context)
        or _advice_on_formats(option, context)
        or _similar_option(option, available)
    )
    return f"unknown option `{argument}`. {advice}" if advice else f"unknown option `{argument}`"


def _argument_of(option: str, context: click.Context) -> str:
    """Return the argument that contains an unknown option: `-json` for `-j`, but `-j` for `-j4`."""
    if len(option) == _SHORT_OPTION:
        for argument in context.find_root().obj or ():
            name = str(argument).partition("=")[0]
            if name.startswith(option) and name[1:].replace("-", "").isalpha():
                return name
    return option


def _begins_with_option(argument: str) -> bool:
    """Return whether an argument is an option (`-v`), a repeated one (`-vv`) or one with a value (`-Tsvg`).

    An argument such as `-json` is the name of an option of another tool instead.
    """
    return argument.startswith("--") or len(set(argument[1:])) == 1 or not argument[1:].islower()


def _options(command: click.Command) -> set[str]:
    """Return the options of a command that its help shows."""
    shown = (each for each in command.params if isinstance(each, click.Option) and not each.hidden)
    return {name for option in shown for name in (*option.opts, *option.secondary_opts)}


def _formats(command: click.Command) -> Sequence[str]:
    types = (option.type for option in command.params if "--format" in option.opts)
    return next((each.choices for each in types if isinstance(each, click.Choice)), ())


def advice_on_option(option: str, available: Collection[str], formats: Collection[str]) -> str | None:
    """Return advice on an unknown option of a command with the `available` options and `formats`, or None."""
    for advice in _OPTION_ADVICE.get(option, ()):
        if all(name in available for name in _NAMED_OPTION.findall(advice)):
            return advice
    format_name = _format_of(option)
    return f"Use `-f {format_name}`." if format_name in formats else None


def _format_of(option: str) -> str:
    """Return the format that an option such as `--json` would select."""
    name = option.lstrip("-")
    return _FORMAT_SYNONYMS.get(name, name)


def _advice_on_other_commands(option: str, context: click.Context) -> str | None:
    """Return the commands that have the option, or None."""
    target = OPTION_ALIASES.get(option, option).partition("=")[0]
    names = quoted(f"stepgraph {name}" for name, command in _commands(context) if target in _options(command))
    return f"It is an option of {' and '.join(filter(None, (', '.join(names[:-1]), *names[-1:])))}." if names else None


def _advice_on_formats(option: str, context: click.Context) -> str | None:
    """Return the command with the format that an option before any command names, or None. `graph` comes first."""
    if context.parent is not None:
        return None
    format_name = _format_of(option)
    names = [name for name, command in _commands(context) if format_name in _formats(command)]
    return f"Use `stepgraph {'graph' if 'graph' in names else names[0]} -f {format_name}`." if names else None


def _commands(context: click.Context) -> Iterator[tuple[str, click.Command]]:
    root = context.find_root()
    group = root.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(root):
        command = group.get_command(root, name)
        if command is not None:
            yield name, command


def _similar_option(option: str, available: set[str]) -> str | None:
    # Without the dashes, which would make all options similar.
    names = {name.lstrip("-"): name for name in sorted(available)}
    similar = get_close_matches(option.lstrip("-"), names, 1)
    return f"Did you mean `{names[similar[0]]}`?" if similar else None


_CHECK: Final = "`stepgraph check` finds problems."
_DRAW: Final = "`stepgraph graph` draws workflows, and `stepgraph render` draws saved graphs."
_DIFF: Final = "`stepgraph diff` shows changes and their effect on running instances."
_FIX: Final = "`stepgraph check --fix` applies fixes."
_SKILL: Final = (
    "The skill for coding agents is `docs/skills/cloudflare-python-workflows/SKILL.md` in the repository of stepgraph."
)
_SETTINGS: Final = "Settings are in `[tool.stepgraph]` of `pyproject.toml`."

COMMAND_ADVICE: Final[Mapping[str, str]] = {
    "analyze": _CHECK,
    "apply": _FIX,
    "audit": _CHECK,
    "compare": _DIFF,
    "config": _SETTINGS,
    "diagram": _DRAW,
    "fix": _FIX,
    "fmt": f"{_FIX} stepgraph does not format code.",
    "format": f"{_FIX} stepgraph does not format code.",
    "init": _SETTINGS,
    "llms": _SKILL,
    "plan": _DIFF,
    "run": "stepgraph never runs workflows. `stepgraph check` finds problems.",
    "scan": _CHECK,
    "show": _DRAW,
    "skill": _SKILL,
    "test": "Tests of graphs run with pytest.",
    "validate": _CHECK,
    "view": _DRAW,
    "visualize": _DRAW,
    "watch": "Use `stepgraph check --watch` or `stepgraph graph --watch`.",
}
"""Advice on each unknown command."""

_BASELINE: Final = "Use `--baseline FILE` with `--update-baseline`."
_DIRECTORY: Final = "Use `stepgraph -C DIR` before the command."
_ENVIRONMENT: Final = "Use `--env NAME`."
_EXCLUDE: Final = "Set `exclude` or `extend-exclude` in `[tool.stepgraph]` of `pyproject.toml`."
_FAIL_FAST: Final = "Findings of all files are reported at once."
_FAIL_ON: Final = "`--fail-on` sets the lowest severity that fails the check, and `--ignore` hides rules."
_FAIL_ON_WARNINGS: Final = "Use `--fail-on warning`."
_FIXABLE: Final = "Use `--fix` with `--select RULES`."
_FORMAT: Final = "Use `--format`."
_IGNORE: Final = "Use `--ignore RULES`."
_JUNIT: Final = "Use `-f junit` with `-o FILE`."
_LIST: Final = "`stepgraph list` lists workflows."
_PROCESSES: Final = "The number of processes is chosen automatically."
_RECURSIVE: Final = "Directories are always searched recursively."
_RULES: Final = "`stepgraph rules` lists the rules, and `stepgraph rules CODE` explains one."
_SELECT: Final = "Use `--select RULES`."
_SILENT: Final = "Use `--quiet`, and redirect the output to discard it."
_SOURCE: Final = "Findings always show their source. `-f concise` omits it."
_STDIN: Final = "Use `-` as the path for standard input."
_VERBOSE: Final = "There is no verbose output. `-f json` prints all data."
_VERSION: Final = "`stepgraph -V` prints the version."
_WORKFLOW: Final = "Use `--workflow NAME`."

_OPTION_ADVICE: Final[Mapping[str, tuple[str, ...]]] = {
    "--add-noqa": (_BASELINE,),
    "--base": ("Use `--from REV`.",),
    "--cache-dir": ("Set the environment variable STEPGRAPH_CACHE_DIR.",),
    "--chdir": (_DIRECTORY,),
    "--collect-only": (_LIST,),
    "--confidence": (_FAIL_ON,),
    "--config": (_SETTINGS,),
    "--config-file": (_SETTINGS,),
    "--cwd": (_DIRECTORY,),
    "--debug": ("Set the environment variable STEPGRAPH_DEBUG to 1.",),
    "--detailed-exitcode": ("Use `--fail-on any`.",),
    "--directory": (_DIRECTORY,),
    "--disable": (_IGNORE,),
    "--disable-error-code": (_IGNORE,),
    "--dry-run": ("`--diff` shows the fixes without applying them.", "Use `--check`."),
    "--enable": (_SELECT,),
    "--enable-error-code": (_SELECT,),
    "--environment": (_ENVIRONMENT,),
    "--error-on-warning": (_FAIL_ON_WARNINGS,),
    "--exclude": (_EXCLUDE,),
    "--exit-code": ("Use `--fail-on any`.",),
    "--exit-non-zero-on-fix": ("`--diff` exits with 1 if there are fixes.",),
    "--explain": (_RULES,),
    "--extend-exclude": (_EXCLUDE,),
    "--force-exclude": (_EXCLUDE,),
    "--include": ("Set `include` in `[tool.stepgraph]` of `pyproject.toml`.",),
    "--extend-fixable": (_FIXABLE,),
    "--extend-select": (_SELECT,),
    "--fail-fast": (_FAIL_FAST,),
    "--fail-level": (_FAIL_ON,),
    "--filter": (_WORKFLOW,),
    "--fixable": (_FIXABLE,),
    "--fix-only": ("Use `--fix` with `--exit-zero`.",),
    "--generate-baseline": (_BASELINE,),
    "--head": ("Use `--to REV`.",),
    "--jobs": (_PROCESSES,),
    "--junit-xml": (_JUNIT,),
    "--junitxml": (_JUNIT,),
    "--list-files": (_LIST,),
    "--list-rules": (_RULES,),
    "--max-warnings": (_FAIL_ON,),
    "--maxfail": (_FAIL_FAST,),
    "--min-confidence": (_FAIL_ON,),
    "--min-severity": (_FAIL_ON,),
    "--name": (_WORKFLOW,),
    "--no-error-summary": ("Use `--quiet`.",),
    "--no-fix": ("Files change only with `--fix`.",),
    "--no-summary": ("Use `--quiet`.",),
    "--numprocesses": (_PROCESSES,),
    "--persona": (_SELECT,),
    "--per-file-ignores": ("Set `per-file-ignores` in `[tool.stepgraph]` of `pyproject.toml`.",),
    "--preview": ("`--diff` shows the fixes without applying them.",),
    "--project": (_DIRECTORY,),
    "--recursive": (_RECURSIVE,),
    "--report-format": (_FORMAT,),
    "--reporter": (_FORMAT,),
    "--rootdir": (_DIRECTORY,),
    "--rule": (_SELECT,),
    "--rules": (_SELECT, _RULES),
    "--severity": (_FAIL_ON,),
    "--show-error-codes": ("Findings always show their codes.",),
    "--show-files": (_LIST,),
    "--show-fixes": ("`--diff` shows the fixes without applying them.",),
    "--show-settings": (_SETTINGS,),
    "--show-source": (_SOURCE,),
    "--silent": (_SILENT,),
    "--skip": (_IGNORE,),
    "--stdin": (_STDIN,),
    "--target": (_WORKFLOW,),
    "--type": (_FORMAT,),
    "--verbose": (_VERBOSE,),
    "--version": (_VERSION,),
    "--warnings-as-errors": (_FAIL_ON_WARNINGS,),
    "--workers": (_PROCESSES,),
    "--write": ("`--fix` changes files, and `--diff` shows the changes.",),
    "-T": (_FORMAT,),
    "-W": (_FAIL_ON_WARNINGS,),
    "-c": (_SETTINGS,),
    "-d": (_DIRECTORY,),
    "-e": (_ENVIRONMENT,),
    "-j": (_PROCESSES,),
    "-k": (_WORKFLOW,),
    "-n": (_PROCESSES,),
    "-p": (_DIRECTORY,),
    "-r": (_RECURSIVE,),
    "-s": (_SILENT,),
    "-t": (_WORKFLOW,),
    "-v": ("`-V` prints the version.", _VERBOSE),
    "-w": ("Use `--watch`.",),
    "-x": (_FAIL_FAST,),
}
"""Advice on each unknown option. The first advice whose options the command has applies."""
