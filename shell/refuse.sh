# shellcheck shell=sh
# shellcheck disable=SC2249  # nothing here may look like a pattern of file names
# Fails and changes nothing but the text of the prompt, which is as of an earlier look. Its export stays.
{
	case ${ROLE_ENV_PROMPT:+p} in p)
		if (\unset -v ROLE_ENV_PROMPT) 2>/dev/null; then ROLE_ENV_PROMPT=''; fi
		;;
	esac
	\false
}
