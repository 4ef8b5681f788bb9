# shellcheck shell=bash
# role-env in bash: eval "$(role-env init bash)"
#
# `role-env use PROFILE` and `role-env off` act in this shell; all else goes to the command. In an interactive shell
# ROLE_ENV_PROMPT tells of the session, PS1 shows it, and names complete. It is bash 3.2 that this is written for;
# newer ones only have a better clock and a better PROMPT_COMMAND.
#
# A backslash keeps an alias off (and `function` one of role-env), `builtin` and `command` a function. Nothing from
# outside is ever evaluated, only what is all digits is used in arithmetic, and what a shell of this shell could
# inherit is forgotten first.
\builtin unalias role-env 2>/dev/null || \builtin :
\builtin unset -v _role_env_seen _role_env_name _role_env_end _role_env_window _role_env_retry _role_env_told \
	_role_env_state _role_env_since _role_env_next _role_env_on _role_env_off _role_env_plain _role_env_warning \
	_role_env_used _role_env_base _role_env_last
_role_env_seen='' _role_env_name='' _role_env_end='' _role_env_window=1 _role_env_retry=0 _role_env_told=''
_role_env_on='' _role_env_off='' _role_env_plain='' _role_env_warning='' _role_env_base='' _role_env_last=0
_role_env_state='' _role_env_since=0 _role_env_next=0

# The version that this is of, and what `role-env init` was told: --no-prompt, --renew.
_role_env_options='@OPTIONS@'

function role-env {
	case ${1-} in
	use)
		\builtin shift
		_role_env_use "$@"
		;;
	off)
		\builtin shift
		if _role_env_wants_help "$@"; then
			\builtin command role-env off "$@"
		else
			_role_env_runs && _role_env_take off "$@"
		fi
		;;
	*)
		# For `role-env doctor`, which tells of an integration older than the command.
		ROLE_ENV_INIT=${_role_env_options%% *} \builtin command role-env "$@"
		;;
	esac
}

# Puts a session into this shell, with the options of `role-env export`; without a profile it asks which.
_role_env_use() {
	\local words reply=''
	words=("$@")
	if _role_env_wants_help "$@"; then
		\builtin command role-env export "$@"
		\builtin return
	fi
	_role_env_runs || \builtin return
	if ! _role_env_has_profile "$@" && [[ -t 0 && -t 2 ]]; then
		_role_env_choose "$@" || \builtin return
		words+=("${reply}")
	fi
	_role_env_take export ${words[@]+"${words[@]}"} || \builtin return
	_role_env_remember "${words[@]}"
}

