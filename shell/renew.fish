# Replace the shell's session by a newer one. `session.fish` comes first.
#
# Only variables that are still the old session's are replaced. If the shell now has another session, nothing changes.
# `new` contains the ID, the secret and the token.
set -l new @NEW@
set -l secrets
set -l tokens $_role_env_token
set -l result true
if test "$id" = @OLD_ID@
    for key in @RENEWED_KEYS@
        set -l names (string split ' ' -- $key)
        set -l value $$names[1]
        if test "$value" = "$id"
            set -a secrets $$names[2]
            set -q names[3]; and set -a tokens $$names[3]
        end
    end
    for v in @RENEWED@
        if test -z "$$v"
        else if test "$$v" = "$id"
            set -gx $v $new[1]
        else if contains -- "$$v" $secrets
            set -gx $v $new[2]
        else if contains -- "$$v" $tokens
            set -gx $v $new[3]
        end
    end
    _re_put @VALUES@
    set -g _role_env_token $new[3]
    test -n @CONFIRMATION@; and _re_confirm @CONFIRMATION@
else
    echo 'role-env: the session of this shell has changed meanwhile; it was not renewed' >&2
    set result false
end
