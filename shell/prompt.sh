# shellcheck shell=bash
# shellcheck disable=SC2034,SC2043,SC2154,SC2157,SC2195  # variables of the other files; values from the tables
# The prompt's text in bash and zsh: what the session is, whether all tools find it, and its renewal.

# Report once that something in this shell hides the session in the prompt: $1 names it, $2 is the fix.
_role_env_report_hidden() {
	if [[ -n ${ROLE_ENV_PROFILE-}${ROLE_ENV_NO_ACCOUNT-} && -z ${_role_env_hidden#compinit} ]]; then
		_role_env_hidden=$1
		_role_env_report "the prompt does not show the session, because of $1" "$2"
	fi
}

# Set the text, and report or renew the session if that is due. `_role_env_now` is the caller's.
_role_env_update() {
	if [[ -n ${ROLE_ENV_PROFILE-} ]]; then
		_role_env_remember
		_role_env_examine
		if [[ -n ${_role_env_end} ]] &&
			((_role_env_end - _role_env_now < _role_env_window && _role_env_now >= _role_env_retry)); then
			_role_env_renew_or_warn
		fi
	fi
	_role_env_since=${_role_env_now} _role_env_next=$((_role_env_now + 60))
	if [[ -n ${ROLE_ENV_PROFILE-} ]]; then
		_role_env_describe
	elif [[ -n ${ROLE_ENV_NO_ACCOUNT-} ]]; then
		_role_env_paint
		_role_env_text='no account' _role_env_on=${_role_env_warning} _role_env_seen=''
		if [[ -n ${ALIBABA_CLOUD_CREDENTIALS_URI-} ]] || ! _role_env_is_guarded none; then _role_env_text='no account≠'; fi
	elif [[ -n "@EACH DESCRIBING ${ITEM-}@END" ]]; then
		# The keys may be the session's, whose profile nothing names.
		_role_env_paint
		_role_env_text='unknown session≠' _role_env_on=${_role_env_warning} _role_env_seen=''
	else
		_role_env_text='' _role_env_on='' _role_env_off='' _role_env_seen=''
	fi
	# A renewal may have changed it.
	_role_env_observe
	_role_env_state=${_role_env_observed}
}

# Describe the session in _role_env_text, with its color in _role_env_on. The text is correct until _role_env_next.
_role_env_describe() {
	\builtin local _role_env_sign='' _role_env_minutes='' _role_env_remaining=0 _role_env_due=0
	_role_env_is_whole || _role_env_sign=≠
	_role_env_remaining=$((${_role_env_end:-0} - _role_env_now))
	if _role_env_is_served; then
		_role_env_remaining=300
	elif [[ -z ${_role_env_end} ]]; then
		_role_env_minutes='?'
	elif ((_role_env_remaining > 0)); then
		# The current second has begun: less than _role_env_remaining is left.
		_role_env_minutes=$(((_role_env_remaining - 1) / 60))m
		_role_env_next=$((_role_env_end - (_role_env_remaining - 1) / 60 * 60))
	else
		_role_env_minutes=expired
	fi
	_role_env_due=$((${_role_env_end:-0} - _role_env_window + 1))
	_role_env_due=$((_role_env_due < _role_env_retry ? _role_env_retry : _role_env_due))
	if ((_role_env_due > _role_env_now && _role_env_due < _role_env_next)); then _role_env_next=${_role_env_due}; fi
	_role_env_on=${_role_env_plain}
	if [[ -n ${_role_env_sign} ]] || ((_role_env_remaining < 300)); then _role_env_on=${_role_env_warning}; fi
	_role_env_text=${_role_env_name}${_role_env_sign}${_role_env_minutes:+ ${_role_env_minutes}}
}

# Succeed if `role-env exec --renew` serves the session, which lasts as long as this shell.
_role_env_is_served() {
	[[ -z ${ROLE_ENV_ACCESS_KEY_ID-} && -n ${ALIBABA_CLOUD_CREDENTIALS_URI-} ]]
}

# Succeed if the session's server is running and the credentials URI and the file of the profile are its own. That file
# is in the server's memory, and lasts as long as the server; or on disk, on a system without such files.
_role_env_has_server() {
	\builtin local _role_env_place="${ROLE_ENV_SERVER-}" _role_env_file="${ALICLOUD_SHARED_CREDENTIALS_FILE-}"
	[[ ${_role_env_place} == ?*' '?* && ${_role_env_place#* } == "${ALIBABA_CLOUD_CREDENTIALS_URI-}" ]] || \builtin return
	_role_env_place=${_role_env_place%% *}
	case ${_role_env_place} in 0* | *[!0123456789]* | ????????????* | "$$") \builtin return 1 ;; *) ;; esac
	case ${_role_env_file} in
	"/proc/${_role_env_place}/fd/"*[!0123456789]*) \builtin return 1 ;;
	"/proc/${_role_env_place}/fd/"?*) ;;
	*/role-env-*"/@SERVED_PROFILE@-${_role_env_place}-"*) \builtin kill -0 "${_role_env_place}" 2>/dev/null || \builtin return ;;
	*) \builtin return 1 ;;
	esac
	# In another user namespace the file cannot be opened.
	if [[ -L ${_role_env_file} && ! -e ${_role_env_file} ]]; then
		\builtin kill -0 "${_role_env_place}" 2>/dev/null
		\builtin return
	fi
	# Another kind of file could make the shell wait.
	[[ -f ${_role_env_file} && -O ${_role_env_file} ]] || \builtin return
	_role_env_place=''
	_role_env_read _role_env_place 2>/dev/null <"${_role_env_file}"
	[[ ${_role_env_place} == '@SERVED_FILE_START@'* ]]
}

