"""The names of the commands, which no profile can have."""

COMMANDS = (
    *("export", "exec", "process", "off", "init", "setup", "list", "status", "whoami", "login", "logout"),
    *("clear", "explain", "doctor", "console", "use"),
)
