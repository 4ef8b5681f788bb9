# shellcheck shell=bash
# shellcheck disable=SC2034,SC2043,SC2154,SC2157,SC2194  # variables of the other file; values from the tables
# The part of role-env's integration that is specific to bash.

_role_env_which() {
	\builtin type -P "$1"
}

_role_env_is_subshell() {
	[[ ${BASH_SUBSHELL-0} != 0 ]]
}

# Read a line into the variable unchanged, except that a readonly IFS strips the spaces around it.
_role_env_read() {
	{ IFS='' \builtin read -r "$1"; } 2>/dev/null
}

# Succeed if all the variables can be set and unset. Needs no fork.
_role_env_is_writable() {
	while (($#)); do
		\builtin local "$1" 2>/dev/null || \builtin return 1
		\builtin shift
	done
}

# The state that the hook compares: the value, export and type of each relevant variable, as bash would declare it. bash
# before 4.4 can only compare values. The names show a nameref to an unset variable, which looks unset: programs get the
# name of its target as its value. Also, whether a variable with a value is exported: an array is not, and a nameref
# reports the name of another variable.
case ${BASH_VERSION} in
[0-3].* | 4.[0-3]*)
	_role_env_observe() { _role_env_observed="@EACH COMPARED ${ITEM-} @END @EACH COMPARED_SECRETS ${ITEM+1} @END"; }
	_role_env_is_exported() { \builtin :; }
	;;
*)
	_role_env_observe() { _role_env_observed="@EACH COMPARED ${ITEM+${ITEM@A}} @END @EACH COMPARED_SECRETS ${ITEM+${ITEM@a}} @END ${!AL@} ${!Acc@}"; }
	_role_env_is_exported() {
		if \builtin test -R "$1"; then \builtin return 1; fi
		\builtin local -n _role_env_reference="$1"
		if [[ -z ${_role_env_reference-} ]]; then \builtin return 0; fi
		\builtin local _role_env_declared="${_role_env_reference@A}"
		case ${_role_env_declared%%=*} in
		'declare -'*[aA]*" $1") \builtin return 1 ;;
		'declare -'*x*" $1") ;;
		*) \builtin return 1 ;;
		esac
	}
	;;
esac

# Set _role_env_pinned to the current values of the variables that lead to files, the keyring and certificates.
_role_env_pin() {
	\builtin local _role_env_each=''
	_role_env_pinned=(@EACH PINNED ${ITEM+"ITEM=${ITEM}"} @END)
	for _role_env_each in "${!KEYRING_PROPERTY_@}"; do
		_role_env_pinned+=("${_role_env_each}=${!_role_env_each}")
	done
}

_role_env_unset_pinned() {
	\builtin unset -v @PINNED@ "${!KEYRING_PROPERTY_@}"
}

# Remove the control characters of ASCII and, in any locale, those beyond it (U+0080 to U+009F).
_role_env_remove_controls() {
	_role_env_name=${_role_env_name//[[:cntrl:]]/}
	_role_env_name=${_role_env_name//$'\xc2'[$'\x80'-$'\x9f']/}
}

# Run a step of role-env with some shell options off; $1 is "$-". `set -x` and `set -v` would print secrets, `set -a`
# would export them, `set -k` would prevent declarations, and `nocasematch` would take TRUE for true. Because of the
# `||`, a shell with `set -e` continues and turns them on again.
_role_env_untraced() {
	{ \builtin set +akvx; } 2>/dev/null
	\builtin local _role_env_flags="$1" _role_env_status=0
	\builtin shift
	if \builtin shopt -q nocasematch; then
		_role_env_flags=${_role_env_flags}N
		\builtin shopt -u nocasematch
	fi
	"$@" || _role_env_status=$?
	case ${_role_env_flags} in *a*) \builtin set -a ;; *) ;; esac
	case ${_role_env_flags} in *k*) \builtin set -k ;; *) ;; esac
	case ${_role_env_flags} in *v*) \builtin set -v ;; *) ;; esac
	case ${_role_env_flags} in *x*) \builtin set -x ;; *) ;; esac
	case ${_role_env_flags} in *N*) \builtin shopt -s nocasematch ;; *) ;; esac
	\builtin return "${_role_env_status}"
}

# Set `_role_env_now` to the epoch seconds without a fork, by the best clock of this bash.
case ${BASH_VERSION} in
[5-9].* | [1-9][0-9].*)
	_role_env_clock() {
		_role_env_now=${EPOCHSECONDS-}
		case ${_role_env_now} in '' | *[!0123456789]*) \builtin printf -v _role_env_now '%(%s)T' -1 ;; *) ;; esac
	}
	;;
4.[2-9]*)
	_role_env_clock() { \builtin printf -v _role_env_now '%(%s)T' -1; }
	;;