# Succeed if all tools find the session: each key ID of an exported family and each guard is set, and what the session
# sets is exported; no family has another key, nothing outranks them, and no switch has failed. A served session has no
# key ID.
_role_env_is_whole() {
	\builtin local _role_env_own_id="${ROLE_ENV_ACCESS_KEY_ID-}" _role_env_present="@EACH KEY_IDS ${ITEM-} @END" _role_env_each=''
	[[ -z "@EACH OUTRANKING ${ITEM-}@END${ROLE_ENV_NO_ACCOUNT-}" ]] || \builtin return 1
	[[ ${_role_env_present//@ABSENT@/} == "@EACH KEY_IDS ${_role_env_own_id} @END" ]] || \builtin return 1
	# A family that a profile adds, and its key ID.
	for _role_env_each in @EACH OTHER_KEY_IDS "FAMILY ${KEY_ID-}" @END; do
		case " ${ROLE_ENV_FAMILIES-} /${_role_env_each#* }" in
		*" ${_role_env_each%% *} "*"/${_role_env_own_id}") ;;
		*" ${_role_env_each%% *} "*) \builtin return 1 ;;
		*/ | *"/${_role_env_own_id}") ;;
		*) \builtin return 1 ;;
		esac
	done
	# The variables of two sessions can be mixed, since direnv restores only those that it has changed.
	case ${ROLE_ENV_REQUEST-} in
	*'"access_key_id":"'"${_role_env_own_id}"*'"shown":"'"@EACH SHOWN ${ITEM-} @END"'"'*) ;;
	*) \builtin return 1 ;;
	esac
	if _role_env_is_served; then
		case ${ROLE_ENV_REQUEST-} in *',"server":"'"${ROLE_ENV_SERVER-}"'"}') ;; *) \builtin return 1 ;; esac
		_role_env_is_guarded served && _role_env_has_server && _role_env_is_exported ALICLOUD_SHARED_CREDENTIALS_FILE
		\builtin return
	fi
	case "@EACH GUARDS ${ITEM-} @END" in
	@EXPECTED_GUARDS | @) ;;
	*) \builtin return 1 ;;
	esac
	[[ -n ${_role_env_own_id} && -z ${ALIBABA_CLOUD_CREDENTIALS_URI-} ]] && _role_env_is_seen_by_tools
}

