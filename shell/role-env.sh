# shellcheck shell=bash
# shellcheck disable=SC2034  # variables of the other file; values from the tables
# What role-env's integrations for bash (from 3.2 on) and zsh share. This file, `prompt.sh`, `completion.sh` and the file
# of the shell are one text, in which the names between two @ are replaced by the command's own tables.
#
# `role-env use PROFILE`, `off` and `renew` act in this shell; everything else goes to the command. In an interactive
# shell ROLE_ENV_PROMPT describes the session, the prompt shows it, and words complete.
#
# A backslash bypasses aliases (and `function` one named role-env), `builtin` and `command` bypass functions, and the
# prefix of each name, also of locals, avoids the user's readonly variables. Text from outside is never evaluated,
# arithmetic gets only digits, and inherited variables are unset first.
\builtin unalias role-env 2>/dev/null || \builtin :
\builtin unset -v ROLE_ENV_PROMPT _role_env_seen _role_env_name _role_env_end _role_env_window _role_env_retry \
	_role_env_warned _role_env_state _role_env_observed _role_env_text _role_env_since _role_env_next _role_env_on \
	_role_env_off _role_env_plain _role_env_warning _role_env_request _role_env_previous _role_env_shell \
	_role_env_options _role_env_hidden _role_env_pinned
_role_env_seen='' _role_env_name='' _role_env_end='' _role_env_window=1 _role_env_retry=0 _role_env_warned=''
_role_env_state='' _role_env_observed='' _role_env_text='' _role_env_since=0 _role_env_next=0
_role_env_on='' _role_env_off='' _role_env_plain='' _role_env_warning=''
_role_env_request='' _role_env_previous='' _role_env_hidden=''

# The version of this text, and the options of `role-env init`: --no-prompt, --renew.
_role_env_options='@OPTIONS@'
_role_env_shell='@SHELL@'

function role-env {
	case ${1-} in
	use | off | renew) _role_env_untraced "$-" _role_env_run_here "$@" ;;
	*) _role_env_untraced "$-" _role_env_call "$@" ;;
	esac
	# In zsh a failure after a `case` would not end a shell with `set -e`.
	\builtin return
}

# Run the command. ROLE_ENV_INIT decides its hints, and shows `role-env doctor` an older integration.
_role_env_call() {
	\builtin local -x ROLE_ENV_INIT="${_role_env_options%% *}${_role_env_hidden:+ ${_role_env_hidden}}" 2>/dev/null || \builtin :
	\builtin command role-env "$@"
}

# Run `use`, `off` or `renew`, or show its help, which is for a person and never evaluated.
_role_env_run_here() {
	\builtin local _role_env_word=''
	for _role_env_word in "$@"; do
		case ${_role_env_word} in
		-h | --help)
			_role_env_call "$@"
			\builtin return
			;;
		*) ;;
		esac
	done
	case $1 in
	use) _role_env_use "$@" ;;
	off) _role_env_end_session "$@" ;;
	*) _role_env_renew_here "$@" ;;
	esac
}

# Put a session into this shell, with the options of `role-env export`. `-` is the session before this one or, in a
# shell without a session, the last one: the command gets its request. By the same variable it knows that it may ask for
# a profile.
_role_env_use() {
	\builtin shift
	\builtin local _role_env_meant='' _role_env_status=0
	_role_env_can_run || \builtin return
	_role_env_remember
	_role_env_meant=${_role_env_request}
	if [[ -n ${ROLE_ENV_PROFILE-} ]]; then _role_env_meant=${_role_env_previous}; fi
	\builtin local -x ROLE_ENV_PREVIOUS="${_role_env_meant}" 2>/dev/null || \builtin :
	_role_env_take export "$@" || _role_env_status=$?
	_role_env_remember
	if [[ ${_role_env_status} == 0 ]] && _role_env_is_captured; then
		\builtin printf 'role-env: this switched a subshell only\nrole-env: hint: type it alone: role-env use' >&2
		\builtin printf ' %s' "$@" >&2
		\builtin printf '\n' >&2
	fi
	_role_env_refresh
	\builtin return "${_role_env_status}"
}

