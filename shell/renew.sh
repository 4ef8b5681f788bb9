# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2194,SC2249,SC2250,SC2329  # tables, other files' names, and few bytes
# Replace the shell's session by a newer one. `session.sh` comes first.
#
# Only variables that are still the old session's are replaced. If one is readonly, or the shell has another session by
# now, nothing changes. The first three new values are the ID, the secret and the token.
_renv_renew() {
	_renv_read
	case "$_renv_value" in
	"") _renv_new='' ;;
	"$_renv_id") _renv_new="$_renv_new_1" ;;
	"$_renv_own_secret") _renv_new="$_renv_new_2" ;;
	"$_renv_own_token") _renv_new="$_renv_new_3" ;;
	*) _renv_new='' ;;
	esac
	case "$_renv_new" in
	?*)
		\export "$_renv_var=$_renv_new"
		_renv_read
		case "$_renv_value" in
		"$_renv_new") ;;
		*) _renv_wrong="$_renv_wrong $_renv_var" ;;
		esac
		;;
	esac
}

{
	_renv_sort_all
	@VALUES@
} 2>/dev/null
if (\unset -v @RENEWED@ @OWN_RENEWED@) 2>/dev/null; then
	case "$_renv_id" in
	@OLD_ID@)
		{
			_renv_each _renv_renew '@RENEWED@'
			_renv_each _renv_assign '@PAIRS@'
			_role_env_token="$_renv_new_3"
		} 2>/dev/null
		_renv_report_wrong
		;;
	*)
		_renv_wrong=changed
		\printf '%s\n' 'role-env: the session of this shell has changed meanwhile; it was not renewed' >&2
		;;
	esac
else
	_renv_wrong='readonly'
	_renv_each _renv_report_readonly '@RENEWED@ @OWN_RENEWED@'
fi
case $_renv_wrong in ?*) _renv_result='\false' ;; esac
case @CONFIRMATION@ in ?*) _renv_confirm @CONFIRMATION@ ;; esac
