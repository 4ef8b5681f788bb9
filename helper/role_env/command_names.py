"""The commands, a module each; here are only their names, which no profile can have.

A module has SUMMARY (what it is for, in a sentence without its full stop), EXAMPLES (lines to type), `add_arguments`
(its own options, put into its argparse parser) and `run`, which takes what was parsed and returns the exit status. It
may have OBTAINS = True (it gets the options of every command that obtains a session), STATUSES (its exit statuses, each
with what it means or an empty text for the usual meaning), USAGE and DEFAULTS. What was parsed also holds
`environ`, `messages`, `asked` (asked.Asked) and `words` (the command that `exec` runs).
"""

COMMANDS = (
    *("export", "exec", "process", "off", "init", "setup", "list", "status", "whoami", "login", "logout"),
    *("clear", "explain", "doctor", "console", "use"),
)
