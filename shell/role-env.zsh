# role-env in zsh: eval "$(role-env init zsh)"
#
# `role-env use PROFILE` and `role-env off` act in this shell; all else goes to the command. In an interactive shell
# ROLE_ENV_PROMPT tells of the session, the prompt shows it, and names complete.
#
# A backslash keeps an alias off (and `function` one of role-env), `builtin` and `command` a function. Nothing from
# outside is ever evaluated, only what is all digits is used in arithmetic, and what a shell of this shell could
# inherit is forgotten first.
\builtin unalias role-env 2>/dev/null || \builtin :
\builtin unset -v _role_env_seen _role_env_name _role_env_end _role_env_window _role_env_retry _role_env_told \
	_role_env_state _role_env_since _role_env_next _role_env_head _role_env_completes _role_env_plain _role_env_warning \
	_role_env_used
\builtin typeset -g _role_env_seen='' _role_env_name='' _role_env_end='' _role_env_told='' \
	_role_env_plain='' _role_env_warning='' _role_env_window=1 _role_env_retry=0 \
	_role_env_state='' _role_env_since=0 _role_env_next=0 _role_env_head='%(97V.%97v .)' _role_env_completes=0
\builtin typeset -ga _role_env_used

# The version that this is of, and what `role-env init` was told: --no-prompt, --renew.
\builtin typeset -g _role_env_options='@OPTIONS@'

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
	\builtin local reply=''
	\builtin local -a words
	words=("$@")
	if _role_env_wants_help "$@"; then
		\builtin command role-env export "$@"
		\builtin return
	fi
	_role_env_runs || \builtin return
	if ! _role_env_has_profile "$@" && [[ -t 0 && -t 2 ]]; then
		_role_env_choose "$@" || \builtin return
		words+=("$reply")
	fi
	_role_env_take export "${words[@]}" || \builtin return
	_role_env_remember "${words[@]}"
}

