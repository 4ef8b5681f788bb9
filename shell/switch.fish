# Put a session into the shell. `session.fish` comes first.

# Succeed if none of the variables has a value.
function _re_is_unset --no-scope-shadowing
    for v in $argv
        test -z "$$v"; or return
    end
    true
end

# The first session saves everything, later ones only the keys.
set -l begun "$_role_env_saved$session$ROLE_ENV_NO_ACCOUNT"
if test -z "$begun"
    set theirs $ours $theirs $left @FORCED@
    set bare SECURITY_TOKEN
else
    set -a theirs $older
end
set -l has_bare @HAS_BARE@
test $has_bare = yes; and set -a theirs $bare
for v in $theirs
    _re_keep
end
if test $has_bare = no; and not set -q bare[1]
    set v SECURITY_TOKEN
    _re_take_back
end
for v in @RESTORED_REGIONS@
    _re_restore
end
set -l gone $left $shared @GONE@
for v in $gone _role_env_colour
    _re_remove
end
set -l names
set -l wrong
_re_put @VALUES@
_re_is_unset @CLOUD_REGIONS_READ@; and _re_put @CLOUD_REGIONS@
_re_is_unset @OSS_REGIONS_READ@; and _re_put @OSS_REGIONS@
# The `aliyun` CLI follows the shell only if it finds a region.
if _re_is_unset @CLI_REGIONS_READ@
    _re_put @GUARDS_WITHOUT_REGION@
else
    _re_put @GUARDS_WITH_REGION@
end
set -g _role_env_saved 1
set -g _role_env_token @TOKEN@
test -n @COLOR@; and set -g _role_env_colour @COLOR@
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
