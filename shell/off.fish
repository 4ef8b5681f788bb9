# End the shell's session, or its no-account state, and restore the values from before. `session.fish` comes first.
if test -n "$_role_env_saved$session$ROLE_ENV_NO_ACCOUNT"
    set -q bare[1]; or set -a ours SECURITY_TOKEN
    for v in $ours
        _re_take_back
    end
    # A key that the user has set meanwhile stays, but not with the session's secret or token.
    for v in $theirs
        if contains -- "$$v" $own
            set -e -g $v
        end
        set -e -g _role_env_old_$v
    end
    if not contains -- @CREDENTIALS_URI@ $left
        set -e -g @CREDENTIALS_URI@
    end
    for v in @RESTORED@
        _re_take_back
    end
    for v in @DISABLED@
        if not contains -- $v $older
            _re_take_back
        end
    end
    for v in $left
        if contains -- "$$v" '' @RESERVED@
            _re_restore
        end
        set -e -g _role_env_old_$v
    end
    set -e -g _role_env_saved _role_env_token _role_env_old_SECURITY_TOKEN _role_env_colour
    set -e -g @OWN@ $shared
    _re_confirm 'role-env: the session is off; this shell has what was set before it'
else
    _re_confirm 'role-env: this shell has no session'
end
set -l result true
