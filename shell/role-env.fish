# role-env in fish: role-env init fish | source
#
# `role-env use PROFILE` and `role-env off` act in this shell; all else goes to the command. In an interactive shell
# ROLE_ENV_PROMPT tells of the session, the prompt shows it, and names complete. For the prompt fish 3.6 or newer.
#
# Nothing from outside is ever evaluated, only what is all digits is reckoned with, and what a shell of this shell
# could inherit is forgotten first.
set -gu _role_env_seen ''
set -gu _role_env_name ''
set -gu _role_env_left ''
set -gu _role_env_end ''
set -gu _role_env_window 1
set -gu _role_env_retry 0
set -gu _role_env_told ''
set -gu _role_env_on ''
set -gu _role_env_off ''
set -gu _role_env_plain ''
set -gu _role_env_warning ''
set -gu _role_env_used
set -gu _role_env_age 0
set -gu _role_env_next 0

# The version that this is of, and what `role-env init` was told: --no-prompt, --renew.
set -gu _role_env_options '@OPTIONS@'

function role-env
    switch "$argv[1]"
        case use
            _role_env_use $argv[2..]
        case off
            if contains -- -h $argv; or contains -- --help $argv
                command role-env $argv
            else
                _role_env_take off $argv[2..]
            end
        case '*'
            # For `role-env doctor`, which tells of an integration older than the command.
            ROLE_ENV_INIT=(string split -f 1 ' ' -- "$_role_env_options") command role-env $argv
    end
end

# Puts a session into this shell, with the options of `role-env export`; without a profile it asks which.
function _role_env_use
    if contains -- -h $argv; or contains -- --help $argv
        command role-env export $argv
        return
    end
    _role_env_runs; or return
    if not _role_env_has_profile $argv; and isatty stdin; and isatty stderr
        set -l chosen (_role_env_choose $argv); or return
        set -a argv $chosen
    end
    _role_env_take export $argv; or return
    _role_env_remember $argv
end

# Keeps what a renewal is to ask for: the same words, with a path that names the same file in any folder.
function _role_env_remember
    set -g _role_env_used "$ROLE_ENV_ACCESS_KEY_ID"
    set -l before ''
    for word in $argv
        switch "$before$word"
            case 'value/*' '--config=/*' value '--config='
            case 'value*'
                set word $PWD/$word
            case '--config=*'
                set word --config=$PWD/(string replace -- --config= '' $word)
        end
        set -a _role_env_used $word
        if test "$word" = --config
            set before value
        else
            set before ''
        end
    end
    true
end

# Whether the command can run: a line instead of what a shell says when it, or its interpreter, has gone.
function _role_env_runs
    set -l path (command -s role-env)
    set -l line ''
    if test -n "$path"
        read line <"$path"
        set -l interpreter (string match -r -g '^#!(/\S*)' -- $line)
        if test -z "$interpreter"; or test -x "$interpreter"
            return 0
        end
    else
        set path role-env
    end
    printf 'role-env: the command %s cannot run: it, or its Python, has gone; install it anew\n' $path >&2
    return 127
end

# Evaluates what the command prints for this shell.
function _role_env_take
    _role_env_runs; or return
    command role-env $argv --format fish | source
    set -l ends $pipestatus
    test "$ends" = '0 0'; and return 0
    return 1
end

# Whether one of the words is neither an option nor the value of one.
function _role_env_has_profile
    set -l value
    for word in $argv
        if set -q value[1]
            set -e value
            continue
        end
        switch $word
            case --config --duration --session-name --region --min-ttl --expect-account
                set value $word
            case '-*'
            case '*'
                return 0
        end
    end
    return 1
end

# Shows a numbered list of the profiles, asks for one and prints its name.
function _role_env_choose
    set -l config (_role_env_config_of $argv)
    set -l names (command role-env list --names $config); or return
    set -l number 0
    for name in $names
        set number (math $number + 1)
        printf '%3d  %s\n' $number $name >&2
    end
    read -l -P 'role-env: which profile (number or name)? ' answer; or return
    set number 0
    for name in $names
        set number (math $number + 1)
        if test "$answer" = $number; or test "$answer" = $name
            printf '%s\n' $name
            return 0
        end
    end
    printf 'role-env: that is none of them; nothing was changed\n' >&2
    return 1
end

# The option --config out of words that hold it, as one word.
function _role_env_config_of
    set -l previous ''
    set -l config
    for word in $argv
        if test "$previous" = --config
            set config --config=$word
        else if string match -q -- '--config=*' $word
            set config $word
        end
        set previous $word
    end
    set -q config[1]; and printf '%s\n' $config[-1]
