# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of the other files; values from the tables
# The part of role-env's integration that is specific to bash.

_role_env_is_subshell() {
	[[ ${BASH_SUBSHELL} != 0 ]]
}

# Run a step of role-env without `set -x` and `set -v`, which would print secrets, and without `set -a`, which would
# export them; $1 is "$-". Because of the `||`, a shell with `set -e` continues and turns them on again.
_role_env_untraced() {
	{ set +avx; } 2>/dev/null
	local _role_env_flags="$1" _role_env_status=0
	shift
	"$@" || _role_env_status=$?
	case ${_role_env_flags} in *a*) set -a ;; *) ;; esac
	case ${_role_env_flags} in *v*) set -v ;; *) ;; esac
	case ${_role_env_flags} in *x*) set -x ;; *) ;; esac
	return "${_role_env_status}"
}

# The text that the hook compares: all that decides what the prompt shows, and of each secret only its length.
_role_env_observe() {
	_role_env_observed="@EACH COMPARED ${ITEM-} @END @EACH MEASURED ${ITEM+${#ITEM}} @END"
	if [[ -n ${ROLE_ENV_SERVER-} && ! -e ${ALICLOUD_SHARED_CREDENTIALS_FILE-} ]]; then _role_env_observed+=' ended'; fi
}

# Set `_role_env_now` to the epoch seconds without a fork, by the best clock of this bash.
case ${BASH_VERSION} in
[5-9].* | [1-9][0-9].*) _role_env_clock() { _role_env_now=${EPOCHSECONDS}; } ;;
4.[2-9]*) _role_env_clock() { printf -v _role_env_now '%(%s)T' -1; } ;;
*)
	_role_env_base=$(($(command date +%s) - SECONDS))
	_role_env_clock() { _role_env_now=$((_role_env_base + SECONDS)); }
	;;
esac

# The hook in PROMPT_COMMAND.
_role_env_prompt() {
	case $- in
	*[avx]*) _role_env_untraced "$-" _role_env_check "$?" ;;
	*) _role_env_check "$?" ;;
	esac
}

# Most of the time nothing has changed, and the time of the next change of the text has not come. It returns the status
# for later hooks: 0 if every hook gets it from bash (5.1), and under `set -e`, where a failure would end the shell.
_role_env_check() {
	local _role_env_now='' _role_env_observed=''
	_role_env_clock
	_role_env_observe
	if [[ ${_role_env_observed} != "${_role_env_state}" ]] ||
		((_role_env_now < _role_env_since || _role_env_now >= _role_env_next)); then
		_role_env_update
	fi
	ROLE_ENV_PROMPT=${_role_env_text} _role_env_from=0
	[[ ${PS1-} == "${_role_env_head}"* && ${PS0-} == "${_role_env_end_of_text}"* ]] || _role_env_show
	case ${_role_env_list}$- in list* | *e*) return 0 ;; *) return "$1" ;; esac
}

# Put a reference to the text at the start of PS1. bash decodes a prompt before it expands variables in it, so the text
# cannot contain prompt commands. The text is shown from _role_env_from on, and before each command PS0 (bash 4.4) moves
# that past the end, so that no former text is shown where another hook keeps this one from running.
_role_env_show() {
	case ${PS1-} in
	"${_role_env_head}"* | *'{ROLE_ENV_PROMPT'* | *'$'ROLE_ENV_PROMPT*) ;;
	*) PS1=${_role_env_head}${PS1-} ;;
	esac
	PS0=${_role_env_end_of_text}${PS0-}
}

# Succeed if the variable can be assigned. Trying it otherwise would end the line of commands that it stands in.
_role_env_is_free() {
	local "$1" 2>/dev/null
}

