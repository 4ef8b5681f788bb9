# Put a session into the shell. `session.fish` comes first.
#
# `names` are the variables to set, and `values` their values in the same order.
set -l begun "$_role_env_saved$ROLE_ENV_PROFILE$ROLE_ENV_ACCESS_KEY_ID$ROLE_ENV_REQUEST$ROLE_ENV_NO_ACCOUNT"
# The first session saves everything, later ones only the keys.
if test -z "$begun"
    set theirs $ours $theirs $left @FORCED@
    set bare SECURITY_TOKEN
else
    set -a theirs $older
end
set -l has_bare @HAS_BARE@
if test $has_bare = yes
    set -a theirs $bare
end
for v in $theirs
    _re_keep
end
if test $has_bare = no
    _re_take_back_bare
end
for v in @RESTORED_REGIONS@
    _re_restore
end
set -l names
set -l values
@ADD@
if test "@FALLBACK@@CLOUD_REGIONS_READ@" = yes
    _re_add @FALLBACK_REGION@ @CLOUD_REGIONS@
end
if test "@FALLBACK@@OSS_REGIONS_READ@" = yes
    _re_add @FALLBACK_REGION@ @OSS_REGIONS@
end
# The `aliyun` CLI follows the shell only if it finds a region, which may be one of the variables to set.
set -l follows @FOLLOWS@
if test $follows = None
    if test -n "@CLI_REGIONS_READ@"; or contains -- @FIRST_CLI_REGION@ $names
        set follows True
    end
end
if test $follows = True
    @ADD_FOLLOWING@
else
    @ADD_NOT_FOLLOWING@
end
set -l gone $left $shared @GONE@
for v in $gone _role_env_colour
    _re_remove
end
set -l rest $values
for v in $names
    set -gx $v $rest[1]
    set -e rest[1]
end
set -g _role_env_saved 1
set -g _role_env_token @TOKEN@
if test -n @COLOR@
    set -g _role_env_colour @COLOR@
end
set -l wrong
set rest $values
for v in $names
    test "$$v" = "$rest[1]"; or set -a wrong $v
    set -e rest[1]
end
for v in $gone
    if not contains -- $v $names; and test -n "$$v"
        set -a wrong $v
    end
end
set -l result true
if set -q wrong[1]
    echo "role-env: $wrong does not keep the value that role-env sets" >&2
    echo 'role-env: hint: call role-env outside of the function that declares it' >&2
    _re_take_away
    set result false
else
    _re_confirm @CONFIRMATION@
end
