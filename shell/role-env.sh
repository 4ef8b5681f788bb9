# shellcheck shell=bash
# shellcheck disable=SC2034,SC2043,SC2050,SC2154,SC2157,SC2194  # variables of the other file; what the tables fill in
# What role-env's integration has in common in bash (from 3.2 on) and zsh. `role-env init` prints it in front of the
# file of the shell and fills in what is between two @ from the command's own tables.
#
# `role-env use PROFILE`, `off` and `renew` act in this shell; everything else goes to the command. In an interactive
# shell ROLE_ENV_PROMPT describes the session, the prompt shows it, and words complete.
#
# A backslash keeps aliases away (and `function` one of role-env), `builtin` and `command` functions. Nothing from
# outside is evaluated, arithmetic gets only digits, and what this shell may have inherited is unset first.
\builtin unalias role-env 2>/dev/null || \builtin :
\builtin unset -v ROLE_ENV_PROMPT _role_env_seen _role_env_name _role_env_end _role_env_window _role_env_retry \
	_role_env_warned _role_env_state _role_env_since _role_env_next _role_env_on _role_env_off _role_env_plain \
	_role_env_warning _role_env_used _role_env_used_profile _role_env_previous _role_env_shell _role_env_options \
	_role_env_hidden
_role_env_seen='' _role_env_name='' _role_env_end='' _role_env_window=1 _role_env_retry=0 _role_env_warned=''
_role_env_state='' _role_env_since=0 _role_env_next=0
_role_env_on='' _role_env_off='' _role_env_plain='' _role_env_warning=''
_role_env_used='' _role_env_used_profile='' _role_env_previous='' _role_env_hidden=''

# The version of this text, and the options of `role-env init`: --no-prompt, --renew.
_role_env_options='@OPTIONS@'
_role_env_shell='@SHELL@'

function role-env {
	case ${1-} in
	use | off | renew) _role_env_untraced _role_env_act_here "$@" ;;
	*) _role_env_call "$@" ;;
	esac
	# In zsh a failure behind a `case` would not end a shell with `set -e`.
	\builtin return
}

# Runs the command. ROLE_ENV_INIT is for its hints and for `role-env doctor`, which reports an older integration.
_role_env_call() {
	ROLE_ENV_INIT=${_role_env_options%% *}${_role_env_hidden:+ ${_role_env_hidden}} \builtin command role-env "$@"
}