*)
	# `date` runs once, and again if SECONDS was set back.
	\builtin unset -v _role_env_base _role_env_last
	_role_env_base='' _role_env_last=0
	_role_env_clock() {
		\builtin local _role_env_seconds="${SECONDS-}"
		case ${_role_env_seconds} in '' | *[!0123456789]*) _role_env_seconds=0 _role_env_base='' ;; *) ;; esac
		if [[ -z ${_role_env_base} ]] || ((_role_env_seconds < _role_env_last)); then
			_role_env_base=$(\builtin command date +%s)
			_role_env_base=$((_role_env_base - _role_env_seconds))
		fi
		_role_env_last=${_role_env_seconds}
		_role_env_now=$((_role_env_base + _role_env_seconds))
	}
	;;
esac

# The hook in PROMPT_COMMAND.
_role_env_prompt() {
	case $-:${BASHOPTS-} in
	*[akvx]*:* | *:*nocasematch*) _role_env_untraced "$-" _role_env_check "$?" ;;
	*) _role_env_check "$?" ;;
	esac
}

# Most of the time nothing has changed, and the time of the next change of the text has not come. It returns the status
# for later hooks. It returns 0 if every hook gets the status from bash (5.1), and under `set -e`, where a failure would
# end the shell.
_role_env_check() {
	\builtin local _role_env_now="${_role_env_list:+${EPOCHSECONDS-}}"
	case ${_role_env_now} in '' | *[!0123456789]*) _role_env_clock ;; *) ;; esac
	_role_env_observe
	if [[ ${_role_env_observed} != "${_role_env_state}" ]] ||
		((_role_env_now < _role_env_since || _role_env_now >= _role_env_next)) ||
		{ [[ -n ${ROLE_ENV_SERVER-} ]] && ! _role_env_has_server; }; then
		_role_env_update
	fi
	if [[ ${ROLE_ENV_PROMPT-} == "${_role_env_text}" ]] || _role_env_publish; then _role_env_from=0; fi
	[[ ${PS1-} == "${_role_env_head}"* && ${PS0-} == *"${_role_env_end_of_text}"* ]] || _role_env_show
	_role_env_arrange
	case ${_role_env_list}$- in list* | *e*) \builtin return 0 ;; *) \builtin return "$1" ;; esac
}

# Pass the text to the prompt, and to other programs' prompts.
_role_env_publish() {
	if _role_env_is_writable ROLE_ENV_PROMPT; then
		ROLE_ENV_PROMPT=${_role_env_text}
	else
		_role_env_report_hidden 'a readonly ROLE_ENV_PROMPT' 'start a new shell without it'
		\builtin return 1
	fi
}

# Put a reference to the text at the start of PS1. bash decodes a prompt before it expands variables in it, so the text
# cannot contain prompt commands. The text is shown from _role_env_from on, and before each command PS0 moves that past
# the end, so that without the hook no text is shown. bash before 4.4 has no PS0; there the reference in PS1 does it.
_role_env_show() {
	case ${PS1-} in
	'' | *'{ROLE_ENV_PROMPT'* | *'$'ROLE_ENV_PROMPT*) ;;
	*)
		if ! \builtin shopt -q promptvars; then
			_role_env_report_hidden promptvars 'shopt -s promptvars'
		elif ! _role_env_is_writable PS1; then
			_role_env_report_hidden 'a readonly PS1' 'start a new shell without it'
		else
			PS1=${_role_env_head}${PS1}
		fi
		;;
	esac
	if [[ ${PS1-} == "${_role_env_head}"* && ${PS0-} != *"${_role_env_end_of_text}"* ]]; then
		if _role_env_is_writable PS0; then
			PS0=${_role_env_end_of_text}${PS0-}
		else
			PS1=${_role_env_head}${_role_env_end_of_text}${PS1#"${_role_env_head}"}
			_role_env_head=${_role_env_head}${_role_env_end_of_text} _role_env_end_of_text=''
		fi
	fi
}

# Put the hook in its place.
_role_env_arrange() {
	case ${PROMPT_COMMAND[*]-} in *_role_env_prompt) ;; *) _role_env_install ;; esac
}

# Put the hook after all others, once. With --no-prompt it is also in front, after direnv's, so that hooks that show
# ROLE_ENV_PROMPT in a prompt of their own run after it. In a string it is a line of its own, and only the last line,
# since other hooks must see $PIPESTATUS.
_role_env_install() {
	\builtin local _role_env_command='' _role_env_rest=''
	if ! _role_env_is_writable PROMPT_COMMAND; then
		case ${PROMPT_COMMAND[*]-} in
		*_role_env_prompt*) ;;
		*) _role_env_report_hidden 'a readonly PROMPT_COMMAND' 'start a new shell without it' ;;
		esac
		\builtin return 0
	fi
	if [[ -z ${_role_env_list} ]]; then
		# shellcheck disable=SC2128,SC2178  # older bashes run the first element of an array
		_role_env_rest=${PROMPT_COMMAND//$'\n'_role_env_prompt/}
		_role_env_rest=${_role_env_rest#_role_env_prompt}
		# shellcheck disable=SC2178
		PROMPT_COMMAND=${_role_env_rest:+${_role_env_rest}$'\n'}_role_env_prompt
		\builtin return
	fi
	\builtin set -- ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"}
	PROMPT_COMMAND=()
	if [[ -z ${_role_env_head} && $* != *_direnv_hook* ]]; then PROMPT_COMMAND=(_role_env_prompt); fi
	for _role_env_command in "$@"; do
		case ${_role_env_command} in
		_role_env_prompt) \builtin continue ;;
		*) PROMPT_COMMAND+=("${_role_env_command}") ;;
		esac
		case ${_role_env_head}${_role_env_command} in _direnv_hook*) PROMPT_COMMAND+=(_role_env_prompt) ;; *) ;; esac
	done
	PROMPT_COMMAND+=(_role_env_prompt)
}

