# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# End the shell's session, or its no-account state, and restore the values from before. `session.sh` comes first.
_renv_take_back() {
	_renv_restore
	_renv_forget
}

# A key that the user has set meanwhile stays, but not with the session's secret or token.
_renv_let_go() {
	_renv_read
	case "$_renv_value" in
	"") ;;
	"$_renv_own_secret" | "$_renv_own_token") \unset -v "$_renv_var" ;;
	esac
	_renv_forget
}

_renv_take_back_if_empty() {
	_renv_read
	case "$_renv_value" in "" | @RESERVED@) _renv_restore ;; esac
	_renv_forget
}

_renv_off() {
	_renv_drop_namerefs "$_renv_all"
	_renv_each _renv_take_back "$_renv_ours"
	_renv_each _renv_let_go "$_renv_theirs"
	_renv_restore_bare
	# In a session of `exec --renew` the credentials URI is the session's own.
	case "${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}" in p) \unset -v @CREDENTIALS_URI@ ;; esac
	_renv_each _renv_take_back "$_renv_regions @PROFILE_GUARDS@"
	# A session of an older version did not change these.
	case "${ROLE_ENV_FAMILIES-}${ROLE_ENV_NO_ACCOUNT-}" in
	?*) _renv_each _renv_take_back '@DISABLED@' ;;
	esac
	_renv_each _renv_take_back_if_empty "$_renv_left"
	\unset -v _role_env_saved _role_env_old_SECURITY_TOKEN _role_env_token _role_env_colour @OWN@
}

case "${_role_env_saved:+s}${ROLE_ENV_NO_ACCOUNT:+s}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}${ROLE_ENV_REQUEST:+s}" in
?*)
	_renv_change _renv_off
	_renv_confirm 'role-env: the session is off; this shell has what was set before it'
	;;
*) _renv_confirm 'role-env: this shell has no session' ;;
esac
