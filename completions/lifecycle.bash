# shellcheck shell=bash
# Completion of lifecycle for bash. The program says what could follow; this hands it the words and its answers to readline.

# Sets `words` to the words up to the cursor, the last one cut there. readline has split them at each of COMP_WORDBREAKS, '=' and ':' among
# them; pieces between which no blank stands are one word.
_lifecycle_words() {
  local line=${COMP_LINE:0:COMP_POINT} rest piece i
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=${line#"${line%%[![:space:]]*}"}
    piece=${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || piece=$rest
    if ((i == 0)) || [[ $rest != "$line" || -z $line ]]; then
      words+=("$piece")
    else
      words[-1]+=$piece
    fi
    line=${rest#"$piece"}
  done
}

# What a word means to the shell, as far as that needs no evaluation: without its quotes.
_lifecycle_unquoted() {
  local word=$1
  case $word in
    \'*) word=${word#\'} word=${word%\'} ;;
    \"*) word=${word#\"} word=${word%\"} ;;
    \~/*) word=$HOME/${word#\~/} ;;
    *) word=${word//\\/} ;;
  esac
  printf '%s' "$word"
}

# Candidates with their descriptions, one below the other.
_lifecycle_list() {
  local line width=0
  for line in "${lines[@]}"; do
    line=${line%%$'\t'*}
    ((${#line} > width)) && width=${#line}
  done
  for line in "${lines[@]}"; do
    if [[ $line == *$'\t'* ]]; then
      printf -v line '%-*s  (%s)' "$width" "${line%%$'\t'*}" "${line#*$'\t'}"
    fi
    COMPREPLY+=("${line:0:${COLUMNS:-80}-2}")
  done
}

_lifecycle() {
  local words program=() cur line lines=() directive head last
  COMPREPLY=()
  _lifecycle_words
  for line in "${words[@]}"; do
    program+=("$(_lifecycle_unquoted "$line")")
  done
  cur=${program[-1]}
  while IFS= read -r line; do
    lines+=("$line")
  done < <("${program[0]}" __complete "${program[@]:1}" 2> /dev/null)
  ((${#lines[@]} > 0)) || return 0
  directive=${lines[-1]#:}
  unset 'lines[-1]'
  if ((${#lines[@]} == 0)); then
    ((directive & 4)) || compopt -o default  # the shell's own: files
    return 0
  fi
  ((directive & 2)) && compopt -o nospace
  ((directive & 32)) && compopt -o nosort
  if ((COMP_TYPE == 63 && ${#lines[@]} > 1)); then  # only shown, not inserted
    _lifecycle_list
    return 0
  fi
  # readline replaces no more than what stands behind the last break.
  last=${COMP_WORDS[COMP_CWORD]}
  [[ $last == [=:]* ]] && last=${last#?}
  head=${cur%"$(_lifecycle_unquoted "$last")"}
  for line in "${lines[@]}"; do
    line=${line%%$'\t'*}
    line=${line#"$head"}
    [[ $last == [\'\"]* ]] || printf -v line '%q' "$line"
    COMPREPLY+=("$line")
  done
}

complete -F _lifecycle lifecycle temporal-lifecycle kubectl-lifecycle