# Keeps what a renewal is to ask for: the same words, with a path that names the same file in any folder.
_role_env_remember() {
	\builtin local word before=''
	_role_env_used=("${ROLE_ENV_ACCESS_KEY_ID-}")
	for word in "$@"; do
		case $before$word in
		value/* | --config=/* | value | --config=) ;;
		value*) word=$PWD/$word ;;
		--config=*) word=--config=$PWD/${word#*=} ;;
		esac
		if [[ $word == --config ]]; then before=value; else before=''; fi
		_role_env_used+=("$word")
	done
}

# Whether one of the words asks for help: that is for a person, and no shell may evaluate it.
_role_env_wants_help() {
	\builtin local word
	for word in "$@"; do
		case $word in -h | --help) \builtin return 0 ;; esac
	done
	\builtin return 1
}

# Whether the command can run: a line instead of what a shell says when it, or its interpreter, has gone.
_role_env_runs() {
	\builtin local place line=''
	place=$(\builtin whence -p role-env) || place=''
	if [[ -n $place ]]; then
		IFS='' \builtin read -r line 2>/dev/null <"$place" || \builtin :
		line=${line#'#!'}
		if [[ $line != /* || -x ${line%%[[:space:]]*} ]]; then \builtin return 0; fi
	fi
	\builtin printf 'role-env: the command %s cannot run: it, or its Python, has gone; install it anew\n' \
		"${place:-role-env}" >&2
	\builtin return 127
}

# Evaluates what the command prints for this shell; `set -x` would show it.
_role_env_take() {
	\builtin setopt local_options no_xtrace
	\builtin eval "$(\builtin command role-env "$@" --format zsh || \builtin echo false)"
}

# Whether one of the words is neither an option nor the value of one.
_role_env_has_profile() {
	\builtin local word value=''
	for word in "$@"; do
		case $value$word in
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
	\builtin emulate -L zsh
	\builtin local names answer='' config=''
	\builtin local -a profiles
	\builtin local -i number
	while (($#)); do
		case $1 in
		--config) config=${2-} ;;
		--config=*) config=${1#*=} ;;
		esac
		\builtin shift
	done
	names=$(\builtin command role-env list --names ${config:+"--config=$config"}) || \builtin return
	profiles=("${(@f)names}")
	for ((number = 1; number <= $#profiles; number++)); do
		\builtin printf '%3d  %s\n' $number "$profiles[number]" >&2
	done
	\builtin printf 'role-env: which profile (number or name)? ' >&2
	IFS='' \builtin read -r answer || \builtin return 1
	for ((number = 1; number <= $#profiles; number++)); do
		if [[ $answer == "$number" || $answer == "$profiles[number]" ]]; then
			reply=$profiles[number]
			\builtin return 0
		fi
	done
	\builtin printf 'role-env: that is none of them; nothing was changed\n' >&2
	\builtin return 1
}

# What stands in precmd_functions; zsh itself keeps $? and $pipestatus.
_role_env_prompt() {
	\builtin emulate -L zsh -o no_unset -o no_err_exit -o no_err_return -o no_xtrace
	\builtin local now left word state
	# Most of the time nothing has changed, and it is not yet the second in which what is told will.
	word="${ROLE_ENV_ACCESS_KEY_ID-} ${ROLE_ENV_PROFILE-} ${ROLE_ENV_EXPIRATION-} ${_role_env_colour-} \
${ALIBABA_CLOUD_CREDENTIALS_URI:+served}"
	state="$word ${ALIBABA_CLOUD_ACCESS_KEY_ID-} ${ALIBABACLOUD_ACCESS_KEY_ID-} ${ALICLOUD_ACCESS_KEY-} \
${ALICLOUD_ACCESS_KEY_ID-} ${OSS_ACCESS_KEY_ID-} ${ALIYUN_LOG_CLI_ACCESSID-} ${AccessKeyId-} ${ROLE_ENV_PROMPT-}"
	# Seconds of the epoch: no module is needed for it, and nobody can have put another variable in its place.
	now=${(%):-'%D{%s}'}
	if [[ $state != "$_role_env_state" || -z ${ROLE_ENV_PROFILE-} ]] ||
		((now < _role_env_since || now >= _role_env_next)); then
		_role_env_look
	fi
	if [[ $_role_env_options != *--no-prompt* ]]; then
		# zsh expands nothing of what it takes out of psvar, be PROMPT_SUBST on or off: the prompt has no text of ours.
		[[ ${psvar[97]-} == "$ROLE_ENV_PROMPT" ]] || psvar[97]=$ROLE_ENV_PROMPT
		if [[ $PS1 != "$_role_env_head"* ]]; then PS1=$_role_env_head${PS1#'%(97V.'*'%97v'*' .)'}; fi
	fi
	if ((!_role_env_completes && ${+functions[compdef]})); then
		compdef _role_env_complete role-env
		_role_env_completes=1
	fi
	\builtin return 0
}

# Sets ROLE_ENV_PROMPT, and tells or renews what has to be. The variables are the caller's.
_role_env_look() {
	if [[ -z ${ROLE_ENV_PROFILE-} ]]; then
		_role_env_none
		\builtin return
	fi
	[[ $word == "$_role_env_seen" ]] || _role_env_arrive
	if [[ -n $_role_env_end ]] && ((_role_env_end - now < _role_env_window && now >= _role_env_retry)); then
		_role_env_act
		if [[ -z ${ROLE_ENV_PROFILE-} ]]; then
			_role_env_none
			\builtin return
		fi
	fi
	_role_env_tell
}

# Puts what there is to tell into ROLE_ENV_PROMPT, how the prompt shows it into _role_env_head, and until when it stands
# into _role_env_next.
_role_env_tell() {
	\builtin local sign=''
	\builtin local -i acts
	_role_env_is_whole || sign=≠
	_role_env_since=$now _role_env_next=$((now + 86400))
	left=$((${_role_env_end:-0} - now))
	if [[ -z ${ROLE_ENV_EXPIRATION-} && -n ${ALIBABA_CLOUD_CREDENTIALS_URI-} ]]; then
		# `role-env exec --renew` serves it for as long as this shell lives.
		word='' left=300
	elif [[ -z $_role_env_end ]]; then
		word='?'
	elif ((left > 0)); then
		word=$((left / 60))m
		_role_env_next=$((left < 60 ? _role_env_end : _role_env_end - left / 60 * 60 + 1))
	else
		word=expired
	fi
	acts=$((${_role_env_end:-0} - _role_env_window + 1))
	acts=$((acts < _role_env_retry ? _role_env_retry : acts))
	if ((acts > now && acts < _role_env_next)); then _role_env_next=$acts; fi
	_role_env_head=$_role_env_plain
	if [[ -n $sign ]] || ((left < 300)); then _role_env_head=$_role_env_warning; fi
	\builtin typeset -g ROLE_ENV_PROMPT="$_role_env_name$sign${word:+ $word}"
	_role_env_state="$_role_env_seen ${ALIBABA_CLOUD_ACCESS_KEY_ID-} ${ALIBABACLOUD_ACCESS_KEY_ID-} \
${ALICLOUD_ACCESS_KEY-} ${ALICLOUD_ACCESS_KEY_ID-} ${OSS_ACCESS_KEY_ID-} ${ALIYUN_LOG_CLI_ACCESSID-} ${AccessKeyId-} \
$ROLE_ENV_PROMPT"
}

# There is no session; after a failed switch, which left no account at all, it says so.
_role_env_none() {
	\builtin typeset -g ROLE_ENV_PROMPT=''
	if [[ -n ${ROLE_ENV_NO_ACCOUNT-} ]]; then
		_role_env_paint
		_role_env_head=$_role_env_warning
		ROLE_ENV_PROMPT='no account'
	fi
	_role_env_seen=''
}

# Whether the key ids of all families are still the session's, or absent, but not all of them.
_role_env_is_whole() {
	\builtin local id="${ROLE_ENV_ACCESS_KEY_ID-}" ids
	ids="${ALIBABA_CLOUD_ACCESS_KEY_ID-}${ALIBABACLOUD_ACCESS_KEY_ID-}${ALICLOUD_ACCESS_KEY-}\
${ALICLOUD_ACCESS_KEY_ID-}${OSS_ACCESS_KEY_ID-}${ALIYUN_LOG_CLI_ACCESSID-}${AccessKeyId-}"
	[[ -n ${ids:-${ALIBABA_CLOUD_CREDENTIALS_URI-}} &&
		${ALIBABA_CLOUD_ACCESS_KEY_ID:-$id} == "$id" && ${ALIBABACLOUD_ACCESS_KEY_ID:-$id} == "$id" &&
		${ALICLOUD_ACCESS_KEY:-$id} == "$id" && ${ALICLOUD_ACCESS_KEY_ID:-$id} == "$id" &&
		${OSS_ACCESS_KEY_ID:-$id} == "$id" && ${ALIYUN_LOG_CLI_ACCESSID:-$id} == "$id" &&
		${AccessKeyId:-$id} == "$id" ]]
}

# A session that this shell has not seen yet; `word` tells it from others.
_role_env_arrive() {
	\builtin local name="${ROLE_ENV_PROFILE-}" end="${ROLE_ENV_EXPIRATION-}"
	_role_env_seen=$word
	# The controls of ASCII, and in whatever locale those beyond it (U+0080 to U+009F).
	name=${name//[[:cntrl:]]/}
	() {
		\builtin setopt local_options no_multibyte
		name=${name//$'\xc2'[$'\x80'-$'\x9f']/}
	}
	_role_env_name=${name[1,64]}
	_role_env_end=''
	if [[ $end == <-> && $#end -le 12 ]]; then _role_env_end=$((10#$end)); fi
	_role_env_retry=0 _role_env_window=1
	if [[ $_role_env_options == *--renew* ]]; then
		# The command renews when less than min(300 s, a fifth of its life) is left. What is left now is never more
		# than its whole life, so that within this window it surely does.
		left=$((${_role_env_end:-0} - now))
		if ((left >= 10)); then _role_env_window=$((left < 1500 ? left / 5 : 300)); fi
	fi
	# For the shells of this shell.
	if [[ -n ${_role_env_colour-} ]]; then \builtin typeset -gx _role_env_colour; fi
	_role_env_paint
}

# The colour is the profile's; a warning is in reverse video.
_role_env_paint() {
	\builtin local colour=3 warning=1
	case ${ROLE_ENV_PROFILE:+${_role_env_colour-}} in
	black) colour=0 ;;
	red) colour=1 ;;
	green) colour=2 ;;
	yellow) colour=3 ;;
	blue) colour=4 ;;
	magenta | purple) colour=5 ;;
	cyan) colour=6 ;;
	white) colour=7 ;;
	grey | gray) colour=8 ;;
	orange) colour=208 ;;
	esac
	if [[ -n ${ROLE_ENV_PROFILE:+${_role_env_colour-}} ]]; then warning=$colour; fi
	if [[ -n ${NO_COLOR-} ]]; then
		_role_env_plain='%(97V.%97v .)' _role_env_warning='%(97V.%97v .)'
	else
		_role_env_plain="%(97V.%B%F{$colour}%97v%f%b .)" _role_env_warning="%(97V.%B%S%F{$warning}%97v%f%s%b .)"
	fi
}

# Inside the window: renews the session or, where that was not asked for, says once that it has expired.
_role_env_act() {
	if [[ $_role_env_options == *--renew* ]]; then
		_role_env_retry=$((now + 60))
		_role_env_renew
		word="${ROLE_ENV_ACCESS_KEY_ID-} ${ROLE_ENV_PROFILE-} ${ROLE_ENV_EXPIRATION-} ${_role_env_colour-} \
${ALIBABA_CLOUD_CREDENTIALS_URI:+served}"
		if [[ $word != "$_role_env_seen" ]]; then
			now=${(%):-'%D{%s}'}
			_role_env_arrive
		fi
	elif [[ $_role_env_told != "$_role_env_seen" ]]; then
		\builtin printf 'role-env: the session of %s has expired: role-env use %s\n' "$_role_env_name" \
			"$_role_env_name" >&2
		_role_env_told=$_role_env_seen
	fi
}

# Within 5 seconds, and with a line at most: of what the command says on stderr the last but for hints.
_role_env_renew() {
	\builtin local timeout=4 account="${ROLE_ENV_ROLE_ARN-}"
	\builtin local -a words
	account=${account#acs:ram::}
	account=${account%%:*}
	words=(--format zsh ${account:+"--expect-account=$account"})
	if [[ ${_role_env_used[1]-} == "${ROLE_ENV_ACCESS_KEY_ID-}" ]]; then
		words=("${(@)_role_env_used[2,-1]}" "${words[@]}")
	else
		words+=(-- "${ROLE_ENV_PROFILE-}") # whatever was planted there, it is no option
	fi
	case ${ROLE_ENV_TIMEOUT-} in *[!0-9.]*) ;; [123] | [0123].*) timeout=$ROLE_ENV_TIMEOUT ;; esac
	_role_env_runs || \builtin return 0
	\builtin eval "$({
		{ ROLE_ENV_TIMEOUT=$timeout \builtin command role-env export "${words[@]}" 2>&1 >&3 3>&- ||
			\builtin echo false >&3 } | _role_env_last_line
	} 3>&1)" || \builtin :
	if [[ ${_role_env_used[1]-} == "${_role_env_seen%% *}" ]]; then
		_role_env_used[1]=${ROLE_ENV_ACCESS_KEY_ID-}
	fi
}

_role_env_last_line() {
	\builtin local line last=''
	while IFS='' \builtin read -r line; do
		[[ $line == 'role-env: hint:'* ]] || last=$line
	done
	[[ -z $last ]] || \builtin printf '%s\n' "$last" >&2
}

# What can stand behind `role-env`; `words` and CURRENT are those of zsh's completion.
_role_env_complete() {
	\builtin local value='' command='' profile='' item here="${words[CURRENT]-}"
	\builtin local -i position run=0
	for ((position = 2; position < CURRENT && !run; position++)); do
		item=$words[position]
		if [[ -n $value ]]; then value=''; else _role_env_read_word "$item"; fi
	done
	if [[ -z $value && $command == exec && -n $profile && $here != -* ]] && ((!run)); then run=CURRENT; fi
	if ((run)); then
		words=("${(@)words[run,-1]}")
		((CURRENT -= run - 1))
		if ((CURRENT == 1)); then _command_names -e; else _normal; fi
	elif [[ $value == --config ]]; then
		_files
	elif [[ -n $value ]]; then
		[[ $value != --format ]] || _role_env_complete_option choices
	elif [[ $here == --config=* ]]; then
		compset -P '*='
		_files
	elif [[ $here == -* ]]; then
		_role_env_complete_option options
	else
		_role_env_complete_word
	fi
}

# What the word at `position` is. The variables are those of _role_env_complete; `run` is where the command begins
# that `exec` runs.
_role_env_read_word() {
	case $1 in
	--config | --duration | --session-name | --region | --min-ttl | --expect-account | --format | --destination)
		value=$1
		;;
	--) if [[ $command == exec && -n $profile ]]; then run=position+1; fi ;;
	-*) ;;
	export | exec | process | off | init | setup | list | status | whoami | login | logout | clear | explain | doctor | \
		console | use | help | version)
		if [[ -z $command ]]; then command=$1; else profile=$1; fi
		;;
	*)
		if [[ $command == exec && -n $profile ]]; then run=position; fi
		command=${command:-export} profile=$1
		;;
	esac
}

# Offers a command's options, or the choices of the one that has some ($1: options or choices), out of its own help.
_role_env_complete_option() {
	\builtin local token line
	\builtin local -a offered choices
	offered=(--help --version)
	if [[ -n $command ]]; then
		offered=()
		for line in "${(@f)$(\builtin command role-env ${${command:#use}:-export} --help 2>/dev/null)}"; do
			[[ $line == \ *-* ]] || continue
			for token in ${=line}; do
				token=${token%,}
				case $command$token in
				use--format | use--show) ;;
				$command--*) offered+=("$token") ;;
				$command-*) ;;
				$command\{*\}) choices+=("${(@s.,.)${token#?}%?}") ;;
				*) break ;;
				esac
			done
		done
	fi
	if [[ $1 == choices ]]; then compadd -- "${choices[@]}"; else compadd -- "${offered[@]}"; fi
}

_role_env_complete_word() {
	case $command in
	'')
		compadd -- export exec process off init setup list status whoami login logout clear explain doctor console use help version
		_role_env_complete_profile
		;;
	export | exec | process | whoami | login | logout | explain | console | use)
		[[ -n $profile ]] || _role_env_complete_profile
		;;
	clear) _role_env_complete_profile ;;
	init) [[ -n $profile ]] || compadd -- bash zsh fish ;;
	setup) if [[ -n $profile ]]; then _role_env_complete_profile; else compadd -- aliyun-cli; fi ;;
	esac
}

_role_env_complete_profile() {
	\builtin local names config=''
	\builtin local -i position
	for ((position = 2; position < CURRENT; position++)); do
		case $words[position] in
		--config) config=${(Q)words[position + 1]} ;;
		--config=*) config=${(Q)words[position]#*=} ;;
		esac
	done
	names=$(\builtin command role-env list --names ${config:+"--config=$config"} 2>/dev/null) || \builtin return
	compadd -- "${(@f)names}"
}

# Installs it where a person types: once, though this file be read again.
if [[ -o interactive ]]; then
	\builtin typeset -ga precmd_functions
	if [[ -z ${precmd_functions[(r)_role_env_prompt]-} ]]; then
		# Those that show ROLE_ENV_PROMPT in a prompt of their own come behind it.
		case $_role_env_options in
		*--no-prompt*) precmd_functions=(_role_env_prompt $precmd_functions) ;;
		*) precmd_functions+=(_role_env_prompt) ;;
		esac
	fi
fi
