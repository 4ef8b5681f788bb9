# The text that `role-env init bash` prints around the integration: one group, which does nothing if it is cut off.
{
	@TEXT@
}
