# shellcheck shell=sh
# shellcheck disable=SC2016,SC2034,SC2043,SC3045,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# The first part of each program that a POSIX shell evaluates: whose each key in the shell is, and the way to no account.
#
# `programs` puts it, and one of the other files, into one group, which is a syntax error where it is cut off. It strips
# comments and indentation, ends each command with a semicolon, and fills in what is between two @.
#
# Without quotes, as in `eval $(role-env PROFILE)`, the shell joins all words by single spaces and expands those that
# look like patterns of file names. Then the `case` below matches, and all that follows it is a comment. So up to there
# nothing contains `*`, a question mark or a bracket.
#
# The functions act on the variable whose name is in `_role_env_var`. No value that the shell has already is in the
# program: it is saved in `_role_env_old_NAME`, behind an `e` if it was exported, else behind an `s`. Beside it
# `_role_env_saved` says that everything is saved, `_role_env_token` is the session's token, and `_role_env_colour` the
# profile's color.
#
# A backslash keeps aliases away. zsh does not split variables, so loops over a list are evaluated: their text is made of
# our own words and names, never of values. Variables are quoted in assignments too, since zsh's GLOB_SUBST would expand
# a leading = or ~ there.

# `set -v` would print what follows while it is read. In ksh and mksh it does: they read ahead.
{
	\printf -v _role_env_any '\052' || \:
	case "${_role_env_any-}" in "") _role_env_any=$(\printf '\052') ;; esac
	\eval "case \$- in ${_role_env_any}v$_role_env_any) _role_env_verbose=v; \\set +v ;; esac"
	\unset -v _role_env_any
} >/dev/null 2>&1

#@GROUP@ From here on everything is one group.
# Calls the function $1 for each name in $2.
_role_env_do_each() {
	\eval "for _role_env_var in $2; do $1; done"
}

_role_env_do_read() {
	\eval "_role_env_value=\"\${$_role_env_var-}\" _role_env_how=\${$_role_env_var+s}"
}

# Sorts the names of one key, its ID's first: into `ours` if the key is the session's, or absent, else into `theirs`. A
# key that is still the session's shows its secret and token: a shell inside a shell has no `_role_env_token`.
_role_env_do_sort() {
	_role_env_field=theirs
	\eval "_role_env_value=\"\${$1-}\""
	case "$_role_env_value" in
	"" | @ABSENT@) _role_env_field=ours ;;
	"$_role_env_id")
		_role_env_field=ours
		\eval "_role_env_own_secret=\"\${$2-}\""
		\eval "_role_env_own_token=\"\${${3:-_role_env_own_token}:-\$_role_env_own_token}\""
		;;
	esac
	\eval "_role_env_$_role_env_field=\"\$_role_env_$_role_env_field \$1 \$2 \${3-}\""
}

# Sorts all keys. `bare` says whose the bare SECURITY_TOKEN is, which belongs to no family but Packer's.
_role_env_do_sort_all() {
	_role_env_id="${ROLE_ENV_ACCESS_KEY_ID-}" _role_env_own_token="${_role_env_token-}"
	_role_env_own_secret='' _role_env_ours='' _role_env_theirs='' _role_env_bare=theirs
	@SORT_KEYS@
	case "${SECURITY_TOKEN-$_role_env_own_token}" in
	@ABSENT@ | "$_role_env_own_token") _role_env_bare=ours ;;
	esac
}

# What `unset -v` and an assignment do to a nameref of bash, they do to the variable that it names.
_role_env_do_drop_namerefs() {
	case ${BASH_VERSION:+b} in b) \eval "\\command \\unset -n $1" ;; esac
}

# Saves the variable. The session's own value, one that counts as absent, and a function's are not saved; what was saved
# is dropped.
_role_env_do_keep() {
	_role_env_do_read
	case "$_role_env_value" in
	"") ;;
	@ABSENT@ | "$_role_env_own_secret" | "$_role_env_own_token") _role_env_how='' ;;
	esac
	\eval "case \" \$_role_env_local \" in $_role_env_any\" $_role_env_var \"$_role_env_any) _role_env_how='' ;; esac"
	case $_role_env_how in
	"") \unset -v "_role_env_old_$_role_env_var" ;;
	s)
		\eval "case \"\$_role_env_exported\" in $_role_env_any\" $_role_env_var \"$_role_env_any) _role_env_how=e ;; esac"
		\eval "_role_env_old_$_role_env_var=\"\$_role_env_how\$_role_env_value\""
		;;
	esac
}

