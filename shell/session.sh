# shellcheck shell=sh
# shellcheck disable=SC2016,SC2034,SC2043,SC3045,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# The first part of each program for POSIX shells: find out which keys are the session's, and remove every account.
#
# `helper/shell_programs` puts it and one of the other files into one group, which is a syntax error if it is cut off. It
# strips comments and indentation, ends each command with a semicolon, and replaces the names between two @.
#
# Without quotes, as in `eval $(role-env PROFILE)`, the shell splits the text at each character of IFS, joins the words
# with single spaces and expands words that look like file name patterns. If that replaces the line breaks, the `case`
# below matches, and everything after it is a comment. So up to there the code contains no `*`, question mark or bracket,
# and it is one quoted word, in which no other character that is missing makes a syntax error: bash would print the
# line with its secrets. If another character is missing, `_ren_whole` is empty or has a space, and nothing is done.
#
# A restricted shell may not redirect to a file, so it would run only some of the steps below. It is left as it is.
#
# Names that are unset at the end begin with `_ren_`, which is short because it appears hundreds of times in a program.
# The functions act on the variable whose name is in `_ren_var`. The program contains no value that the shell already
# has. Former values are saved in `_role_env_old_NAME`, after an `e` if the variable was exported, else after an `s`.
# `_role_env_saved` is set when everything is saved, `_role_env_token` is the session's token, and `_role_env_colour`
# the profile's color.
#
# A backslash bypasses aliases. zsh does not split variables, so loops over a list are evaluated; their text consists of
# role-env's own words and names, never of values. Variables are quoted in assignments too, since zsh's GLOB_SUBST would
# expand a leading = or ~ there.

# `set -v` would print the rest while it is read. In ksh and mksh it still does, since they read ahead.
{
	\printf -v _ren_any '\052' || \:
	case "${_ren_any-}" in "") _ren_any=$(\printf '\052') ;; esac
	\eval "case \$- in ${_ren_any}v$_ren_any) _ren_verbose=v; \\set +v ;; esac"
	\unset -v _ren_any
} >/dev/null 2>&1

#@GROUP@ From here on everything is one group.
# Call the function $1 for each name in $2.
_ren_each() {
	\eval "for _ren_var in $2; do $1; done"
}

_ren_read() {
	\eval "_ren_value=\"\${$_ren_var-}\" _ren_how=\${$_ren_var+s}"
}

# Sort the names of one key, its ID's first: into `ours` if the key is the session's or absent, else into `theirs`. A
# key that is still the session's gives its secret and token, since a shell inside a shell has no `_role_env_token`.
_ren_sort() {
	_ren_field=theirs
	\eval "_ren_value=\"\${$1-}\""
	case "$_ren_value" in
	"" | @ABSENT@) _ren_field=ours ;;
	"$_ren_id")
		_ren_field=ours
		\eval "_ren_own_secret=\"\${$2-}\""
		\eval "_ren_own_token=\"\${${3:-_ren_own_token}:-\$_ren_own_token}\""
		;;
	esac
	\eval "_ren_$_ren_field=\"\$_ren_$_ren_field \$1 \$2 \${3-}\""
}

# Sort all keys. `bare` shows whether the bare SECURITY_TOKEN is the user's. Of the families only Packer's has it.
_ren_sort_all() {
	_ren_id="${ROLE_ENV_ACCESS_KEY_ID-}"
	# Without that variable, the request names the key.
	case "$_ren_id${ROLE_ENV_REQUEST:+r}" in r)
		\eval "_ren_id=\"\${ROLE_ENV_REQUEST#$_ren_any\\\"access_key_id\\\":\\\"}\"; _ren_id=\"\${_ren_id%%\\\"$_ren_any}\""
		;;
	esac
	_ren_own_token="${_role_env_token-}"
	_ren_own_secret='' _ren_ours='' _ren_theirs='' _ren_bare=theirs
	@SORT_KEYS@
	case "${SECURITY_TOKEN-$_ren_own_token}" in
	@ABSENT@ | "$_ren_own_token") _ren_bare=ours ;;
	esac
}

# On a nameref of bash, `unset -v` and an assignment change the variable that it names.
_ren_drop_namerefs() {
	case ${BASH_VERSION:+b} in b) \eval "\\command \\unset -n $1" ;; esac
}

# Save the variable. The session's own value, one that counts as absent, and a function's local one are not saved, and
# an earlier saved value is dropped.
_ren_keep() {
	_ren_read
	case "$_ren_value" in
	"") ;;
	@RESERVED@ | "$_ren_own_secret" | "$_ren_own_token") _ren_how='' ;;
	esac
	\eval "case \" \$_ren_local \" in $_ren_any\" $_ren_var \"$_ren_any) _ren_how='' ;; esac"
	case $_ren_how in
	"") \unset -v "_role_env_old_$_ren_var" ;;
	s)
		\eval "case \"\$_ren_exported\" in $_ren_any\" $_ren_var \"$_ren_any) _ren_how=e ;; esac"
		\eval "_role_env_old_$_ren_var=\"\$_ren_how\$_ren_value\""
		;;
	esac
}