# Runs `use`, `off` or `renew`, or shows its help, which is for a person and never evaluated.
_role_env_act_here() {
	\builtin local word=''
	for word in "$@"; do
		case ${word} in
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

# Puts a session into this shell, with the options of `role-env export`. Without a profile it asks which one, and `-`
# is the last one.
_role_env_use() {
	\builtin shift
	\builtin local reply='' words='' folder="${PWD-}" before="${ROLE_ENV_PROFILE-}" was='' result=0
	_role_env_can_run || \builtin return
	if [[ $# == 1 && $1 == - ]]; then
		if [[ -z ${_role_env_previous} ]]; then
			\builtin printf 'role-env: %s\nrole-env: hint: %s\n' 'this shell has had no other session' \
				'name a profile: role-env use PROFILE' >&2
			\builtin return 2
		fi
		folder=${_role_env_previous%%$'\n'*}
		\builtin shift
		while IFS='' \builtin read -r words; do
			\builtin set -- "$@" "${words}"
		done <<<"${_role_env_previous#*$'\n'}"
	elif ! _role_env_has_profile "$@" && [[ -t 0 && -t 2 ]]; then
		_role_env_choose "$@" || \builtin return
		\builtin set -- "$@" "${reply}"
	fi
	_role_env_current
	_role_env_join "$@"
	_role_env_take export "$@" || result=$?
	if [[ ${result} == 0 ]]; then
		_role_env_used=${folder}$'\n'${words} _role_env_used_profile=${ROLE_ENV_PROFILE-}
		if [[ -n ${before} && ${was#*$'\n'} != "${words}" ]]; then _role_env_previous=${was}; fi
		if _role_env_is_captured; then
			\builtin printf 'role-env: this switched a subshell only\nrole-env: hint: type it alone: role-env use %s\n' \
				"${ROLE_ENV_PROFILE-}" >&2
		fi
	elif [[ -n ${before} && ${ROLE_ENV_PROFILE-} != "${before}" ]]; then
		_role_env_previous=${was}
	fi
	_role_env_refresh
	\builtin return "${result}"
}

# Sets the caller's `was` to the folder and the words, one per line, with which this shell's session can be had again.
_role_env_current() {
	was=${_role_env_used}
	if [[ ${_role_env_used_profile} != "${before}" ]]; then was=${PWD-}$'\n'${before}; fi
}

# Joins words in the caller's `words`, one per line.
_role_env_join() {
	\builtin local IFS=$'\n'
	words="$*"
}

# Ends the session without a process: the code is here. A substitution such as `eval "$(role-env off)"` changes only a
# subshell, so there the code is printed as well, for the shell that reads it.
_role_env_end_session() {
	\builtin shift
	\builtin local code='' was='' before="${ROLE_ENV_PROFILE-}" result=0
	if (($#)); then
		_role_env_can_run || \builtin return
		code=$(_role_env_call off "$@" --format "${_role_env_shell}") || result=$?
	else
		# shellcheck disable=SC2016  # it is evaluated, below and where it is printed
		code='@OFF@'
	fi
	if _role_env_is_captured; then \builtin printf '%s\n' "${code}"; fi
	_role_env_current
	\eval "${code}" || [[ ${result} != 0 ]] || result=1
	if [[ -n ${before} && -z ${ROLE_ENV_PROFILE-} ]]; then _role_env_previous=${was}; fi
	_role_env_refresh
	\builtin return "${result}"
}

# `renew`, as a person types it.
_role_env_renew_here() {
	\builtin local folder="${PWD-}" result=0
	_role_env_can_run || \builtin return
	_role_env_take "$@" || result=$?
	_role_env_refresh
	\builtin return "${result}"
}

# Evaluates what the command prints for this shell, and returns its status, or 1 if the shell could not follow. `folder`
# is the caller's: where the command runs.
_role_env_take() {
	\builtin local code='' result=0
	code=$(
		[[ ${folder} == "${PWD-}" ]] || CDPATH='' \builtin cd -- "${folder}" >/dev/null || \builtin exit 3
		_role_env_call "$@" --format "${_role_env_shell}"
	) || result=$?
	\eval "${code}" || [[ ${result} != 0 ]] || result=1
	\builtin return "${result}"
}

# Whether this is a subshell whose output somebody else reads.
_role_env_is_captured() {
	_role_env_is_subshell && [[ ! -t 1 ]]
}

# Whether the command can run: one line instead of the shell's own message if it, or its interpreter, is missing.
_role_env_can_run() {
	\builtin local file='' line=''
	file=$(_role_env_which role-env) || file=''
	if [[ -n ${file} ]]; then
		IFS='' \builtin read -r line 2>/dev/null <"${file}" || \builtin :
		line=${line#'#!'}
		if [[ ${line} != /* || -x ${line%%[[:space:]]*} ]]; then \builtin return 0; fi
	fi
	\builtin printf 'role-env: the command %s cannot run: it, or its Python, is missing\n%s\n' \
		"${file:-role-env}" 'role-env: hint: install it again; role-env off works without it' >&2
	\builtin return 127
}

# Whether one of the words is neither an option nor the value of one.
_role_env_has_profile() {
	\builtin local word='' value=''
	for word in "$@"; do
		case ${value}${word} in
		value*) value='' ;;
		@VALUE_OPTIONS@) value=value ;;
		-*) ;;
		*) \builtin return 0 ;;
		esac
	done
	\builtin return 1
}

# Lists the profiles that give a session and asks for one: its name is then in the caller's `reply`.
_role_env_choose() {
	\builtin local rows='' row='' answer='' number=0 config=''
	_role_env_find_config "$@"
	rows=$(_role_env_call list --sessions ${config:+"--config=${config}"}) || \builtin return
	if [[ -z ${rows} ]]; then
		\builtin printf 'role-env: no profile gives a session\nrole-env: hint: run: role-env list\n' >&2
		\builtin return 3
	fi
	# shellcheck disable=SC2312  # without it the list is shown
	if [[ -n $(_role_env_which fzf) ]]; then
		answer=$(\builtin command fzf --ansi --height=40% --reverse --prompt='role-env use ' <<<"${rows}") ||
			\builtin return 130
		answer=${answer%%[[:space:]]*}
	else
		while IFS='' \builtin read -r row; do
			number=$((number + 1))
			\builtin printf '%3d  %s\n' "${number}" "${row}" >&2
		done <<<"${rows}"
		\builtin printf 'role-env: which profile (number or name)? ' >&2
		IFS='' \builtin read -r answer || \builtin return 130
	fi
	number=0
	while IFS='' \builtin read -r row; do
		number=$((number + 1))
		row=${row%%[[:space:]]*}
		if [[ ${answer} == "${number}" || ${answer} == "${row}" ]]; then
			reply=${row}
			\builtin return 0
		fi
	done <<<"${rows}"
	\builtin printf 'role-env: there is no such profile in the list; nothing was changed\n' >&2
	\builtin return 2
}

# Sets the caller's `config` to the value of --config among the words.
_role_env_find_config() {
	while (($#)); do
		case $1 in
		--config) config=${2-} ;;
		--config=*) config=${1#*=} ;;
		*) ;;
		esac
		\builtin shift
	done
}

# Shows a change at once, even if another program has removed the hook: a person who types `use` wants to see it.
_role_env_refresh() {
	case $- in *i*) _role_env_is_subshell || _role_env_prompt ;; *) ;; esac || \builtin :
}

# Says once that something in this shell hides the session in the prompt: $1 names it, $2 is what to type or add.
_role_env_report_hidden() {
	if [[ -n ${ROLE_ENV_PROMPT} && -z ${_role_env_hidden} ]]; then
		_role_env_hidden=$1
		\builtin printf 'role-env: the prompt does not show the session, because of %s\nrole-env: hint: %s\n' "$1" "$2" >&2
	fi
}

# Sets ROLE_ENV_PROMPT, and reports or renews what is due. `now` is the caller's.
_role_env_look() {
	if [[ -n ${ROLE_ENV_PROFILE-} ]]; then
		_role_env_arrive
		if [[ -n ${_role_env_end} ]] && ((_role_env_end - now < _role_env_window && now >= _role_env_retry)); then
			_role_env_act
		fi
	fi
	_role_env_since=${now} _role_env_next=$((now + 60))
	if [[ -n ${ROLE_ENV_PROFILE-} ]]; then
		_role_env_describe
	elif [[ -n ${ROLE_ENV_NO_ACCOUNT-} ]]; then
		_role_env_paint
		ROLE_ENV_PROMPT='no account' _role_env_on=${_role_env_warning} _role_env_seen=''
		if [[ -n ${ALIBABA_CLOUD_CREDENTIALS_URI-} ]] || ! _role_env_is_guarded; then ROLE_ENV_PROMPT='no account≠'; fi
	else
		ROLE_ENV_PROMPT='' _role_env_on='' _role_env_off='' _role_env_seen=''
	fi
	_role_env_state="@STATE@"
}

# Describes the session in ROLE_ENV_PROMPT, with its color in _role_env_on. Until _role_env_next that stays true.
_role_env_describe() {
	\builtin local sign='' text='' left=0 due=0
	_role_env_is_whole || sign=≠
	left=$((${_role_env_end:-0} - now))
	if _role_env_is_served; then
		left=300
	elif [[ -z ${_role_env_end} ]]; then
		text='?'
	elif ((left > 0)); then
		text=$((left / 60))m
		_role_env_next=$((left < 60 ? _role_env_end : _role_env_end - left / 60 * 60 + 1))
	else
		text=expired
	fi
	due=$((${_role_env_end:-0} - _role_env_window + 1))
	due=$((due < _role_env_retry ? _role_env_retry : due))
	if ((due > now && due < _role_env_next)); then _role_env_next=${due}; fi
	_role_env_on=${_role_env_plain}
	if [[ -n ${sign} ]] || ((left < 300)); then _role_env_on=${_role_env_warning}; fi
	ROLE_ENV_PROMPT=${_role_env_name}${sign}${text:+ ${text}}
}

# Whether `role-env exec --renew` serves the session, for as long as this shell lives.
_role_env_is_served() {
	[[ -z ${ROLE_ENV_ACCESS_KEY_ID-} && -n ${ALIBABA_CLOUD_CREDENTIALS_URI-} ]]
}

# Whether all tools find the session: each key ID of an exported family and each guard is there and exported, no family
# has another key, and nothing outranks them or remains of a failed switch. A served session has no key ID.
_role_env_is_whole() {
	\builtin local id="${ROLE_ENV_ACCESS_KEY_ID-}" ids="@KEY_IDS@" name=''
	[[ -z "@OUTRANKING@" && ${ids//@ABSENT@/} == "@EXPECTED_KEY_IDS@" ]] || \builtin return 1
	# A family that a profile adds, and its key ID.
	for name in "@OTHER_KEY_IDS@"; do
		case " ${ROLE_ENV_FAMILIES-} /${name#* }" in
		*" ${name%% *} "*"/${id}") ;;
		*" ${name%% *} "*) \builtin return 1 ;;
		*/ | *"/${id}") ;;
		*) \builtin return 1 ;;
		esac
	done
	# The variables of two sessions can be mixed: direnv brings back only those that it has changed.
	case ${ROLE_ENV_REQUEST-} in
	*'"access_key_id":"'"${id}"*'"shown":"'"@SHOWN@"'"'*) ;;
	*'"shown":'*) \builtin return 1 ;;
	*) ;;
	esac
	if _role_env_is_served; then
		_role_env_is_guarded
		\builtin return
	fi
	case "@GUARDS@" in
	@EXPECTED_GUARDS@) ;;
	*) \builtin return 1 ;;
	esac
	[[ -n ${id} && -z ${ALIBABA_CLOUD_CREDENTIALS_URI-} && -n ${ROLE_ENV_REQUEST-} ]] || \builtin return 1
	for name in @KEY_ID_NAMES@ @GUARD_NAMES@; do
		_role_env_is_exported "${name}" || \builtin return 1
	done
}

# Whether tools find neither a key nor an account of their own, as below `exec --renew` and after a failed switch.
_role_env_is_guarded() {
	\builtin local name=''
	[[ -z "@OUTRANKING@" && "@WITHOUT_KEY@" == '@EXPECTED_WITHOUT_KEY@' ]] || \builtin return 1
	for name in @KEY_ID_NAMES@ @GUARD_NAMES@; do
		_role_env_is_exported "${name}" || \builtin return 1
	done
}

# Looks at a session that this shell has not seen yet.
_role_env_arrive() {
	\builtin local key='' end="${ROLE_ENV_EXPIRATION-}" left=0
	key="${ROLE_ENV_ACCESS_KEY_ID-} ${ROLE_ENV_PROFILE-} ${end} ${ROLE_ENV_POLICY-} ${_role_env_colour-} ${ROLE_ENV_REQUEST:+1}"
	if [[ ${key} == "${_role_env_seen}" ]]; then \builtin return 0; fi
	_role_env_seen=${key}
	_role_env_name=${ROLE_ENV_PROFILE-}
	_role_env_remove_controls
	_role_env_name=${_role_env_name:0:64}
	case ${ROLE_ENV_POLICY-} in
	'') ;;
	read-only) _role_env_name="${_role_env_name} (read-only)" ;;
	*) _role_env_name="${_role_env_name} (narrowed)" ;;
	esac
	case ${end} in
	'' | *[!0123456789]* | ?????????????*) _role_env_end='' ;;
	*) _role_env_end=$((10#${end})) ;;
	esac
	_role_env_retry=0 _role_env_window=1
	case ${_role_env_options} in
	*--renew*)
		# The command renews when less than min(300 s, a fifth of the lifetime) is left. What is left now is never more
		# than the lifetime, so within this window it surely does.
		left=$((${_role_env_end:-0} - now))
		if ((left >= 10)); then _role_env_window=$((left < 1500 ? left / 5 : 300)); fi
		;;
	*) ;;
	esac
	# For the shells below this one.
	case ${_role_env_colour-} in '') ;; *) \builtin export _role_env_colour ;; esac
	_role_env_paint
	if [[ -z ${ROLE_ENV_REQUEST-} ]] && ! _role_env_is_served; then
		_role_env_say "the session of ${_role_env_name} cannot be renewed: it is from an older version, or was not made for a shell"
	fi
}

