# role-env's integration in fish: role-env init fish | source. This file, `prompt.fish` and `completion.fish` are one
# text, in which the names between two @ are replaced by the command's own tables. A function without a comment does what
# the one of its name in the files for bash and zsh does.
#
# `role-env use PROFILE`, `off` and `renew` act in this shell; everything else goes to the command. In an interactive
# shell ROLE_ENV_PROMPT describes the session, the prompt shows it, and words complete. The prompt requires fish 3.6.
#
# Text from outside is never evaluated, arithmetic gets only digits, and inherited variables are replaced.
for name in seen name left end on off plain warning warned request previous observed text
    set -gu _role_env_$name ''
end
for name in retry since next
    set -gu _role_env_$name 0
end
set -gu _role_env_window 1
set -e -g name
set -e ROLE_ENV_PROMPT

# The version of this text, and the options of `role-env init`: --no-prompt, --renew.
set -gu _role_env_options '@OPTIONS@'

function role-env
    # Help is for a person and never evaluated.
    if contains -- -h $argv; or contains -- --help $argv
        _role_env_call $argv
        return
    end
    switch "$argv[1]"
        case use
            _role_env_use $argv[2..]
        case off
            _role_env_end_session $argv[2..]
        case renew
            _role_env_renew_here $argv
        case '*'
            _role_env_call $argv
    end
end

# Run the command. ROLE_ENV_INIT decides its hints, and shows `role-env doctor` an older integration.
function _role_env_call --no-scope-shadowing
    ROLE_ENV_INIT=(string split -f 1 ' ' -- "$_role_env_options") command role-env $argv
end

function _role_env_use
    _role_env_can_run; or return
    _role_env_remember
    set -lx ROLE_ENV_PREVIOUS "$_role_env_request"
    test -n "$ROLE_ENV_PROFILE"; and set ROLE_ENV_PREVIOUS "$_role_env_previous"
    _role_env_take export $argv
    set -l result $status
    _role_env_remember
    _role_env_refresh
    return $result
end

function _role_env_remember
    test -n "$ROLE_ENV_PROFILE"; or return 0
    set -l here none
    string match -q -- "*\"shown\":\"@EACH SHOWN $ITEM @END\"*" "$ROLE_ENV_REQUEST"; and set here $ROLE_ENV_REQUEST
    set -l requests (string replace -r ',"sts_endpoint".*' '' -- $here "$_role_env_request")
    test "$requests[1]" = "$requests[2]"; or set -g _role_env_previous $_role_env_request
    set -g _role_env_request $here
end

# End the session without a process, by the code below. fish has no subshells, so it always acts in this shell.
function _role_env_end_session
    _role_env_remember
    if set -q argv[1]
        _role_env_take off $argv
    else
        @OFF@
    end
    set -l result $status
    _role_env_refresh
    return $result
end

# Run `renew` for a person.
function _role_env_renew_here
    set -l before "$ROLE_ENV_EXPIRATION"
    _role_env_take $argv
    set -l result $status
    _role_env_refresh
    if test $result = 0 -a "$ROLE_ENV_EXPIRATION" = "$before"; and status is-interactive
        _role_env_say_not_due
    end
    return $result
end

# Print that a renewal had nothing to do.
function _role_env_say_not_due
    if _role_env_is_served
        echo 'role-env: the session of this shell is renewed by role-env exec --renew' >&2
    else if string match -q -r -- '^[0-9]{1,12}\z' "$ROLE_ENV_EXPIRATION"
        set -l minutes (math "floor(($ROLE_ENV_EXPIRATION - "(command date +%s)" - 1) / 60)")
        echo "role-env: the session of this shell is not due for renewal: $minutes min left" >&2
    end
end

# Evaluate the code that the command prints for this shell, and return its status, or 1 if the evaluation failed.
function _role_env_take
    _role_env_can_run; or return
    _role_env_call $argv --format fish | source
    set -l results $pipestatus
    test "$results[1]" = 0; and return $results[2]
    return $results[1]
end

# Succeed if the command can run. If it or its interpreter is missing, print one line instead of the shell's message.
function _role_env_can_run
    set -l file (command -s role-env)
    set -l line ''
    if test -n "$file"
        read line <"$file"
        set -l interpreter (string match -r -g '^#!(/\S*)' -- $line)
        if test -z "$interpreter"; or test -x "$interpreter"
            return 0
        end
    else
        set file role-env
    end
    printf 'role-env: the command %s cannot run: it, or its Python, is missing\n%s\n' $file \
        'role-env: hint: install it again; role-env off works without it' >&2
    return 127
end

# Wrap the prompt's function again if another one has replaced it, since the next prompt must show the change.
function _role_env_refresh
    functions -q _role_env_on_prompt; or return 0
    _role_env_wrap
    true
end
