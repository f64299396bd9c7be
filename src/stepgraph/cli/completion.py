"""Completion of command lines: `stepgraph completion`, the scripts of shells, and the values of arguments.

A script asks `stepgraph completion` for the completions of a command line. The command answers with a line for each
completion: its kind (`plain`, `file` or `dir`), its value and its description, separated by tabs. The scripts run the
`stepgraph` on the search path, never a program that the command line names by path, because that program may be part of
an untrusted checkout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import click

from stepgraph.cli.console import ExitCode, write_result

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_SHELLS: Final = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", required=False, type=click.Choice(_SHELLS), metavar="bash|zsh|fish")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.pass_context
def completion(context: click.Context, *, shell: str | None, words: tuple[str, ...]) -> ExitCode:
    """Print the completion script for a shell.

    Load it when the shell starts:

    \b
    bash  eval "$(stepgraph completion bash)"      in ~/.bashrc
    zsh   eval "$(stepgraph completion zsh)"       in ~/.zshrc
    fish  stepgraph completion fish | source       in ~/.config/fish/config.fish
    """  # noqa: D301 - click reads the control character
    if shell is None:
        raise click.UsageError(f"missing SHELL. Available: {', '.join(_SHELLS)}.")
    # The script itself passes the words of the command line, up to the cursor.
    if words:
        write_result("".join(_completion_lines(context.find_root().command, words)))
        return ExitCode.CLEAN
    write_result(SCRIPTS[shell])
    return ExitCode.CLEAN


def _completion_lines(group: click.Command, words: Sequence[str]) -> list[str]:
    """Return a line with kind, value and description for each completion of the last word."""
    from click.shell_completion import ShellComplete

    from stepgraph.escaping.plain_text import log_line

    *arguments, incomplete = words
    items = ShellComplete(group, {}, "stepgraph", "").get_completions(arguments, incomplete)
    return [f"{item.type}\t{item.value}\t{' '.join(log_line(item.help or '').split())}\n" for item in items]


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


_BASH: Final = r"""# Completion of stepgraph for bash 3.2 or newer.
_stepgraph() {
    local IFS=$'\n' word line kind value words=()
    COMPREPLY=()
    # bash splits `--format=json` into three words.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ ${#words[@]} -gt 0 && ( $word == = || ${words[${#words[@]}-1]} == --*= ) ]]; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
    done
    for line in $(command stepgraph completion bash -- "${words[@]}" 2>/dev/null); do
        kind=${line%%$'\t'*}
        value=${line#*$'\t'}
        value=${value%%$'\t'*}
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            dir) COMPREPLY+=($(compgen -d -- "$2")) ;;
            file) return ;;
        esac
    done
    # Without completions, bash would complete file names.
    compopt +o default +o bashdefault 2>/dev/null
}
complete -o bashdefault -o default -F _stepgraph stepgraph
"""

_ZSH: Final = r"""#compdef stepgraph
# Completion of stepgraph for zsh.
_stepgraph() {
    local kind value description prefix
    local -a arguments described
    arguments=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    prefix=${(M)PREFIX#--*=}
    while IFS=$'\t' read -r kind value description; do
        case $kind in
            plain) described+=("${value//:/\\:}${description:+:$description}") ;;
            dir) compset -P 1 '--*='; _files -/ ;;
            file) compset -P 1 '--*='; _files ;;
        esac
    done < <(command stepgraph completion zsh -- "${arguments[@]}" 2>/dev/null)
    if (( $#described )); then
        [[ -n $prefix ]] && compset -P 1 '--*='
        _describe -V 'stepgraph' described
    fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _stepgraph "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _stepgraph stepgraph
fi
"""

_FISH: Final = r"""# Completion of stepgraph for fish.
function __stepgraph_complete
    set -l arguments (commandline --tokens-expanded --cut-at-cursor --current-process 2>/dev/null
        or commandline -opc)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l prefix (string match --regex -- '^--[^=]+=' $current)
    for line in (command stepgraph completion fish -- $arguments[2..] "$current" 2>/dev/null)
        set -l parts (string split \t -- $line)
        switch $parts[1]
            case plain
                printf '%s%s\t%s\n' "$prefix" $parts[2] "$parts[3]"
            case dir
                __fish_complete_directories "$current"
            case file
                __fish_complete_path "$current"
        end
    end
end
complete --command stepgraph --no-files --keep-order --arguments '(__stepgraph_complete)'
"""

SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""The script of each shell."""
