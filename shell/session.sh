# shellcheck shell=sh
# shellcheck disable=SC2016,SC2043,SC2194,SC2249,SC2250,SC3045  # tables, other files' names, and few bytes
# The first part of each program for POSIX shells: find out which keys are the session's, and remove every account.
#
# `helper/shell_programs` puts it and one of the other files into the groups of `program.txt`, of which the second is a
# syntax error if it is cut off. It strips comments and indentation, ends each command with a semicolon, and replaces the
# names between two @.
#
# Without quotes, as in `eval $(role-env PROFILE)`, the shell splits the text at each character of IFS, joins the words
# with single spaces and expands words that look like file name patterns. If that replaces the line breaks, the `case`
# below matches, and everything after it is a comment. So up to there the code contains no `*`, question mark or bracket,
# and it is one quoted word, in which no other character that is missing makes a syntax error: bash would print the
# line with its secrets. If another character is missing, `_re_whole` is empty or has a space, and nothing is done.
#
# A restricted shell may not redirect to a file, so it would run only some of the steps below. It is left as it is.
#
# Names that are unset at the end begin with `_re_`, which is short because it appears hundreds of times in a program.
# The functions act on the variable whose name is in `_re_var`. The program contains no value that the shell already
# has. Former values are saved in `_role_env_old_NAME`, after an `e` if the variable was exported, else after an `s`.
# `_role_env_saved` is set when everything is saved, `_role_env_token` is the session's token, and `_role_env_colour`
# the profile's color.
#
# A backslash bypasses aliases. zsh does not split variables, so loops over a list are evaluated; their text consists of
# role-env's own words and names, never of values. Variables are quoted in assignments too, since zsh's GLOB_SUBST would
# expand a leading = or ~ there.

# `set -v` would print the rest while it is read. In ksh and mksh it still does, since they read ahead.
{
	\printf -v _re_any '\052' || \:
	case "${_re_any-}" in "") _re_any=$(\printf '\052') ;; esac
	\eval "case \$- in ${_re_any}v$_re_any) _re_verbose=v; \\set +v ;; esac"
	\unset -v _re_any
} >/dev/null 2>&1

#@GROUP@ From here on everything is one group.
# Call the function $1 for each name in $2.
_re_each() {
	\eval "for _re_var in $2; do $1; done"
}

_re_read() {
	\eval "_re_value=\"\${$_re_var-}\" _re_how=\${$_re_var+s}"
}

# Sort the names of one key, its ID's first: into `ours` if the key is the session's or absent, else into `theirs`. A
# key that is still the session's gives its secret and token, since a shell inside a shell has no `_role_env_token`.
_re_sort() {
	_re_field=theirs
	\eval "_re_value=\"\${$1-}\""
	case "$_re_value" in
	"" | @ABSENT@) _re_field=ours ;;
	"$_re_id")
		_re_field=ours
		\eval "_re_own_secret=\"\${$2-}\""
		\eval "_re_own_token=\"\${${3:-_re_own_token}:-\$_re_own_token}\""
		;;
	esac
	\eval "_re_$_re_field=\"\$_re_$_re_field \$1 \$2 \${3-}\""
}

# Sort all keys. `bare` shows whether the bare SECURITY_TOKEN is the user's. Of the families only Packer's has it.
# `session` is empty in a shell without a session; without an account it begins with n. `all` lists the variables that a
# program can change.
_re_sort_all() {
	_re_session="${ROLE_ENV_NO_ACCOUNT:+n}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}${ROLE_ENV_REQUEST:+s}"
	_re_id="${ROLE_ENV_ACCESS_KEY_ID-}"
	# Without that variable, the request names the key.
	case "$_re_id${ROLE_ENV_REQUEST:+r}" in r)
		\eval "_re_id=\"\${ROLE_ENV_REQUEST#$_re_any\\\"access_key_id\\\":\\\"}\"; _re_id=\"\${_re_id%%\\\"$_re_any}\""
		;;
	esac
	_re_own_token="${_role_env_token-}"
	_re_own_secret='' _re_ours='' _re_theirs='' _re_bare=theirs
	#@EACH KEYS
	_re_sort ITEM
	#@END
	case "${SECURITY_TOKEN-$_re_own_token}" in
	@ABSENT@ | "$_re_own_token") _re_bare=ours ;;
	esac
	_re_all="$_re_ours $_re_theirs $_re_left $_re_every $_re_regions @POLICY@"
}

# On a nameref of bash, `unset -v` and an assignment change the variable that it names.
_re_drop_namerefs() {
	case ${BASH_VERSION:+b} in b) \eval "\\command \\unset -n $1" ;; esac
}