# Keeps what a renewal is to ask for: the same words, with a path that names the same file in any folder.
_role_env_remember() {
	\local word before=''
	_role_env_used=("${ROLE_ENV_ACCESS_KEY_ID-}")
	for word in "$@"; do
		case ${before}${word} in
		value/* | --config=/* | value | --config=) ;;
		value*) word=${PWD}/${word} ;;
		--config=*) word=--config=${PWD}/${word#*=} ;;
		*) ;;
		esac
		if [[ ${word} == --config ]]; then before=value; else before=''; fi
		_role_env_used+=("${word}")
	done
}

# Whether one of the words asks for help: that is for a person, and no shell may evaluate it.
_role_env_wants_help() {
	\local word
	for word in "$@"; do
		case ${word} in -h | --help) \builtin return 0 ;; *) ;; esac
	done
	\builtin return 1
}

# Whether the command can run: a line instead of what a shell says when it, or its interpreter, has gone.
_role_env_runs() {
	\local path line=''
	path=$(\builtin type -P role-env) || path=''
	if [[ -n ${path} ]]; then
		IFS='' \builtin read -r line 2>/dev/null <"${path}" || \builtin :
		line=${line#'#!'}
		if [[ ${line} != /* || -x ${line%%[[:space:]]*} ]]; then \builtin return 0; fi
	fi
	\builtin printf 'role-env: the command %s cannot run: it, or its Python, has gone; install it anew\n' \
		"${path:-role-env}" >&2
	\builtin return 127
}

# Evaluates what the command prints for this shell; `set -x` would show it. Behind `builtin`, eval would end a shell
# under `set -e` even where a failure is expected, as in `if role-env use PROFILE`.
_role_env_take() {
	{
		\local trace='' status=0
		case $- in *x*) trace=x ;; *) ;; esac
		\builtin set +x
	} 2>/dev/null
	# shellcheck disable=SC2312  # the `false` behind it is what tells
	\eval "$(\builtin command role-env "$@" --format bash || \builtin echo false)" || status=$?
	case ${trace} in x) \builtin set -x ;; *) ;; esac
	\builtin return "${status}"
}

# Whether one of the words is neither an option nor the value of one.
_role_env_has_profile() {
	\local word value=''
	for word in "$@"; do
		case ${value}${word} in
		value*) value='' ;;
		--config | --duration | --session-name | --region | --min-ttl | --expect-account) value=value ;;
		-*) ;;
		*) \builtin return 0 ;;
		esac
	done
	\builtin return 1
}

# Shows a numbered list of the profiles and asks for one: its name is then in `reply`, which is the caller's.
_role_env_choose() {
	\local names name answer='' number=0 config=''
	while (($#)); do
		case $1 in
		--config) config=${2-} ;;
		--config=*) config=${1#*=} ;;
		*) ;;
		esac
		\builtin shift
	done
	names=$(\builtin command role-env list --names ${config:+"--config=${config}"}) || \builtin return
	while IFS='' \builtin read -r name; do
		number=$((number + 1))
		\builtin printf '%3d  %s\n' "${number}" "${name}" >&2
	done <<<"${names}"
	\builtin read -r -p 'role-env: which profile (number or name)? ' answer || \builtin return 1
	number=0
	while IFS='' \builtin read -r name; do
		number=$((number + 1))
		if [[ ${answer} == "${number}" || ${answer} == "${name}" ]]; then
			reply=${name}
			\builtin return 0
		fi
	done <<<"${names}"
	\builtin printf 'role-env: that is none of them; nothing was changed\n' >&2
	\builtin return 1
}

# What stands in PROMPT_COMMAND. Behind other commands of one string it must not hide the status that they saw; where
# each has its own (bash 5.1), or where it would end a shell under `set -e`, it tells none.
_role_env_prompt() {
	\local status="$?" now='' left word='' state=''
	# Most of the time nothing has changed, and it is not yet the second in which what is told will.
	word="${ROLE_ENV_ACCESS_KEY_ID-} ${ROLE_ENV_PROFILE-} ${ROLE_ENV_EXPIRATION-} ${_role_env_colour-} \
${ALIBABA_CLOUD_CREDENTIALS_URI:+served}"
	state="${word} ${ALIBABA_CLOUD_ACCESS_KEY_ID-} ${ALIBABACLOUD_ACCESS_KEY_ID-} ${ALICLOUD_ACCESS_KEY-} \
${ALICLOUD_ACCESS_KEY_ID-} ${OSS_ACCESS_KEY_ID-} ${ALIYUN_LOG_CLI_ACCESSID-} ${AccessKeyId-} ${ROLE_ENV_PROMPT-}"
	_role_env_clock
	if [[ ${state} != "${_role_env_state}" || -z ${ROLE_ENV_PROFILE-} ]] ||
		((now < _role_env_since || now >= _role_env_next)); then
		_role_env_look || \builtin :
	fi
	case ${_role_env_options} in
	*--no-prompt*) ;;
	*)
		# shellcheck disable=SC2016  # a reference, here and below: the prompt must not hold the text
		case ${PS1-} in
		'' | *'{ROLE_ENV_PROMPT'* | *'$ROLE_ENV_PROMPT'*) ;;
		*)
			# bash decodes a prompt before it expands the variables in it: nothing in them can act.
			if \builtin shopt -q promptvars; then
				PS1='\[${_role_env_on-}\]${ROLE_ENV_PROMPT-}\[${_role_env_off-}\]${ROLE_ENV_PROMPT:+ }'${PS1}
			fi
			;;
		esac
		;;
	esac
	case ${_role_env_array}$- in array* | *e*) \builtin return 0 ;; *) \builtin return "${status}" ;; esac
}

# Sets ROLE_ENV_PROMPT, and tells or renews what has to be. The variables are the caller's.
_role_env_look() {
	if [[ -z ${ROLE_ENV_PROFILE-} ]]; then
		_role_env_none
		\builtin return
	fi
	[[ ${word} == "${_role_env_seen}" ]] || _role_env_arrive
	if [[ -n ${_role_env_end} ]] && ((_role_env_end - now < _role_env_window && now >= _role_env_retry)); then
		_role_env_act
		if [[ -z ${ROLE_ENV_PROFILE-} ]]; then
			_role_env_none
			\builtin return
		fi
	fi
	_role_env_tell
}

# Puts what there is to tell into ROLE_ENV_PROMPT, its colour into _role_env_on, and until when it stands into
# _role_env_next.
_role_env_tell() {
	\local sign='' acts
	_role_env_is_whole || sign=≠
	_role_env_since=${now} _role_env_next=$((now + 86400))
	left=$((${_role_env_end:-0} - now))
	if [[ -z ${ROLE_ENV_EXPIRATION-} && -n ${ALIBABA_CLOUD_CREDENTIALS_URI-} ]]; then
		# `role-env exec --renew` serves it for as long as this shell lives.
		word='' left=300
	elif [[ -z ${_role_env_end} ]]; then
		word='?'
	elif ((left > 0)); then
		word=$((left / 60))m
		_role_env_next=$((left < 60 ? _role_env_end : _role_env_end - left / 60 * 60 + 1))
	else
		word=expired
	fi
	acts=$((${_role_env_end:-0} - _role_env_window + 1))
	acts=$((acts < _role_env_retry ? _role_env_retry : acts))
	if ((acts > now && acts < _role_env_next)); then _role_env_next=${acts}; fi
	if [[ -n ${sign} ]] || ((left < 300)); then
		_role_env_on=${_role_env_warning}
	else
		_role_env_on=${_role_env_plain}
	fi
	ROLE_ENV_PROMPT=${_role_env_name}${sign}${word:+ ${word}}
	_role_env_state="${_role_env_seen} ${ALIBABA_CLOUD_ACCESS_KEY_ID-} ${ALIBABACLOUD_ACCESS_KEY_ID-} \
${ALICLOUD_ACCESS_KEY-} ${ALICLOUD_ACCESS_KEY_ID-} ${OSS_ACCESS_KEY_ID-} ${ALIYUN_LOG_CLI_ACCESSID-} ${AccessKeyId-} \
${ROLE_ENV_PROMPT}"
}

# There is no session; after a failed switch, which left no account at all, it says so.
_role_env_none() {
	if [[ -n ${ROLE_ENV_NO_ACCOUNT-} ]]; then
		_role_env_paint
		ROLE_ENV_PROMPT='no account' _role_env_on=${_role_env_warning}
	else
		ROLE_ENV_PROMPT='' _role_env_on='' _role_env_off=''
	fi
	_role_env_seen=''
}

# Whether the key ids of all families are still the session's, or absent, but not all of them.
_role_env_is_whole() {
	\local id="${ROLE_ENV_ACCESS_KEY_ID-}" ids
	ids="${ALIBABA_CLOUD_ACCESS_KEY_ID-}${ALIBABACLOUD_ACCESS_KEY_ID-}${ALICLOUD_ACCESS_KEY-}\
${ALICLOUD_ACCESS_KEY_ID-}${OSS_ACCESS_KEY_ID-}${ALIYUN_LOG_CLI_ACCESSID-}${AccessKeyId-}"
	[[ -n ${ids:-${ALIBABA_CLOUD_CREDENTIALS_URI-}} &&
		${ALIBABA_CLOUD_ACCESS_KEY_ID:-${id}} == "${id}" && ${ALIBABACLOUD_ACCESS_KEY_ID:-${id}} == "${id}" &&
		${ALICLOUD_ACCESS_KEY:-${id}} == "${id}" && ${ALICLOUD_ACCESS_KEY_ID:-${id}} == "${id}" &&
		${OSS_ACCESS_KEY_ID:-${id}} == "${id}" && ${ALIYUN_LOG_CLI_ACCESSID:-${id}} == "${id}" &&
		${AccessKeyId:-${id}} == "${id}" ]]
}

# A session that this shell has not seen yet; `word` tells it from others.
_role_env_arrive() {
	\local name="${ROLE_ENV_PROFILE-}" end="${ROLE_ENV_EXPIRATION-}"
	_role_env_seen=${word}
	# The controls of ASCII, and in whatever locale those beyond it (U+0080 to U+009F).
	name=${name//[[:cntrl:]]/}
	name=${name//$'\xc2'[$'\x80'-$'\x9f']/}
	_role_env_name=${name:0:64}
	case ${end} in
	'' | *[!0123456789]* | ?????????????*) _role_env_end='' ;;
	*) _role_env_end=$((10#${end})) ;;
	esac
	_role_env_retry=0 _role_env_window=1
	case ${_role_env_options} in
	*--renew*)
		# The command renews when less than min(300 s, a fifth of its life) is left. What is left now is never more
		# than its whole life, so that within this window it surely does.
		left=$((${_role_env_end:-0} - now))
		if ((left >= 10)); then _role_env_window=$((left < 1500 ? left / 5 : 300)); fi
		;;
	*) ;;
	esac
	# For the shells of this shell.
	case ${_role_env_colour-} in '') ;; *) \builtin export _role_env_colour ;; esac
	_role_env_paint
}

# The colour is the profile's; a warning is in reverse video.
_role_env_paint() {
	\local colour=33 warning=31
	_role_env_on='' _role_env_off='' _role_env_plain='' _role_env_warning=''
	case ${NO_COLOR:+dumb}${TERM-} in dumb*) \builtin return 0 ;; *) ;; esac
	case ${ROLE_ENV_PROFILE:+${_role_env_colour-}} in
	black) colour=30 ;;
	red) colour=31 ;;
	green) colour=32 ;;
	yellow) colour=33 ;;
	blue) colour=34 ;;
	magenta | purple) colour=35 ;;
	cyan) colour=36 ;;
	white) colour=37 ;;
	grey | gray) colour=90 ;;
	orange) colour='38;5;208' ;;
	*) ;;
	esac
	case ${ROLE_ENV_PROFILE:+${_role_env_colour-}} in '') ;; *) warning=${colour} ;; esac
	_role_env_plain=$'\e[1;'"${colour}m" _role_env_warning=$'\e[1;7;'"${warning}m" _role_env_off=$'\e[0m'
}

# Inside the window: renews the session or, where that was not asked for, says once that it has expired.
_role_env_act() {
	case ${_role_env_options} in
	*--renew*)
		_role_env_retry=$((now + 60))
		_role_env_renew || \builtin :
		word="${ROLE_ENV_ACCESS_KEY_ID-} ${ROLE_ENV_PROFILE-} ${ROLE_ENV_EXPIRATION-} ${_role_env_colour-} \
${ALIBABA_CLOUD_CREDENTIALS_URI:+served}"
		if [[ ${word} != "${_role_env_seen}" ]]; then
			_role_env_clock
			_role_env_arrive
		fi
		;;
	*)
		[[ ${_role_env_told} == "${_role_env_seen}" ]] ||
			\builtin printf 'role-env: the session of %s has expired: role-env use %s\n' "${_role_env_name}" \
				"${_role_env_name}" >&2
		_role_env_told=${_role_env_seen}
		;;
	esac
}

# Within 5 seconds, and with a line at most: of what the command says on stderr the last but for hints.
_role_env_renew() {
	\local words timeout=4 account="${ROLE_ENV_ROLE_ARN-}"
	account=${account#acs:ram::}
	account=${account%%:*}
	words=(--format bash ${account:+"--expect-account=${account}"})
	if [[ ${_role_env_used[0]-} == "${ROLE_ENV_ACCESS_KEY_ID-}" ]]; then
		words=("${_role_env_used[@]:1}" "${words[@]}")
	else
		words+=(-- "${ROLE_ENV_PROFILE-}") # whatever was planted there, it is no option
	fi
	case ${ROLE_ENV_TIMEOUT-} in *[!0-9.]*) ;; [123] | [0123].*) timeout=${ROLE_ENV_TIMEOUT} ;; *) ;; esac
	_role_env_runs || \builtin return
	{
		\local trace=''
		case $- in *x*) trace=x ;; *) ;; esac
		\builtin set +x
	} 2>/dev/null
	\eval "$({
		{ ROLE_ENV_TIMEOUT=${timeout} \builtin command role-env export "${words[@]}" 2>&1 >&3 3>&- ||
			\builtin echo false >&3; } | _role_env_last_line
	} 3>&1)" || \builtin :
	case ${trace} in x) \builtin set -x ;; *) ;; esac
	if [[ ${_role_env_used[0]-} == "${_role_env_seen%% *}" ]]; then
		_role_env_used[0]=${ROLE_ENV_ACCESS_KEY_ID-}
	fi
}

_role_env_last_line() {
	\local line last=''
	while IFS='' \builtin read -r line; do
		case ${line} in 'role-env: hint:'*) ;; *) last=${line} ;; esac
	done
	[[ -z ${last} ]] || \builtin printf '%s\n' "${last}" >&2
}

# Sets `now`, in seconds of the epoch and without a fork: by the best clock that this bash has.
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
	# `date` runs once, and again where SECONDS has been set back.
	_role_env_clock() {
		\local seconds="${SECONDS-}"
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

# What can stand behind `role-env`.
_role_env_complete() {
	\local line="${COMP_LINE:0:COMP_POINT}" words item value='' command='' profile='' run='' here prefix count=0
	COMPREPLY=()
	IFS=$' \t\n' \builtin read -r -a words <<<"${line}"
	here=${words[${#words[@]} - 1]}
	case ${line} in *[[:space:]]) here='' words+=('') ;; *) ;; esac
	# Of a word with a colon or an @, readline takes only what stands behind it for the word.
	prefix=${here%"$2"}
	for item in "${words[@]:1:${#words[@]}-2}"; do
		if [[ -n ${run} ]]; then
			count=$((count + 1))
		elif [[ -n ${value} ]]; then
			value=''
		else
			_role_env_read_word "${item}"
		fi
	done
	if [[ -n ${value} ]]; then
		_role_env_complete_value
	elif [[ -n ${run} && ${count} == 0 ]] || [[ ${command} == exec && -n ${profile} && ${here} != -* && -z ${run} ]]; then
		# shellcheck disable=SC2312  # it fails where there is no such command
		while IFS='' \builtin read -r item; do COMPREPLY+=("${item}"); done < <(\builtin compgen -c -- "$2")
	elif [[ -n ${run} ]]; then
		: # files, by bash itself
	elif [[ ${here} == -* ]]; then
		_role_env_complete_option
	else
		_role_env_complete_word
	fi
}

# What a word before the cursor is. The variables are those of _role_env_complete.
_role_env_read_word() {
	case $1 in
	--config | --duration | --session-name | --region | --min-ttl | --expect-account | --format | --destination)
		value=$1
		;;
	--) if [[ ${command} == exec && -n ${profile} ]]; then run=1; fi ;;
	-*) ;;
	export | exec | process | off | init | setup | list | status | whoami | login | logout | clear | explain | doctor | \
		console | use | help | version)
		if [[ -z ${command} ]]; then command=$1; else profile=$1; fi
		;;
	*)
		if [[ ${command} == exec && -n ${profile} ]]; then run=1 count=1; fi
		command=${command:-export} profile=$1
		;;
	esac
}

_role_env_complete_value() {
	\local choices=''
	if [[ ${value} == --format ]]; then
		_role_env_read_help
		# shellcheck disable=SC2086  # names of formats, which are to be words
		_role_env_offer ${choices//,/ }
	elif [[ ${value} != --config ]]; then
		\builtin compopt +o default +o bashdefault 2>/dev/null || \builtin :
	fi
}

_role_env_complete_option() {
	\local offered choices=''
	offered=(--help --version)
	[[ -z ${command} ]] || _role_env_read_help
	_role_env_offer "${offered[@]}"
}

# The options of a command, out of its own help, into `offered`; the choices of one that has some into `choices`.
_role_env_read_help() {
	\local text tokens token help="${command:-export}"
	[[ ${help} != use ]] || help='export'
	text=$(\builtin command role-env "${help}" --help 2>/dev/null) || \builtin return 0
	offered=()
	while IFS=$' \t' \builtin read -r -a tokens; do
		case ${tokens[0]-} in -*) ;; *) \builtin continue ;; esac
		for token in "${tokens[@]}"; do
			case ${command}${token%,} in
			use--format | use--show) ;;
			"${command}"--*) offered+=("${token%,}") ;;
			"${command}"-*) ;;
			"${command}"\{*\})
				choices=${token#?}
				choices=${choices%?}
				;;
			*) \builtin break ;;
			esac
		done
	done <<<"${text}"
}

_role_env_complete_word() {
	case ${command} in
	'')
		_role_env_offer export exec process off init setup list status whoami login logout clear explain doctor console use help version
		_role_env_offer_profiles
		;;
	export | exec | process | whoami | login | logout | explain | console | use)
		[[ -n ${profile} ]] || _role_env_offer_profiles
		;;
	clear) _role_env_offer_profiles ;;
	init) [[ -n ${profile} ]] || _role_env_offer bash zsh fish ;;
	setup) if [[ -n ${profile} ]]; then _role_env_offer_profiles; else _role_env_offer aliyun-cli; fi ;;
	*) ;;
	esac
	\builtin compopt +o default +o bashdefault 2>/dev/null || \builtin :
}

_role_env_offer_profiles() {
	\local names name config='' position
	for ((position = 1; position < ${#words[@]} - 1; position++)); do
		case ${words[position]} in
		--config) config=${words[position + 1]} ;;
		--config=*) config=${words[position]#*=} ;;
		*) ;;
		esac
	done
	names=$(\builtin command role-env list --names ${config:+"--config=${config}"} 2>/dev/null) || \builtin return 0
	while IFS='' \builtin read -r name; do _role_env_offer "${name}"; done <<<"${names}"
}

_role_env_offer() {
	\local word
	for word in "$@"; do
		if [[ ${word} == "${here}"* ]]; then COMPREPLY+=("${word#"${prefix}"}"); fi
	done
}

# Installs it where a person types: once, though this file be read again.
_role_env_array=''
case $- in
*i*)
	case ${BASH_VERSION} in 5.[1-9]* | 5.[1-9][0-9]* | [6-9].* | [1-9][0-9].*) _role_env_array=array ;; *) ;; esac
	case " ${PROMPT_COMMAND[*]-} " in
	*[[:space:]]_role_env_prompt[[:space:]]*) ;;
	*)
		# shellcheck disable=SC2128,SC2178  # of an array the older bashes run the first element
		case ${_role_env_array}${_role_env_options} in
		# Those that show ROLE_ENV_PROMPT in a prompt of their own come behind it.
		array*--no-prompt*)
			PROMPT_COMMAND=(_role_env_prompt ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
			;;
		array*) PROMPT_COMMAND+=(_role_env_prompt) ;;
		# A line of its own, whatever the string ends with. The last one, so that others see $PIPESTATUS.
		*) PROMPT_COMMAND=${PROMPT_COMMAND:+${PROMPT_COMMAND}$'\n'}_role_env_prompt ;;
		esac
		;;
	esac
	\builtin complete -o bashdefault -o default -F _role_env_complete role-env
	;;
*) ;;
esac
