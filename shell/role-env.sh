# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of the other files; values from the tables
# What role-env's integrations for bash (from 3.2 on) and zsh share. This file and that of the shell are one text, in
# which the names between two @ are replaced by the command's own tables.
#
# `role-env use PROFILE`, `off` and `renew` act in this shell; everything else goes to the command. In an interactive
# shell ROLE_ENV_PROMPT describes the session, the prompt shows it, and words complete.
unalias role-env 2>/dev/null || :

# The lines of `role-env status --prompt`: the name, the sign of a session that is not whole, when it ends and when it is
# due for renewal, and the colors of the text and of a warning.
_role_env_name='' _role_env_sign='' _role_env_end='' _role_env_due='' _role_env_usual='' _role_env_warning=''
# The text that the prompt shows between the codes of its color, from `since` until `next` while `observed` is `state`.
_role_env_text='' _role_env_on='' _role_env_off='' _role_env_since=0 _role_env_next=0 _role_env_state=''
# The requests of this shell's sessions, a line each, the last one first; when a failed renewal is retried, and whose
# failure was shown.
_role_env_requests='' _role_env_retry=0 _role_env_warned=''

# The version of this text, and the options of `role-env init`: --no-prompt, --renew.
_role_env_options='@OPTIONS@'
_role_env_shell='@SHELL@'

function role-env {
	case ${1-} in
	use | off | renew) _role_env_untraced "$-" _role_env_run_here "$@" ;;
	*) _role_env_call "$@" ;;
	esac
	# In zsh a failure after a `case` would not end a shell with `set -e`.
	return
}

# Run the command. ROLE_ENV_INIT decides its hints, and shows `role-env doctor` an older integration.
_role_env_call() {
	ROLE_ENV_INIT="${_role_env_options%% *}" command role-env "$@"
}

# Run `use`, `off` or `renew`: evaluate the code that the command prints for this shell. Help is for a person.
_role_env_run_here() {
	local _role_env_word='' _role_env_code='' _role_env_status=0
	for _role_env_word in "$@"; do
		case ${_role_env_word} in
		-h | --help)
			_role_env_call "$@"
			return
			;;
		*) ;;
		esac
	done
	_role_env_word=$1
	_role_env_remember
	if [[ $1 == use ]]; then
		shift
		# Of these the command chooses one for `-`.
		local -x ROLE_ENV_PREVIOUS="${_role_env_requests}"
		set -- export "$@"
	fi
	_role_env_code=$(_role_env_call "$@" --format "${_role_env_shell}") || _role_env_status=$?
	if [[ ${_role_env_word} != use && ! -t 1 ]] && _role_env_is_subshell; then
		# For the shell that reads it, as in eval "$(role-env off)": that one shows the messages.
		printf '%s\n' "${_role_env_code}"
		eval "${_role_env_code}" 2>/dev/null || [[ ${_role_env_status} != 0 ]] || _role_env_status=1
		return "${_role_env_status}"
	fi
	eval "${_role_env_code}" || [[ ${_role_env_status} != 0 ]] || _role_env_status=1
	if [[ ${_role_env_status} == 0 ]] && _role_env_is_subshell; then
		printf 'role-env: %s changed a subshell only\nrole-env: hint: %s\n' "${_role_env_word}" \
			'to change this shell, type it without ( ), | and &' >&2
	fi
	_role_env_remember "${_role_env_word}"
	_role_env_state='' # look again: a variable may be exported that was not
	case $- in *i*) _role_env_is_subshell || _role_env_install ;; *) ;; esac
	return "${_role_env_status}"
}

