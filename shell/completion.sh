# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of the other files; values from the tables
# The words that can follow `role-env` in bash and zsh.

# Set the caller's `_role_env_config` to the value of --config among the words.
_role_env_find_config() {
	while (($#)); do
		case $1 in
		--config) _role_env_config=${2-} ;;
		--config=*) _role_env_config=${1#*=} ;;
		*) ;;
		esac
		shift
	done
}

# Read a word before the cursor into the variables of the calling function: `_role_env_option` is an option whose value
# comes next, `_role_env_command` the command, `_role_env_count` the number of its words so far; `_role_env_run` is set
# if a command line begins there.
_role_env_read_word() {
	if [[ -n ${_role_env_option} ]]; then
		_role_env_option=''
		return
	fi
	case $1 in
	@VALUE_OPTIONS | @) _role_env_option=$1 ;;
	--) if [[ ${_role_env_command} == exec && ${_role_env_count} -gt 0 ]]; then _role_env_run=next; fi ;;
	-*) ;;
	*)
		case ${_role_env_command}$1 in
		@COMMANDS | @) _role_env_command=$1 ;;
		*)
			if [[ ${_role_env_command} == exec && ${_role_env_count} -gt 0 ]]; then _role_env_run=here; fi
			_role_env_command=${_role_env_command:-export} _role_env_count=$((_role_env_count + 1))
			;;
		esac
		;;
	esac
}

# Offer the words for the cursor, after `_role_env_command` and `_role_env_count` words; `_role_env_here` is the part
# that has been typed.
_role_env_offer_word() {
	local _role_env_kinds='' _role_env_flags=''
	case ${_role_env_here}/${_role_env_command} in
	-*/) _role_env_offer_options --help --version ;;
	-*)
		_role_env_look_up "${_role_env_command}"
		set -- --help
		while [[ -n ${_role_env_flags} ]]; do
			_role_env_kinds=${_role_env_flags%% *} _role_env_flags=${_role_env_flags#* }
			set -- "$@" "${_role_env_kinds%%=*}"
		done
		_role_env_offer_options "$@"
		;;
	*/)
		_role_env_offer_commands
		_role_env_offer_profiles --sessions
		;;
	*)
		_role_env_look_up "${_role_env_command}"
		while ((_role_env_count > 0)) && [[ ${_role_env_kinds} == *' '* ]]; do
			_role_env_kinds=${_role_env_kinds#* } _role_env_count=$((_role_env_count - 1))
		done
		_role_env_kinds=${_role_env_kinds%% *}
		if ((_role_env_count == 0)) || [[ ${_role_env_kinds} == *+ ]]; then _role_env_offer_kind "${_role_env_kinds%+}"; fi
		;;
	esac
}

# Offer the values of the option `_role_env_option`; fail if the value is a file.
_role_env_offer_value() {
	local _role_env_kinds='' _role_env_flags=''
	_role_env_look_up "${_role_env_command:-export}"
	case " ${_role_env_flags}" in
	*" ${_role_env_option}="*)
		_role_env_flags=${_role_env_flags#*"${_role_env_option}="}
		_role_env_offer_kind "${_role_env_flags%% *}"
		;;
	*) ;;
	esac
}

_role_env_offer_kind() {
	case $1 in
	'' | -) ;;
	file) return 1 ;;
	profile) _role_env_offer_profiles ;;
	session) _role_env_offer_profiles --sessions ;;
	*) _role_env_offer_list "$1" ;;
	esac
}

_role_env_offer_list() {
	local _role_env_rest="$1,"
	while [[ -n ${_role_env_rest} ]]; do
		_role_env_offer "${_role_env_rest%%,*}"
		_role_env_rest=${_role_env_rest#*,}
	done
}

# Offer profiles; bash shows no description.
_role_env_offer_profiles() {
	local _role_env_names='' _role_env_config=''
	_role_env_find_config "${_role_env_before[@]}"
	case ${_role_env_shell} in zsh) set -- --described "$@" ;; *) ;; esac
	_role_env_names=$(
		_role_env_call list --names "$@" ${_role_env_config:+"--config=${_role_env_config}"} 2>/dev/null
	) || return 0
	_role_env_offer_names "${_role_env_names}"
}

# Set `_role_env_kinds` to the kinds of a command's words, and `_role_env_flags` to its options with the kinds of their
# values.
_role_env_look_up() {
	case $1 in
	#@EACH COMMAND_TABLE
	NAME) _role_env_kinds='KINDS' _role_env_flags='FLAGS' ;;
	#@END
	*) ;;
	esac
}
