# The prompt's text in fish: what the session is, whether all tools find it, and its renewal.

# Set ROLE_ENV_PROMPT at each prompt, and report or renew the session if that is due. fish itself keeps $status. Most of
# the time nothing has changed, and the time of the next change of the text has not come. The state has the value and
# the export of each relevant variable; a list has the value that programs see.
#
# fish has no clock. On Linux a file has the time since the machine started; elsewhere the age of a file gives the time
# without a fork.
function _role_env_prompt
    if set -q _role_env_has_uptime
        read -f age rest </proc/uptime
    else
        set -f age (path mtime -R /)
    end
    _role_env_observe
    test "$_role_env_observed" = "$_role_env_state" -a $age -ge $_role_env_since -a $age -lt $_role_env_next
    and begin
        test -z "$ROLE_ENV_SERVER"; or _role_env_has_server
    end
    or _role_env_update $age
    set -g ROLE_ENV_PROMPT "$_role_env_text"
end

# Print the epoch seconds.
function _role_env_clock
    math (path mtime /) + (path mtime -R /)
end

function _role_env_observe
    # The number of variables that should be exported and are not. A list of the exported ones would double the time.
    set -qx @SEEN_BY_TOOLS@ ALICLOUD_SHARED_CREDENTIALS_FILE
    set -g _role_env_observed "@EACH COMPARED $ITEM @END $status"
end

# Examine everything: the text, its color, and the `age` until which they are correct.
function _role_env_update
    set -l age $argv[1]
    set -l now (_role_env_clock)
    set -g _role_env_since $age
    set -g _role_env_next (math $age + 60)
    if test -n "$ROLE_ENV_PROFILE"
        _role_env_remember
        _role_env_examine $now
        if test -n "$_role_env_end"; and test (math $_role_env_end - $now) -lt $_role_env_window -a $now -ge $_role_env_retry
            _role_env_renew_or_warn $now
            set now (_role_env_clock)
            test -n "$ROLE_ENV_PROFILE"; and _role_env_examine $now
        end
    end
    if test -n "$ROLE_ENV_PROFILE"
        _role_env_describe $age $now
    else
        _role_env_paint
        set -g _role_env_on $_role_env_warning
        set -g _role_env_text ''
        set -g _role_env_seen ''
        if test -n "$ROLE_ENV_NO_ACCOUNT"
            set -g _role_env_text 'no account'
            test -z "$ALIBABA_CLOUD_CREDENTIALS_URI"; and _role_env_is_guarded none
            or set -g _role_env_text 'no account≠'
        else if test -n "@EACH DESCRIBING $ITEM@END"
            # The keys may be the session's, whose profile nothing names.
            set -g _role_env_text 'unknown session≠'
        end
    end
    # A renewal may have changed it.
    _role_env_observe
    set -g _role_env_state "$_role_env_observed"
end

function _role_env_describe
    set -l left (math "0$_role_env_end" - $argv[2])
    set -l sign
    set -l text
    _role_env_is_whole; or set sign ≠
    if _role_env_is_served
        set left 300
    else if test -z "$_role_env_end"
        set text ' ?'
    else if test $left -gt 0
        # The current second has begun: less than $left is left.
        set -l minutes (math "floor(($left - 1) / 60)")
        set text " "$minutes"m"
        set -g _role_env_next (math "$argv[1] + max(1, $left - $minutes * 60)")
    else
        set text ' expired'
    end
    # The window begins, or the minute after a failure ends.
    set -l wait (math "max(1, $left - $_role_env_window + 1, $_role_env_retry - $argv[2])")
    set -g _role_env_next (math "min($_role_env_next, $argv[1] + $wait)")
    set -g _role_env_on $_role_env_plain
    set -q sign[1]; or test $left -lt 300; and set -g _role_env_on $_role_env_warning
    set -g _role_env_text "$_role_env_name$sign$text"
end

# Succeed if `role-env exec --renew` serves the session, which lasts as long as this shell.
function _role_env_is_served
    test -z "$ROLE_ENV_ACCESS_KEY_ID" -a -n "$ALIBABA_CLOUD_CREDENTIALS_URI"
end

function _role_env_has_server
    # The groups set the variables: a command substitution would take half of a prompt's time.
    set -l pid
    set -l uri
    string match -qr '^(?<pid>[1-9][0-9]{0,6}) (?<uri>.+)\z' -- "$ROLE_ENV_SERVER"
    and test "$uri" = "$ALIBABA_CLOUD_CREDENTIALS_URI" -a "$pid" != $fish_pid
    or return
    set -l file "$ALICLOUD_SHARED_CREDENTIALS_FILE"
    if not string match -qr "^/proc/$pid/fd/[0-9]+\z" -- $file
        string match -q -- "*/role-env-*/@SERVED_PROFILE@-$pid-*" $file
        and command kill -0 $pid 2>/dev/null
        or return
    end
    # In another user namespace the file cannot be opened.
    if test -L $file; and not test -e $file
        command kill -0 $pid 2>/dev/null
        return
    end
    # Another kind of file could make the shell wait.
    test -f $file -a -O $file; or return
    read -l text <$file
    string match -q -- '@SERVED_FILE_START@*' $text
