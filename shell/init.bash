# The text that `role-env init bash` prints around the integration: one group, which does nothing if it is cut off.
{
	# In POSIX mode bash refuses the function name role-env.
	case ":${SHELLOPTS}:" in *:posix:*)
		_role_env_posix=posix
		\set +o posix
		;;
	*) _role_env_posix='' ;; esac
	@TEXT@
	case ${_role_env_posix} in posix) \set -o posix ;; *) ;; esac
	\unset -v _role_env_posix
}