# Complete. The words are read from the line, since readline's words end at colons and similar characters.
_role_env_complete() {
	\builtin local _role_env_line="${COMP_LINE:0:COMP_POINT}" _role_env_option='' _role_env_command='' _role_env_run=''
	\builtin local _role_env_count=0 _role_env_here='' _role_env_prefix='' _role_env_word='' _role_env_before
	COMPREPLY=()
	IFS=$' \t\n' \builtin read -r -a _role_env_before <<<"${_role_env_line}"
	_role_env_here=${_role_env_before[${#_role_env_before[@]} - 1]}
	case ${_role_env_line} in
	*[[:space:]]) _role_env_here='' ;;
	*) \builtin unset -v "_role_env_before[${#_role_env_before[@]}-1]" ;;
	esac
	for _role_env_word in "${_role_env_before[@]:1}"; do
		case ${_role_env_run} in
		'') _role_env_read_word "${_role_env_word}" ;;
		*) _role_env_run=there ;;
		esac
	done
	case ${_role_env_here} in
	--*=*) _role_env_option=${_role_env_here%%=*} _role_env_here=${_role_env_here#*=} ;;
	*) ;;
	esac
	_role_env_prefix=${_role_env_here%"$2"}
	if [[ -z ${_role_env_run}${_role_env_option} && ${_role_env_command} == exec && ${_role_env_count} -gt 0 &&
		${_role_env_here} != -* ]]; then
		_role_env_run=next
	fi
	case ${_role_env_run} in
	next)
		_role_env_word=$(\builtin compgen -c -- "$2") &&
			while _role_env_read _role_env_word; do COMPREPLY+=("${_role_env_word}"); done <<<"${_role_env_word}"
		;;
	?*) ;; # files, by bash itself
	*)
		if [[ -n ${_role_env_option} ]]; then _role_env_offer_value; else _role_env_offer_word; fi &&
			{ \builtin compopt +o default +o bashdefault 2>/dev/null || \builtin :; }
		;;
	esac
}

_role_env_offer() {
	\builtin local _role_env_word=''
	for _role_env_word in "$@"; do
		if [[ ${_role_env_word} == "${_role_env_here}"* ]]; then COMPREPLY+=("${_role_env_word#"${_role_env_prefix}"}"); fi
	done
}

_role_env_offer_options() {
	_role_env_offer "$@"
}

_role_env_offer_commands() {
	_role_env_offer_list '@COMMANDS,@'
}

_role_env_offer_names() {
	\builtin local _role_env_each=''
	while _role_env_read _role_env_each; do _role_env_offer "${_role_env_each}"; done <<<"$1"
}

# Install it in an interactive shell.
\builtin unset -v _role_env_list _role_env_head _role_env_space _role_env_nothing _role_env_from _role_env_end_of_text
_role_env_list='' _role_env_head='' _role_env_space=' ' _role_env_nothing='' _role_env_from=0 _role_env_end_of_text=''
case $- in
*i*)
	# From 5.1 on, bash runs every element of PROMPT_COMMAND, and each finds the status in $?.
	case ${BASH_VERSION} in 5.[1-9]* | 5.[1-9][0-9]* | [6-9].* | [1-9][0-9].*) _role_env_list=list ;; *) ;; esac
	_role_env_pin
	if ! _role_env_is_writable PROMPT_COMMAND; then
		_role_env_hidden='a readonly PROMPT_COMMAND'
		_role_env_report "the prompt cannot show the session, because of ${_role_env_hidden}" \
			'make it readonly below the line with role-env init'
	else
		# shellcheck disable=SC2016  # references: the prompt must not contain the text
		case ${_role_env_options} in
		*--no-prompt*) ;;
		*)
			_role_env_head='\[${_role_env_on-}\]${ROLE_ENV_PROMPT+${ROLE_ENV_PROMPT:_role_env_from}}'
			_role_env_head=${_role_env_head}'\[${_role_env_off-}\]${ROLE_ENV_PROMPT:+${_role_env_space:_role_env_from}}'
			_role_env_end_of_text='${_role_env_nothing:_role_env_from=999}'
			;;
		esac
		case ${BASH_VERSION} in
		[0-3].* | 4.[0-3]*) _role_env_head=${_role_env_head}${_role_env_end_of_text} _role_env_end_of_text='' ;;
		*) ;;
		esac
		_role_env_install
	fi
	\builtin complete -o bashdefault -o default -F _role_env_complete role-env
	;;
*) ;;
esac