# Save the variable. The session's own value, one that counts as absent, and a function's local one are not saved, and
# an earlier saved value is dropped.
_re_keep() {
	_re_read
	case "$_re_value" in
	"") ;;
	@RESERVED | @ | "$_re_own_secret" | "$_re_own_token") _re_how='' ;;
	esac
	\eval "case \" \$_re_local \" in $_re_any\" $_re_var \"$_re_any) _re_how='' ;; esac"
	case $_re_how in
	"") \unset -v "_role_env_old_$_re_var" ;;
	s)
		\eval "case \"\$_re_exported\" in $_re_any\" $_re_var \"$_re_any) _re_how=e ;; esac"
		\eval "_role_env_old_$_re_var=\"\$_re_how\$_re_value\""
		;;
	esac
}

# `try` is a command that fails for a readonly variable, which is then skipped.
_re_drop() {
	if \eval "$_re_try"; then \unset -v "$_re_var"; fi
}

_re_put() {
	if \eval "$_re_try"; then \export "$_re_var=$_re_new"; fi
}

# List the variables that a session unsets. In a session of `exec --renew`, the credentials URI is the session's own.
_re_begin() {
	_re_exported=' @EXPORTED@ '
	_re_regions='@REGIONS@'
	_re_guards='@GUARDS@'
	_re_every="@CREDENTIALS_URI@ SECURITY_TOKEN $_re_guards @TAKEN_AWAY@ ${ROLE_ENV_SERVER:+@SHARED_FILE@}"
	_re_cleanup='for _re_var in @TEMPORARIES@@NUMBERED@; do \unset -v "_re_$_re_var"; done; for _re_var in @FUNCTIONS@; do \unset -f "_re_$_re_var"; done 2>/dev/null; \unset -v _re_var;'
	_re_try=: _re_wrong='' _re_result='' _re_local='' _re_left='@OTHER_OUTRANKING@'
	for _re_var in @PREFIXES@; do
		for _re_value in @SUFFIXES@; do
			_re_left="$_re_left ${_re_var}_$_re_value"
		done
	done
	case "${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}" in
	p) ;;
	"" | k | kp) _re_left="$_re_left @CREDENTIALS_URI@" ;;
	esac
}

# Remove the session, if there is one. The shell is left without any account, but with the session's policy. The user's
# own values are saved.
_re_take_away() {
	_re_sort_all
	case $_re_session in
	s | ss | sss)
		_re_every="$_re_ours $_re_theirs $_re_left $_re_every"
		(\eval "\\unset -v $_re_every") 2>/dev/null || _re_try='(\unset -v "$_re_var") 2>/dev/null'
		case $_re_bare in theirs) _re_theirs="$_re_theirs SECURITY_TOKEN" ;; esac
		# A session of an older version did not change these.
		case "${ROLE_ENV_FAMILIES-}" in "") _re_left="$_re_left @DISABLED@" ;; esac
		_re_each _re_keep "$_re_theirs"
		_re_each '_re_read; case $_re_how in s) _re_keep ;; esac' "$_re_left"
		_re_drop_namerefs "$_re_every"
		_re_each _re_drop "$_re_every"
		\unset -v _role_env_token _role_env_colour
		#@EACH NO_ACCOUNT
		_re_new=VALUE
		_re_each _re_put 'NAMES'
		#@END
		;;
	esac
}

case @LINE_BREAK@ in ' ')
	{
		_re_any=$(\printf '\052')
		_re_on="${_re_verbose:+\\set -v;}"
		\eval "case \$- in ${_re_any}a$_re_any) \\set +a; _re_on=\"\\set -a;\$_re_on\" ;; esac"
		_re_begin
		\@WHEN_UNQUOTED@
	} 2>/dev/null
	_re_report_quotes
	\eval "$_re_cleanup $_re_on \\false"
	;;
esac
#@CUT@ Here `program.txt` has a line that is a comment or, in a shell that has joined the lines with spaces, a word, the
# end of the group and a comment: without quotes, the rest is a comment.
case $- in
*r*) _re_whole=r ;;
*)
	{
		\unset -v _re_whole
		_re_any='*' _re_whole='0123456789GJQWXjmqy!"#$%&()+,-./:;<=>?@AT@\^_{|}~'
		\eval "case \$_re_whole in $_re_any' '$_re_any) _re_whole='' ;; esac"
		case "${_re_whole-}" in
		"") ;;
		*)
			_re_on="${_re_verbose:+\\set -v;}"
			case $- in *x*) _re_on="\\set -x;$_re_on" ;; esac
			case $- in *a*) _re_on="\\set -a;$_re_on" ;; esac
			# With `set -k`, `export NAME=value` would print all variables.
			case $- in *k*) _re_on="\\set -k;$_re_on" && \eval '\set +k' ;; esac
			\set +a
			\set +x
			# Empty the prompt's text, which is outdated. The variable stays exported.
			case ${ROLE_ENV_PROMPT:+p} in p) if (\unset -v ROLE_ENV_PROMPT) 2>/dev/null; then ROLE_ENV_PROMPT=; fi ;; esac
			case ${ZSH_VERSION:+z} in z) \eval '\builtin emulate zsh -c "[[ -z \$psvar[97] || \${(t)psvar} == *readonly* ]] || psvar[97]="' ;; esac
			_re_begin
			;;
		esac
	} 2>/dev/null
	;;
