# shellcheck shell=sh
# shellcheck disable=SC2016,SC2034,SC2043,SC3045,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# The first part of each program for POSIX shells: find out which keys are the session's, and remove every account.
#
# `helper/shell_programs` puts it and one of the other files into one group, which is a syntax error if it is cut off. It
# strips comments and indentation, ends each command with a semicolon, and replaces the names between two @.
#
# Without quotes, as in `eval $(role-env PROFILE)`, the shell joins all words with single spaces and expands words that
# look like file name patterns. Then the `case` below matches, and everything after it is a comment. So up to there the
# code contains no `*`, question mark or bracket.
#
# Names that are unset at the end begin with `_renv_`, which is short because it appears hundreds of times in a program.
# The functions act on the variable whose name is in `_renv_var`. The program contains no value that the shell already
# has. Former values are saved in `_role_env_old_NAME`, after an `e` if the variable was exported, else after an `s`.
# `_role_env_saved` is set when everything is saved, `_role_env_token` is the session's token, and `_role_env_colour`
# the profile's color.
#
# A backslash bypasses aliases. zsh does not split variables, so loops over a list are evaluated; their text consists of
# role-env's own words and names, never of values. Variables are quoted in assignments too, since zsh's GLOB_SUBST would
# expand a leading = or ~ there.

# `set -v` would print the rest while it is read. In ksh and mksh it still does, since they read ahead.
{
	\printf -v _renv_any '\052' || \:
	case "${_renv_any-}" in "") _renv_any=$(\printf '\052') ;; esac
	\eval "case \$- in ${_renv_any}v$_renv_any) _renv_verbose=v; \\set +v ;; esac"
	\unset -v _renv_any
} >/dev/null 2>&1

#@GROUP@ From here on everything is one group.
# Call the function $1 for each name in $2.
_renv_each() {
	\eval "for _renv_var in $2; do $1; done"
}

_renv_read() {
	\eval "_renv_value=\"\${$_renv_var-}\" _renv_how=\${$_renv_var+s}"
}

# Sort the names of one key, its ID's first: into `ours` if the key is the session's or absent, else into `theirs`. A
# key that is still the session's gives its secret and token, since a shell inside a shell has no `_role_env_token`.
_renv_sort() {
	_renv_field=theirs
	\eval "_renv_value=\"\${$1-}\""
	case "$_renv_value" in
	"" | @ABSENT@) _renv_field=ours ;;
	"$_renv_id")
		_renv_field=ours
		\eval "_renv_own_secret=\"\${$2-}\""
		\eval "_renv_own_token=\"\${${3:-_renv_own_token}:-\$_renv_own_token}\""
		;;
	esac
	\eval "_renv_$_renv_field=\"\$_renv_$_renv_field \$1 \$2 \${3-}\""
}

# Sort all keys. `bare` shows whether the bare SECURITY_TOKEN is the user's. Of the families only Packer's has it.
_renv_sort_all() {
	_renv_id="${ROLE_ENV_ACCESS_KEY_ID-}"
	# Without that variable, the request names the key.
	case "$_renv_id${ROLE_ENV_REQUEST:+r}" in r)
		\eval "_renv_id=\"\${ROLE_ENV_REQUEST#$_renv_any\\\"access_key_id\\\":\\\"}\"; _renv_id=\"\${_renv_id%%\\\"$_renv_any}\""
		;;
	esac
	_renv_own_token="${_role_env_token-}"
	_renv_own_secret='' _renv_ours='' _renv_theirs='' _renv_bare=theirs
	@SORT_KEYS@
	case "${SECURITY_TOKEN-$_renv_own_token}" in
	@ABSENT@ | "$_renv_own_token") _renv_bare=ours ;;
	esac
}

# On a nameref of bash, `unset -v` and an assignment change the variable that it names.
_renv_drop_namerefs() {
	case ${BASH_VERSION:+b} in b) \eval "\\command \\unset -n $1" ;; esac
}

# Save the variable. The session's own value, one that counts as absent, and a function's local one are not saved, and
# an earlier saved value is dropped.
_renv_keep() {
	_renv_read
	case "$_renv_value" in
	"") ;;
	@RESERVED@ | "$_renv_own_secret" | "$_renv_own_token") _renv_how='' ;;
	esac
	\eval "case \" \$_renv_local \" in $_renv_any\" $_renv_var \"$_renv_any) _renv_how='' ;; esac"
	case $_renv_how in
	"") \unset -v "_role_env_old_$_renv_var" ;;
	s)
		\eval "case \"\$_renv_exported\" in $_renv_any\" $_renv_var \"$_renv_any) _renv_how=e ;; esac"
		\eval "_role_env_old_$_renv_var=\"\$_renv_how\$_renv_value\""
		;;
	esac
}