_role_env_do_keep_if_set() {
	_role_env_do_read
	case $_role_env_how in s) _role_env_do_keep ;; esac
}

# `try` is a command that fails for a readonly variable, which is then passed over.
_role_env_do_drop() {
	if \eval "$_role_env_try"; then \unset -v "$_role_env_var"; fi
}

_role_env_do_put_each() {
	_role_env_new=$1
	_role_env_do_each _role_env_do_put "$2"
}

_role_env_do_put() {
	if \eval "$_role_env_try"; then \export "$_role_env_var=$_role_env_new"; fi
}

# Lists what a session leaves unset, but for the credentials URI below `exec --renew`, which is the session's own.
_role_env_do_begin() {
	_role_env_exported=' @EXPORTED@ '
	_role_env_regions='@REGIONS@'
	_role_env_guards='@GUARDS@'
	_role_env_everything="@CREDENTIALS_URI@ SECURITY_TOKEN $_role_env_guards @TAKEN_AWAY@"
	_role_env_cleanup='for _role_env_var in @TEMPORARIES@; do \unset -v "_role_env_$_role_env_var"; done; for _role_env_var in @FUNCTIONS@; do \unset -f "_role_env_do_$_role_env_var"; done 2>/dev/null; \unset -v _role_env_var;'
	_role_env_try=: _role_env_wrong='' _role_env_result='' _role_env_local='' _role_env_left='@OTHER_OUTRANKING@'
	for _role_env_var in @PREFIXES@; do
		for _role_env_value in @SUFFIXES@; do
			_role_env_left="$_role_env_left ${_role_env_var}_$_role_env_value"
		done
	done
	case "${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}" in
	p) ;;
	"" | k | kp) _role_env_left="$_role_env_left @CREDENTIALS_URI@" ;;
	esac
}

# Takes the session away, if there is one: the shell is left without any account, and with the policy of the session.
# What the user has set is saved, of the keys those that are not the session's.
_role_env_do_take_away() {
	case "${ROLE_ENV_NO_ACCOUNT:+n}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}" in
	s | ss)
		_role_env_do_sort_all
		_role_env_everything="$_role_env_ours $_role_env_theirs $_role_env_left $_role_env_everything"
		(\eval "\\unset -v $_role_env_everything") 2>/dev/null || _role_env_try='(\unset -v "$_role_env_var") 2>/dev/null'
		case $_role_env_bare in theirs) _role_env_theirs="$_role_env_theirs SECURITY_TOKEN" ;; esac
		# A session of an older version left these as the user had set them.
		case "${ROLE_ENV_FAMILIES-}" in "") _role_env_left="$_role_env_left @DISABLED@" ;; esac
		_role_env_do_each _role_env_do_keep "$_role_env_theirs"
		_role_env_do_each _role_env_do_keep_if_set "$_role_env_left"
		_role_env_do_drop_namerefs "$_role_env_everything"
		_role_env_do_each _role_env_do_drop "$_role_env_everything"
		\unset -v _role_env_token _role_env_colour
		@PUT_NO_ACCOUNT@
		;;
	esac
}

case @LINE_BREAK@ in ' ')
	{
		_role_env_any=$(\printf '\052')
		_role_env_turn_on="${_role_env_verbose:+\\set -v;}"
		\eval "case \$- in ${_role_env_any}a$_role_env_any) \\set +a; _role_env_turn_on=\"\\set -a;\$_role_env_turn_on\" ;; esac"
		_role_env_do_begin
		@UNQUOTED_STEP@
	} 2>/dev/null
	@UNQUOTED_REPORT@
	_role_env_joined="$_role_env_cleanup $_role_env_turn_on \\false"
	;;
esac
\eval "${_role_env_joined-}"
#@CUT@ What follows is a comment where there were no quotes.
{
	_role_env_any='*' _role_env_turn_on="${_role_env_verbose:+\\set -v;}"
	case $- in *x*) _role_env_turn_on="\\set -x;$_role_env_turn_on" ;; esac
	case $- in *a*) _role_env_turn_on="\\set -a;$_role_env_turn_on" ;; esac
	# With `set -k`, `export NAME=value` would print all variables.
	case $- in *k*) _role_env_turn_on="\\set -k;$_role_env_turn_on" && \eval '\set +k' ;; esac
	\set +a
	\set +x
	@EMPTY_TEXT@
	case ${ZSH_VERSION:+z} in z) \eval '\builtin emulate zsh -c "[[ -z \$psvar[97] || \${(t)psvar} == *readonly* ]] || psvar[97]="' ;; esac
	_role_env_do_begin
} 2>/dev/null