_ren_keep_if_set() {
	_ren_read
	case $_ren_how in s) _ren_keep ;; esac
}

# `try` is a command that fails for a readonly variable, which is then skipped.
_ren_drop() {
	if \eval "$_ren_try"; then \unset -v "$_ren_var"; fi
}

_ren_put_each() {
	_ren_new=$1
	_ren_each _ren_put "$2"
}

_ren_put() {
	if \eval "$_ren_try"; then \export "$_ren_var=$_ren_new"; fi
}

# List the variables that a session unsets. In a session of `exec --renew`, the credentials URI is the session's own.
_ren_begin() {
	_ren_exported=' @EXPORTED@ '
	_ren_regions='@REGIONS@'
	_ren_guards='@GUARDS@'
	_ren_every="@CREDENTIALS_URI@ SECURITY_TOKEN $_ren_guards @TAKEN_AWAY@"
	_ren_cleanup='for _ren_var in @TEMPORARIES@; do \unset -v "_ren_$_ren_var"; done; for _ren_var in @FUNCTIONS@; do \unset -f "_ren_$_ren_var"; done 2>/dev/null; \unset -v _ren_var;'
	_ren_try=: _ren_wrong='' _ren_result='' _ren_local='' _ren_left='@OTHER_OUTRANKING@'
	for _ren_var in @PREFIXES@; do
		for _ren_value in @SUFFIXES@; do
			_ren_left="$_ren_left ${_ren_var}_$_ren_value"
		done
	done
	case "${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}" in
	p) ;;
	"" | k | kp) _ren_left="$_ren_left @CREDENTIALS_URI@" ;;
	esac
}

# Remove the session, if there is one. The shell is left without any account, but with the session's policy. The user's
# own values are saved.
_ren_take_away() {
	case "${ROLE_ENV_NO_ACCOUNT:+n}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}${ROLE_ENV_REQUEST:+s}" in
	s | ss | sss)
		_ren_sort_all
		_ren_every="$_ren_ours $_ren_theirs $_ren_left $_ren_every"
		(\eval "\\unset -v $_ren_every") 2>/dev/null || _ren_try='(\unset -v "$_ren_var") 2>/dev/null'
		case $_ren_bare in theirs) _ren_theirs="$_ren_theirs SECURITY_TOKEN" ;; esac
		# A session of an older version did not change these.
		case "${ROLE_ENV_FAMILIES-}" in "") _ren_left="$_ren_left @DISABLED@" ;; esac
		_ren_each _ren_keep "$_ren_theirs"
		_ren_each _ren_keep_if_set "$_ren_left"
		_ren_drop_namerefs "$_ren_every"
		_ren_each _ren_drop "$_ren_every"
		\unset -v _role_env_token _role_env_colour
		@PUT_NO_ACCOUNT@
		;;
	esac
}

_ren_report_quotes() {
	@UNQUOTED_REPORT@
}

case @LINE_BREAK@ in ' ')
	{
		_ren_any=$(\printf '\052')
		_ren_on="${_ren_verbose:+\\set -v;}"
		\eval "case \$- in ${_ren_any}a$_ren_any) \\set +a; _ren_on=\"\\set -a;\$_ren_on\" ;; esac"
		_ren_begin
		@UNQUOTED_STEP@
	} 2>/dev/null
	_ren_report_quotes
	\eval "$_ren_cleanup $_ren_on \\false"
	;;
esac
#@CUT@ Without quotes, the rest is a comment.
case $- in
*r*) _ren_whole=r ;;
*)
	{
		\unset -v _ren_whole
		_ren_any='*' _ren_whole='0123456789GJQWXjmqy!"#$%&()+,-./:;<=>@AT@\^_{|}~'
		\eval "case \$_ren_whole in $_ren_any' '$_ren_any) _ren_whole='' ;; esac"
		case "${_ren_whole-}" in
		?*)
			_ren_on="${_ren_verbose:+\\set -v;}"
			case $- in *x*) _ren_on="\\set -x;$_ren_on" ;; esac
			case $- in *a*) _ren_on="\\set -a;$_ren_on" ;; esac
			# With `set -k`, `export NAME=value` would print all variables.
			case $- in *k*) _ren_on="\\set -k;$_ren_on" && \eval '\set +k' ;; esac
			\set +a
			\set +x
			# Empties the prompt's text, which is outdated. The variable stays exported.
			case ${ROLE_ENV_PROMPT:+p} in p) if (\unset -v ROLE_ENV_PROMPT) 2>/dev/null; then ROLE_ENV_PROMPT=; fi ;; esac
			case ${ZSH_VERSION:+z} in z) \eval '\builtin emulate zsh -c "[[ -z \$psvar[97] || \${(t)psvar} == *readonly* ]] || psvar[97]="' ;; esac
			_ren_begin
			;;
		esac
	} 2>/dev/null
	;;
