# shellcheck shell=sh
# shellcheck disable=SC2016,SC2154,SC2194,SC2249,SC2250  # tables, other files' names, and few bytes
# Replace the shell's session by a newer one.
_re_report_quotes() {
	\printf '%s\n' 'role-env: the quotes around $(…) are missing: nothing was changed' 'role-env: hint: type eval "$(role-env renew)"' >&2
}
#@CUT@ The rest comes after the cut in `session.sh`.
# Only variables that are still the old session's are replaced. If one is readonly, or the shell now has another
# session, nothing changes. The first three new values are the ID, the secret and the token.
_re_renew() {
	_re_read
	case "$_re_value" in
	"") _re_new='' ;;
	"$_re_id") _re_new=1 ;;
	"$_re_own_secret") _re_new=2 ;;
	"$_re_own_token") _re_new=3 ;;
	*) _re_new='' ;;
	esac
	case $_re_new in
	?*)
		_re_var="$_re_var=$_re_new"
		_re_assign
		;;
	esac
}

{
	_re_sort_all
	_re_number @VALUES@
} 2>/dev/null
if (\unset -v @RENEWED@ @OWN_RENEWED@) 2>/dev/null; then
	case "$_re_id" in
	@OLD_ID@)
		{
			_re_each _re_renew '@RENEWED@'
			_re_each _re_assign '@PAIRS@'
			_role_env_token="$_re_new_3"
		} 2>/dev/null
		_re_report_wrong
		;;
	*)
		_re_wrong=changed
		\printf '%s\n' 'role-env: the session of this shell has changed meanwhile; it was not renewed' >&2
		;;
	esac
else
	_re_wrong='readonly'
	_re_each _re_report_readonly '@RENEWED@ @OWN_RENEWED@'
fi
case $_re_wrong in ?*) _re_result='\false' ;; esac
case @CONFIRMATION@ in ?*) _re_confirm @CONFIRMATION@ ;; esac
