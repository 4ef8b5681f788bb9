# The part of role-env's integration that is specific to zsh. All of it runs untraced in zsh's own emulation, with any
# options of the shell.

_role_env_is_subshell() {
	[[ $ZSH_SUBSHELL != 0 ]]
}

_role_env_untraced() {
	shift
	"$@"
}

# The text that the hook compares: all that decides what the prompt shows, and of each secret only its length. Each is a
# word of its own: zsh expands these four times as fast as one long word.
_role_env_observe() {
	set -- @EACH COMPARED "$ITEM" @END @EACH MEASURED "${ITEM+${#ITEM}}" @END
	_role_env_observed="$*"
	if [[ -n $ROLE_ENV_SERVER && ! -e $ALICLOUD_SHARED_CREDENTIALS_FILE ]]; then _role_env_observed+=' ended'; fi
}

# The hook in precmd_functions; zsh itself keeps $? and $pipestatus. Most of the time nothing has changed, and the time
# of the next change of the text has not come.
_role_env_prompt() {
	local _role_env_observed='' _role_env_now=$EPOCHSECONDS
	_role_env_observe
	if [[ "$_role_env_observed" != "$_role_env_state" ]] ||
		((_role_env_now < _role_env_since || _role_env_now >= _role_env_next)); then
		{ _role_env_update } always { TRY_BLOCK_INTERRUPT=0 } # Ctrl-C ends the update and no more
		# The prompt contains only a reference to psvar, whose text zsh never expands, with PROMPT_SUBST on or off.
		_role_env_segment='%(97V.%97v.)'
		if [[ -n $_role_env_on ]]; then _role_env_segment="%(97V.%{$_role_env_on%}%97v%{$_role_env_off%}.)"; fi
		if [[ -n $_role_env_head ]]; then _role_env_head="${_role_env_segment%.*} .)"; fi
		_role_env_register
	fi
	ROLE_ENV_PROMPT=$_role_env_text psvar[97]=$_role_env_text
	[[ $precmd_functions[-1] == (_role_env_prompt|_p9k_precmd) && $PS1 == "$_role_env_head"* ]] || _role_env_show
}

# The hook in preexec_functions: no former text is shown where an error in another hook keeps this one from running.
_role_env_forget() {
	ROLE_ENV_PROMPT='' psvar[97]=''
}

# Put the text at the start of the prompt, and the hook after the others. A theme that draws the prompt itself shows the
# segment of that name.
_role_env_show() {
	_role_env_install
	if [[ -z $_role_env_head || $PS1 == "$_role_env_head"* ]]; then
		:
	elif ((${+functions[_p9k_precmd]})); then
		if [[ -n $_role_env_text && -z $_role_env_warned &&
			" $POWERLEVEL9K_LEFT_PROMPT_ELEMENTS $POWERLEVEL9K_RIGHT_PROMPT_ELEMENTS " != *' role_env '* ]]; then
			_role_env_warned=powerlevel10k
			printf 'role-env: powerlevel10k does not show the session\nrole-env: hint: %s\n' \
				'add role_env to POWERLEVEL9K_LEFT_PROMPT_ELEMENTS in ~/.p10k.zsh' >&2
		fi
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

# Let Tab complete, once zsh's completion is loaded.
_role_env_register() {
	if ((!_role_env_completes && ${+functions[compdef]})); then
		compdef _role_env_complete role-env
		_role_env_completes=1
	fi
}

# Put the hook after all others, once; powerlevel10k's must stay last. With --no-prompt the hook is also in front, after
# direnv's, so that hooks that show ROLE_ENV_PROMPT in a prompt of their own run after it.
_role_env_install() {
	local -a _role_env_hooks
	local -i _role_env_place
	_role_env_register
	if [[ $_role_env_fixed == *_functions ]]; then return; fi
	_role_env_hooks=("${(@)precmd_functions:#_role_env_prompt}")
	if [[ -z $_role_env_head ]]; then
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
	local _role_env_group='' _role_env_each=''
	local -a _role_env_lines _role_env_offers
	_role_env_lines=("${(@f)$(_role_env_call --complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ $words[CURRENT] == --*=* ]]; then compset -P '*='; fi
	case $_role_env_lines[1] in
	files) _files ;;
	command$'\t'*)
		shift "${_role_env_lines[1]#*$'\t'}" words
		((CURRENT -= ${_role_env_lines[1]#*$'\t'}))
		if ((CURRENT == 1)); then _command_names -e; else _normal; fi
		;;
	*)
		# The options of zsh's completion, which the emulation has turned off.
		if ((${#_comp_options})); then setopt local_options "${_comp_options[@]}"; fi
		for _role_env_group in commands profiles options values; do
			_role_env_offers=()
			for _role_env_each in "${(@)${(@M)_role_env_lines:#$_role_env_group$'\t'*}#*$'\t'}"; do
				_role_env_offers+=("${${_role_env_each%%$'\t'*}//:/\\:}${${(M)_role_env_each%$'\t'*}/$'\t'/:}")
			done
			if ((${#_role_env_offers})); then _describe -t $_role_env_group $_role_env_group _role_env_offers; fi
		done
		;;
	esac
}

# Install it in an interactive shell.
typeset -g _role_env_head='' _role_env_segment='' _role_env_completes=0
typeset -g _role_env_fixed='' # the readonly variable that keeps the prompt from showing the session
if [[ -o interactive ]]; then
	zmodload -F zsh/datetime p:EPOCHSECONDS
	typeset -ga precmd_functions preexec_functions psvar
	# On audited hosts some of these are readonly.
	for _role_env_fixed in precmd_functions preexec_functions PS1 PROMPT prompt ''; do
		if [[ ${(Pt)_role_env_fixed} == *readonly* ]]; then
			printf 'role-env: the prompt does not show the session, since %s is readonly\n' $_role_env_fixed >&2
			break
		fi
	done
	if [[ $_role_env_options != *--no-prompt* && -z $_role_env_fixed ]]; then _role_env_head='%(97V.%97v .)'; fi
	_role_env_install
fi