esac
case "${_re_whole-}" in
"")
	_re_report_quotes
	\false
	;;
r)
	\printf 'role-env: this shell is restricted: nothing in it was changed\n' >&2
	\false
	;;
*)
	# List in `local` the variables that calling functions declare: a session in them would end with the function. In bash
	# they are unset until the global ones are visible, which `declare -g` sets; in zsh they stay, and are not saved. At a
	# prompt, only the integration's functions and the file that `source` reads call this, and they declare none.
	_re_find_locals() {
		_re_how=''
		case ${ZSH_VERSION-}${BASH_VERSION-} in ?*)
			\eval 'for _re_var in "${FUNCNAME[@AT@]-}" "${funcstack[@AT@]-}"; do
			case $_re_var in
			"" | role-env | _role_env_* | _re_*) ;;
			source | main | /* | "(eval)") if \typeset -f "$_re_var" >/dev/null; then _re_how=f; fi ;;
			*) _re_how=f ;;
			esac
		done'
			;;
		esac
		case $_re_how in "") \return ;; esac
		_re_sort_all
		case ${ZSH_VERSION:+z} in
		z) _re_each '\eval "case \"\${(t)$_re_var}\" in *local*) _re_local=\"\$_re_local $_re_var\" ;; esac"' "$_re_all" ;;
		*)
			(\eval "\\declare -g _re_how=") &&
				for _re_how in 1 2 3 4; do
					_re_local=$(_re_each '\eval "\\declare -g $_re_var=10293847; case \"\${$_re_var-}\" in 10293847) ;; *) \\printf \" $_re_var\" ;; esac"' "$_re_all")
					_re_wrong="${_re_wrong:-$_re_local}"
					case "$_re_local" in "") \break ;; esac
					\eval "\\unset -v $_re_local"
				done
			;;
		esac
		_re_wrong="${_re_wrong:-$_re_local}"
	}

	# Restore the variable from its saved value, which stays until it is forgotten.
	_re_restore() {
		\eval "_re_value=\"\${_role_env_old_$_re_var-}\""
		\unset -v "$_re_var"
		case "$_re_value" in
		e*) \export "$_re_var=${_re_value#?}" ;;
		s*) \eval "$_re_var=\"\${_re_value#?}\"" ;;
		esac
	}

	_re_forget() {
		\unset -v "_role_env_old_$_re_var"
	}

	_re_take_back() {
		_re_restore
		_re_forget
	}

	# Put the first value into `_re_new_1`, the second into `_re_new_2`, and so on.
	_re_number() {
		_re_how=0
		for _re_value in "$@AT@"; do
			_re_how=$((_re_how + 1))
			\eval "_re_new_$_re_how=\"\$_re_value\""
		done
	}

	# A pair is NAME=NUMBER. The new value is in `_re_new_NUMBER`. `wrong` lists variables that keep another value. They
	# are unset first, which drops attributes that change values, such as that of `declare -u`.
	_re_assign() {
		\unset -v "${_re_var%%=*}"
		\eval "\\export ${_re_var%%=*}=\"\$_re_new_${_re_var#*=}\"; case \"\${${_re_var%%=*}-}\" in \"\$_re_new_${_re_var#*=}\") ;; *) _re_wrong=\"\$_re_wrong ${_re_var%%=*}\" ;; esac"
	}

	_re_report_readonly() {
		(\unset -v "$_re_var") 2>/dev/null ||
			\printf '%s\n' "role-env: $_re_var is readonly in this shell and cannot be set or unset" \
				'role-env: hint: start a new shell without it' >&2
	}

	_re_report_wrong() {
		case $_re_wrong in
		?*)
			\printf '%s\n' "role-env:$_re_wrong does not keep the value that role-env sets" \
				'role-env: hint: call role-env outside of the function that declares it' >&2
			;;
		esac
	}

	# Run the steps of the function $1, after a subshell has shown that every name can be assigned: at a readonly variable
	# bash continues with status 0, and zsh stops. If a name cannot be assigned, or does not keep its value, the session is
	# removed.
	_re_change() {
		{ _re_sort_all; } 2>/dev/null
		if \eval "\\@IS_WRITABLE@ $_re_all" || (\eval "\\unset -v $_re_all") 2>/dev/null; then
			{ \eval "$1"; } 2>/dev/null
			_re_report_wrong
		else
			_re_wrong='readonly'
			_re_each _re_report_readonly "$_re_all"
		fi
		case $_re_wrong in
		?*)
			{ _re_take_away; } 2>/dev/null
			_re_result='\false'
			;;
		esac
	}

	# Print a line in an interactive shell if every step has succeeded.
	_re_confirm() {
		case "$-/$_re_wrong" in *i*/) \printf '%s\n' "$1" >&2 ;; esac
	}
	#@PROGRAM@ The rest of the program, from another file.
	\eval "$_re_cleanup $_re_on $_re_result"
	;;
esac
