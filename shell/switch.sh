# shellcheck shell=sh
# shellcheck disable=SC2195,SC2034,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# Puts a session into the shell. `session.sh` comes first.
_role_env_do_check() {
	\eval "case \"\${${_role_env_var%%=*}-}\" in \"\$_role_env_new_${_role_env_var#*=}\") ;; *) _role_env_wrong=\"\$_role_env_wrong \${_role_env_var%%=*}\" ;; esac"
}

_role_env_do_check_unset() {
	_role_env_do_read
	case $_role_env_how in s) _role_env_wrong="$_role_env_wrong $_role_env_var" ;; esac
}

_role_env_do_switch() {
	# At the first session everything is saved, later the keys.
	case "${_role_env_saved:+s}${ROLE_ENV_NO_ACCOUNT:+s}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}" in
	"") _role_env_bare=theirs _role_env_theirs="$_role_env_ours $_role_env_theirs $_role_env_left $_role_env_regions $_role_env_guards" ;;
	*)
		# A session of an older version left these as the user had set them.
		case "${ROLE_ENV_FAMILIES-}${ROLE_ENV_NO_ACCOUNT-}" in
		"") _role_env_theirs="$_role_env_theirs @DISABLED@" ;;
		esac
		;;
	esac
	case @HAS_BARE@$_role_env_bare in yestheirs) _role_env_theirs="$_role_env_theirs SECURITY_TOKEN" ;; esac
	_role_env_do_each _role_env_do_keep "$_role_env_theirs"
	_role_env_do_drop_namerefs "$_role_env_all"
	case @HAS_BARE@ in no) _role_env_do_restore_bare ;; esac
	case @HAS_REGION@ in no) _role_env_do_each _role_env_do_restore "$_role_env_regions" ;; esac
	@VALUES@
	_role_env_pairs='@PAIRS@'
	case @FALLBACK@"@CLOUD_REGIONS_READ@" in yes) _role_env_pairs="$_role_env_pairs @CLOUD_REGION_PAIRS@" ;; esac
	case @FALLBACK@"@OSS_REGIONS_READ@" in yes) _role_env_pairs="$_role_env_pairs @OSS_REGION_PAIRS@" ;; esac
	# The `aliyun` CLI follows the shell only where it finds a region.
	case @FOLLOWS@"@CLI_REGIONS_READ@" in
	True* | None?*) _role_env_pairs="$_role_env_pairs @FOLLOWING_PAIRS@" ;;
	*) _role_env_pairs="$_role_env_pairs @NOT_FOLLOWING_PAIRS@" ;;
	esac
	_role_env_unset="$_role_env_left @GONE@"
	\eval "\\unset -v $_role_env_unset @IGNORE_PROFILE@ _role_env_colour"
	_role_env_do_each _role_env_do_assign "$_role_env_pairs"
	_role_env_saved=1 _role_env_token="$_role_env_new_@TOKEN_NUMBER@"
	case @COLOR@ in ?*) _role_env_colour=@COLOR@ ;; esac
	_role_env_do_each _role_env_do_check "$_role_env_pairs"
	_role_env_do_each _role_env_do_check_unset "$_role_env_unset"
}

{ _role_env_do_find_locals; } 2>/dev/null
_role_env_do_change _role_env_do_switch
case $_role_env_wrong$- in *i*) case $_role_env_wrong in "") \printf '%s\n' @CONFIRMATION@ >&2 ;; esac ;; esac
