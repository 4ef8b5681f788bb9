# shellcheck shell=sh
# Leave the shell without any account, if it has a session, and fail.
_re_report_quotes() {
	\:
}
#@CUT@ The rest comes after the cut in `session.sh`.
{
	_re_find_locals
	_re_take_away
} 2>/dev/null
_re_result='\false'
