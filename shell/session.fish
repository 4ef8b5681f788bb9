# The first part of each program for fish: find out which keys are the session's, and remove every account.
#
# `helper/shell_programs` puts one of the other files into it, strips comments and indentation, and replaces the names
# between two @. Each line then ends in a semicolon, since `eval (role-env PROFILE)` joins lines with spaces.
#
# In fish none of the user's variables is readonly, but a universal variable becomes visible when a global one is
# erased. Then an empty exported global is set instead. Former values are saved in `_role_env_old_NAME`, a list that
# begins with `e` if the variable was exported, else with `s`. The functions see the local variables of the group,
# except for the function that must not see the variables of a calling function.
begin
    set -l fish_trace
    # Empty the prompt's text, which is outdated. The variable stays exported.
    set -q ROLE_ENV_PROMPT; and set -g ROLE_ENV_PROMPT ''

    # session: not empty in a shell with one; own: its secret and token; ours: names of its keys, and of absent ones;
    # theirs: names of the keys that the user has set meanwhile; bare: not empty if the bare SECURITY_TOKEN is the
    # user's; left: variables that a session unsets; shared: the file of profiles under `exec --renew`, which is never
    # restored; older: not empty for a session of an older version, which did not change these.
    set -l id
    set -l session
    set -l own
    set -l ours
    set -l theirs
    set -l bare
    set -l left
    set -l shared
    set -l older
    set -l v
    function _re_sort --no-scope-shadowing
        set id "$ROLE_ENV_ACCESS_KEY_ID"
        set session "$ROLE_ENV_PROFILE$ROLE_ENV_ACCESS_KEY_ID$ROLE_ENV_REQUEST"
        # Without that variable, the request names the key.
        test -n "$id"; or set id (string match -rg '"access_key_id":"([^"]+)"' -- "$ROLE_ENV_REQUEST")
        set own $_role_env_token
        set ours
        set theirs
        set bare SECURITY_TOKEN
        set older
        for key in @QUOTED_KEYS@
            set -l names (string split ' ' -- $key)
            set -l value $$names[1]
            if contains -- "$value" '' @ABSENT@
                set -a ours $names
            else if test "$value" = "$id"
                set -a ours $names
                for v in $names[2..]
                    set -a own $$v
                end
            else
                set -a theirs $names
            end
        end
        if not set -q SECURITY_TOKEN; or contains -- "$SECURITY_TOKEN" @ABSENT@ $own
            set bare
        end
        test -n "$ROLE_ENV_NO_ACCOUNT" -a -z "$SECURITY_TOKEN"; and set bare
        set left @OTHER_OUTRANKING@
        for p in @PREFIXES@
            for s in @SUFFIXES@
                set -a left $p'_'$s
            end
        end
        # In a session of `exec --renew` the credentials URI is the session's own.
        if test -z "$ROLE_ENV_PROFILE"; or test -n "$ROLE_ENV_ACCESS_KEY_ID"
            set -a left @CREDENTIALS_URI@
        end
        set shared
        test -n "$ROLE_ENV_SERVER"; and set shared @SHARED_FILE@
        test -z "$ROLE_ENV_FAMILIES$ROLE_ENV_NO_ACCOUNT"; and set older @DISABLED@
    end
    _re_sort

    # Save the variable, without seeing local variables of the caller. The session's own value, or one that counts as
    # absent, is not saved, and an earlier saved value is dropped.
    function _re_keep_global
        set -l v $argv[1]
        if not set -qg $v; or contains -- "$$v" @RESERVED@ $argv[2..]
            set -e -g _role_env_old_$v
        else if set -qgx $v
            set -g _role_env_old_$v e $$v
        else
            set -g _role_env_old_$v s $$v
        end
    end

    # The global variable that a local one hides may now be the session's.
    function _re_keep --no-scope-shadowing
        set -ql $v; and test -n "$_role_env_saved"; or _re_keep_global $v $own
    end

    # Restore the variable from its saved value, which stays until it is forgotten.
    function _re_restore --no-scope-shadowing
        set -e -g $v
        set -l old _role_env_old_$v
        set old $$old
        switch "$old[1]"
            case e
                set -gx $v $old[2..]
            case s
                set -g $v $old[2..]
        end
    end

    function _re_take_back --no-scope-shadowing
        _re_restore
        set -e -g _role_env_old_$v
    end

    function _re_remove --no-scope-shadowing
        set -e -g $v
        if set -qU $v
            set -gx $v ''
        end
    end

    # Leave the shell without any account, if it has a session. The user's own values are saved.
    function _re_take_away --no-scope-shadowing
        _re_sort
        if test -n "$ROLE_ENV_NO_ACCOUNT"; or test -z "$session"
            return
        end
        for v in $theirs $bare
            _re_keep
        end
        # An empty global before a universal variable is role-env's.
        for v in $left $older
            if set -qg $v; and begin
                    test -n "$$v"; or not set -qU $v
                end
                _re_keep
            end
        end
        for v in $ours $theirs SECURITY_TOKEN $left $shared @CREDENTIALS_URI@ @TAKEN_AWAY@
            _re_remove
        end
        set -e -g _role_env_token _role_env_colour
        #@EACH NO_ACCOUNT
        for v in NAMES
            set -gx $v VALUE
        end
        #@END
    end

    # Set variables: `names` are all of them, and `wrong` those that keep another value. The arguments are a value, the
    # names of its variables, another value, and so on.
    function _re_put --no-scope-shadowing
        while set -q argv[1]
            for v in (string split ' ' -- $argv[2])
                set -a names $v
                set -gx $v "$argv[1]"
                test "$$v" = "$argv[1]"; or set -a wrong $v
            end
            set argv $argv[3..]
        end
    end

    # Print a line in an interactive shell.
    function _re_confirm
        status is-interactive; and printf '%s\n' $argv[1] >&2
        true
    end
    #@PROGRAM@ The rest of the program, from another file.
    functions -e @FUNCTIONS@
    test $result = true
end