_renv_keep_if_set() {
	_renv_read
	case $_renv_how in s) _renv_keep ;; esac
}

# `try` is a command that fails for a readonly variable, which is then skipped.
_renv_drop() {
	if \eval "$_renv_try"; then \unset -v "$_renv_var"; fi
}

_renv_put_each() {
	_renv_new=$1
	_renv_each _renv_put "$2"
}

_renv_put() {
	if \eval "$_renv_try"; then \export "$_renv_var=$_renv_new"; fi
}

# List the variables that a session unsets. In a session of `exec --renew`, the credentials URI is the session's own.
_renv_begin() {
	_renv_exported=' @EXPORTED@ '
	_renv_regions='@REGIONS@'
	_renv_guards='@GUARDS@'
	_renv_everything="@CREDENTIALS_URI@ SECURITY_TOKEN $_renv_guards @TAKEN_AWAY@"
	_renv_cleanup='for _renv_var in @TEMPORARIES@; do \unset -v "_renv_$_renv_var"; done; for _renv_var in @FUNCTIONS@; do \unset -f "_renv_$_renv_var"; done 2>/dev/null; \unset -v _renv_var;'
	_renv_try=: _renv_wrong='' _renv_result='' _renv_local='' _renv_left='@OTHER_OUTRANKING@'
	for _renv_var in @PREFIXES@; do
		for _renv_value in @SUFFIXES@; do
			_renv_left="$_renv_left ${_renv_var}_$_renv_value"
		done
	done
	case "${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}" in
	p) ;;
	"" | k | kp) _renv_left="$_renv_left @CREDENTIALS_URI@" ;;
	esac
}

# Remove the session, if there is one. The shell is left without any account, but with the session's policy. The user's
# own values are saved.
_renv_take_away() {
	case "${ROLE_ENV_NO_ACCOUNT:+n}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}${ROLE_ENV_REQUEST:+s}" in
	s | ss | sss)
		_renv_sort_all
		_renv_everything="$_renv_ours $_renv_theirs $_renv_left $_renv_everything"
		(\eval "\\unset -v $_renv_everything") 2>/dev/null || _renv_try='(\unset -v "$_renv_var") 2>/dev/null'
		case $_renv_bare in theirs) _renv_theirs="$_renv_theirs SECURITY_TOKEN" ;; esac
		# A session of an older version did not change these.
		case "${ROLE_ENV_FAMILIES-}" in "") _renv_left="$_renv_left @DISABLED@" ;; esac
		_renv_each _renv_keep "$_renv_theirs"
		_renv_each _renv_keep_if_set "$_renv_left"
		_renv_drop_namerefs "$_renv_everything"
		_renv_each _renv_drop "$_renv_everything"
		\unset -v _role_env_token _role_env_colour
		@PUT_NO_ACCOUNT@
		;;
	esac
}

case @LINE_BREAK@ in ' ')
	{
		_renv_any=$(\printf '\052')
		_renv_turn_on="${_renv_verbose:+\\set -v;}"
		\eval "case \$- in ${_renv_any}a$_renv_any) \\set +a; _renv_turn_on=\"\\set -a;\$_renv_turn_on\" ;; esac"
		_renv_begin
		@UNQUOTED_STEP@
	} 2>/dev/null
	@UNQUOTED_REPORT@
	_renv_joined="$_renv_cleanup $_renv_turn_on \\false"
	;;
esac
\eval "${_renv_joined-}"
#@CUT@ Without quotes, the rest is a comment.
{
	_renv_any='*' _renv_turn_on="${_renv_verbose:+\\set -v;}"
	case $- in *x*) _renv_turn_on="\\set -x;$_renv_turn_on" ;; esac
	case $- in *a*) _renv_turn_on="\\set -a;$_renv_turn_on" ;; esac
	# With `set -k`, `export NAME=value` would print all variables.
	case $- in *k*) _renv_turn_on="\\set -k;$_renv_turn_on" && \eval '\set +k' ;; esac
	\set +a
	\set +x
	# Empties the prompt's text, which is outdated. The variable stays exported.
	case ${ROLE_ENV_PROMPT:+p} in p) if (\unset -v ROLE_ENV_PROMPT) 2>/dev/null; then ROLE_ENV_PROMPT=; fi ;; esac
	case ${ZSH_VERSION:+z} in z) \eval '\builtin emulate zsh -c "[[ -z \$psvar[97] || \${(t)psvar} == *readonly* ]] || psvar[97]="' ;; esac
	_renv_begin
} 2>/dev/null

