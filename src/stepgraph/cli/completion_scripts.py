"""The completion scripts of shells, which ask `stepgraph completion` for the completions of a command line.

The command answers with a line for each completion: its kind (`plain`, `file` or `dir`), its value and its description,
separated by tabs. The scripts run the `stepgraph` on the search path, never a program that the command line names by
path, because that program may be part of an untrusted checkout.
"""

from __future__ import annotations

from typing import Final

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
