# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# Ends the session of the shell, or its no-account state, and restores what was set before. `session.sh` comes first.
_role_env_do_take_back() {
	_role_env_do_restore
	_role_env_do_forget
}

# A key that the user has set meanwhile stays, without a secret or token of the session.
_role_env_do_let_go() {
	_role_env_do_read
	case "$_role_env_value" in
	"") ;;
	"$_role_env_own_secret" | "$_role_env_own_token") \unset -v "$_role_env_var" ;;
	esac
	_role_env_do_forget
}

_role_env_do_take_back_if_empty() {
	_role_env_do_read
	case "$_role_env_value" in "") _role_env_do_restore ;; esac
	_role_env_do_forget
}

_role_env_do_off() {
	_role_env_do_drop_namerefs "$_role_env_all"
	_role_env_do_each _role_env_do_take_back "$_role_env_ours"
	_role_env_do_each _role_env_do_let_go "$_role_env_theirs"
	_role_env_do_restore_bare
	# Below `exec --renew` the credentials URI is the session's own.
	case "${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}" in p) \unset -v @CREDENTIALS_URI@ ;; esac
	_role_env_do_each _role_env_do_take_back "$_role_env_regions @PROFILE_GUARDS@"
	# A session of an older version left these as the user had set them.
	case "${ROLE_ENV_FAMILIES-}${ROLE_ENV_NO_ACCOUNT-}" in
	?*) _role_env_do_each _role_env_do_take_back '@DISABLED@' ;;
	esac
	_role_env_do_each _role_env_do_take_back_if_empty "$_role_env_left"
	\unset -v _role_env_saved _role_env_old_SECURITY_TOKEN _role_env_token _role_env_colour @OWN@
}

case "${_role_env_saved:+s}${ROLE_ENV_NO_ACCOUNT:+s}${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}" in
?*) _role_env_do_change _role_env_do_off ;;
esac
