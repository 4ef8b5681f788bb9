# shellcheck shell=bash
# shellcheck disable=SC2034,SC2043,SC2154,SC2157,SC2194  # variables of the other file; what the tables fill in
# The part of role-env's integration that is bash's own.

_role_env_which() {
	\builtin type -P "$1"
}

_role_env_is_subshell() {
	[[ ${BASH_SUBSHELL-0} != 0 ]]
}

# Whether all the variables can be set and unset, found out without a fork.
_role_env_is_writable() {
	while (($#)); do
		\builtin local "$1" 2>/dev/null || \builtin return 1
		\builtin shift
	done
}

# Whether the variable, if it has a value, is exported. bash before 4.4 cannot say it.
_role_env_is_exported() {
	case ${BASH_VERSION} in
	[0-3].* | 4.[0-3]*) ;;
	*)
		\builtin local -n _role_env_reference="$1"
		[[ -z ${_role_env_reference-} || ${_role_env_reference@a} == *x* ]]
		;;
	esac
}

# Removes the control characters of ASCII and, in any locale, those beyond it (U+0080 to U+009F).
_role_env_remove_controls() {
	_role_env_name=${_role_env_name//[[:cntrl:]]/}
	_role_env_name=${_role_env_name//$'\xc2'[$'\x80'-$'\x9f']/}
}

# Runs a step of ours while `set -x` and `set -v`, which would print secrets, are off. The `||` lets the shell of
# someone with `set -e` go on to turn them on again.
_role_env_untraced() {
	{ \builtin local flags="$-" result=0 && \builtin set +xv; } 2>/dev/null
	"$@" || result=$?
	case ${flags} in *v*) \builtin set -v ;; *) ;; esac
	case ${flags} in *x*) \builtin set -x ;; *) ;; esac
	\builtin return "${result}"
}

# Sets `now` to seconds of the epoch without a fork, by the best clock that this bash has.
case ${BASH_VERSION} in
[5-9].* | [1-9][0-9].*)
	_role_env_clock() {
		now=${EPOCHSECONDS-}
		case ${now} in '' | *[!0123456789]*) \builtin printf -v now '%(%s)T' -1 ;; *) ;; esac
	}
	;;
4.[2-9]*)
	_role_env_clock() { \builtin printf -v now '%(%s)T' -1; }
	;;
*)
	# `date` runs once, and again after SECONDS has been set back.
	\builtin unset -v _role_env_base _role_env_last
	_role_env_base='' _role_env_last=0
	_role_env_clock() {
		\builtin local seconds="${SECONDS-}"
		case ${seconds} in '' | *[!0123456789]*) seconds=0 _role_env_base='' ;; *) ;; esac
		if [[ -z ${_role_env_base} ]] || ((seconds < _role_env_last)); then
			_role_env_base=$(\builtin command date +%s)
			_role_env_base=$((_role_env_base - seconds))
		fi
		_role_env_last=${seconds}
		now=$((_role_env_base + seconds))
	}
	;;
esac

# The hook in PROMPT_COMMAND. Most of the time nothing has changed, and the second in which the text will has not come.
# It passes on the status that later hooks see. Where each hook gets the status anew (bash 5.1), and under `set -e`,
# where a failure would end the shell, it returns 0.
_role_env_prompt() {
	\builtin local result="$?" now="${_role_env_list:+${EPOCHSECONDS-}}"
	case ${now} in '' | *[!0123456789]*) _role_env_clock ;; *) ;; esac
	if [[ "@STATE@" != "${_role_env_state}" ]] || ((now < _role_env_since || now >= _role_env_next)); then
		_role_env_untraced _role_env_look
	fi
	[[ ${PS1-} == "${_role_env_head}"* ]] || _role_env_show
	case ${PROMPT_COMMAND[*]-} in *_role_env_prompt) ;; *) _role_env_install ;; esac
	case ${_role_env_list}$- in list* | *e*) \builtin return 0 ;; *) \builtin return "${result}" ;; esac
}

