# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# Replace the shell's session by a newer one. `session.sh` comes first.
#
# Only variables that are still the old session's are replaced. If one is readonly, or the shell has another session by
# now, nothing changes. The first three new values are the ID, the secret and the token.
_ren_renew() {
	_ren_read
	case "$_ren_value" in
	"") _ren_new='' ;;
	"$_ren_id") _ren_new="$_ren_new_1" ;;
	"$_ren_own_secret") _ren_new="$_ren_new_2" ;;
	"$_ren_own_token") _ren_new="$_ren_new_3" ;;
	*) _ren_new='' ;;
	esac
	case "$_ren_new" in
	?*)
		# Without what changes values, such as `declare -u`.
		\unset -v "$_ren_var"
		\export "$_ren_var=$_ren_new"
		_ren_read
		case "$_ren_value" in
		"$_ren_new") ;;
		*) _ren_wrong="$_ren_wrong $_ren_var" ;;
		esac
		;;
	esac
}

{
	_ren_sort_all
	@VALUES@
} 2>/dev/null
if (\unset -v @RENEWED@ @OWN_RENEWED@) 2>/dev/null; then
	case "$_ren_id" in
	@OLD_ID@)
		{
			_ren_each _ren_renew '@RENEWED@'
			_ren_each _ren_assign '@PAIRS@'
			_role_env_token="$_ren_new_3"
		} 2>/dev/null
		_ren_report_wrong
		;;
	*)
		_ren_wrong=changed
		\printf '%s\n' 'role-env: the session of this shell has changed meanwhile; it was not renewed' >&2
		;;
	esac
else
	_ren_wrong='readonly'
	_ren_each _ren_report_readonly '@RENEWED@ @OWN_RENEWED@'
fi
case $_ren_wrong in ?*) _ren_result='\false' ;; esac
case @CONFIRMATION@ in ?*) _ren_confirm @CONFIRMATION@ ;; esac
