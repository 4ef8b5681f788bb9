# role-env in fish: role-env init fish | source
#
# `role-env use PROFILE` and `role-env off` act in this shell; all else goes to the command.
function role-env
    switch "$argv[1]"
        case use
            command role-env export --format fish $argv[2..] | source
        case off
            command role-env off --format fish $argv[2..] | source
        case '*'
            command role-env $argv
    end
end
