# The text that `role-env init zsh` prints around the integration: one group, which does nothing if it is cut off. It
# and every call of its functions run in zsh's own emulation, with any options of the shell.
{
	emulate zsh -o no_xtrace -o no_verbose -o no_err_exit -o no_err_return -c @QUOTED_TEXT@
}
