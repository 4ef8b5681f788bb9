# shellcheck shell=sh
# shellcheck disable=SC2034  # `session.sh`, which comes first, reads it
# Leaves the shell without any account, if it has a session, and fails.
{
	_role_env_do_find_locals
	_role_env_do_take_away
} 2>/dev/null
_role_env_result='\false'
