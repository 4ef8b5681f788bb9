# shellcheck shell=sh
# shellcheck disable=SC2195,SC2034,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# Put a session into the shell. `session.sh` comes first.
_renv_check() {
	\eval "case \"\${${_renv_var%%=*}-}\" in \"\$_renv_new_${_renv_var#*=}\") ;; *) _renv_wrong=\"\$_renv_wrong \${_renv_var%%=*}\" ;; esac"
}

_renv_check_unset() {
	_renv_read
	case $_renv_how in s) _renv_wrong="$_renv_wrong $_renv_var" ;; esac
}

_renv_switch() {
	# The first session saves everything, later ones only the keys.
	case "${_role_env_saved:+s}${ROLE_ENV_NO_ACCOUNT:+s}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}${ROLE_ENV_REQUEST:+s}" in
	"") _renv_bare=theirs _renv_theirs="$_renv_ours $_renv_theirs $_renv_left $_renv_regions $_renv_guards" ;;
	*)
		# A session of an older version did not change these.
		case "${ROLE_ENV_FAMILIES-}${ROLE_ENV_NO_ACCOUNT-}" in
		"") _renv_theirs="$_renv_theirs @DISABLED@" ;;
		esac
		;;
	esac
	case @HAS_BARE@$_renv_bare in yestheirs) _renv_theirs="$_renv_theirs SECURITY_TOKEN" ;; esac
	_renv_each _renv_keep "$_renv_theirs"
	_renv_drop_namerefs "$_renv_all"
	case @HAS_BARE@ in no) _renv_restore_bare ;; esac
	case @HAS_REGION@ in no) _renv_each _renv_restore "$_renv_regions" ;; esac
	@VALUES@
	_renv_pairs='@PAIRS@'
	case @FALLBACK@"@CLOUD_REGIONS_READ@" in yes) _renv_pairs="$_renv_pairs @CLOUD_REGION_PAIRS@" ;; esac
	case @FALLBACK@"@OSS_REGIONS_READ@" in yes) _renv_pairs="$_renv_pairs @OSS_REGION_PAIRS@" ;; esac
	# The `aliyun` CLI follows the shell only if it finds a region.
	case @FOLLOWS@"@CLI_REGIONS_READ@" in
	True* | None?*) _renv_pairs="$_renv_pairs @FOLLOWING_PAIRS@" ;;
	*) _renv_pairs="$_renv_pairs @NOT_FOLLOWING_PAIRS@" ;;
	esac
	_renv_unset="$_renv_left @SHARED_FILE@ @GONE@"
	\eval "\\unset -v $_renv_unset @IGNORE_PROFILE@ _role_env_colour"
	_renv_each _renv_assign "$_renv_pairs"
	_role_env_saved=1 _role_env_token="$_renv_new_@TOKEN_NUMBER@"
	case @COLOR@ in ?*) _role_env_colour=@COLOR@ ;; esac
	_renv_each _renv_check "$_renv_pairs"
	_renv_each _renv_check_unset "$_renv_unset"
}

{ _renv_find_locals; } 2>/dev/null
_renv_change _renv_switch
_renv_confirm @CONFIRMATION@