end

function _role_env_is_whole
    set -l id "$ROLE_ENV_ACCESS_KEY_ID"
    test -z "@EACH OUTRANKING $ITEM@END$ROLE_ENV_NO_ACCOUNT"; or return
    test (string replace -a @ABSENT@ '' -- "@EACH KEY_IDS $ITEM @END") = "@EACH KEY_IDS $id @END"; or return
    # A family that a profile adds, and its key ID.
    for pair in @EACH OTHER_KEY_IDS "FAMILY $KEY_ID" @END
        set -l parts (string split ' ' -- $pair)
        string match -q -- "* $parts[1] *" " $ROLE_ENV_FAMILIES "; or test -n "$parts[2]"; or continue
        test "$parts[2]" = "$id"; or return
    end
    # The variables of two sessions can be mixed, since direnv restores only those that it has changed.
    string match -q -- "*\"access_key_id\":\"$id*\"shown\":\"@EACH SHOWN $ITEM @END\"*" "$ROLE_ENV_REQUEST"
    or return
    if _role_env_is_served
        string match -q -- "*,\"server\":\"$ROLE_ENV_SERVER\"}" "$ROLE_ENV_REQUEST"
        and _role_env_is_guarded served; and _role_env_has_server; and set -qx ALICLOUD_SHARED_CREDENTIALS_FILE
        return
    end
    contains -- "@EACH GUARDS $ITEM @END" @EXPECTED_GUARDS@; or return
    test -n "$id" -a -z "$ALIBABA_CLOUD_CREDENTIALS_URI"; and _role_env_is_seen_by_tools
end

# Succeed if tools find neither a key nor an account of their own, as under `exec --renew` (the argument is served) and
# after a failed switch (none).
function _role_env_is_guarded
    contains -- "@EACH OUTRANKING $ITEM@END$argv[1] @EACH WITHOUT_KEY $ITEM @END" @EXPECTED_WITHOUT_KEY@
    and _role_env_is_seen_by_tools
end

function _role_env_is_seen_by_tools
    for name in @SEEN_BY_TOOLS@
        set -qx $name; or test -z "$$name"; or return
    end
    true
end

# Examine a session that is new in this shell; the argument is the time.
function _role_env_examine
    set -l key "$ROLE_ENV_ACCESS_KEY_ID $ROLE_ENV_PROFILE $ROLE_ENV_EXPIRATION" \
        "$ROLE_ENV_POLICY $_role_env_colour $(set -q ROLE_ENV_REQUEST; and echo 1)"
    test "$key" = "$_role_env_seen"; and return
    set -g _role_env_seen "$key"
    set -g _role_env_name (string replace -ra '\p{C}' '' -- "$ROLE_ENV_PROFILE" | string sub -l 64 | string collect)
    switch "$ROLE_ENV_POLICY"
        case ''
        case read-only
            set -g _role_env_name "$_role_env_name (read-only)"
        case '*'
            set -g _role_env_name "$_role_env_name (narrowed)"
    end
    set -g _role_env_end ''
    if string match -qr '^[0-9]{1,12}\z' -- "$ROLE_ENV_EXPIRATION"
        set -g _role_env_end $ROLE_ENV_EXPIRATION
    end
    set -g _role_env_retry 0
    set -g _role_env_window 1
    if test -n "$_role_env_end"; and string match -q -- '*--renew*' $_role_env_options
        # The command renews when less than min(300 s, a fifth of the lifetime) is left. The time left now is at most the
        # lifetime, so within this window the command always renews.
        set -g _role_env_window (math "max(1, min(300, floor(($_role_env_end - $argv[1]) / 5)))")
    end
    # For shells started from this one.
    test -n "$_role_env_colour"; and set -gx _role_env_colour $_role_env_colour
    _role_env_paint
    if test -z "$ROLE_ENV_REQUEST"; and not _role_env_is_served
        _role_env_say "the session of $_role_env_name cannot be renewed: it is from an older version, or was not made for a shell"
    end
end

# Print a line about the session, and how to get a new one.
function _role_env_say
    printf 'role-env: %s\nrole-env: hint: role-env use %s\n' $argv[1] (string split -f 1 ' ' -- $_role_env_name) >&2
end

