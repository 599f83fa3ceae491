"""`controlroom completion`: a script by which a shell completes words of this program.

The script asks `controlroom --complete WORDS` at each tab, so it knows whatever is registered at
that moment, the user's own commands too.
"""

from __future__ import annotations

import argparse

from controlroom.commands.exits import Exit
from controlroom.commands.face import emit

DESCRIPTION = "Print a script that completes verbs, flags, runs, faults and scenarios at tab."
EXAMPLES = (
    'eval "$(controlroom completion bash)"     # in ~/.bashrc',
    'eval "$(controlroom completion zsh)"      # in ~/.zshrc, after compinit',
    "controlroom completion fish > ~/.config/fish/completions/controlroom.fish",
)

_BASH = """\
_controlroom() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        [[ -n $line ]] && COMPREPLY+=("${line%%$'\\t'*}")
    done < <("$1" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _controlroom controlroom"""

_ZSH = """\
_controlroom() {
    local line
    local -a found
    for line in "${(@f)$("$words[1]" --complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done
    if (( $#found )); then _describe -V controlroom found; else _files; fi
}
compdef _controlroom controlroom"""

_FISH = """\
function __controlroom
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] --complete $words[2..-1] 2>/dev/null)
    if test -n "$found"
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c controlroom -f -k -a '(__controlroom)'"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""Shell -> its script. Where nothing is known the shell offers files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares which shell."""
    parser.add_argument("shell", choices=tuple(SCRIPTS), help="the shell that reads the script")


def main(args: argparse.Namespace) -> Exit:
    """Prints it."""
    emit(SCRIPTS[args.shell])
    return Exit.OK