# Remember the request of this session. After `renew` it takes the place of the one before.
_role_env_remember() {
	if [[ -z ${ROLE_ENV_REQUEST-} || ${ROLE_ENV_REQUEST} == "${_role_env_requests%%$'\n'*}" ]]; then return 0; fi
	if [[ ${1-} == renew ]]; then _role_env_requests=${_role_env_requests#*$'\n'}; fi
	_role_env_requests=${ROLE_ENV_REQUEST}$'\n'${_role_env_requests}
	while ((${#_role_env_requests} > 9999)); do _role_env_requests=${_role_env_requests%$'\n'*}; done
}

# --- the text that the prompt shows

# Set the text until something changes or _role_env_next comes. `_role_env_now` is the caller's. Before each step that
# takes time a text is set, which stays if Ctrl-C ends the step. A look that found something wrong is repeated: the
# machine may have been too busy.
_role_env_update() {
	if [[ ${_role_env_observed} != "${_role_env_state}" || -n ${_role_env_sign} ]]; then
		_role_env_remember
		_role_env_ask
	fi
	_role_env_describe
	case ${_role_env_options} in
	*--renew*)
		if [[ -n ${_role_env_due} ]] && ((_role_env_now >= _role_env_due && _role_env_now >= _role_env_retry)); then
			_role_env_renew
			_role_env_remember renew
			_role_env_ask
			_role_env_describe
		fi
		;;
	*) ;;
	esac
	_role_env_since=${_role_env_now}
	_role_env_observe
	_role_env_state=${_role_env_observed}
}

# Ask the command what the prompt shows. It is a child of this shell, as every tool is, so it sees what they see. In the
# background, since zsh would wait for it after `read` has given up.
_role_env_ask() {
	local _role_env_1='' _role_env_2='' _role_env_3='' _role_env_4='' _role_env_5='' _role_env_6=''
	_role_env_name='' _role_env_sign='' _role_env_end='' _role_env_due='' _role_env_usual='' _role_env_warning=''
	_role_env_1="@EACH MARKS ${ITEM-}@END"
	if [[ -z ${_role_env_1} ]]; then
		case ${ALIBABA_CLOUD_PROFILE-} in @RESERVED@) ;; *) return 0 ;; esac
	fi
	_role_env_name=${ROLE_ENV_PROFILE-} _role_env_sign=${ROLE_ENV_SIGN:-≠}
	_role_env_describe
	# shellcheck disable=SC2312  # a failure prints nothing
	if {
		IFS='' read -r -t 1 _role_env_1 && IFS='' read -r _role_env_2 && IFS='' read -r _role_env_3 &&
			IFS='' read -r _role_env_4 && IFS='' read -r _role_env_5 && IFS='' read -r _role_env_6
	} < <(
		command role-env status --prompt 2>/dev/null &
		:
	); then
		_role_env_name=${_role_env_1} _role_env_sign=${_role_env_2} _role_env_end=${_role_env_3}
		_role_env_due=${_role_env_4} _role_env_usual=${_role_env_5} _role_env_warning=${_role_env_6}
	fi
}

_role_env_describe() {
	local _role_env_minutes='' _role_env_left=300
	_role_env_next=$((_role_env_now + 60))
	case ${_role_env_end} in
	'' | served) ;;
	*)
		_role_env_left=$((_role_env_end - _role_env_now))
		if ((_role_env_left > 0)); then
			# The current second has begun: less than _role_env_left is left.
			_role_env_minutes=$(((_role_env_left - 1) / 60))
			_role_env_next=$((_role_env_end - _role_env_minutes * 60))
			if ((_role_env_minutes < 60)); then
				_role_env_minutes=${_role_env_minutes}m
			else
				_role_env_minutes=$((_role_env_minutes / 60))h$((_role_env_minutes % 60 / 10))$((_role_env_minutes % 10))
			fi
		else
			_role_env_minutes=expired
		fi
		;;
	esac
	_role_env_on=${_role_env_usual}
	if [[ -n ${_role_env_sign} ]] || ((_role_env_left < 300)); then _role_env_on=${_role_env_warning}; fi
	_role_env_off=${_role_env_on:+$'\e[0m'} _role_env_on=${_role_env_on:+$'\e['"${_role_env_on}m"}
	_role_env_text=${_role_env_name}${_role_env_sign}${_role_env_minutes:+ ${_role_env_minutes}}
}

# Renew the session, within 5 seconds. The reason of a failure is shown once for each session; stderr is no terminal, so
# that no keyring asks anything.
_role_env_renew() {
	local _role_env_code='' _role_env_said=''
	_role_env_retry=$((_role_env_now + 30))
	_role_env_code=$({
		_role_env_said=$(ROLE_ENV_TIMEOUT=4 _role_env_call renew --format "${_role_env_shell}" 2>&1 >&3)
		printf '\n.%s' "${_role_env_said}"
	} 3>&1)
	_role_env_said=${_role_env_code#*$'\n.'}
	if eval "${_role_env_code%%$'\n.'*}" 2>/dev/null; then
		_role_env_retry=0
	elif [[ ${_role_env_warned} != "${ROLE_ENV_ACCESS_KEY_ID-}" ]]; then
		_role_env_warned=${ROLE_ENV_ACCESS_KEY_ID-}
		printf '%s\n' "${_role_env_said:-role-env: the session is not renewed: a variable of it is readonly}" >&2
	fi
}