# Remember the requests of this shell's session, unless it is mixed with another, and of the session before it. A
# renewal, or the same request again, counts as the same session.
_role_env_remember() {
	\builtin local _role_env_here=none
	case ${ROLE_ENV_REQUEST-} in *'"shown":"'"@EACH SHOWN ${ITEM-} @END"'"'*) _role_env_here=${ROLE_ENV_REQUEST-} ;; *) ;; esac
	if [[ -n ${ROLE_ENV_PROFILE-} ]]; then
		if [[ ${_role_env_here%%,?sts_endpoint*} != "${_role_env_request%%,?sts_endpoint*}" ]]; then
			_role_env_previous=${_role_env_request}
		fi
		_role_env_request=${_role_env_here}
	fi
}

# End the session without a process, by the code below. A substitution such as `eval "$(role-env off)"` changes only a
# subshell, so it also prints the code for the shell that reads it.
_role_env_end_session() {
	\builtin shift
	\builtin local _role_env_code='' _role_env_status=0
	if (($#)); then
		_role_env_can_run || \builtin return
		_role_env_code=$(_role_env_call off "$@" --format "${_role_env_shell}") || _role_env_status=$?
	else
		# shellcheck disable=SC2016  # it is evaluated below, and by the shell that reads it
		_role_env_code=@OFF@
	fi
	_role_env_remember
	if _role_env_is_captured; then
		\builtin printf '%s\n' "${_role_env_code}"
		\eval "${_role_env_code}" 2>/dev/null || [[ ${_role_env_status} != 0 ]] || _role_env_status=1
	else
		\eval "${_role_env_code}" || [[ ${_role_env_status} != 0 ]] || _role_env_status=1
	fi
	_role_env_refresh
	\builtin return "${_role_env_status}"
}

# Run `renew` for a person.
_role_env_renew_here() {
	\builtin local _role_env_status=0 _role_env_before="${ROLE_ENV_EXPIRATION-}"
	_role_env_can_run || \builtin return
	_role_env_take "$@" || _role_env_status=$?
	_role_env_refresh
	case ${_role_env_status}$- in 0*i*) [[ ${ROLE_ENV_EXPIRATION-} != "${_role_env_before}" ]] || _role_env_say_not_due ;; *) ;; esac
	\builtin return "${_role_env_status}"
}

# Print that a renewal had nothing to do.
_role_env_say_not_due() {
	\builtin local _role_env_now=0
	_role_env_clock
	if _role_env_is_served; then
		\builtin printf 'role-env: the session of this shell is renewed by role-env exec --renew\n' >&2
		\builtin return
	fi
	case ${ROLE_ENV_EXPIRATION-} in
	'' | *[!0123456789]* | ?????????????*) ;;
	*)
		\builtin printf 'role-env: the session of this shell is not due for renewal: %d min left\n' \
			"$(((10#${ROLE_ENV_EXPIRATION} - _role_env_now - 1) / 60))" >&2
		;;
	esac
}

# Evaluate the code that the command prints for this shell, and return its status, or 1 if the evaluation failed.
_role_env_take() {
	\builtin local _role_env_code='' _role_env_status=0
	_role_env_code=$(_role_env_call "$@" --format "${_role_env_shell}") || _role_env_status=$?
	\eval "${_role_env_code}" || [[ ${_role_env_status} != 0 ]] || _role_env_status=1
	\builtin return "${_role_env_status}"
}

# Succeed if this is a subshell whose output another program reads.
_role_env_is_captured() {
	_role_env_is_subshell && [[ ! -t 1 ]]
}

# Succeed if the command can run. If it or its interpreter is missing, print one line instead of the shell's message.
_role_env_can_run() {
	\builtin local _role_env_file='' _role_env_line=''
	_role_env_file=$(_role_env_which role-env) || _role_env_file=''
	if [[ -n ${_role_env_file} ]]; then
		_role_env_read _role_env_line 2>/dev/null <"${_role_env_file}" || \builtin :
		_role_env_line=${_role_env_line#'#!'}
		if [[ ${_role_env_line} != /* || -x ${_role_env_line%%[[:space:]]*} ]]; then \builtin return 0; fi
	fi
	_role_env_report "the command ${_role_env_file:-role-env} cannot run: it, or its Python, is missing" \
		'install it again; role-env off works without it'
	\builtin return 127
}

# Report what happened ($1), and what to do about it ($2).
_role_env_report() {
	\builtin printf 'role-env: %s\nrole-env: hint: %s\n' "$1" "$2" >&2
}

# Restore the hook if another program has removed it, since the next prompt must show the change.
_role_env_refresh() {
	case $- in *i*) _role_env_is_subshell || _role_env_arrange ;; *) ;; esac || \builtin :
}
