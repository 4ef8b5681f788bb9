# role-env in zsh: eval "$(role-env init zsh)"
#
# `role-env use PROFILE` and `role-env off` act in this shell; all else goes to the command.
role-env() {
	case ${1-} in
	use)
		shift
		\builtin eval "$(\command role-env export --format zsh "$@" || \builtin echo false)"
		;;
	off)
		shift
		\builtin eval "$(\command role-env off --format zsh "$@" || \builtin echo false)"
		;;
	*)
		\command role-env "$@"
		;;
	esac
}
