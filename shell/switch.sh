# shellcheck shell=sh
# shellcheck disable=SC2195,SC2034,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# Put a session into the shell. `session.sh` comes first.
_re_check() {
	\eval "case \"\${${_re_var%%=*}-}\" in \"\$_re_new_${_re_var#*=}\") ;; *) _re_wrong=\"\$_re_wrong \${_re_var%%=*}\" ;; esac"
}

_re_check_unset() {
	_re_read
	case $_re_how in s) _re_wrong="$_re_wrong $_re_var" ;; esac
}

_re_switch() {
	# The first session saves everything, later ones only the keys.
	case "${_role_env_saved:+s}${ROLE_ENV_NO_ACCOUNT:+s}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}${ROLE_ENV_REQUEST:+s}" in
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
	case @HAS_BARE@ in no) _re_restore_bare ;; esac
	case @HAS_REGION@ in no) _re_each _re_restore "$_re_regions" ;; esac
	@VALUES@
	_re_pairs='@PAIRS@'
	case @FALLBACK@"@CLOUD_REGIONS_READ@" in yes) _re_pairs="$_re_pairs @CLOUD_REGION_PAIRS@" ;; esac
	case @FALLBACK@"@OSS_REGIONS_READ@" in yes) _re_pairs="$_re_pairs @OSS_REGION_PAIRS@" ;; esac
	# The `aliyun` CLI follows the shell only if it finds a region.
	case @FOLLOWS@"@CLI_REGIONS_READ@" in
	True* | None?*) _re_pairs="$_re_pairs @FOLLOWING_PAIRS@" ;;
	*) _re_pairs="$_re_pairs @NOT_FOLLOWING_PAIRS@" ;;
	esac
	_re_unset="$_re_left @SHARED_FILE@ @GONE@"
	\eval "\\unset -v $_re_unset @IGNORE_PROFILE@ _role_env_colour"
	_re_each _re_assign "$_re_pairs"
	_role_env_saved=1 _role_env_token="$_re_new_@TOKEN_NUMBER@"
	case @COLOR@ in ?*) _role_env_colour=@COLOR@ ;; esac
	_re_each _re_check "$_re_pairs"
	_re_each _re_check_unset "$_re_unset"
}

{ _re_find_locals; } 2>/dev/null
_re_change _re_switch
_re_confirm @CONFIRMATION@