end

# Sets ROLE_ENV_PROMPT before each prompt, and tells or renews what has to be. fish itself keeps $status.
#
# fish has no clock, but it tells the age of a file without a fork. Between two calls that of / only grows, unless it is
# touched or the clock is set back; what is shown is reckoned anew then, and when it has grown to _role_env_next.
function _role_env_prompt
    set -q _role_env_wraps; and _role_env_wrap
    if test -z "$ROLE_ENV_PROFILE"
        _role_env_none
        return
    end
    set -l key "$ROLE_ENV_ACCESS_KEY_ID $ROLE_ENV_PROFILE $ROLE_ENV_EXPIRATION" \
        "$_role_env_colour $ALIBABA_CLOUD_CREDENTIALS_URI"
    set -l age (path mtime -R /)
    if test "$key" != "$_role_env_seen" -o "$age" -lt $_role_env_age -o "$age" -ge $_role_env_next
        _role_env_look
        test -n "$ROLE_ENV_PROFILE"; or return
    end
    set -g _role_env_age $age
    if _role_env_is_whole
        set -g ROLE_ENV_PROMPT "$_role_env_name$_role_env_left"
    else
        set -g ROLE_ENV_PROMPT "$_role_env_name≠$_role_env_left"
        set -g _role_env_on $_role_env_warning
        set -g _role_env_next 0
    end
end

# There is no session; after a failed switch, which left no account at all, it says so.
function _role_env_none
    set -g _role_env_seen ''
    if test -n "$ROLE_ENV_NO_ACCOUNT"
        _role_env_paint
        set -g _role_env_on $_role_env_warning
        set -g ROLE_ENV_PROMPT 'no account'
    else
        set -g ROLE_ENV_PROMPT ''
    end
end

# Whether the key ids of all families are still the session's, or absent, but not all of them.
function _role_env_is_whole
    set -l id "$ROLE_ENV_ACCESS_KEY_ID"
    # Those of the families that are exported by default, in one go; it is seldom that there is more to see.
    set -l usual "$ALIBABA_CLOUD_ACCESS_KEY_ID $ALIBABACLOUD_ACCESS_KEY_ID $ALICLOUD_ACCESS_KEY"
    set -l more "$ALICLOUD_ACCESS_KEY_ID $OSS_ACCESS_KEY_ID $ALIYUN_LOG_CLI_ACCESSID$AccessKeyId"
    test "$usual $more" = "$id $id $id $id $id "; and return
    for other in "$ALIBABA_CLOUD_ACCESS_KEY_ID" "$ALIBABACLOUD_ACCESS_KEY_ID" "$ALICLOUD_ACCESS_KEY" \
        "$ALICLOUD_ACCESS_KEY_ID" "$OSS_ACCESS_KEY_ID" "$ALIYUN_LOG_CLI_ACCESSID" "$AccessKeyId"
        contains -- $other '' "$id"; or return 1
    end
    string match -qr '\S' -- "$usual $more$ALIBABA_CLOUD_CREDENTIALS_URI"
end

# Reckons with the time: what is left, in which colour, and until which age of / that stands. `key` and `age` are the
# caller's.
function _role_env_look --no-scope-shadowing
    set -l now (math (path mtime /) + (path mtime -R /))
    if test "$key" != "$_role_env_seen"
        _role_env_arrive "$key" $now
    end
    set -g _role_env_next (math $age + 86400)
    if test -z "$_role_env_end"
        set -g _role_env_left ' ?'
        set -g _role_env_on $_role_env_warning
        if test -z "$ROLE_ENV_EXPIRATION" -a -n "$ALIBABA_CLOUD_CREDENTIALS_URI"
            # `role-env exec --renew` serves it for as long as this shell lives.
            set -g _role_env_left ''
            set -g _role_env_on $_role_env_plain
        end
        return
    end
    set -l left (math $_role_env_end - $now)
    if test $left -lt $_role_env_window -a $now -ge $_role_env_retry
        _role_env_act $now
        test -n "$ROLE_ENV_PROFILE"; or _role_env_none
        test -n "$ROLE_ENV_PROFILE"; or return
        set left (math $_role_env_end - (path mtime /) - (path mtime -R /))
    end
    if test $left -gt 0
        set -l minutes (math "floor($left / 60)")
        set -g _role_env_left " "$minutes"m"
        set -g _role_env_next (math "$age + max(1, min($left, $left - $minutes * 60 + 1))")
    else
        set -g _role_env_left ' expired'
    end
    if string match -q -- '*--renew*' $_role_env_options
        # Into the window, or out of the minute after a failure.
        set -l wait (math "max(1, $left - $_role_env_window + 1, $_role_env_retry - $now)")
        set -g _role_env_next (math "min($_role_env_next, $age + $wait)")
    end
    if test $left -lt 300
        set -g _role_env_on $_role_env_warning
    else
        set -g _role_env_on $_role_env_plain
    end
