# What `role-env init fish` prints around the integration: one group, which does nothing where it is cut off.
begin
    @TEXT@
end
