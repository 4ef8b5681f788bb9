# shellcheck shell=sh
# shellcheck disable=SC2034  # `session.sh`, which comes first, reads it
# Leave the shell without any account, if it has a session, and fail.
{
	_ren_find_locals
	_ren_take_away
} 2>/dev/null
_ren_result='\false'