# Lists in `local` the variables that functions declare: a session there would end with them. In bash they are unset
# until the global ones are there, which `declare -g` sets and a local one hides; in zsh they stay, and are not saved.
_role_env_do_find_locals() {
	_role_env_do_sort_all
	_role_env_all="$_role_env_ours $_role_env_theirs $_role_env_left $_role_env_everything $_role_env_regions"
	case "${ZSH_VERSION:+z}${BASH_VERSION:+b}" in
	z) _role_env_do_each '\eval "case \"\${(t)$_role_env_var}\" in *local*) _role_env_local=\"\$_role_env_local $_role_env_var\" ;; esac"' "$_role_env_all" ;;
	b)
		\eval '(case ${FUNCNAME[1]:+f} in f) \declare -g _role_env_how= ;; "") \false ;; esac)' &&
			for _role_env_how in 1 2 3 4; do
				_role_env_local=$(_role_env_do_each '\eval "\\declare -g $_role_env_var=10293847; case \"\${$_role_env_var-}\" in 10293847) ;; *) \\printf \" $_role_env_var\" ;; esac"' "$_role_env_all")
				_role_env_wrong="${_role_env_wrong:-$_role_env_local}"
				case "$_role_env_local" in "") \break ;; esac
				\eval "\\unset -v $_role_env_local"
			done
		;;
	esac
	_role_env_wrong="${_role_env_wrong:-$_role_env_local}"
}

# Restores the variable from what was saved, which stays until it is forgotten.
_role_env_do_restore() {
	\eval "_role_env_value=\"\${_role_env_old_$_role_env_var-}\""
	\unset -v "$_role_env_var"
	case "$_role_env_value" in
	e*) \export "$_role_env_var=${_role_env_value#?}" ;;
	s*) \eval "$_role_env_var=\"\${_role_env_value#?}\"" ;;
	esac
}

_role_env_do_forget() {
	\unset -v "_role_env_old_$_role_env_var"
}

# The bare SECURITY_TOKEN comes back where it was the session's, or where the no-account state has taken it.
_role_env_do_restore_bare() {
	case $_role_env_bare in
	ours)
		_role_env_do_each _role_env_do_restore SECURITY_TOKEN
		_role_env_do_each _role_env_do_forget SECURITY_TOKEN
		;;
	esac
}

# A pair is NAME=NUMBER, and the new value is in `_role_env_new_NUMBER`.
_role_env_do_assign() {
	\unset -v "${_role_env_var%%=*}"
	\eval "\\export ${_role_env_var%%=*}=\"\$_role_env_new_${_role_env_var#*=}\""
}

_role_env_do_report_readonly() {
	(\unset -v "$_role_env_var") 2>/dev/null ||
		\printf '%s\n' "role-env: $_role_env_var is readonly in this shell and cannot be set or unset" \
			'role-env: hint: start a new shell without it' >&2
}

_role_env_do_report_wrong() {
	case $_role_env_wrong in
	?*)
		\printf '%s\n' "role-env:$_role_env_wrong does not keep the value that role-env sets" \
			'role-env: hint: call role-env outside of the function that declares it' >&2
		;;
	esac
}

# Takes the steps of the function $1. Nothing is assigned before a subshell has shown that every name can be: after a
# readonly variable bash continues with status 0, and zsh stops. If one cannot be, or does not keep its value, the session
# is taken away.
_role_env_do_change() {
	{
		_role_env_do_sort_all
		_role_env_all="$_role_env_ours $_role_env_theirs $_role_env_left $_role_env_everything $_role_env_regions @POLICY@"
	} 2>/dev/null
	if @IS_WRITABLE@ || (\eval "\\unset -v $_role_env_all") 2>/dev/null; then
		{ \eval "$1"; } 2>/dev/null
		_role_env_do_report_wrong
	else
		_role_env_wrong='readonly'
		_role_env_do_each _role_env_do_report_readonly "$_role_env_all"
	fi
	case $_role_env_wrong in
	?*)
		{ _role_env_do_take_away; } 2>/dev/null
		_role_env_result='\false'
		;;
	esac
}
#@PROGRAM@ The rest of the program, from another file.
\eval "$_role_env_cleanup $_role_env_turn_on $_role_env_result"