# List in `local` the variables that calling functions declare: a session in them would end with the function. In bash
# they are unset until the global ones are visible, which `declare -g` sets; in zsh they stay, and are not saved.
_renv_find_locals() {
	_renv_sort_all
	_renv_all="$_renv_ours $_renv_theirs $_renv_left $_renv_everything $_renv_regions"
	case "${ZSH_VERSION:+z}${BASH_VERSION:+b}" in
	z) _renv_each '\eval "case \"\${(t)$_renv_var}\" in *local*) _renv_local=\"\$_renv_local $_renv_var\" ;; esac"' "$_renv_all" ;;
	b)
		\eval '(case ${FUNCNAME[1]:+f} in f) \declare -g _renv_how= ;; "") \false ;; esac)' &&
			for _renv_how in 1 2 3 4; do
				_renv_local=$(_renv_each '\eval "\\declare -g $_renv_var=10293847; case \"\${$_renv_var-}\" in 10293847) ;; *) \\printf \" $_renv_var\" ;; esac"' "$_renv_all")
				_renv_wrong="${_renv_wrong:-$_renv_local}"
				case "$_renv_local" in "") \break ;; esac
				\eval "\\unset -v $_renv_local"
			done
		;;
	esac
	_renv_wrong="${_renv_wrong:-$_renv_local}"
}

# Restore the variable from its saved value, which stays until it is forgotten.
_renv_restore() {
	\eval "_renv_value=\"\${_role_env_old_$_renv_var-}\""
	\unset -v "$_renv_var"
	case "$_renv_value" in
	e*) \export "$_renv_var=${_renv_value#?}" ;;
	s*) \eval "$_renv_var=\"\${_renv_value#?}\"" ;;
	esac
}

_renv_forget() {
	\unset -v "_role_env_old_$_renv_var"
}

# Restore the bare SECURITY_TOKEN if it was the session's, or if the no-account state has unset it.
_renv_restore_bare() {
	case $_renv_bare in
	ours)
		_renv_each _renv_restore SECURITY_TOKEN
		_renv_each _renv_forget SECURITY_TOKEN
		;;
	esac
}

# A pair is NAME=NUMBER. The new value is in `_renv_new_NUMBER`.
_renv_assign() {
	\unset -v "${_renv_var%%=*}"
	\eval "\\export ${_renv_var%%=*}=\"\$_renv_new_${_renv_var#*=}\""
}

_renv_report_readonly() {
	(\unset -v "$_renv_var") 2>/dev/null ||
		\printf '%s\n' "role-env: $_renv_var is readonly in this shell and cannot be set or unset" \
			'role-env: hint: start a new shell without it' >&2
}

_renv_report_wrong() {
	case $_renv_wrong in
	?*)
		\printf '%s\n' "role-env:$_renv_wrong does not keep the value that role-env sets" \
			'role-env: hint: call role-env outside of the function that declares it' >&2
		;;
	esac
}

# Run the steps of the function $1, after a subshell has shown that every name can be assigned: at a readonly variable
# bash continues with status 0, and zsh stops. If a name cannot be assigned, or does not keep its value, the session is
# removed.
_renv_change() {
	{
		_renv_sort_all
		_renv_all="$_renv_ours $_renv_theirs $_renv_left $_renv_everything $_renv_regions @POLICY@"
	} 2>/dev/null
	if @IS_WRITABLE@ || (\eval "\\unset -v $_renv_all") 2>/dev/null; then
		{ \eval "$1"; } 2>/dev/null
		_renv_report_wrong
	else
		_renv_wrong='readonly'
		_renv_each _renv_report_readonly "$_renv_all"
	fi
	case $_renv_wrong in
	?*)
		{ _renv_take_away; } 2>/dev/null
		_renv_result='\false'
		;;
	esac
}

# Print a line if a person types here and all went well.
_renv_confirm() {
	case "$-/$_renv_wrong" in *i*/) \printf '%s\n' "$1" >&2 ;; esac
}
#@PROGRAM@ The rest of the program, from another file.
\eval "$_renv_cleanup $_renv_turn_on $_renv_result"