end

# A session that this shell has not seen yet: what tells it from others, and the time.
function _role_env_arrive
    set -g _role_env_seen $argv[1]
    set -g _role_env_name (string replace -ra '\p{C}' '' -- "$ROLE_ENV_PROFILE" | string sub -l 64 | string collect)
    set -g _role_env_end ''
    if string match -qr '^[0-9]{1,12}\z' -- "$ROLE_ENV_EXPIRATION"
        set -g _role_env_end $ROLE_ENV_EXPIRATION
    end
    set -g _role_env_retry 0
    set -g _role_env_window 1
    if test -n "$_role_env_end"; and string match -q -- '*--renew*' $_role_env_options
        # The command renews when less than min(300 s, a fifth of its life) is left. What is left now is never more
        # than its whole life, so that within this window it surely does.
        set -g _role_env_window (math "max(1, min(300, floor(($_role_env_end - $argv[2]) / 5)))")
    end
    # For the shells of this shell.
    test -n "$_role_env_colour"; and set -gx _role_env_colour $_role_env_colour
    _role_env_paint
end

# The colour is the profile's; a warning is in reverse video.
function _role_env_paint
    set -g _role_env_on ''
    set -g _role_env_off ''
    set -g _role_env_plain ''
    set -g _role_env_warning ''
    if test -n "$NO_COLOR"; or test "$TERM" = dumb
        return
    end
    set -l names black red green yellow blue magenta cyan white purple grey gray orange
    set -l codes 30 31 32 33 34 35 36 37 35 90 90 '38;5;208'
    set -l colour 33
    set -l warning 31
    if test -n "$ROLE_ENV_PROFILE" -a -n "$_role_env_colour"
        set -l position (contains -i -- "$_role_env_colour" $names); and set colour $codes[$position]
        set warning $colour
    end
    set -g _role_env_plain \e"[1;"$colour"m"
    set -g _role_env_warning \e"[1;7;"$warning"m"
    set -g _role_env_off \e"[0m"
end

# Inside the window: renews the session or, where that was not asked for, says once that it has expired.
function _role_env_act
    if string match -q -- '*--renew*' $_role_env_options
        set -g _role_env_retry (math $argv[1] + 60)
        _role_env_renew
        set -l key "$ROLE_ENV_ACCESS_KEY_ID $ROLE_ENV_PROFILE $ROLE_ENV_EXPIRATION" \
            "$_role_env_colour $ALIBABA_CLOUD_CREDENTIALS_URI"
        test "$key" = "$_role_env_seen"; or _role_env_arrive "$key" (math (path mtime /) + (path mtime -R /))
    else if test "$_role_env_told" != "$_role_env_seen"
        printf 'role-env: the session of %s has expired: role-env use %s\n' $_role_env_name $_role_env_name >&2
        set -g _role_env_told $_role_env_seen
    end
end

# Within 5 seconds, and with a line at most: of what the command says on stderr the last but for hints.
function _role_env_renew
    _role_env_runs; or return
    set -l words --format fish
    set -l account (string match -r -g '^acs:ram::([0-9]+):' -- "$ROLE_ENV_ROLE_ARN")
    set -q account[1]; and set -a words --expect-account=$account
    set -l own
    if set -q _role_env_used[2]; and test "$_role_env_used[1]" = "$ROLE_ENV_ACCESS_KEY_ID"
        set own 1
        set -p words $_role_env_used[2..]
    else
        # Whatever was planted there, it is no option.
        set -a words -- "$ROLE_ENV_PROFILE"
    end
    begin
        string match -qr '^([123]|[0123]\.[0-9]*)\z' -- "$ROLE_ENV_TIMEOUT"; or set -lx ROLE_ENV_TIMEOUT 4
        command role-env export $words 2>| _role_env_last_line >&2
    end | source
    set -q own[1]; and set -g _role_env_used[1] "$ROLE_ENV_ACCESS_KEY_ID"
end

function _role_env_last_line
    set -l last
    while read -l line
        string match -q 'role-env: hint:*' -- $line; or set last $line
    end
    set -q last[1]; and printf '%s\n' $last
