# shellcheck shell=sh
# shellcheck disable=SC2016,SC2154,SC2194,SC2195,SC2249,SC2250  # tables, other files' names, and few bytes
# Put a session into the shell.
_re_report_quotes() {
	\printf '%s\n' 'role-env: the quotes around $(…) are missing: no session was set' 'role-env: hint: type eval "$(role-env @EXPORT_WORDS@ || echo false)"' >&2
}
#@CUT@ The rest comes after the cut in `session.sh`.
# Add the pairs $2 if one of the variables $1 has a value, else the pairs $3.
_re_choose() {
	_re_new=''
	_re_each '_re_read; _re_new="$_re_new$_re_value"' "$1"
	case "$_re_new" in
	"") _re_pairs="$_re_pairs $3" ;;
	*) _re_pairs="$_re_pairs $2" ;;
	esac
}

_re_check_unset() {
	_re_read
	case $_re_how in s) _re_wrong="$_re_wrong $_re_var" ;; esac
}

_re_switch() {
	# The first session saves everything, later ones only the keys.
	case "${_role_env_saved:+s}$_re_session" in
	"") _re_bare=theirs _re_theirs="$_re_ours $_re_theirs $_re_left $_re_regions $_re_guards" ;;
	*)
		# A session of an older version did not change these.
		case "${ROLE_ENV_FAMILIES-}${ROLE_ENV_NO_ACCOUNT-}" in
		"") _re_theirs="$_re_theirs @DISABLED@" ;;
		esac
		;;
	esac
	case @HAS_BARE@$_re_bare in yestheirs) _re_theirs="$_re_theirs SECURITY_TOKEN" ;; esac
	_re_each _re_keep "$_re_theirs"
	_re_drop_namerefs "$_re_all"
	case @HAS_BARE@$_re_bare in noours) _re_each _re_take_back SECURITY_TOKEN ;; esac
	case @HAS_REGION@ in no) _re_each _re_restore "$_re_regions" ;; esac
	_re_number @VALUES@
	_re_pairs='@PAIRS@'
	_re_choose @CLOUD_REGIONS@
	_re_choose @OSS_REGIONS@
	# The `aliyun` CLI follows the shell only if it finds a region.
	_re_choose @GUARDS_BY_REGION@
	_re_unset="$_re_left ${ROLE_ENV_SERVER:+@SHARED_FILE@} @GONE@"
	\eval "\\unset -v $_re_unset @IGNORE_PROFILE@ _role_env_colour"
	_re_each _re_assign "$_re_pairs"
	_role_env_saved=1 _role_env_token="$_re_new_@TOKEN_NUMBER@"
	case @COLOR@ in ?*) _role_env_colour=@COLOR@ ;; esac
	_re_each _re_check_unset "$_re_unset"
}

{ _re_find_locals; } 2>/dev/null
_re_change _re_switch
_re_confirm @CONFIRMATION@