# Prints a line about the session, and how to get a new one.
_role_env_say() {
	\builtin printf 'role-env: %s\nrole-env: hint: role-env use %s\n' "$1" "${_role_env_name%% *}" >&2
}

# Sets the colors: the profile's, or red for a warning without one, which is in reverse video.
_role_env_paint() {
	\builtin local color='' warning=''
	_role_env_on='' _role_env_off='' _role_env_plain='' _role_env_warning=''
	case ${NO_COLOR:+dumb}${TERM-} in dumb*) \builtin return 0 ;; *) ;; esac
	case ${ROLE_ENV_PROFILE:+${_role_env_colour-}} in
	@COLORS@) ;;
	*) ;;
	esac
	warning=${color:-31} color=${color:-33}
	_role_env_plain=$'\e[1;'"${color}m" _role_env_warning=$'\e[1;7;'"${warning}m" _role_env_off=$'\e[0m'
}

# Renews the session inside the window or, without --renew, says once that it has expired.
_role_env_act() {
	case ${_role_env_options} in
	*--renew*)
		_role_env_retry=$((now + 60))
		_role_env_renew || \builtin :
		_role_env_clock
		[[ -z ${ROLE_ENV_PROFILE-} ]] || _role_env_arrive
		;;
	*)
		if [[ ${_role_env_warned} != "${_role_env_seen}" ]]; then
			_role_env_say "the session of ${_role_env_name} has expired"
		fi
		_role_env_warned=${_role_env_seen}
		;;
	esac
}

