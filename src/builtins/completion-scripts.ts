// The scripts that teach a shell to complete pact's words. Each asks `pact __complete` and shows what it
// answers: nothing of the answer is evaluated, and pact is the one on the PATH, whatever was typed.

const bash = `# bash: completes the words of pact. For this shell: source <(pact completion bash)
_pact() {
    local kind='' text columns=0
    COMPREPLY=()
    # Only listing: notes may stand beside the words.
    [[ \${COMP_TYPE-} == 63 ]] && columns=\${COLUMNS:-80}
    while IFS= read -r text; do
        if [[ -z $kind ]]; then kind=$text; else COMPREPLY+=("$text"); fi
    done < <(command pact __complete bash -- "$columns" "\${2-\${COMP_WORDS[COMP_CWORD]}}" "\${COMP_LINE:0:COMP_POINT}" </dev/null 2>/dev/null)
    # bash before 4 has no compopt, and does without.
    case $kind in
        parts) compopt -o nospace ;;
        files) compopt -o default ;;
        folders) compopt -o dirnames -o filenames ;;
    esac 2>/dev/null
    return 0
}
complete -F _pact pact
`;

const zsh = `#compdef pact
# zsh: completes the words of pact. For this shell, after compinit: source <(pact completion zsh)
_pact() {
    local -a answer
    local kind
    answer=("\${(@f)$(command pact __complete zsh -- "\${(@Q)words[1,CURRENT-1]}" "\${(Q)PREFIX}" </dev/null 2>/dev/null)}")
    kind=$answer[1]
    shift answer
    case $kind in
        words) _describe -t words pact answer ;;
        parts) _describe -t words pact answer -S '' ;;
        files) [[ $PREFIX == -*=* ]] && compset -P '*='; _files ;;
        folders) [[ $PREFIX == -*=* ]] && compset -P '*='; _files -/ ;;
        *) return 1 ;;
    esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _pact "$@"; else compdef _pact pact; fi
`;

const fish = `# fish: completes the words of pact. For this shell: pact completion fish | source
function __pact_complete
    set -l token (commandline -ct)
    set -l answer (command pact __complete fish -- (commandline -opc) "$token" </dev/null 2>/dev/null)
    set -l kind $answer[1]
    set -e answer[1]
    # The part of --flag=PATH that is no path.
    set -l flag (string match -r -- '^--[^=]*=' "$token")
    set -l path (string replace -r -- '^--[^=]*=' '' "$token")
    switch "$kind"
        case words parts
            printf '%s\\n' $answer
        case files
            for found in (__fish_complete_path "$path")
                printf '%s%s\\n' "$flag" $found
            end
        case folders
            for found in (__fish_complete_directories "$path")
                printf '%s%s\\n' "$flag" $found
            end
    end
end
complete -c pact -f -a '(__pact_complete)'
`;

export const SCRIPTS = { bash, zsh, fish } as const;
