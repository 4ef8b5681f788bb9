# What `role-env init zsh` prints around the integration: one group, which does nothing where it is cut off. It runs in
# zsh's own emulation and, whatever the options of the shell are, so does each call of its functions.
{
	\builtin emulate zsh -o no_xtrace -o no_verbose -o no_err_exit -o no_err_return -c @QUOTED_TEXT@
}