# Renews the session at a prompt: within 5 seconds, and with at most one line, the last one of stderr that is not a
# hint. The command alone decides what the variables mean.
_role_env_renew() {
	\builtin local timeout=4 code=''
	case ${ROLE_ENV_TIMEOUT-} in *[!0-9.]*) ;; [123] | [0123].*) timeout=${ROLE_ENV_TIMEOUT} ;; *) ;; esac
	_role_env_can_run || \builtin return
	# shellcheck disable=SC2312  # a failure prints a group that fails
	# Without the inner group, zsh sends stdout to the pipe as well as to 3 (MULTIOS).
	code=$({
		{ ROLE_ENV_TIMEOUT=${timeout} _role_env_call renew --format "${_role_env_shell}" 2>&1 >&3 3>&-; } |
			_role_env_print_last_line
	} 3>&1)
	\eval "${code}"
}

_role_env_print_last_line() {
	\builtin local line='' last=''
	while IFS='' \builtin read -r line; do
		case ${line} in 'role-env: hint:'*) ;; *) last=${line} ;; esac
	done
	[[ -z ${last} ]] || \builtin printf '%s\n' "${last}" >&2
}

# Reads a word before the cursor into the variables of the shell's own function: `value` is an option that waits for
# its value, `command` the command, `count` how many words it has had; `run` is set where a command line begins.
_role_env_read_word() {
	if [[ -n ${value} ]]; then
		value=''
		\builtin return
	fi
	case $1 in
	@VALUE_OPTIONS@) value=$1 ;;
	--) if [[ ${command} == exec && ${count} -gt 0 ]]; then run=next; fi ;;
	-*) ;;
	*)
		case ${command}$1 in
		@COMMANDS@) command=$1 ;;
		*)
			if [[ ${command} == exec && ${count} -gt 0 ]]; then run=here; fi
			command=${command:-export} count=$((count + 1))
			;;
		esac
		;;
	esac
}