# Put the hook after all others, once. With --no-prompt it is also in front, after direnv's, so that hooks that show
# ROLE_ENV_PROMPT in a prompt of their own run after it. In a string it is a line of its own, and only the last line,
# since other hooks must see $PIPESTATUS.
_role_env_install() {
	local _role_env_command='' _role_env_rest=''
	if [[ ${_role_env_fixed} == PROMPT_COMMAND ]]; then return 0; fi
	case ${PROMPT_COMMAND[*]-} in *_role_env_prompt) return 0 ;; *) ;; esac
	if [[ -z ${_role_env_list} ]]; then
		# shellcheck disable=SC2128,SC2178  # older bashes run the first element of an array
		_role_env_rest=${PROMPT_COMMAND//$'\n'_role_env_prompt/}
		# shellcheck disable=SC2178
		PROMPT_COMMAND=${_role_env_rest:+${_role_env_rest}$'\n'}_role_env_prompt
		return 0
	fi
	set -- ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"}
	PROMPT_COMMAND=()
	if [[ -z ${_role_env_head} && $* != *_direnv_hook* ]]; then PROMPT_COMMAND=(_role_env_prompt); fi
	for _role_env_command in "$@"; do
		if [[ ${_role_env_command} != _role_env_prompt ]]; then PROMPT_COMMAND+=("${_role_env_command}"); fi
		case ${_role_env_head}${_role_env_command} in _direnv_hook*) PROMPT_COMMAND+=(_role_env_prompt) ;; *) ;; esac
	done
	PROMPT_COMMAND+=(_role_env_prompt)
}

# Complete. The words are read from the line, since readline's words end at colons and similar characters; $2 is its word
# before the cursor.
_role_env_complete() {
	local _role_env_line="${COMP_LINE:0:COMP_POINT}" _role_env_here='' _role_env_words _role_env_kind='' _role_env_offer=''
	IFS=$' \t\n' read -r -a _role_env_words <<<"${_role_env_line}"
	case ${_role_env_line} in *[[:space:]]) _role_env_words+=('') ;; *) ;; esac
	_role_env_here=${_role_env_words[${#_role_env_words[@]} - 1]}
	case ${_role_env_here} in --*=*) _role_env_here=${_role_env_here#*=} ;; *) ;; esac
	COMPREPLY=()
	# shellcheck disable=SC2312  # a failure prints nothing
	while IFS=$'\t' read -r _role_env_kind _role_env_offer _; do
		case ${_role_env_kind} in
		files) return ;; # by bash itself
		command)
			((_role_env_offer == ${#_role_env_words[@]} - 1)) || return 0
			while IFS='' read -r _role_env_offer; do COMPREPLY+=("${_role_env_offer}"); done < <(compgen -c -- "$2")
			;;
		*)
			[[ ${_role_env_offer} != "${_role_env_here}"* ]] ||
				COMPREPLY+=("${_role_env_offer#"${_role_env_here%"$2"}"}")
			;;
		esac
	done < <(_role_env_call --complete "${_role_env_words[@]:1}" 2>/dev/null)
	compopt +o default +o bashdefault 2>/dev/null || :
}

# Install it in an interactive shell.
_role_env_list='' _role_env_head='' _role_env_space=' ' _role_env_nothing='' _role_env_from=0 _role_env_end_of_text=''
_role_env_fixed='' # the readonly variable that keeps the prompt from showing the session
case $- in
*i*)
	# From 5.1 on, bash runs every element of PROMPT_COMMAND, and each finds the status in $?.
	case ${BASH_VERSION} in 5.[1-9]* | 5.[1-9][0-9]* | [6-9].* | [1-9][0-9].*) _role_env_list=list ;; *) ;; esac
	# On audited hosts some of these are readonly.
	for _role_env_fixed in PROMPT_COMMAND PS1 PS0 ''; do
		if [[ -n ${_role_env_fixed} ]] && ! _role_env_is_free "${_role_env_fixed}"; then
			printf 'role-env: the prompt does not show the session, since %s is readonly\n' "${_role_env_fixed}" >&2
			break
		fi
	done
	# shellcheck disable=SC2016  # references: the prompt must not contain the text
	case ${_role_env_options}${_role_env_fixed} in
	*--no-prompt* | *PS?) ;;
	*)
		_role_env_head='\[${_role_env_on-}\]${ROLE_ENV_PROMPT+${ROLE_ENV_PROMPT:_role_env_from}}'
		_role_env_head=${_role_env_head}'\[${_role_env_off-}\]${ROLE_ENV_PROMPT:+${_role_env_space:_role_env_from}}'
		_role_env_end_of_text='${_role_env_nothing:_role_env_from=999}'
		;;
	esac
	_role_env_install
	complete -o bashdefault -o default -F _role_env_complete role-env
	;;
*) ;;
esac