esac
case "${_ren_whole-}" in
"")
	_ren_report_quotes
	\false
	;;
r)
	\printf 'role-env: this shell is restricted: nothing in it was changed\n' >&2
	\false
	;;
*)
	# List in `local` the variables that calling functions declare: a session in them would end with the function. In bash
	# they are unset until the global ones are visible, which `declare -g` sets; in zsh they stay, and are not saved. At a
	# prompt only the integration's functions and the file that `source` reads call, and they declare none.
	_ren_find_locals() {
		_ren_how=''
		case ${ZSH_VERSION-}${BASH_VERSION-} in ?*)
			\eval 'for _ren_var in ${FUNCNAME[*]-} ${funcstack[*]-}; do
			case $_ren_var in
			"" | role-env | _role_env_* | _ren_*) ;;
			source | main | /* | "(eval)") if \typeset -f "$_ren_var" >/dev/null; then _ren_how=f; fi ;;
			*) _ren_how=f ;;
			esac
		done'
			;;
		esac
		case $_ren_how in "") \return ;; esac
		_ren_sort_all
		_ren_all="$_ren_ours $_ren_theirs $_ren_left $_ren_every $_ren_regions @POLICY@"
		case ${ZSH_VERSION:+z} in
		z) _ren_each '\eval "case \"\${(t)$_ren_var}\" in *local*) _ren_local=\"\$_ren_local $_ren_var\" ;; esac"' "$_ren_all" ;;
		*)
			(\eval "\\declare -g _ren_how=") &&
				for _ren_how in 1 2 3 4; do
					_ren_local=$(_ren_each '\eval "\\declare -g $_ren_var=10293847; case \"\${$_ren_var-}\" in 10293847) ;; *) \\printf \" $_ren_var\" ;; esac"' "$_ren_all")
					_ren_wrong="${_ren_wrong:-$_ren_local}"
					case "$_ren_local" in "") \break ;; esac
					\eval "\\unset -v $_ren_local"
				done
			;;
		esac
		_ren_wrong="${_ren_wrong:-$_ren_local}"
	}

	# Restore the variable from its saved value, which stays until it is forgotten.
	_ren_restore() {
		\eval "_ren_value=\"\${_role_env_old_$_ren_var-}\""
		\unset -v "$_ren_var"
		case "$_ren_value" in
		e*) \export "$_ren_var=${_ren_value#?}" ;;
		s*) \eval "$_ren_var=\"\${_ren_value#?}\"" ;;
		esac
	}

	_ren_forget() {
		\unset -v "_role_env_old_$_ren_var"
	}

	# Restore the bare SECURITY_TOKEN if it was the session's, or if the no-account state has unset it.
	_ren_restore_bare() {
		case $_ren_bare in
		ours)
			_ren_each _ren_restore SECURITY_TOKEN
			_ren_each _ren_forget SECURITY_TOKEN
			;;
		esac
	}

	# A pair is NAME=NUMBER. The new value is in `_ren_new_NUMBER`.
	_ren_assign() {
		\unset -v "${_ren_var%%=*}"
		\eval "\\export ${_ren_var%%=*}=\"\$_ren_new_${_ren_var#*=}\""
	}

	_ren_report_readonly() {
		(\unset -v "$_ren_var") 2>/dev/null ||
			\printf '%s\n' "role-env: $_ren_var is readonly in this shell and cannot be set or unset" \
				'role-env: hint: start a new shell without it' >&2
	}

	_ren_report_wrong() {
		case $_ren_wrong in
		?*)
			\printf '%s\n' "role-env:$_ren_wrong does not keep the value that role-env sets" \
				'role-env: hint: call role-env outside of the function that declares it' >&2
			;;
		esac
	}

	# Run the steps of the function $1, after a subshell has shown that every name can be assigned: at a readonly variable
	# bash continues with status 0, and zsh stops. If a name cannot be assigned, or does not keep its value, the session is
	# removed.
	_ren_change() {
		{
			_ren_sort_all
			_ren_all="$_ren_ours $_ren_theirs $_ren_left $_ren_every $_ren_regions @POLICY@"
		} 2>/dev/null
		if @IS_WRITABLE@ || (\eval "\\unset -v $_ren_all") 2>/dev/null; then
			{ \eval "$1"; } 2>/dev/null
			_ren_report_wrong
		else
			_ren_wrong='readonly'
			_ren_each _ren_report_readonly "$_ren_all"
		fi
		case $_ren_wrong in
		?*)
			{ _ren_take_away; } 2>/dev/null
			_ren_result='\false'
			;;
		esac
	}

	# Print a line if a person types here and all went well.
	_ren_confirm() {
		case "$-/$_ren_wrong" in *i*/) \printf '%s\n' "$1" >&2 ;; esac
	}
	#@PROGRAM@ The rest of the program, from another file.
	\eval "$_ren_cleanup $_ren_on $_ren_result"
	;;
esac
