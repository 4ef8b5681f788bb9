# What `role-env init bash` prints around the integration: one group, which does nothing where it is cut off.
{
	# In POSIX mode bash refuses the name of our function.
	case ":${SHELLOPTS}:" in *:posix:*)
		_role_env_posix=posix
		\set +o posix
		;;
	*) _role_env_posix='' ;; esac
	@TEXT@
	case ${_role_env_posix} in posix) \set -o posix ;; *) ;; esac
	\unset -v _role_env_posix
}
