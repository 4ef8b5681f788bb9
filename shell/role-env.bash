# shellcheck shell=bash
# role-env in bash: eval "$(role-env init bash)"
#
# `role-env use PROFILE` and `role-env off` act in this shell; all else goes to the command.
role-env() {
	case ${1-} in
	use)
		shift
		\builtin eval "$(\builtin command role-env export --format bash "$@" || \builtin echo false)"
		;;
	off)
		shift
		\builtin eval "$(\builtin command role-env off --format bash "$@" || \builtin echo false)"
		;;
	*)
		\builtin command role-env "$@"
		;;
	esac
}
