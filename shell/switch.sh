# shellcheck shell=sh
# shellcheck disable=SC2195,SC2034,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# Put a session into the shell. `session.sh` comes first.
_ren_check() {
	\eval "case \"\${${_ren_var%%=*}-}\" in \"\$_ren_new_${_ren_var#*=}\") ;; *) _ren_wrong=\"\$_ren_wrong \${_ren_var%%=*}\" ;; esac"
}

_ren_check_unset() {
	_ren_read
	case $_ren_how in s) _ren_wrong="$_ren_wrong $_ren_var" ;; esac
}

_ren_switch() {
	# The first session saves everything, later ones only the keys.
	case "${_role_env_saved:+s}${ROLE_ENV_NO_ACCOUNT:+s}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}${ROLE_ENV_REQUEST:+s}" in
	"") _ren_bare=theirs _ren_theirs="$_ren_ours $_ren_theirs $_ren_left $_ren_regions $_ren_guards" ;;
	*)
		# A session of an older version did not change these.
		case "${ROLE_ENV_FAMILIES-}${ROLE_ENV_NO_ACCOUNT-}" in
		"") _ren_theirs="$_ren_theirs @DISABLED@" ;;
		esac
		;;
	esac
	case @HAS_BARE@$_ren_bare in yestheirs) _ren_theirs="$_ren_theirs SECURITY_TOKEN" ;; esac
	_ren_each _ren_keep "$_ren_theirs"
	_ren_drop_namerefs "$_ren_all"
	case @HAS_BARE@ in no) _ren_restore_bare ;; esac
	case @HAS_REGION@ in no) _ren_each _ren_restore "$_ren_regions" ;; esac
	@VALUES@
	_ren_pairs='@PAIRS@'
	case @FALLBACK@"@CLOUD_REGIONS_READ@" in yes) _ren_pairs="$_ren_pairs @CLOUD_REGION_PAIRS@" ;; esac
	case @FALLBACK@"@OSS_REGIONS_READ@" in yes) _ren_pairs="$_ren_pairs @OSS_REGION_PAIRS@" ;; esac
	# The `aliyun` CLI follows the shell only if it finds a region.
	case @FOLLOWS@"@CLI_REGIONS_READ@" in
	True* | None?*) _ren_pairs="$_ren_pairs @FOLLOWING_PAIRS@" ;;
	*) _ren_pairs="$_ren_pairs @NOT_FOLLOWING_PAIRS@" ;;
	esac
	_ren_unset="$_ren_left @SHARED_FILE@ @GONE@"
	\eval "\\unset -v $_ren_unset @IGNORE_PROFILE@ _role_env_colour"
	_ren_each _ren_assign "$_ren_pairs"
	_role_env_saved=1 _role_env_token="$_ren_new_@TOKEN_NUMBER@"
	case @COLOR@ in ?*) _role_env_colour=@COLOR@ ;; esac
	_ren_each _ren_check "$_ren_pairs"
	_ren_each _ren_check_unset "$_ren_unset"
}

{ _ren_find_locals; } 2>/dev/null
_ren_change _ren_switch
_ren_confirm @CONFIRMATION@