end

# Puts what ROLE_ENV_PROMPT holds at the head of the prompt, whatever function that is; at the first prompt, for by
# then it is there.
function _role_env_wrap
    set -e -g _role_env_wraps
    functions fish_prompt | string match -q '*_role_env_inner_prompt*'; and return
    functions -e _role_env_inner_prompt
    functions -c fish_prompt _role_env_inner_prompt; or return
    function fish_prompt
        # Neither `switch` nor `set` changes $status and $pipestatus, which the prompt within may show.
        switch "$ROLE_ENV_PROMPT/$pipestatus/$status"
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

# Prints what can stand behind `role-env`.
function _role_env_complete
    set -l words (commandline -opc)
    set -l here (commandline -ct)
    set -l value
    set -l command ''
    set -l profile
    set -l run 0
    for position in (seq 2 (count $words))
        if set -q value[1]
            set -e value[1]
        else
            _role_env_read_word $words[$position] $position
        end
        test $run = 0; or break
    end
    if test "$value" = --config
        __fish_complete_path $here
    else if test "$value" = --format
        _role_env_help_of $command choices
    else if set -q value[1]
        return
    else if test $run = 0 -a "$command" = exec; and set -q profile[1]; and not string match -q -- '-*' $here
        # fish would run a substitution that stands where a command does.
        string match -q -- '*(*' $here; or complete -C "$here"
    else if test $run != 0
        complete -C (string join ' ' -- (string escape -- $words[$run..]) $here)
    else if string match -q -- '--config=*' $here
        for path in (__fish_complete_path (string replace -- --config= '' $here))
            printf '%s\n' --config=$path
        end
    else if string match -q -- '-*' $here
        _role_env_help_of $command options
    else
        _role_env_complete_word $words
    end
end

# What a word, at a position, is. The variables are those of _role_env_complete; `run` is where the command begins that
# `exec` runs.
function _role_env_read_word --no-scope-shadowing
    switch $argv[1]
        case --config --duration --session-name --region --min-ttl --expect-account --format --destination
            set value $argv[1]
        case --
            if test "$command" = exec; and set -q profile[1]
                set run (math $argv[2] + 1)
            end
        case '-*'
        case export exec process off init setup list status whoami login logout clear explain doctor console use help version
            if test -z "$command"
                set command $argv[1]
            else
                set profile $argv[1]
            end
        case '*'
            if test "$command" = exec; and set -q profile[1]
                set run $argv[2]
            end
            test -n "$command"; or set command export
            set profile $argv[1]
    end
end

# Out of a command's own help: its options with what they are for, or the choices of the one that has some.
function _role_env_help_of
    set -l help $argv[1]
    switch "$help"
        case ''
            printf '%s\n' --help --version
            return
        case use
            set help export
    end
    for line in (command role-env $help --help 2>/dev/null)
        set -l found (string match -r -g '^  (?:-\w, )?(--[\w-]+)(?: ([A-Z]+|\{.*?\}))?(?:  +(.*))?$' -- $line)
        set -q found[1]; or continue
        test "$argv[1]" = use; and contains -- $found[1] --format --show; and continue
        if test $argv[2] = options
            printf '%s\t%s\n' $found[1] $found[3]
        else if set -l choices (string match -r -g '^\{(.*)\}$' -- $found[2])
            string split , $choices
        end
    end
end

function _role_env_complete_word --no-scope-shadowing
    switch "$command"
        case ''
            printf '%s\n' export exec process off init setup list status whoami login logout clear explain doctor \
                console use help version
            _role_env_complete_profile $words
        case export exec process whoami login logout explain console use
            set -q profile[1]; or _role_env_complete_profile $words
        case clear
            _role_env_complete_profile $words
        case init
            set -q profile[1]; or printf '%s\n' bash zsh fish
        case setup
            if set -q profile[1]
                _role_env_complete_profile $words
            else
                printf '%s\n' aliyun-cli
            end
    end
end

function _role_env_complete_profile
    command role-env list --names (_role_env_config_of $argv) 2>/dev/null
end

# Installs it where a person types. Without `path mtime` there is no way to tell the time.
if status is-interactive
    complete -c role-env -e
    complete -c role-env -f -a '(_role_env_complete)'
    if path mtime / >/dev/null 2>/dev/null
        string match -q -- '*--no-prompt*' $_role_env_options; or set -g _role_env_wraps 1
        function _role_env_on_prompt --on-event fish_prompt
            _role_env_prompt
        end
    end
end