# Offers what can stand at the cursor, behind `command` and `count` words; `here` is what has been typed of it.
_role_env_offer_word() {
	\builtin local kinds='' flags=''
	case ${here}/${command} in
	-*/) _role_env_offer --help --version ;;
	-*)
		_role_env_look_up "${command}"
		_role_env_offer --help
		while [[ -n ${flags} ]]; do
			kinds=${flags%% *} flags=${flags#* }
			_role_env_offer "${kinds%%=*}"
		done
		;;
	*/)
		_role_env_offer_list '@COMMAND_LIST@'
		_role_env_offer_profiles --sessions
		;;
	*)
		_role_env_look_up "${command}"
		while ((count > 0)) && [[ ${kinds} == *' '* ]]; do kinds=${kinds#* } count=$((count - 1)); done
		kinds=${kinds%% *}
		if ((count == 0)) || [[ ${kinds} == *+ ]]; then _role_env_offer_kind "${kinds%+}"; fi
		;;
	esac
}

# Offers what can be the value of the option `value`; fails where that is a file.
_role_env_offer_value() {
	\builtin local kinds='' flags=''
	_role_env_look_up "${command:-export}"
	case " ${flags}" in
	*" ${value}="*)
		flags=${flags#*"${value}="}
		_role_env_offer_kind "${flags%% *}"
		;;
	*) ;;
	esac
}

_role_env_offer_kind() {
	case $1 in
	'' | -) ;;
	file) \builtin return 1 ;;
	profile) _role_env_offer_profiles ;;
	session) _role_env_offer_profiles --sessions ;;
	*) _role_env_offer_list "$1" ;;
	esac
}

_role_env_offer_list() {
	\builtin local rest="$1,"
	while [[ -n ${rest} ]]; do
		_role_env_offer "${rest%%,*}"
		rest=${rest#*,}
	done
}

_role_env_offer_profiles() {
	\builtin local names='' name='' config=''
	_role_env_find_config "${before[@]}"
	names=$(_role_env_call list --names "$@" ${config:+"--config=${config}"} 2>/dev/null) || \builtin return 0
	while IFS='' \builtin read -r name; do _role_env_offer "${name}"; done <<<"${names}"
}

# Sets `kinds` to what the words of a command are, `flags` to its options with what their values are.
_role_env_look_up() {
	case $1 in
	@COMMAND_TABLE@) ;;
	*) ;;
	esac
}
