# shellcheck shell=sh
# shellcheck disable=SC2249  # nothing here may look like a pattern of file names
# Fail, and empty the prompt's text, which is outdated; nothing else changes. The variable stays exported.
{
	case ${ROLE_ENV_PROMPT:+p} in p)
		if (\unset -v ROLE_ENV_PROMPT) 2>/dev/null; then ROLE_ENV_PROMPT=''; fi
		;;
	esac
	\false
}