# Set the colors: the profile's, or red in reverse video for a warning without one.
function _role_env_paint
    for name in on off plain warning
        set -g _role_env_$name ''
    end
    if test -n "$NO_COLOR"; or test "$TERM" = dumb
        return
    end
    set -l names @EACH COLORS NAME @END
    set -l codes @EACH COLORS CODE @END
    set -l color 33
    set -l warning 31
    if test -n "$ROLE_ENV_PROFILE" -a -n "$_role_env_colour"
        set -l position (contains -i -- "$_role_env_colour" $names); and set color $codes[$position]
        set warning $color
    end
    set -g _role_env_plain \e"[1;"$color"m"
    set -g _role_env_warning \e"[1;7;"$warning"m"
    set -g _role_env_off \e"[0m"
end

# Renew the session inside the window or, without --renew, report once that it has expired.
function _role_env_renew_or_warn
    if string match -q -- '*--renew*' $_role_env_options
        set -g _role_env_retry (math $argv[1] + 60)
        _role_env_renew
        # Sooner if less time is left: another shell may have renewed the session by then.
        set -l now (_role_env_clock)
        set -l left (math $_role_env_end - $now)
        test $left -gt 0 -a $left -lt 240; and set -g _role_env_retry (math "$now + ceil($left / 4)")
        return
    end
    test "$_role_env_warned" = "$_role_env_seen"; or _role_env_say "the session of $_role_env_name has expired"
    set -g _role_env_warned $_role_env_seen
end

function _role_env_renew
    _role_env_can_run; or return
    string match -qr '^([123]|[0123]\.[0-9]*)\z' -- "$ROLE_ENV_TIMEOUT"; or set -lx ROLE_ENV_TIMEOUT 4
    # A local variable that is not exported hides the shell's from the command.
    for name in @PINNED@ (_role_env_properties)
        set -fu $name
    end
    for position in (seq 1 2 (count $_role_env_pinned))
        set -fx $_role_env_pinned[$position] $_role_env_pinned[(math $position + 1)]
    end
    set -fx ROLE_ENV_INIT (string split -f 1 ' ' -- "$_role_env_options")
    begin
        command sh -c 'cd / && exec role-env "$@"' sh renew --unattended --format fish 2>| _role_env_say_once
    end | source
end

function _role_env_properties
    set -nx | string match 'KEYRING_PROPERTY_*'
end

function _role_env_say_once
    set -l last
    while read -l line
        string match -q 'role-env: hint:*' -- $line; or set last $line
    end
    set -q last[1]; and test "$_role_env_warned" != "$_role_env_seen $last"; or return
    set -g _role_env_warned "$_role_env_seen $last"
    printf '%s\n' $last >&2
end

# Wrap any prompt function: at the first prompt, when it exists, and again after another one has replaced it. It runs
# after all hooks, so it sees their changes.
function _role_env_wrap
    functions fish_prompt | string match -q '*_role_env_inner_prompt*'; and return
    functions -e _role_env_inner_prompt
    functions -c fish_prompt _role_env_inner_prompt; or return
    function fish_prompt
        # `set`, its event handlers and `switch` keep $status and $pipestatus, which the prompt within may show.
        set -g _role_env_draws 1
        switch "$_role_env_hides$ROLE_ENV_PROMPT/$pipestatus/$status"
            case '/*'
                _role_env_inner_prompt
            case '*/0/0'
                printf '%s%s%s ' $_role_env_on $ROLE_ENV_PROMPT $_role_env_off
                true
                _role_env_inner_prompt
            case '*'
                set -l text (_role_env_inner_prompt | string collect --no-trim-newlines)
                printf '%s%s%s %s' "$_role_env_on" "$ROLE_ENV_PROMPT" "$_role_env_off" "$text"
        end
    end
end

# Install it in an interactive shell. Without `path mtime` fish cannot measure time.
if status is-interactive; and path mtime / >/dev/null 2>/dev/null
    set -g _role_env_hides ''
    string match -q -- '*--no-prompt*' $_role_env_options; and set -g _role_env_hides /
    set -e -g _role_env_has_uptime
    string match -qr '^[0-9.]+ ' -- (read -z </proc/uptime 2>/dev/null); and set -g _role_env_has_uptime 1
    # The current values of the variables that lead to files, the keyring and certificates.
    set -gu _role_env_pinned
    for name in @PINNED@ (_role_env_properties)
        set -qx $name; and set -a _role_env_pinned $name "$$name"
    end
    # A wrapped prompt examines the session when it is drawn.
    set -e -g _role_env_draws
    function _role_env_on_prompt --on-event fish_prompt
        if set -q _role_env_draws
            set -e -g _role_env_draws
        else
            _role_env_wrap
            _role_env_prompt
        end
    end
    function _role_env_on_draw --on-variable _role_env_draws
        set -q _role_env_draws; and _role_env_prompt
    end
    # Unless the session is examined after the command, no text is shown.
    function _role_env_on_command --on-event fish_preexec
        set -g ROLE_ENV_PROMPT ''
    end
end
