# role-env's integration in fish: role-env init fish | source. The names between two @ are replaced by the command's own
# tables. A variable or function without a comment is what the one of its name in the file for bash and zsh is.
#
# `role-env use PROFILE`, `off` and `renew` act in this shell; everything else goes to the command. In an interactive
# shell ROLE_ENV_PROMPT describes the session, the prompt shows it, and words complete. The prompt requires fish 3.6.
for name in state observed text name sign end due usual warning on off requests warned
    set -gu _role_env_$name ''
end
for name in since next retry
    set -gu _role_env_$name 0
end
set -e -g name

# The version of this text, and the options of `role-env init`: --no-prompt, --renew.
set -gu _role_env_options '@OPTIONS@'

function role-env
    switch "$argv[1]"
        case use off renew
            _role_env_run_here $argv
        case '*'
            _role_env_call $argv
    end
end

# Run the command. ROLE_ENV_INIT decides its hints, and shows `role-env doctor` an older integration.
function _role_env_call --no-scope-shadowing
    ROLE_ENV_INIT=(string split -f 1 ' ' -- "$_role_env_options") command role-env $argv
end

# Run `use`, `off` or `renew`: evaluate the code that the command prints for this shell. Help is for a person. fish has
# no subshells, so it always acts in this shell.
function _role_env_run_here
    if contains -- -h $argv; or contains -- --help $argv
        _role_env_call $argv
        return
    end
    _role_env_remember
    if test $argv[1] = use
        # Of these the command chooses one for `-`.
        set -fx ROLE_ENV_PREVIOUS (string join \n -- $_role_env_requests | string collect)
        set argv[1] export
    end
    _role_env_call $argv --format fish | source
    set -l results $pipestatus
    _role_env_remember $argv[1]
    set -g _role_env_state ''
    functions -q _role_env_on_prompt; and _role_env_wrap
    test "$results[1]" = 0; and return $results[2]
    return $results[1]
end

function _role_env_remember
    test -n "$ROLE_ENV_REQUEST" -a "$ROLE_ENV_REQUEST" != "$_role_env_requests[1]"; or return 0
    test "$argv" = renew; and set -e _role_env_requests[1]
    set -g _role_env_requests $ROLE_ENV_REQUEST $_role_env_requests[1..19]
end

# Set ROLE_ENV_PROMPT at each prompt. fish itself keeps $status. Most of the time nothing has changed, and the time of
# the next change of the text has not come.
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
    or _role_env_update $age
    set -g ROLE_ENV_PROMPT "$_role_env_text"
end

# The text that the hook compares. Of the secrets: how many are unset, and whether one is empty or invalid.
function _role_env_observe
    set -q @EACH MEASURED ITEM @END
    set -l unset $status
    string match -qr '^(@NO_ACCOUNT_VALUE@)?$' -- @EACH MEASURED $ITEM @END
    set -g _role_env_observed "@EACH COMPARED $ITEM @END $unset $status"
    test -z "$ROLE_ENV_SERVER"; or test -e "$ALICLOUD_SHARED_CREDENTIALS_FILE"; or set -ga _role_env_observed ended
end

# Set the text that the prompt shows; the argument is the age until now.
function _role_env_update
    set -l now (math (path mtime /) + (path mtime -R /))
    if test "$_role_env_observed" != "$_role_env_state" -o -n "$_role_env_sign"
        _role_env_remember
        _role_env_ask
    end
    if test -n "$_role_env_due"; and string match -q -- '*--renew*' $_role_env_options
        if test $now -ge $_role_env_due -a $now -ge $_role_env_retry
            set -g _role_env_retry (math $now + 30)
            _role_env_renew
            _role_env_remember renew
            _role_env_ask
        end
    end
    set -g _role_env_since $argv[1]
    _role_env_describe $argv[1] $now
    _role_env_observe
    set -g _role_env_state "$_role_env_observed"
end

function _role_env_ask
    set -l lines
    if test -n "@EACH MARKS $ITEM@END"; or contains -- "$ALIBABA_CLOUD_PROFILE" @EACH RESERVED ITEM @END
        set lines (command role-env status --prompt 2>/dev/null)
        set -l sign ≠
        set -q ROLE_ENV_SIGN; and set sign $ROLE_ENV_SIGN
        set -q lines[6]; or set lines "$ROLE_ENV_PROFILE" $sign '' '' '' ''
    end
    for name in name sign end due usual warning
        set -g _role_env_$name $lines[1]
        set -e lines[1]
    end
end

# Set the text, its colors, and the age until which it is right; the arguments are the age and the epoch seconds now.
function _role_env_describe
    set -l left 300
    set -l text ''
    set -l wait 60
    switch "$_role_env_end"
        case '' served
        case '*'
            set left (math $_role_env_end - $argv[2])
            if test $left -gt 0
                # The current second has begun: less than $left is left.
                set -l minutes (math "floor(($left - 1) / 60)")
                set text " "$minutes"m"
                if test $minutes -ge 60
                    set -l tens (math "floor($minutes % 60 / 10)")
                    set text " "(math "floor($minutes / 60)")h$tens(math "$minutes % 10")
                end
                set wait (math "max(1, $left - $minutes * 60)")
            else
                set text ' expired'
            end
    end
    set -l color $_role_env_usual
    test -n "$_role_env_sign" -o $left -lt 300; and set color $_role_env_warning
    set -g _role_env_on ''
    set -g _role_env_off ''
    if test -n "$color"
        set -g _role_env_on \e"["$color"m"
        set -g _role_env_off \e"[0m"
    end
    set -g _role_env_next (math $argv[1] + $wait)
    set -g _role_env_text "$_role_env_name$_role_env_sign$text"
end

# Renew the session, within 5 seconds. The reason of a failure is shown once for each session; stderr is no terminal, so
# that no keyring asks anything.
function _role_env_renew
    begin
        ROLE_ENV_TIMEOUT=4 _role_env_call renew --format fish 2>| _role_env_say_once
    end | source 2>/dev/null; and set -g _role_env_retry 0
end

function _role_env_say_once
    read -z -l said
    test -n "$said" -a "$_role_env_warned" != "$ROLE_ENV_ACCESS_KEY_ID"; or return
    set -g _role_env_warned $ROLE_ENV_ACCESS_KEY_ID
    printf '%s' $said >&2
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
                printf '%s%s%s ' "$_role_env_on" $ROLE_ENV_PROMPT "$_role_env_off"
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

# Print the words that can follow `role-env`.
function _role_env_complete
    set -l here (commandline -ct)
    set -l words (commandline -opc) "$here"
    set -l prefix (string match -r -- '^--[^=]*=' "$here")
    for line in (_role_env_call --complete $words[2..] 2>/dev/null)
        set -l parts (string split -m 1 \t -- $line)
        switch $parts[1]
            case files
                string replace -r -- '^' "$prefix" (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$here"))
            case command
                # fish would run a substitution in the place of a command.
                string match -q -- '*(*' $here
                or complete -C (string join ' ' -- (string escape -- $words[(math $parts[2] + 1)..-2]) $here)
            case '*'
                string replace -r -- '^' "$prefix" $parts[2]
        end
    end
end

if status is-interactive
    complete -c role-env -e
    complete -c role-env -f -k -a '(_role_env_complete)'
end