# Puts a reference to the text at the head of PS1. bash decodes a prompt before it expands the variables in it: nothing
# in the text can act.
_role_env_show() {
	case ${PS1-} in
	'' | *'{ROLE_ENV_PROMPT'* | *'$'ROLE_ENV_PROMPT*) ;;
	*)
		if \builtin shopt -q promptvars; then
			PS1=${_role_env_head}${PS1}
		else
			_role_env_report_hidden promptvars 'shopt -s promptvars'
		fi
		;;
	esac
}

# Puts the hook behind all others, once. With --no-prompt it is also in front, behind direnv's, so that hooks that show
# ROLE_ENV_PROMPT in a prompt of their own run after it. In a string it is a line of its own, and only the last one:
# other hooks have to see $PIPESTATUS.
_role_env_install() {
	\builtin local command='' rest=''
	if [[ -z ${_role_env_list} ]]; then
		# shellcheck disable=SC2128,SC2178  # of an array the older bashes run the first element
		rest=${PROMPT_COMMAND//$'\n'_role_env_prompt/}
		rest=${rest#_role_env_prompt}
		# shellcheck disable=SC2178
		PROMPT_COMMAND=${rest:+${rest}$'\n'}_role_env_prompt
		\builtin return
	fi
	\builtin set -- ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"}
	PROMPT_COMMAND=()
	if [[ -z ${_role_env_head} && $* != *_direnv_hook* ]]; then PROMPT_COMMAND=(_role_env_prompt); fi
	for command in "$@"; do
		case ${command} in
		_role_env_prompt) \builtin continue ;;
		*) PROMPT_COMMAND+=("${command}") ;;
		esac
		case ${_role_env_head}${command} in _direnv_hook*) PROMPT_COMMAND+=(_role_env_prompt) ;; *) ;; esac
	done
	PROMPT_COMMAND+=(_role_env_prompt)
}

# Completes: readline's words end at colons and the like, so they are read from the line.
_role_env_complete() {
	\builtin local line="${COMP_LINE:0:COMP_POINT}" value='' command='' run='' count=0 here='' prefix='' word=''
	\builtin local before
	COMPREPLY=()
	IFS=$' \t\n' \builtin read -r -a before <<<"${line}"
	here=${before[${#before[@]} - 1]}
	case ${line} in
	*[[:space:]]) here='' ;;
	*) \builtin unset -v "before[${#before[@]}-1]" ;;
	esac
	for word in "${before[@]:1}"; do
		case ${run} in
		'') _role_env_read_word "${word}" ;;
		*) run=there ;;
		esac
	done
	case ${here} in --*=*) value=${here%%=*} here=${here#*=} ;; *) ;; esac
	prefix=${here%"$2"}
	case ${run} in
	'') if [[ ${command} == exec && ${count} -gt 0 && ${here} != -* && -z ${value} ]]; then run=next; fi ;;
	*) ;;
	esac
	case ${run} in
	next) word=$(\builtin compgen -c -- "$2") && while IFS='' \builtin read -r word; do COMPREPLY+=("${word}"); done <<<"${word}" ;;
	?*) ;; # files, by bash itself
	*)
		if [[ -n ${value} ]]; then _role_env_offer_value; else _role_env_offer_word; fi &&
			{ \builtin compopt +o default +o bashdefault 2>/dev/null || \builtin :; }
		;;
	esac
}

_role_env_offer() {
	\builtin local word=''
	for word in "$@"; do
		if [[ ${word} == "${here}"* ]]; then COMPREPLY+=("${word#"${prefix}"}"); fi
	done
}

# Installs it where a person types.
\builtin unset -v _role_env_list _role_env_head
_role_env_list='' _role_env_head=''
case $- in
*i*)
	case ${BASH_VERSION} in 5.[1-9]* | 5.[1-9][0-9]* | [6-9].* | [1-9][0-9].*) _role_env_list=list ;; *) ;; esac
	# shellcheck disable=SC2016  # references: the prompt must not hold the text
	case ${_role_env_options} in
	*--no-prompt*) ;;
	*) _role_env_head='\[${_role_env_on-}\]${ROLE_ENV_PROMPT-}\[${_role_env_off-}\]${ROLE_ENV_PROMPT:+ }' ;;
	esac
	_role_env_install
	\builtin complete -o bashdefault -o default -F _role_env_complete role-env
	;;
*) ;;
esac