# Succeed if tools find neither a key nor an account of their own, as under `exec --renew` ($1: served) and after a
# failed switch (none).
_role_env_is_guarded() {
	case "@EACH OUTRANKING ${ITEM-}@END$1 @EACH WITHOUT_KEY ${ITEM-} @END" in
	@EXPECTED_WITHOUT_KEY | @) _role_env_is_seen_by_tools ;;
	*) \builtin return 1 ;;
	esac
}

# Succeed if tools see each variable that a session sets or unsets, except secrets, as this shell does.
_role_env_is_seen_by_tools() {
	\builtin local _role_env_each=''
	for _role_env_each in @SEEN_BY_TOOLS@; do
		_role_env_is_exported "${_role_env_each}" || \builtin return 1
	done
}

# Examine a session that is new in this shell.
_role_env_examine() {
	\builtin local _role_env_identity='' _role_env_expiration="${ROLE_ENV_EXPIRATION-}" _role_env_remaining=0
	_role_env_identity="${ROLE_ENV_ACCESS_KEY_ID-} ${ROLE_ENV_PROFILE-} ${_role_env_expiration} ${ROLE_ENV_POLICY-}"
	_role_env_identity="${_role_env_identity} ${_role_env_colour-} ${ROLE_ENV_REQUEST:+1}"
	if [[ ${_role_env_identity} == "${_role_env_seen}" ]]; then \builtin return 0; fi
	_role_env_seen=${_role_env_identity}
	_role_env_name=${ROLE_ENV_PROFILE-}
	_role_env_remove_controls
	_role_env_name=${_role_env_name:0:64}
	case ${ROLE_ENV_POLICY-} in
	'') ;;
	read-only) _role_env_name="${_role_env_name} (read-only)" ;;
	*) _role_env_name="${_role_env_name} (narrowed)" ;;
	esac
	case ${_role_env_expiration} in
	'' | *[!0123456789]* | ?????????????*) _role_env_end='' ;;
	*) _role_env_end=$((10#${_role_env_expiration})) ;;
	esac
	_role_env_retry=0 _role_env_window=1
	case ${_role_env_options} in
	*--renew*)
		# The command renews when less than min(300 s, a fifth of the lifetime) is left. The time left now is at most the
		# lifetime, so within this window the command always renews.
		_role_env_remaining=$((${_role_env_end:-0} - _role_env_now))
		if ((_role_env_remaining >= 10)); then
			_role_env_window=$((_role_env_remaining < 1500 ? _role_env_remaining / 5 : 300))
		fi
		;;
	*) ;;
	esac
	# For shells started from this one.
	case ${_role_env_colour-} in '') ;; *) \builtin export _role_env_colour ;; esac
	_role_env_paint
	if [[ -z ${ROLE_ENV_REQUEST-} ]] && ! _role_env_is_served; then
		_role_env_say "the session of ${_role_env_name} cannot be renewed: it is from an older version, or was not made for a shell"
	fi
}

# Print a line about the session, and how to get a new one.
_role_env_say() {
	_role_env_report "$1" "role-env use ${_role_env_name%% *}"
}

# Set the colors: the profile's, or red in reverse video for a warning without one.
_role_env_paint() {
	\builtin local _role_env_sgr='' _role_env_sgr_warning=''
	_role_env_on='' _role_env_off='' _role_env_plain='' _role_env_warning=''
	case ${NO_COLOR:+dumb}${TERM-} in dumb*) \builtin return 0 ;; *) ;; esac
	case ${ROLE_ENV_PROFILE:+${_role_env_colour-}} in
	#@EACH COLORS
	NAME) _role_env_sgr=CODE ;;
	#@END
	*) ;;
	esac
	_role_env_sgr_warning=${_role_env_sgr:-31} _role_env_sgr=${_role_env_sgr:-33}
	_role_env_plain=$'\e[1;'"${_role_env_sgr}m" _role_env_off=$'\e[0m'
	_role_env_warning=$'\e[1;7;'"${_role_env_sgr_warning}m"
}

