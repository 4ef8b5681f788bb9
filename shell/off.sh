# shellcheck shell=sh
# shellcheck disable=SC2016,SC2154,SC2249,SC2250  # tables, other files' names, and few bytes
# End the shell's session, or its no-account state, and restore the values from before.
_re_report_quotes() {
	\printf '%s\n' 'role-env: the quotes around $(…) are missing: nothing was changed' 'role-env: hint: type eval "$(role-env off)"' >&2
}
#@CUT@ The rest comes after the cut in `session.sh`.
# A key that the user has set meanwhile stays, but not with the session's secret or token.
_re_let_go() {
	_re_read
	case "$_re_value" in
	"") ;;
	"$_re_own_secret" | "$_re_own_token") \unset -v "$_re_var" ;;
	esac
	_re_forget
}

_re_take_back_if_empty() {
	_re_read
	case "$_re_value" in "" | @RESERVED | @) _re_restore ;; esac
	_re_forget
}

_re_off() {
	_re_drop_namerefs "$_re_all"
	_re_each _re_take_back "$_re_ours"
	_re_each _re_let_go "$_re_theirs"
	# The bare SECURITY_TOKEN was the session's, or the no-account state has unset it.
	case $_re_bare in ours) _re_each _re_take_back SECURITY_TOKEN ;; esac
	# In a session of `exec --renew` the credentials URI is the session's own.
	case "${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}" in p) \unset -v @CREDENTIALS_URI@ ;; esac
	_re_each _re_take_back "$_re_regions @PROFILE_GUARDS@"
	# A session of an older version did not change these.
	case "${ROLE_ENV_FAMILIES-}${ROLE_ENV_NO_ACCOUNT-}" in
	?*) _re_each _re_take_back '@DISABLED@' ;;
	esac
	_re_each _re_take_back_if_empty "$_re_left"
	\unset -v _role_env_saved _role_env_old_SECURITY_TOKEN _role_env_token _role_env_colour @OWN@ ${ROLE_ENV_SERVER:+@SHARED_FILE@}
}

{ _re_sort_all; } 2>/dev/null
case "${_role_env_saved:+s}$_re_session" in
?*)
	_re_change _re_off
	_re_confirm 'role-env: the session is off; this shell has what was set before it'
	;;
*) _re_confirm 'role-env: this shell has no session' ;;
esac
