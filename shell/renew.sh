# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# Replaces the session of the shell by a newer one. `session.sh` comes first.
#
# Only variables that are still the old session's are replaced. If one is readonly, or the shell has another session by
# now, nothing is changed. The first three new values are the ID, the secret and the token.
_role_env_do_renew() {
	_role_env_do_read
	case "$_role_env_value" in
	"") _role_env_new='' ;;
	"$_role_env_id") _role_env_new="$_role_env_new_1" ;;
	"$_role_env_own_secret") _role_env_new="$_role_env_new_2" ;;
	"$_role_env_own_token") _role_env_new="$_role_env_new_3" ;;
	*) _role_env_new='' ;;
	esac
	case "$_role_env_new" in
	?*)
		\export "$_role_env_var=$_role_env_new"
		_role_env_do_read
		case "$_role_env_value" in
		"$_role_env_new") ;;
		*) _role_env_wrong="$_role_env_wrong $_role_env_var" ;;
		esac
		;;
	esac
}

{
	_role_env_do_sort_all
	@VALUES@
} 2>/dev/null
if (\unset -v @RENEWED@ @OWN_RENEWED@) 2>/dev/null; then
	case "$_role_env_id" in
	@OLD_ID@)
		{
			_role_env_do_each _role_env_do_renew '@RENEWED@'
			_role_env_do_each _role_env_do_assign '@PAIRS@'
			_role_env_token="$_role_env_new_3"
		} 2>/dev/null
		_role_env_do_report_wrong
		;;
	*)
		_role_env_wrong=changed
		\printf '%s\n' 'role-env: the session of this shell has changed meanwhile; it was not renewed' >&2
		;;
	esac
else
	_role_env_wrong='readonly'
	_role_env_do_each _role_env_do_report_readonly '@RENEWED@ @OWN_RENEWED@'
fi
case $_role_env_wrong in ?*) _role_env_result='\false' ;; esac
