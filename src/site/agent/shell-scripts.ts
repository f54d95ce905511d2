// The two bash scripts of a shell session. The reader reads lines and has each recorded
// before a restricted bash of its own runs it: what the operator types can change that
// one, never the reader. Every program on the restricted PATH is the asker, which has the
// program and its arguments judged and recorded before it becomes the program. Both speak
// to the agent over a connection of their own for each question, so nothing that could be
// closed, read or switched off is ever open in what the operator runs.

/** Asks `$1…` with the key in `$key`; the first line of the answer in `$answer`, the words after it in `$words`. */
const ASK = `ask() {
  local fd
  answer= words=()
  { exec {fd}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
  { printf '%s\\0' "$(($# + 1))" "$key" "$@" >&"$fd"; } 2>/dev/null
  { IFS= read -r answer && mapfile -d '' -t words; } <&"$fd"
  exec {fd}>&-
  [[ -n $answer ]]
}`;

/** What the restricted bash does: $1 last status, $2 the line. It tells the reader when the line did not ask to leave. */
const LINE = `unset PACT_LINE
trap - INT QUIT
readonly PATH SHELL ENV BASH_ENV HISTFILE PROMPT_COMMAND LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT PACT_PORT PACT_KEY
enable -n enable exec hash
set -r
status() { unset -f status; return "$1"; }
status "$1"
eval "$2"
set -- "$?"
kill -USR1 "$PPID"
exit "$1"`;

/**
 * The line editor may edit and nothing else: some of its keys (shell-expand-line,
 * edit-and-execute-command) would run what is typed in the reader itself, unrecorded.
 */
const KEYS = `keep=' self-insert accept-line backward-char forward-char beginning-of-line end-of-line previous-history next-history
 delete-char backward-delete-char kill-line unix-line-discard unix-word-rubout backward-kill-word kill-word kill-whole-line yank yank-pop
 forward-word backward-word clear-screen reverse-search-history forward-search-history abort complete possible-completions
 transpose-chars transpose-words undo quoted-insert bracketed-paste-begin prefix-meta upcase-word downcase-word capitalize-word
 beginning-of-history end-of-history yank-last-arg yank-nth-arg digit-argument redraw-current-line '
export INPUTRC=/dev/null EDITOR=/bin/false VISUAL=/bin/false FCEDIT=/bin/false
for name in $(bind -l 2>/dev/null); do
  [[ $keep == *[[:space:]]"$name"[[:space:]]* ]] && continue
  for map in emacs-standard emacs-meta emacs-ctlx; do bind -m "$map" -u "$name" 2>/dev/null; done
done`;

/** Run as \`bash -p session\`; its environment is made by the agent. */
export const SESSION_SCRIPT = `#!/bin/bash -p
${ASK}
port=$PACT_PORT key=$PACT_KEY run_key=$PACT_RUN_KEY bin=$PACT_BIN prompt=$PACT_PROMPT term=$TERM
unset PACT_PORT PACT_KEY PACT_RUN_KEY PACT_BIN PACT_PROMPT
line_script='${LINE}'
# What the site itself was started with is not the operator's to see.
for fd in /proc/$$/fd/*; do
  fd=\${fd##*/}
  ((fd > 2 && fd < 255)) && [[ -e /proc/$$/fd/$fd ]] && exec {fd}>&-
done
${KEYS}
shopt -s checkwinsize
# While a line is read the editor starts it anew, without its prompt.
trap 'printf "\\n%s" "$reading"' INT QUIT
reading=
trap 'stayed=1' USR1
trap '' TSTP
status=0

incomplete() {
  [[ $1 == *\\\\ && $1 != *\\\\\\\\ ]] && return 0
  local said
  said=$(LC_ALL=C /bin/bash -p -n -c "$1" 2>&1)
  [[ $said == *'unexpected end of file'* || $said == *'unexpected EOF'* ]]
}

while :; do
  line= reading=$prompt
  IFS= read -e -r -p "$prompt" line || { echo; break; }
  while [[ -n $line ]] && incomplete "$line"; do
    reading='> '
    IFS= read -e -r -p '> ' more || { echo; line=; break; }
    [[ $line == *\\\\ ]] && line=\${line%\\\\}$more || line+=$'\\n'$more
  done
  reading=
  [[ $line =~ [^[:space:]] ]] || continue
  history -s -- "$line"
  if ! ask line "$line" || [[ $answer != run ]]; then
    echo 'pact: this line could not be recorded and was not run; the session ends' >&2
    status=126
    break
  fi
  stayed=
  (:)
  env -i PATH="$bin" HOME=/tmp LANG=C.UTF-8 TERM="$term" SHELL=/bin/rbash COLUMNS="$COLUMNS" LINES="$LINES" PACT_PORT="$port" PACT_KEY="$run_key" \\
    PACT_LINE="$line_script" /bin/bash --noprofile --norc -c 'eval "$PACT_LINE"' pact "$status" "$line"
  status=$?
  if [[ -z $stayed && $status -lt 128 && $line =~ (^|[^[:alnum:]_/.-])(exit|logout)([^[:alnum:]_/.-]|$) ]]; then break; fi
done
exit "$status"
`;

/** Run by the name of the program it stands for. */
export const RUN_SCRIPT = `#!/bin/bash -p
${ASK}
name=\${0##*/} port=$PACT_PORT key=$PACT_KEY
if ! ask "$name" "$@"; then
  printf 'pact: %s could not be recorded and was not run\\n' "$name" >&2
  exit 126
fi
if [[ $answer == run ]]; then
  unset PACT_PORT PACT_KEY
  PATH=/usr/sbin:/usr/bin:/sbin:/bin PAGER=cat SYSTEMD_PAGER=cat
  export PATH PAGER SYSTEMD_PAGER
  exec -a "$name" -- "\${words[@]}"
  exit 127
fi
printf 'pact: %s\\n' "\${answer#deny }" >&2
exit 126
`;
