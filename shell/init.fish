# The text that `role-env init fish` prints around the integration: one group, which does nothing if it is cut off.
begin
    @TEXT@
end
