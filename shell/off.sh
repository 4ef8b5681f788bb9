# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# End the shell's session, or its no-account state, and restore the values from before. `session.sh` comes first.
_ren_take_back() {
	_ren_restore
	_ren_forget
}

# A key that the user has set meanwhile stays, but not with the session's secret or token.
_ren_let_go() {
	_ren_read
	case "$_ren_value" in
	"") ;;
	"$_ren_own_secret" | "$_ren_own_token") \unset -v "$_ren_var" ;;
	esac
	_ren_forget
}

_ren_take_back_if_empty() {
	_ren_read
	case "$_ren_value" in "" | @RESERVED@) _ren_restore ;; esac
	_ren_forget
}

_ren_off() {
	_ren_drop_namerefs "$_ren_all"
	_ren_each _ren_take_back "$_ren_ours"
	_ren_each _ren_let_go "$_ren_theirs"
	_ren_restore_bare
	# In a session of `exec --renew` the credentials URI is the session's own.
	case "${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}" in p) \unset -v @CREDENTIALS_URI@ ;; esac
	_ren_each _ren_take_back "$_ren_regions @PROFILE_GUARDS@"
	# A session of an older version did not change these.
	case "${ROLE_ENV_FAMILIES-}${ROLE_ENV_NO_ACCOUNT-}" in
	?*) _ren_each _ren_take_back '@DISABLED@' ;;
	esac
	_ren_each _ren_take_back_if_empty "$_ren_left"
	\unset -v _role_env_saved _role_env_old_SECURITY_TOKEN _role_env_token _role_env_colour @OWN@
}

case "${_role_env_saved:+s}${ROLE_ENV_NO_ACCOUNT:+s}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}${ROLE_ENV_REQUEST:+s}" in
?*)
	_ren_change _ren_off
	_ren_confirm 'role-env: the session is off; this shell has what was set before it'
	;;
*) _ren_confirm 'role-env: this shell has no session' ;;
esac