# Renew the session inside the window or, without --renew, report once that it has expired.
_role_env_renew_or_warn() {
	\builtin local _role_env_remaining=0
	case ${_role_env_options} in
	*--renew*)
		_role_env_retry=$((_role_env_now + 60))
		_role_env_renew || \builtin :
		_role_env_clock
		# Sooner if less time is left: another shell may have renewed the session by then.
		_role_env_remaining=$((_role_env_end - _role_env_now))
		if ((_role_env_remaining > 0 && _role_env_remaining < 240)); then
			_role_env_retry=$((_role_env_now + (_role_env_remaining + 3) / 4))
		fi
		[[ -z ${ROLE_ENV_PROFILE-} ]] || _role_env_examine
		;;
	*)
		if [[ ${_role_env_warned} != "${_role_env_seen}" ]]; then
			_role_env_say "the session of ${_role_env_name} has expired"
		fi
		_role_env_warned=${_role_env_seen}
		;;
	esac
}

# Renew the session at a prompt, within 5 seconds. Only the command interprets the variables. It runs with the values in
# _role_env_pinned, so that values planted later have no effect, and in the root folder, since a pinned PYTHONPATH may
# name the current one. A failure is shown as one line, the last line of stderr that is not a hint, and the same failure
# is shown once.
_role_env_renew() {
	\builtin local _role_env_timeout=4 _role_env_code='' _role_env_line=''
	case ${ROLE_ENV_TIMEOUT-} in *[!0-9.]*) ;; [123] | [0123].*) _role_env_timeout=${ROLE_ENV_TIMEOUT} ;; *) ;; esac
	_role_env_can_run || \builtin return
	\builtin local -x ROLE_ENV_TIMEOUT="${_role_env_timeout}" ROLE_ENV_INIT="${_role_env_options%% *}" 2>/dev/null || \builtin :
	# shellcheck disable=SC2016,SC2312  # sh expands it; a failure prints a group that fails
	# Without a word `export` would print all variables. In here zsh reads a comment as a command.
	# Without the inner group, zsh sends stdout to the pipe as well as to 3 (MULTIOS).
	_role_env_code=$(
		_role_env_unset_pinned 2>/dev/null || \builtin exit
		if ((${#_role_env_pinned[@]})); then \builtin export "${_role_env_pinned[@]}" 2>/dev/null || \builtin exit; fi
		{
			{
				\builtin command sh -c 'cd / && exec role-env "$@"' sh renew --unattended --format "${_role_env_shell}" \
					2>&1 >&3 3>&-
			} | _role_env_print_last_line
		} 3>&1
	)
	_role_env_line=${_role_env_code##*$'\n'}
	_role_env_code=${_role_env_code%$'\n'*}
	case ${_role_env_line} in
	'') _role_env_line="role-env: the session of ${_role_env_name} is not renewed: a variable that it needs is readonly" ;;
	*) _role_env_line=${_role_env_line#.} ;;
	esac
	if [[ -n ${_role_env_line} && ${_role_env_warned} != "${_role_env_seen} ${_role_env_line}" ]]; then
		_role_env_warned="${_role_env_seen} ${_role_env_line}"
		\builtin printf '%s\n' "${_role_env_line}" >&2
	fi
	\eval "${_role_env_code}"
}

_role_env_print_last_line() {
	\builtin local _role_env_line='' _role_env_said=''
	while _role_env_read _role_env_line; do
		case ${_role_env_line} in 'role-env: hint:'*) ;; *) _role_env_said=${_role_env_line} ;; esac
	done
	# The reason is on the last line, after the code of a renewal. The dot keeps that line from being empty.
	\builtin printf '\n.%s' "${_role_env_said}"
}
