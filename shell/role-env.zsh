# The part of role-env's integration that is specific to zsh. All of it runs untraced in zsh's own emulation, with any
# options of the shell.

_role_env_which() {
	\builtin whence -p -- "$1"
}

_role_env_is_subshell() {
	[[ ${ZSH_SUBSHELL-0} != 0 ]]
}

# Read a line into the variable unchanged, except that a readonly IFS strips the spaces around it.
_role_env_read() {
	[[ ${(t)IFS} == *readonly* ]] || \builtin local IFS=''
	\builtin read -r -- "$1"
}

# Succeed if all the variables can be set and unset. Needs no fork.
_role_env_is_writable() {
	while (($#)); do
		[[ ${(Pt)1} != *readonly* ]] || \builtin return 1
		\builtin shift
	done
}

# Succeed if the variable has no value or programs get the same value: another attribute, such as that of `typeset -L`,
# changes what the shell itself reads.
_role_env_is_exported() {
	[[ -z ${(P)1} || ${(Pt)1} == scalar(-readonly|)-export ]]
}

# Set _role_env_pinned to the current values of the variables that lead to files, the keyring and certificates.
_role_env_pin() {
	\builtin local _role_env_each=''
	\builtin typeset -ga _role_env_pinned
	_role_env_pinned=(@EACH PINNED ${ITEM+"ITEM=${ITEM}"} @END)
	for _role_env_each in ${(k)parameters[(I)KEYRING_PROPERTY_*]}; do
		_role_env_pinned+=("$_role_env_each=${(P)_role_env_each}")
	done
}

_role_env_unset_pinned() {
	\builtin unset -v @PINNED@ ${(k)parameters[(I)KEYRING_PROPERTY_*]}
}

# Remove the control characters of ASCII and, in any locale, those beyond it (U+0080 to U+009F).
_role_env_remove_controls() {
	_role_env_name=${_role_env_name//[[:cntrl:]]/}
	() {
		\builtin setopt local_options no_multibyte
		_role_env_name=${_role_env_name//$'\xc2'[$'\x80'-$'\x9f']/}
	}
}

_role_env_untraced() {
	\builtin shift
	"$@"
}

# Set `_role_env_now` to the epoch seconds without a fork. If zsh/datetime is missing, a prompt sequence has them; then
# EPOCHSECONDS is 0, so that no planted value is used.
if [[ ${(t)EPOCHSECONDS} != integer-readonly* ]]; then
	\builtin unset -v EPOCHSECONDS 2>/dev/null
	\builtin zmodload -F zsh/datetime p:EPOCHSECONDS 2>/dev/null || \builtin typeset -gir EPOCHSECONDS=0
fi
_role_env_clock() {
	_role_env_now=$EPOCHSECONDS
	((_role_env_now)) || _role_env_now=${(%):-'%D{%s}'}
}

# The state that the hook compares: the value, export and type of each relevant variable. Each is a word of its own:
# zsh expands these four times as fast as one long word.
_role_env_observe() {
	\builtin set -- @EACH COMPARED "${ITEM+$ITEM${(t)ITEM}}" @END @EACH COMPARED_SECRETS "${ITEM+${(t)ITEM}}" @END
	_role_env_observed="$*"
}

# The hook in precmd_functions; zsh itself keeps $? and $pipestatus. Most of the time nothing has changed, and the time
# of the next change of the text has not come.
_role_env_prompt() {
	_role_env_observe
	if [[ "$_role_env_observed" != "$_role_env_state" ]] ||
		((EPOCHSECONDS < _role_env_since || EPOCHSECONDS >= _role_env_next)) ||
		{ [[ -n $ROLE_ENV_SERVER ]] && ! _role_env_has_server; }; then
		\builtin local _role_env_now=''
		_role_env_clock
		_role_env_update
		_role_env_color
		((_role_env_completes)) || _role_env_install_completion
	fi
	_role_env_publish "$_role_env_text"
	[[ $precmd_functions[-1] == _role_env_prompt && $preexec_functions[1] == _role_env_forget &&
		$PS1 == "$_role_env_head"* ]] || _role_env_arrange
}

# Offer completion as soon as compinit has run. Until then `role-env doctor` reports it, unless it has a more serious
# problem to report.
_role_env_install_completion() {
	if ((${+functions[compdef]})); then
		compdef _role_env_complete role-env
		_role_env_completes=1 _role_env_hidden=${_role_env_hidden#compinit}
	else
		_role_env_hidden=${_role_env_hidden:-compinit}
	fi
}

# The hook in preexec_functions: if the hook after the command is missing, or an error in another hook skips it, no text
# is shown.
_role_env_forget() {
	_role_env_publish ''
}

# Pass the text to the prompt, and to other programs' prompts.
_role_env_publish() {
	if [[ ${(t)ROLE_ENV_PROMPT} == *readonly* ]]; then
		_role_env_report_hidden 'a readonly ROLE_ENV_PROMPT' 'start a new shell without it'
	else
		ROLE_ENV_PROMPT=$1
	fi
	case ${(t)psvar} in
	*readonly*)
		PS1=${PS1#$_role_env_head} _role_env_head=''
		_role_env_report_hidden 'a readonly psvar' 'start a new shell without it'
		;;
	*unique*) _role_env_report_hidden 'typeset -U psvar' 'typeset +U psvar' ;;
	*) psvar[97]=$1 ;;
	esac
}

# The prompt contains only a reference to psvar, whose text zsh never expands, with PROMPT_SUBST on or off.
_role_env_color() {
	_role_env_segment='%(97V.%97v.)'
	if [[ -n $_role_env_on ]]; then _role_env_segment="%(97V.%{$_role_env_on%}%97v%{$_role_env_off%}.)"; fi
	if [[ -n $_role_env_head ]]; then _role_env_head="${_role_env_segment%.*} .)"; fi
}

# Put the text at the start of the prompt, and the hooks in their places. A theme that draws the prompt itself shows the
# segment of that name.
_role_env_arrange() {
	[[ $precmd_functions[-1] == (_role_env_prompt|_p9k_precmd) && $preexec_functions[1] == _role_env_forget ]] ||
		_role_env_install
	if [[ -z $_role_env_head || $PS1 == "$_role_env_head"* ]]; then
		:
	elif ((${+functions[_p9k_precmd]})); then
		if [[ " $POWERLEVEL9K_LEFT_PROMPT_ELEMENTS $POWERLEVEL9K_RIGHT_PROMPT_ELEMENTS " != *' role_env '* ]]; then
			_role_env_report_hidden powerlevel10k 'add role_env to POWERLEVEL9K_LEFT_PROMPT_ELEMENTS in ~/.p10k.zsh'
		fi
	elif [[ ${(t)PS1} == *readonly* ]]; then
		[[ $PS1 == *'%97v'* ]] || _role_env_report_hidden 'a readonly PS1' 'start a new shell without it'
	else
		PS1=$_role_env_head${PS1#'%(97V.'*'%97v'*' .)'}
	fi
}

# The segment of powerlevel10k.
if ((!${+functions[prompt_role_env]})); then
	prompt_role_env() {
		p10k segment -c '$ROLE_ENV_PROMPT' -e -t '$_role_env_segment'
	}
fi

# Put the hook after all others, once; powerlevel10k's must stay last. With --no-prompt the hook is also in front, after
# direnv's, so that hooks that show ROLE_ENV_PROMPT in a prompt of their own run after it. The hook that drops the text
# is before all others, since an error in one skips the later ones.
_role_env_install() {
	if [[ ${(t)precmd_functions}${(t)preexec_functions} == *readonly* ]]; then
		[[ $precmd_functions[(Ie)_role_env_prompt] != 0 ]] ||
			_role_env_report_hidden 'a readonly precmd_functions or preexec_functions' 'start a new shell without it'
		\builtin return
	fi
	\builtin local -a _role_env_hooks
	\builtin local -i _role_env_place
	_role_env_hooks=("${(@)precmd_functions:#_role_env_prompt}")
	if [[ -z $_role_env_head && ${(t)precmd_functions} != *unique* ]]; then
		_role_env_place=$_role_env_hooks[(I)_direnv_hook]
		_role_env_hooks[_role_env_place+1,_role_env_place]=(_role_env_prompt)
	fi
	_role_env_place=$#_role_env_hooks
	if [[ $_role_env_hooks[-1] == _p9k_precmd ]]; then _role_env_place+=-1; fi
	_role_env_hooks[_role_env_place+1,_role_env_place]=(_role_env_prompt)
	precmd_functions=("${_role_env_hooks[@]}")
	preexec_functions=(_role_env_forget "${(@)preexec_functions:#_role_env_forget}")
}

# Complete; `words` and CURRENT come from zsh's completion.
_role_env_complete() {
	\builtin local _role_env_option='' _role_env_command='' _role_env_run='' _role_env_here="${words[CURRENT]-}"
	\builtin local -i _role_env_position _role_env_count=0
	\builtin local -a _role_env_before
	_role_env_before=("${(@Q)words[1,CURRENT-1]}")
	for ((_role_env_position = 2; _role_env_position < CURRENT && !${#_role_env_run}; _role_env_position++)); do
		_role_env_read_word "$words[_role_env_position]"
	done
	if [[ $_role_env_run == here ]]; then ((_role_env_position--)); fi
	if [[ -z $_role_env_run$_role_env_option && $_role_env_command == exec && $_role_env_here != -* ]] &&
		((_role_env_count)); then
		_role_env_run=here _role_env_position=CURRENT
	fi
	if [[ -n $_role_env_run ]]; then
		words=("${(@)words[_role_env_position,-1]}")
		((CURRENT -= _role_env_position - 1))
		if ((CURRENT == 1)); then _command_names -e; else _normal; fi
	elif [[ -n $_role_env_option || $_role_env_here == --*=* ]]; then
		if [[ -z $_role_env_option ]]; then
			_role_env_option=${_role_env_here%%=*}
			compset -P '*='
		fi
		_role_env_offer_value || _files
	else
		_role_env_offer_word
	fi
}

_role_env_offer() {
	compadd -- "$@"
}

# Offer words as a group named $1. A word may have a description after a tab.
_role_env_offer_described() {
	\builtin local _role_env_group=$1 _role_env_each=''
	\builtin local -a _role_env_described
	\builtin shift
	for _role_env_each in "$@"; do
		if [[ $_role_env_each == *$'\t'?* ]]; then
			_role_env_described+=("${${_role_env_each%%$'\t'*}//:/\\:}:${_role_env_each#*$'\t'}")
		else
			_role_env_described+=("${${_role_env_each%%$'\t'*}//:/\\:}")
		fi
	done
	# The options of zsh's completion, which the emulation has turned off.
	if ((${#_comp_options})); then \builtin setopt local_options "${_comp_options[@]}"; fi
	_describe -t $_role_env_group $_role_env_group _role_env_described
}

_role_env_offer_options() {
	\builtin local _role_env_each=''
	\builtin local -a _role_env_words
	\builtin local -A _role_env_help
	_role_env_help=(@HELP@)
	for _role_env_each in "$@"; do
		_role_env_words+=("$_role_env_each"$'\t'"${_role_env_help[$_role_env_command$_role_env_each]:-${_role_env_help[$_role_env_each]}}")
	done
	_role_env_offer_described options "${_role_env_words[@]}"
}

_role_env_offer_commands() {
	_role_env_offer_described commands @DESCRIBED_COMMANDS@
}

_role_env_offer_names() {
	if [[ -n $1 ]]; then _role_env_offer_described profiles "${(@f)1}"; fi
}

# Install it in an interactive shell.
\builtin typeset -g _role_env_head='' _role_env_segment='' _role_env_completes=0
if [[ -o interactive ]]; then
	_role_env_pin
	if [[ ${(t)precmd_functions}${(t)preexec_functions} == *readonly* ]]; then
		_role_env_hidden='a readonly precmd_functions or preexec_functions'
		_role_env_report "the prompt cannot show the session, because of $_role_env_hidden" \
			'make them readonly below the line with role-env init'
	else
		\builtin typeset -ga precmd_functions preexec_functions psvar
		if [[ $_role_env_options != *--no-prompt* ]]; then _role_env_head='%(97V.%97v .)'; fi
		_role_env_install
	fi
fi
