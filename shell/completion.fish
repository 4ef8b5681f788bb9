# The words that can follow `role-env` in fish.

# Print the option --config among the words, as one word.
function _role_env_find_config
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

# Print the words that can follow `role-env`.
function _role_env_complete
    set -l before (commandline -opc)
    set -l here (commandline -ct)
    set -l value
    set -l command ''
    set -l count 0
    set -l run 0
    for position in (seq 2 (count $before))
        _role_env_read_word $before[$position] $position
        test $run = 0; or break
    end
    if test $run = 0 -a "$command" = exec -a $count -gt 0; and not set -q value[1]; and not string match -q -- '-*' $here
        # fish would run a substitution in the place of a command.
        string match -q -- '*(*' $here; or complete -C "$here"
    else if test $run != 0
        complete -C (string join ' ' -- (string escape -- $before[$run..]) $here)
    else if string match -q -- '--*=*' $here
        set -l parts (string split -m 1 = -- $here)
        set value $parts[1]
        set here $parts[2]
        string replace -r -- "^" "$value=" (_role_env_offer)
    else
        _role_env_offer
    end
end

# Read a word before the cursor, at a position, into the variables of _role_env_complete: `value` is an option whose
# value comes next, `command` the command, `count` the number of its words so far, `run` where a command line begins.
function _role_env_read_word --no-scope-shadowing
    if set -q value[1]
        set -e value
        return
    end
    switch $argv[1]
        case @VALUE_OPTIONS@
            set value $argv[1]
        case --
            test "$command" = exec -a $count -gt 0; and set run (math $argv[2] + 1)
        case '-*'
        case '*'
            if test -z "$command"; and contains -- $argv[1] @COMMANDS@
                set command $argv[1]
            else
                test "$command" = exec -a $count -gt 0; and set run $argv[2]
                test -n "$command"; or set command export
                set count (math $count + 1)
            end
    end
end

# Print the words for the cursor, after `command` and `count` words or after the option `value`.
function _role_env_offer --no-scope-shadowing
    set -l kinds
    set -l flags
    _role_env_look_up $command
    if set -q value[1]
        for flag in $flags
            string match -q -- "$value=*" $flag; and _role_env_offer_kind (string split -f 1 \t -- $flag | string replace -- "$value=" '')
        end
    else if string match -q -- '-*' $here
        for flag in --help\t'show this help' $flags
            string replace -r -- '=[^\t]*' '' $flag
        end
        test -n "$command"; or printf '%s\n' --version
    else if test -z "$command"
        printf '%s\n' @DESCRIBED_COMMANDS@
        _role_env_offer_kind session
    else
        set -l kind $kinds[(math $count + 1)]
        set -q kind[1]; or set kind (string match -- '*+' $kinds[-1])
        _role_env_offer_kind (string trim -r -c + -- $kind)
    end
end

function _role_env_offer_kind --no-scope-shadowing
    switch "$argv[1]"
        case '' -
        case file
            __fish_complete_path $here
        case profile
            _role_env_call list --names --described (_role_env_find_config $before) 2>/dev/null
        case session
            _role_env_call list --names --described --sessions (_role_env_find_config $before) 2>/dev/null
        case '*'
            string split , -- $argv[1]
    end
end

# Set `kinds` to the kinds of a command's words, and `flags` to its options with the kinds of their values and help.
function _role_env_look_up --no-scope-shadowing
    switch "$argv[1]"
        #@EACH COMMAND_TABLE
        case NAME
            set kinds KINDS
            set flags DESCRIBED_FLAGS
            #@END
    end
end

if status is-interactive
    complete -c role-env -e
    complete -c role-env -f -k -a '(_role_env_complete)'
end
