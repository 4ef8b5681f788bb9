# shellcheck shell=sh
# shellcheck disable=SC2034  # `session.sh`, which comes first, reads it
# Leave the shell without any account, if it has a session, and fail.
{
	_re_find_locals
	_re_take_away
} 2>/dev/null
_re_result='\false'
